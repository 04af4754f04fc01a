"""Ctrl-C and SIGTERM while something is being written: the call in flight is finished first."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Final, Self

_FIRST: Final = (
    b"\nStopping after the call in flight; press Ctrl-C again to stop at once, which may leave a "
    b"change half done.\n"
)


class Interrupts:
    """While it is entered, SIGINT and SIGTERM set a flag; a SIGINT after that raises."""

    def __init__(self) -> None:
        """Prepare; nothing is caught before it is entered."""
        self._stop = threading.Event()
        self._before: dict[signal.Signals, Any] = {}  # whatever signal.signal gives back

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def is_asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stop.is_set()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._stop.is_set():
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        self._stop.set()
        # Only os.write is safe here: a buffered stream may be in the middle of a write.
        try:
            os.write(2, _FIRST)
        except OSError:
            return
