"""The file of a memory target: read, replaced as a whole, and locked.

Here belongs all of the provider's input and output. What the text means is
`reconciler.providers.memory.document`.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from reconciler.errors import (
    LockHeldError,
    RefusedError,
    UnexpectedResponseError,
    UnreachableError,
)
from reconciler.providers.memory.document import FORMAT


class Store(Protocol):
    """Keeps one text. Every method may raise UnreachableError or RefusedError."""

    @property
    def place(self) -> str:
        """Where it is: no other store is there."""

    def read(self) -> str:
        """The whole text."""

    def write(self, text: str) -> None:
        """Put another text in its place: whole, or not at all."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other writer out. Raises LockHeldError where one is at work."""


class FileStore:
    """A store in one file. Its lock is on a file beside it, since each write replaces the file."""

    def __init__(self, target: str, path: str) -> None:
        self._target = target
        self._path = Path(path)

    @property
    def place(self) -> str:
        """The whole path of the file."""
        return os.path.realpath(self._path)

    def read(self) -> str:
        """The text of the file. A missing file is an error, not a target without accounts."""
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            empty = f'{{"format": "{FORMAT}", "records": []}}'
            hint = f"for an empty target write {empty} into it"
            text = f"there is no file {self._path}; {hint}"
            raise UnreachableError(self._target, text) from error
        except UnicodeDecodeError as error:
            raise UnexpectedResponseError(
                self._target, f"{self._path} is not UTF-8 text"
            ) from error
        except OSError as error:
            raise self._failed("read", error) from error

    def write(self, text: str) -> None:
        """Replace the file. A reader sees the text before or the text after, never half of one."""
        try:
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".reconciler-")
        except OSError as error:
            raise self._failed("written", error) from error
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            raise self._failed("written", error) from error
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the file beside this one, which stays there."""
        path = self._path.with_name(f"{self._path.name}.lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failed("locked", error) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockHeldError(
                    f"{self._target}: another apply holds {path}; wait until it has ended"
                ) from None
            yield
        finally:
            os.close(descriptor)

    def _failed(self, verb: str, error: OSError) -> UnreachableError | RefusedError:
        text = f"{self._path} cannot be {verb}: {error.strerror}"
        kind = RefusedError if isinstance(error, PermissionError) else UnreachableError
        return kind(self._target, text)
