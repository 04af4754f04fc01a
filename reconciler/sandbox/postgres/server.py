"""One running `postgres` process on a data directory.

Here belong starting it, waiting until it answers, and stopping it. Its files are `initdb`'s, its
folder is `workspace`'s.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from reconciler.sandbox.postgres.errors import ThrowawayServerError
from reconciler.sandbox.postgres.initdb import DataDirectory
from reconciler.sandbox.postgres.workspace import Workspace

LOOPBACK = "127.0.0.1"
_SOCKET_PORT = 5432
"""The number in the socket's name where there is no TCP; each cluster has its own folder."""

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_POLL_S = 0.005
_PORT_ATTEMPTS = 5
_STATUS_LINE = 7
"""postmaster.pid has its status in line 8 (PostgreSQL, miscadmin.h, LOCK_FILE_LINE_PM_STATUS)."""

_ALWAYS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_min_error_statement": "panic",  # a failed CREATE ROLE would put its password into the log
}
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server runs.

    `tcp` opens a free port on 127.0.0.1 beside the socket. `durable` keeps fsync on, for
    measurements. `settings` are server parameters such as {"max_locks_per_transaction": "512"}.
    """

    tcp: bool = False
    durable: bool = False
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class _PortTakenError(Exception):
    """Another process took the free port before the server could."""


class ServerProcess:
    """A `postgres` process; `start` returns when it accepts connections, `stop` when it is gone."""

    def __init__(self, workspace: Workspace, data: DataDirectory, options: ServerOptions) -> None:
        self._workspace = workspace
        self._data = data
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _SOCKET_PORT

    @property
    def pid(self) -> int | None:
        """The process id, or None when no server was started or it was stopped."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and wait until it is ready.

        Raises ThrowawayServerError with the end of the server's log.
        """
        for _attempt in range(_PORT_ATTEMPTS):
            self.port = _free_port() if self._options.tcp else _SOCKET_PORT
            try:
                self._launch()
            except _PortTakenError:
                continue
            return
        raise ThrowawayServerError(
            f"the PostgreSQL server found no free port on {LOOPBACK} in {_PORT_ATTEMPTS} attempts"
        )

    def stop(self) -> None:
        """Stop the server: a fast shutdown first, harder ones when that does not help."""
        process, self._process = self._process, None
        if process is None:
            return
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            process.send_signal(how)
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                continue
            return

    def _launch(self) -> None:
        with self._log.open("wb") as log:
            self._process = self._workspace.spawn(self._command(), log)
        try:
            self._workspace.watch(self._process)
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def _command(self) -> list[str]:
        command = [self._data.binaries.program("postgres"), "-D", str(self._data.path)]
        for name, value in sorted(self._settings().items()):
            command += ["-c", f"{name}={value}"]
        return command

    def _settings(self) -> dict[str, str]:
        return {
            **_ALWAYS,
            **({} if self._options.durable else _NOT_DURABLE),
            **self._options.settings,
            "listen_addresses": LOOPBACK if self._options.tcp else "",
            "port": str(self.port),
            "unix_socket_directories": str(self._workspace.path),
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not _is_ready(self._data.path, process.pid):
            if process.poll() is not None:
                raise self._failure("stopped while it was starting")
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready after {_START_TIMEOUT_S:.0f} s")
            time.sleep(_POLL_S)

    def _failure(self, what: str) -> Exception:
        text = self._log.read_text(encoding="utf-8", errors="replace")
        if self._options.tcp and "Address already in use" in text:
            return _PortTakenError()
        tail = "\n".join(text.splitlines()[-10:])
        return ThrowawayServerError(f"the PostgreSQL server {what}; its log ends with:\n{tail}")

    @property
    def _log(self) -> Path:
        return self._workspace.path / "server.log"


def _is_ready(data: Path, pid: int) -> bool:
    """Whether the server says so in its postmaster.pid, which takes no connection to find out."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return (
        len(lines) > _STATUS_LINE
        and lines[0] == str(pid)
        and lines[_STATUS_LINE].strip() == "ready"
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
