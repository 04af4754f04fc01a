"""Every provider says which system answered: the same for each account, another for another system
(DEL-08).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from reconciler.provider import Options, Provider
from reconciler.providers import registry
from reconciler.sandbox.postgres.template import ClusterTemplate
from tests.e2e.conftest import Program
from tests.fix_postgres import FlowDBServer, PostgresServer
from tests.flowauth.simulated import OWN, OWN_PASSWORD, start_simulator

PASSWORD = "of-tests-alone"
MANIFEST = """\
version: 1
targets:
  db: {provider: postgres, options: {dsn: {env: DB_DSN}, passwords: none}}
servers:
  store: {target: db, database: postgres}
users: {amina: {}, kofi: {}}
roles:
  reader: {server: store}
grants:
  - {user: amina, role: reader}
  - {user: kofi, role: reader}
"""


def place(kind: str, **options: object) -> str:
    """What a provider with these options says of where it is."""
    found = registry.provider_type(kind)
    made: Options = found.options(**options)
    with closing(found.open("target", made)) as provider:
        opened: Provider = provider
        return opened.identify().place


def sql(dsn: str, text: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(text.encode())


@pytest.fixture
def ordinary(postgres_cluster: PostgresServer) -> str:
    """The dsn of a role that may sign in and nothing else."""
    sql(postgres_cluster.dsn(), f"CREATE ROLE planner LOGIN PASSWORD '{PASSWORD}'")
    return make_conninfo(postgres_cluster.dsn(), user="planner", password=PASSWORD)


def test_a_cluster_is_the_same_for_every_role_and_database_del_08(
    postgres_cluster: PostgresServer, ordinary: str
) -> None:
    sql(postgres_cluster.dsn(), "CREATE DATABASE other")
    dsns = [postgres_cluster.dsn(), postgres_cluster.dsn(database="other"), ordinary]

    places = {place("postgres", dsn=dsn) for dsn in dsns}

    (cluster,) = places
    assert cluster.removeprefix("cluster ").isdigit()


def test_another_cluster_is_another_place_del_08(
    postgres_cluster: PostgresServer, flowdb: FlowDBServer
) -> None:
    first, second = postgres_cluster.dsn(), flowdb.cluster.dsn()

    assert place("postgres", dsn=first) != place("postgres", dsn=second)


def test_a_role_that_may_not_ask_for_the_cluster_is_at_no_known_place_del_08(
    postgres_cluster: PostgresServer, ordinary: str
) -> None:
    sql(postgres_cluster.dsn(), "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")

    assert place("postgres", dsn=ordinary) == ""
    assert place("postgres", dsn=postgres_cluster.dsn()) != ""


def test_a_flowauth_is_where_its_address_says_del_08() -> None:
    with start_simulator() as flowauth:
        for name in (OWN, "another"):
            flowauth.store.add_user(name, OWN_PASSWORD, is_admin=True)
        options = {"url": flowauth.url + "/", "password": OWN_PASSWORD}

        places = {place("flowauth", username=name, **options) for name in (OWN, "another")}

    assert places == {flowauth.url}


def test_a_file_is_where_it_lies_however_it_is_named_del_08(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state.json").write_text('{"format": "reconciler.memory/v1", "records": []}')
    (tmp_path / "link.json").symlink_to("state.json")
    monkeypatch.chdir(tmp_path)

    places = {place("memory", state=state) for state in ("state.json", "./state.json", "link.json")}

    assert places == {str(tmp_path.resolve() / "state.json")}


@pytest.fixture
def clusters(cluster_template: ClusterTemplate, flowdb: FlowDBServer) -> Iterator[tuple[str, str]]:
    """The dsns of the real cluster and of the one for tests."""
    with ExitStack() as stack:
        real = stack.enter_context(cluster_template.cluster())
        yield real.dsn(), flowdb.cluster.dsn(database="postgres")


def test_what_was_applied_to_one_cluster_deletes_nothing_on_another_del_08(
    clusters: tuple[str, str], tmp_path: Path
) -> None:
    real, test = clusters
    program = Program(tmp_path, {})
    (tmp_path / "access.yaml").write_text(MANIFEST, encoding="utf-8")
    assert program("apply", "--yes", DB_DSN=real).returncode == 0
    assert program("apply", "--yes", DB_DSN=test, RECONCILER_LEDGER="test.db").returncode == 0
    less = MANIFEST.replace("  - {user: kofi, role: reader}\n", "")
    (tmp_path / "access.yaml").write_text(less, encoding="utf-8")

    known = program("plan", "--detailed-exitcode", DB_DSN=real)
    other = program("plan", "--detailed-exitcode", DB_DSN=test)

    assert known.returncode == 2, known.stderr
    assert other.returncode == 0, other.stdout
    assert "the ledger remembers another system under the name db (cluster " in other.stdout
