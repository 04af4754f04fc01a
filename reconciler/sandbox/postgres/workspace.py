"""A folder that belongs to the server's account and goes away with this process, whatever ends it.

Here belong making and removing the folder and running programs in it as that account. What the
programs are is the caller's business.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from reconciler.sandbox.postgres.account import Account, server_account
from reconciler.sandbox.postgres.errors import ThrowawayServerError

_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}
"""With PATH, all that the programs see: PGDATA, PGPORT and others would change what they do."""

_PREFIX = "reconciler-pg-"


class Workspace:
    """A private folder (mode 0700) under /tmp that a watcher removes when this process dies.

    The watcher also stops a server that it was told of by `watch`. Use it as a context manager, or
    call `remove`.
    """

    def __init__(self) -> None:
        self.account: Account = server_account()
        self.path: Path = _choose_path()
        # Before the folder, so that there is no moment at which being killed would leave it.
        self._watcher = self._start_watcher()
        try:
            self.path.mkdir(mode=0o700)
        except OSError:
            self._tell_watcher("done")
            self._watcher.communicate()
            raise
        self.own(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def data(self) -> Path:
        """The place of the data directory, whether or not it exists yet."""
        return self.path / "data"

    def remove(self) -> None:
        """Delete the folder and let the watcher go; a second call does nothing."""
        if self._watcher.stdin is None or self._watcher.stdin.closed:
            return
        shutil.rmtree(self.path, ignore_errors=True)
        if not self.path.exists():
            self._tell_watcher("done")
        # Otherwise the end of its input makes the watcher try again.
        self._watcher.communicate()

    def watch(self, server: subprocess.Popen[bytes]) -> None:
        """Have the watcher stop this server, too, if this process dies."""
        self._tell_watcher(f"server {server.pid}")

    def spawn(
        self, command: Sequence[str], output: IO[bytes] | int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """Start a program as the server's account, in its own session: Ctrl-C does not reach it."""
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self.path,
            env={"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT},
            start_new_session=True,
            umask=0o077,
            user=self.account.uid if self.account.switch else None,
            group=self.account.gid if self.account.switch else None,
            extra_groups=() if self.account.switch else None,
        )

    def run(self, command: Sequence[str]) -> None:
        """Run a program to its end. Raises ThrowawayServerError with its output when it fails."""
        process = self.spawn(command, subprocess.PIPE)
        try:
            output, _ = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode != 0:
            text = output.decode(errors="replace").strip()
            raise ThrowawayServerError(f"{command[0]} failed as user {self.account.name}:\n{text}")

    def write(self, name: str, text: str) -> Path:
        """Write a file that only the server's account can read, replacing one of that name."""
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        self.own(path)
        return path

    def own(self, path: Path) -> None:
        """Give one file or folder to the server's account."""
        if self.account.switch:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def _start_watcher(self) -> subprocess.Popen[bytes]:
        """Start the watcher, under our own account and not the server's.

        The folder may hold files of ours, which the server's account could not remove.
        """
        script = Path(__file__).with_name("watch.sh").read_text(encoding="utf-8")
        return subprocess.Popen(
            ["sh", "-c", script, "reconciler-watch", str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def _tell_watcher(self, message: str) -> None:
        if self._watcher.stdin is not None:
            with suppress(BrokenPipeError):
                self._watcher.stdin.write(f"{message}\n".encode())
                self._watcher.stdin.flush()


def _choose_path() -> Path:
    """An unused path. Not under $TMPDIR: a socket's path has at most 104 bytes on macOS."""
    usable = os.access("/tmp", os.W_OK | os.X_OK)
    parent = Path("/tmp") if usable else Path(tempfile.gettempdir())
    return parent / f"{_PREFIX}{secrets.token_hex(8)}"
