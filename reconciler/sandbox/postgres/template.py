"""Many clusters quickly: initdb runs once, each cluster starts on a copy of its files.

Roles are cluster-wide, so a test that changes roles needs a cluster of its own; a copy is ready in
under 0.1 s where initdb takes 0.35 s.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from reconciler.sandbox.postgres.binaries import ServerBinaries
from reconciler.sandbox.postgres.cluster import ThrowawayCluster
from reconciler.sandbox.postgres.initdb import DataDirectory
from reconciler.sandbox.postgres.server import ServerOptions


class ClusterTemplate:
    """A prepared data directory inside a `with` block; `cluster()` starts servers on copies."""

    def __init__(
        self,
        binaries: ServerBinaries | None = None,
        *,
        superuser: str = "postgres",
        prepare: Callable[[ThrowawayCluster], None] | None = None,
    ) -> None:
        """`prepare` is called once with a running cluster; every copy has what it leaves."""
        self._origin = ThrowawayCluster(binaries, superuser=superuser)
        self._prepare = prepare
        self._data: DataDirectory | None = None

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            origin = undo.enter_context(self._origin)
            if self._prepare is not None:
                self._prepare(origin)
            self._data = origin.stop_server()
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._data = None
        self._origin.__exit__(kind, error, traceback)

    @property
    def binaries(self) -> ServerBinaries:
        """The programs in use, which say the server's version."""
        return self._origin.binaries

    def cluster(self, options: ServerOptions | None = None) -> ThrowawayCluster:
        """A new cluster on a copy, not started yet: enter it.

        The superuser's password is the same in every copy. The template has to outlive its
        clusters.
        """
        if self._data is None:
            raise RuntimeError("the template does not exist: use it inside its `with` block")
        return ThrowawayCluster(options=options, copy_of=self._data)
