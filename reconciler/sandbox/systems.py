"""The throw-away systems of `reconciler demo` and, by default, `reconciler sandbox`: a FlowDB and
a FlowAuth.

Here belongs starting both, with something in them, and saying how to reach them. Both are gone when
the block ends, and soon after this process is killed: FlowAuth lives in it, PostgreSQL is watched.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from reconciler.sandbox.flowauth import FlowAuthSettings, FlowAuthSimulator
from reconciler.sandbox.postgres.cluster import ThrowawayCluster
from reconciler.sandbox.postgres.flowdb import (
    DATABASE,
    SUPERUSER,
    ServicePasswords,
    create_fixture_roles,
    create_flowdb,
)
from reconciler.sandbox.postgres.server import ServerOptions

BOOTSTRAP_ADMIN = "admin"
"""FLOWAUTH_ADMIN_USERNAME of the simulator."""

OWN_ADMIN = "reconciler"
"""The account that is meant for this program, in FlowAuth and wherever an example names one."""


@dataclass(frozen=True, slots=True)
class SandboxSystems:
    """Two running systems. `environment` holds what `examples/access.yaml` refers to; `folder` goes
    with them.
    """

    cluster: ThrowawayCluster
    flowauth: FlowAuthSimulator
    environment: Mapping[str, str] = field(repr=False)
    folder: Path

    @property
    def psql(self) -> Path:
        """The psql that belongs to the server."""
        return self.cluster.binaries.bin_dir / "psql"


@contextmanager
def sandbox_systems() -> Iterator[SandboxSystems]:
    """Both systems, as long as the block lasts."""
    with stopped_by_signals(), flowdb_cluster() as cluster, own_flowauth() as (flowauth, variables):
        environment = {**flowdb_environment(cluster), **variables}
        folder = cluster.folder / "demo"
        folder.mkdir(mode=0o700)
        yield SandboxSystems(cluster, flowauth, environment, folder)


@contextmanager
def flowdb_cluster() -> Iterator[ThrowawayCluster]:
    """A PostgreSQL with a FlowDB in it."""
    options = ServerOptions(tcp=True)
    with ThrowawayCluster(options=options, superuser=SUPERUSER) as cluster:
        create_flowdb(cluster.dsn(), cluster.dsn(database=DATABASE), ServicePasswords.generate())
        create_fixture_roles(cluster.dsn(database=DATABASE))
        yield cluster


def flowdb_environment(cluster: ThrowawayCluster) -> dict[str, str]:
    """What the example refers to of it."""
    return {"FLOWDB_DSN": cluster.dsn(database=DATABASE)}


@contextmanager
def own_flowauth() -> Iterator[tuple[FlowAuthSimulator, dict[str, str]]]:
    """A FlowAuth with an administrator of ours, and what the example refers to of it."""
    with _flowauth() as flowauth:
        password = secrets.token_urlsafe(24)
        flowauth.store.add_user(OWN_ADMIN, password, is_admin=True)
        _fill(flowauth)
        environment = {
            "FLOWAUTH_URL": flowauth.url,
            "FLOWAUTH_USERNAME": OWN_ADMIN,
            "FLOWAUTH_PASSWORD": password,
        }
        yield flowauth, environment


def _flowauth() -> FlowAuthSimulator:
    password = secrets.token_urlsafe(24)
    return FlowAuthSimulator(
        FlowAuthSettings(admin_username=BOOTSTRAP_ADMIN, admin_password=password)
    )


def _fill(flowauth: FlowAuthSimulator) -> None:
    """What somebody set up by hand before there was a manifest; nothing the example declares."""
    flowauth.store.add_server("benin-api", scopes=("run", "get_result"))
    flowauth.store.add_role("benin-api", "benin-runner", scopes=("run", "get_result"))
    flowauth.store.add_user("yaw", secrets.token_urlsafe(24))
    flowauth.store.set_user_roles("yaw", [("benin-api", "benin-runner")])


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block as Ctrl-C does, so that everything is cleaned up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
