"""A throw-away PostgreSQL cluster: a server with its own roles and databases, gone when it is left.

Here belongs what the demo, the sandbox command and the tests use. The parts are `workspace` (the
folder), `initdb` (the files), `server` (the process) and `template` (many clusters quickly).
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

from reconciler.sandbox.postgres import initdb
from reconciler.sandbox.postgres.binaries import ServerBinaries, find_binaries
from reconciler.sandbox.postgres.initdb import DataDirectory
from reconciler.sandbox.postgres.server import LOOPBACK, ServerOptions, ServerProcess
from reconciler.sandbox.postgres.staging import stage
from reconciler.sandbox.postgres.workspace import Workspace
from reconciler.secret import Secret


class ThrowawayCluster:
    """A PostgreSQL server that runs inside a `with` block.

    It is a child of this process, listens on a socket in a private folder and, where `options.tcp`
    is set, on a free port of 127.0.0.1. Server and folder go away at the end of the block, and
    within about two seconds when this process is killed. Raises ThrowawayServerError on entry when
    it cannot be had.
    """

    def __init__(
        self,
        binaries: ServerBinaries | None = None,
        options: ServerOptions | None = None,
        *,
        superuser: str = "postgres",
        copy_of: DataDirectory | None = None,
    ) -> None:
        """Prepare; nothing is started yet.

        `binaries` default to `find_binaries()`. With `copy_of`, programs, superuser and password
        are its own.
        """
        self._binaries = binaries
        self._options = options or ServerOptions()
        self._superuser = superuser
        self._copy_of = copy_of
        self._running: tuple[Workspace, DataDirectory, ServerProcess] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            workspace = undo.enter_context(Workspace())
            data = self._make_data(workspace)
            server = ServerProcess(workspace, data, self._options)
            server.start()
            undo.pop_all()
        self._running = (workspace, data, server)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        workspace, _, _ = self._parts()
        self.stop_server()
        self._running = None
        workspace.remove()

    def __repr__(self) -> str:
        where = f"port {self.port} at {self.folder}" if self._running else "not running"
        return f"<ThrowawayCluster {where}>"

    @property
    def binaries(self) -> ServerBinaries:
        """The programs in use, which say the server's version."""
        return self._parts()[1].binaries

    @property
    def superuser(self) -> str:
        """The name of the superuser."""
        return self._parts()[1].superuser

    @property
    def superuser_password(self) -> Secret:
        """The superuser's random password, needed over TCP only."""
        return self._parts()[1].password

    @property
    def folder(self) -> Path:
        """The private folder with all files; also the `host` to connect to over the socket."""
        return self._parts()[0].path

    @property
    def port(self) -> int:
        """The TCP port, or the number in the socket's name where there is no TCP."""
        return self._parts()[2].port

    @property
    def server_pid(self) -> int | None:
        """The process id of the server, or None once it is stopped."""
        return self._parts()[2].pid

    def dsn(
        self,
        *,
        database: str = "postgres",
        user: str | None = None,
        password: Secret | None = None,
    ) -> str:
        """A connection URL, over TCP where it is on, else over the socket.

        It is the superuser's unless a user is named. The URL holds the password in clear: it is for
        a connection and for nobody's eyes.
        """
        _, data, server = self._parts()
        if user is None:
            user, password = data.superuser, data.password
        login = quote(user, safe="") + (f":{quote(password.reveal(), safe='')}" if password else "")
        if self._options.tcp:
            return f"postgresql://{login}@{LOOPBACK}:{server.port}/{quote(database, safe='')}"
        place = urlencode({"host": str(self.folder), "port": server.port})
        return f"postgresql://{login}@/{quote(database, safe='')}?{place}"

    def stop_server(self) -> DataDirectory:
        """Stop the server and keep its data directory, for copies, until the block ends."""
        _, data, server = self._parts()
        server.stop()
        return data

    def _make_data(self, workspace: Workspace) -> DataDirectory:
        if self._copy_of is not None:
            return initdb.copy(self._copy_of, workspace)
        binaries = stage(self._binaries or find_binaries(), workspace)
        return initdb.initialise(workspace, binaries, self._superuser)

    def _parts(self) -> tuple[Workspace, DataDirectory, ServerProcess]:
        if self._running is None:
            raise RuntimeError("the cluster is not running: use it inside its `with` block")
        return self._running
