"""Access that ends ends open sessions where the grant says so: from the manifest to PostgreSQL,
over the ledger (TIM-06).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.e2e.conftest import Program
from tests.fix_postgres import PostgresServer

FUTURE, PAST = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
PASSWORD = "of-tests-alone"
ENDING = "  - {user: amina, role: reader, until: 2099-01-01T00:00:00Z, end_sessions: true}\n"
MANIFEST = f"""\
version: 1
targets:
  db: {{provider: postgres, options: {{dsn: {{env: DB_DSN}}, passwords: none}}}}
servers:
  store: {{target: db, database: postgres}}
users: {{amina: {{}}, esi: {{}}, kofi: {{}}, yaw: {{}}}}
groups:
  night: {{members: [esi, yaw]}}
roles:
  reader: {{server: store, privileges: [{{schema: geography, tables: "*", allow: [select]}}]}}
  writer: {{server: store, privileges: [{{schema: geography, tables: "*", allow: [insert]}}]}}
grants:
{ENDING}\
  - {{user: amina, role: writer}}
  - {{user: kofi, role: reader}}
  - {{user: kofi, role: writer}}
  - {{group: night, role: reader, end_sessions: true}}
  - {{user: esi, role: writer}}
  - {{user: yaw, role: writer}}
"""

Session = psycopg.Connection[tuple[object, ...]]


class Server:
    """A server with four people, all signed in, for whom the manifest was applied."""

    def __init__(self, cluster: PostgresServer, folder: Path, stack: ExitStack) -> None:
        self._cluster = cluster
        self._folder = folder
        self._stack = stack
        self.program = Program(folder, {"DB_DSN": cluster.dsn()})
        self.sql("CREATE SCHEMA geography; CREATE TABLE geography.cells (id int)")
        self.write(MANIFEST)
        self.apply("--yes")
        self.sessions = {name: self._sign_in(name) for name in ("amina", "esi", "kofi", "yaw")}

    def sql(self, text: str) -> None:
        with psycopg.connect(self._cluster.dsn(), autocommit=True) as connection:
            connection.execute(text.encode())

    def write(self, text: str) -> None:
        (self._folder / "access.yaml").write_text(text, encoding="utf-8")

    def edit(self, before: str, after: str) -> None:
        """Change the manifest."""
        assert MANIFEST.count(before) == 1
        self.write(MANIFEST.replace(before, after))

    def apply(self, *options: str) -> str:
        """`reconciler apply`, which must succeed; what it printed."""
        done = self.program("apply", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def plan(self) -> list[dict[str, Any]]:
        """The changes that a plan has."""
        done = self.program("plan", "--format", "json")
        assert done.returncode == 0, done.stderr
        changes: list[dict[str, Any]] = json.loads(done.stdout)["targets"][0]["changes"]
        return changes

    def _sign_in(self, name: str) -> Session:
        self.sql(f"ALTER ROLE {name} PASSWORD '{PASSWORD}'")
        dsn = make_conninfo(self._cluster.dsn(), user=name, password=PASSWORD)
        session = psycopg.connect(dsn, autocommit=True)
        self._stack.callback(session.close)
        return session

    def signed_in(self) -> set[str]:
        """Whose sessions the server still answers."""
        return {name for name, session in self.sessions.items() if _is_open(session)}


def _is_open(session: Session) -> bool:
    try:
        session.execute("SELECT 1")
    except psycopg.errors.AdminShutdown:
        return False
    return True


@pytest.fixture
def server(postgres_cluster: PostgresServer, tmp_path: Path) -> Iterator[Server]:
    with ExitStack() as stack:
        yield Server(postgres_cluster, tmp_path, stack)


def test_the_end_of_a_grant_ends_the_sessions_of_its_holder_alone_tim_06(server: Server) -> None:
    server.edit(f"until: {FUTURE}, end_sessions", f"until: {PAST}, end_sessions")
    (change,) = server.plan()
    assert (change["cause"], change["end_sessions"]) == ("expiry", ["amina"])
    assert server.signed_in() == {"amina", "esi", "kofi", "yaw"}, "planning ends none"

    server.apply("--only", "expiry")

    assert server.signed_in() == {"esi", "kofi", "yaw"}
    assert server.plan() == []


def test_a_grant_that_does_not_say_so_ends_no_session_tim_06(server: Server) -> None:
    line = "  - {user: kofi, role: reader}\n"
    server.edit(line, "")

    server.apply("--yes")

    assert server.signed_in() == {"amina", "esi", "kofi", "yaw"}


def test_deleting_the_line_of_a_grant_ends_sessions_as_its_end_does_tim_06(server: Server) -> None:
    server.edit(ENDING, "")
    (change,) = server.plan()
    assert (change["cause"], change["end_sessions"]) == ("config", ["amina"])

    server.apply("--yes")

    assert server.signed_in() == {"esi", "kofi", "yaw"}


def test_leaving_the_group_that_has_the_grant_ends_the_sessions_of_who_left_tim_06(
    server: Server,
) -> None:
    server.edit("[esi, yaw]", "[esi]")

    server.apply("--yes")

    assert server.signed_in() == {"amina", "esi", "kofi"}


def test_the_end_of_a_group_s_grant_ends_the_sessions_of_all_its_members_tim_06(
    server: Server,
) -> None:
    server.edit("  - {group: night, role: reader, end_sessions: true}\n", "")

    server.apply("--yes")

    assert server.signed_in() == {"amina", "kofi"}


def test_what_another_grant_still_gives_ends_no_session_tim_06(server: Server) -> None:
    server.edit("[esi, yaw]", "[amina, esi, yaw]")
    server.apply("--yes")
    text = MANIFEST.replace("[esi, yaw]", "[amina, esi, yaw]")
    server.write(text.replace(f"until: {FUTURE}, end_sessions", f"until: {PAST}, end_sessions"))

    server.apply("--yes")

    assert server.signed_in() == {"amina", "esi", "kofi", "yaw"}


def test_leaving_a_group_ends_no_session_of_who_has_the_role_as_well_tim_06(
    server: Server,
) -> None:
    direct = "  - {user: yaw, role: reader}\n"
    server.write(MANIFEST + direct)
    server.apply("--yes")
    server.write(MANIFEST.replace("[esi, yaw]", "[esi]") + direct)

    server.apply("--yes")

    assert "yaw" in server.signed_in()


def test_a_saved_plan_says_whose_sessions_end_and_ends_them_tim_06(server: Server) -> None:
    server.edit(ENDING, "")
    shown = server.program("plan", "-o", "plan.json").stdout

    server.apply("plan.json")

    assert "session" in shown
    assert server.signed_in() == {"esi", "kofi", "yaw"}


def test_without_the_ledger_no_membership_goes_and_no_session_ends_tim_06(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / ".reconciler").rename(tmp_path / "put-away")
    server.edit(ENDING, "")

    server.apply("--yes")

    assert server.signed_in() == {"amina", "esi", "kofi", "yaw"}


def test_a_membership_that_somebody_took_by_hand_ends_no_session_tim_06(server: Server) -> None:
    server.sql("REVOKE reader FROM amina")
    server.edit(ENDING, "")

    assert server.plan() == []
    server.apply("--yes")

    assert "amina" in server.signed_in()
