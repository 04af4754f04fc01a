"""Runs the operator's command once: a text goes in, what it printed comes out.

Here belong the child process, its time limit and how much it may say. What it says is `envelope`'s.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Final

from reconciler.secret import Secret

_CHUNK: Final = 64 * 1024
_MOST_NOISE: Final = 64 * 1024
"""How much of stderr is kept; the rest is read and dropped, so that the child never waits."""


class NeverStartedError(Exception):
    """The command could not be started: nothing happened anywhere."""


class TimedOutError(Exception):
    """The command did not end in time and was killed; what it started elsewhere may go on."""


class TooLongError(Exception):
    """The command said more than is taken, and was killed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ended: its exit code (less than 0: the signal), and what it printed."""

    code: int
    output: bytes
    noise: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Command:
    """How to run it. `argv` goes to no shell of ours; `workdir` may be empty.

    It gets our environment, less what is one of the `secrets`: those are not for it.
    """

    argv: Sequence[str]
    workdir: str
    timeout_s: float
    max_bytes: int
    secrets: Sequence[Secret] = ()


def run(command: Command, text: bytes) -> Ended:
    """Run the command with this on its stdin. Raises one of the errors above."""
    try:
        process = subprocess.Popen(
            list(command.argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=command.workdir or None,
            env=_environment(command.secrets),
            start_new_session=True,  # to kill all that it starts, and keep Ctrl-C from it
        )
    except (OSError, ValueError) as error:
        raise NeverStartedError(getattr(error, "strerror", None) or str(error)) from None
    with process:
        try:
            return _Conversation(process, command).held(text)
        finally:
            _kill(process)


def _environment(secrets: Sequence[Secret]) -> dict[str, str]:
    hidden = {each.reveal() for each in secrets}
    return {name: value for name, value in os.environ.items() if value not in hidden}


class _Conversation:
    """One run: writes and reads at once, since either side may have to wait for the other."""

    def __init__(self, process: subprocess.Popen[bytes], command: Command) -> None:
        self._process = process
        self._ends = time.monotonic() + command.timeout_s
        self._limit = command.max_bytes
        self._output, self._noise = bytearray(), bytearray()
        self._is_too_long = False

    def held(self, text: bytes) -> Ended:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        threads = [
            threading.Thread(target=_send, args=(process.stdin, text), daemon=True),
            threading.Thread(target=self._listen, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._overhear, args=(process.stderr,), daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            self._await(threads)
        finally:
            _kill(process)
            for thread in threads:
                thread.join()
        if self._is_too_long:
            raise TooLongError
        return Ended(process.returncode, bytes(self._output), bytes(self._noise))

    def _await(self, threads: Sequence[threading.Thread]) -> None:
        for thread in threads:
            thread.join(max(0.0, self._ends - time.monotonic()))
            if thread.is_alive() and not self._is_too_long:
                raise TimedOutError
        try:
            self._process.wait(max(0.0, self._ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimedOutError from None

    def _listen(self, stream: IO[bytes]) -> None:
        while chunk := _read(stream):
            self._output += chunk
            if len(self._output) > self._limit:
                self._is_too_long = True
                _kill(self._process)
                return

    def _overhear(self, stream: IO[bytes]) -> None:
        while chunk := _read(stream):
            self._noise = (self._noise + chunk)[-_MOST_NOISE:]


def _send(stream: IO[bytes], text: bytes) -> None:
    with suppress(OSError):  # it ended without reading: its exit code says why
        stream.write(text)
    with suppress(OSError):
        stream.close()


def _read(stream: IO[bytes]) -> bytes:
    return os.read(stream.fileno(), _CHUNK)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the command and all that it started here."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
