"""One line on stderr that says what is being done, for those who watch a terminal."""

from __future__ import annotations

import shutil
import sys
import threading
from types import TracebackType
from typing import Final, Self

from reconciler.render.page import printable

_PATIENCE_S: Final = 1.0
"""Work shorter than this shows no progress at all."""


class Progress:
    """Rewrites one line of stderr while work takes long, and erases it. Silent without a terminal.

    `tell` may be called from any thread.
    """

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        """Prepare; nothing is shown before the patience has run out."""
        self._stream = sys.stderr
        is_terminal = self._stream is not None and self._stream.isatty()
        self._lock = threading.RLock()
        self._text = ""
        self._width = 0
        self._is_due = False
        self._timer = threading.Timer(patience_s, self._become_due) if is_terminal else None

    def __enter__(self) -> Self:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self.erase()
            self._is_due = False

    def tell(self, text: str) -> None:
        """Say what is being done now, in a few words."""
        with self._lock:
            self._text = printable(text)
            if self._is_due:
                self._show()

    def erase(self) -> None:
        """Take the line away; the next `tell` shows it again, and nothing before."""
        with self._lock:
            self._text = ""
            if self._width:
                self._write("\r" + " " * self._width + "\r")
                self._width = 0

    def _become_due(self) -> None:
        with self._lock:
            self._is_due = True
            if self._text:
                self._show()

    def _show(self) -> None:
        shown = self._text[: max(10, shutil.get_terminal_size().columns - 1)]
        self._write("\r" + shown.ljust(self._width))
        self._width = max(len(shown), self._width)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._is_due = False  # the terminal is gone; the work goes on
