"""Two runs at once on PostgreSQL, whose rows are locked: SQLite's tests cannot tell."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from reconciler.changes import Change, Outcome
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.provider import open_graphistry
from reconciler.sandbox.postgres.template import ClusterTemplate
from tests.conformance.bench import Notes
from tests.graphistry.installation import HERE, PYTHON
from tests.graphistry.lab import TARGET, altered, gone, new, shut

_PATIENCE_S = 120
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
_USER = (
    "INSERT INTO users_user (username, email, name, first_name, last_name, password, "
    "is_active, is_staff, is_superuser, date_joined) "
    "VALUES (%s, '', '', '', '', '!', true, %s, %s, now())"
)


@dataclass(frozen=True, slots=True)
class Nexus:
    """The stand-in with its database on a server; `folder` is what its shell is told."""

    url: str
    folder: Path

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """What a query gives."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement, values).fetchall()

    def add(self, *names: str, is_superuser: bool = False) -> None:
        """Users with these names."""
        with psycopg.connect(self.url) as connection:
            for name in names:
                connection.execute(_USER, (name, is_superuser, is_superuser))

    def superusers(self) -> list[str]:
        """Those who are active, by name."""
        found = "SELECT username FROM users_user WHERE is_superuser AND is_active ORDER BY 1"
        return [str(row[0]) for row in self.rows(found)]

    def make(self, change: Change) -> Outcome:
        """What became of a change that a run of its own made."""
        command = (PYTHON, "-IB", str(HERE / "nexus_shell.py"), str(self.folder))
        options = GraphistryOptions(command=command, settings_off=())
        with closing(open_graphistry(TARGET, options)) as provider:
            (outcome,) = provider.apply([change], Notes())
        return outcome

    @contextmanager
    def held(self, *statements: str) -> Iterator[psycopg.Connection]:
        """What these statements lock, until the connection commits or rolls back."""
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement)
            yield connection

    def await_waiting(self, number: int) -> None:
        """Return when so many runs wait for a lock."""
        ends = time.monotonic() + _PATIENCE_S
        while self.rows(_WAITING) != [(number,)]:
            assert time.monotonic() < ends, f"{number} runs never came to wait"
            time.sleep(0.05)  # polling what other processes do


@pytest.fixture(scope="module")
def prepared(cluster_template: ClusterTemplate) -> Iterator[str]:
    """The URL of a database with all tables."""
    with cluster_template.cluster() as cluster:
        subprocess.run(
            [PYTHON, "-IB", "manage.py", "migrate", "--run-syncdb", "-v", "0"],
            cwd=HERE / "stand_in",
            env={**os.environ, "STAND_IN_DATABASE": cluster.dsn()},
            check=True,
        )
        yield cluster.dsn()


@pytest.fixture
def nexus(prepared: str, tmp_path: Path) -> Iterator[Nexus]:
    """A stand-in with nobody in it."""
    (tmp_path / "url").write_text(prepared)
    yield Nexus(prepared, tmp_path)
    with psycopg.connect(prepared) as connection:
        connection.execute("TRUNCATE users_user CASCADE")


def at_once(nexus: Nexus, changes: Sequence[Change], *held: str, is_kept: bool) -> list[Outcome]:
    """The outcomes of runs that all wait for what these statements lock, before any goes on."""
    with ThreadPoolExecutor(len(changes)) as pool, nexus.held(*held) as holder:
        runs: list[Future[Outcome]] = [pool.submit(nexus.make, change) for change in changes]
        nexus.await_waiting(len(changes))
        if is_kept:
            holder.commit()
        else:
            holder.rollback()
        return [run.result() for run in runs]


@pytest.mark.parametrize(
    "changes",
    [
        [altered(name, {"level": "admin"}, {"level": "user"}) for name in ("amina", "kofi")],
        [shut("amina"), gone("kofi")],
    ],
    ids=["demoted", "shut out and deleted"],
)
def test_of_two_superusers_taken_by_two_runs_at_once_one_stays(
    nexus: Nexus, changes: list[Change]
) -> None:
    nexus.add("amina", "kofi", is_superuser=True)

    outcomes = at_once(nexus, changes, "SELECT 1 FROM users_user FOR UPDATE", is_kept=False)

    assert sorted(each.status for each in outcomes) == ["done", "failed"]
    (refused,) = (each for each in outcomes if each.status == "failed")
    assert nexus.superusers() == [refused.change.key.path[0]]
    assert "is the last active superuser" in refused.message


def test_of_two_runs_that_create_one_user_one_does(nexus: Nexus) -> None:
    somebody = _USER.replace("%s", "'amina'", 1).replace("%s", "false")

    outcomes = at_once(nexus, [new("amina"), new("amina")], somebody, is_kept=False)

    assert sorted(each.status for each in outcomes) == ["done", "failed"]
    assert nexus.rows("SELECT username FROM users_user") == [("amina",)]


def test_a_change_that_had_to_wait_is_compared_with_what_was_left_to_it(nexus: Nexus) -> None:
    nexus.add("amina")
    change = altered("amina", {"name": ""}, {"name": "Amina"})
    other = "UPDATE users_user SET name = 'Mina' WHERE username = 'amina'"

    (outcome,) = at_once(nexus, [change], other, is_kept=True)

    assert outcome.status == "failed"
    assert outcome.message == "amina was changed by somebody else: name; plan again"
    assert nexus.rows("SELECT name FROM users_user") == [("Mina",)]
