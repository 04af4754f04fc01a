"""Two applies at once, as processes over one ledger: one works, the other says who holds the lock
since when; a dead holder's lock is taken over (APL-04).
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.ledger import Ledger, is_dsn, open_ledger
from tests.e2e.slow_house import PEOPLE, Process, SlowHouse, slow_house
from tests.fix_postgres import PostgresServer
from tests.ledger.places import PostgresPlace, SqlitePlace

SINCE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SlowHouse]:
    with slow_house(tmp_path) as house:
        yield house


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the ledger is that both processes use."""
    if request.param == "SQLite":
        return str(tmp_path / "shared.sqlite3")
    server: PostgresServer = request.getfixturevalue("postgres_cluster")
    return server.dsn()


def opened(ledger: str) -> Ledger:
    """The ledger, to be closed again."""
    return open_ledger(ledger, clock=lambda: datetime.now(UTC))


def hold_one_up(house: SlowHouse, ledger: str, others: list[Process]) -> Process:
    """An apply; while its second request that creates a user is in flight, the others run to their
    ends.
    """

    def in_flight() -> None:
        for arguments in (
            ("apply", "--yes", "--credentials-out", "of-the-other.jsonl"),
            ("lock",),
            ("plan",),
        ):
            other = house.start(*arguments, "--ledger", ledger)
            other.end()
            others.append(other)

    house.during("POST", "/admin/users", in_flight, nth=2)
    return house.start_apply("--ledger", ledger)


def test_of_two_applies_at_once_one_works_and_the_other_names_it_apl_04(
    house: SlowHouse, ledger: str
) -> None:
    others: list[Process] = []

    code, _, error = hold_one_up(house, ledger, others).end()

    assert code == 0, error
    assert house.users() == set(PEOPLE)
    assert sorted(house.passwords()) == sorted(PEOPLE)
    (refused, _, why), (shown, lock, _), (planned, _, _) = (each.end() for each in others)
    assert (refused, shown, planned) == (7, 0, 0)
    assert re.search(
        rf"api: the lock is held by \S+@\S+ \(process \d+\), run 1, since {SINCE}; wait", why
    )
    assert re.search(rf"^api: held by \S+@\S+ \(process \d+\), run 1, since {SINCE};", lock)
    assert not (house.folder / "of-the-other.jsonl").exists()
    with opened(ledger) as known:
        assert {each.run_id: each.exit_code for each in known.runs()} == {1: 0, 2: 7}


def test_the_journal_of_two_at_once_is_whole_apl_04(house: SlowHouse, ledger: str) -> None:
    hold_one_up(house, ledger, []).end()

    with opened(ledger) as known:
        entries = [each.entry for each in known.entries()]
        assert known.verify() == ()
        assert known.locks() == known.open_intents("api") == ()
    assert [each.run_id for each in entries if each.kind == "lock_taken"] == [1]
    assert {each.run_id for each in entries if each.kind in ("intent", "result")} == {1}


# A holder that died


@pytest.fixture
def dead(house: SlowHouse, ledger: str) -> Process:
    """An apply that died while a request was in flight, and left its lock."""
    started: list[Process] = []
    house.during("POST", "/admin/users", lambda: started[0].kill(), nth=2)
    started.append(house.start_apply("--ledger", ledger))
    code, _, _ = started[0].end()
    assert code == -signal.SIGKILL
    return started[0]


def age(ledger: str, target: str) -> None:
    """Set the end of a lease into the past, behind the ledger's back."""
    place = PostgresPlace(ledger) if is_dsn(ledger) else SqlitePlace(ledger)
    past = "2020-01-01T00:00:00.000Z"
    place.sql("UPDATE locks SET expires = ? WHERE target = ?", past, target)


def test_the_lock_of_a_dead_run_holds_others_off_until_it_runs_out_apl_04(
    house: SlowHouse, ledger: str, dead: Process
) -> None:
    code, _, error = house.start_apply("--ledger", ledger).end()

    assert code == 7
    assert re.search(rf"If it died, the lock is free at {SINCE}", error)


def test_a_lock_that_ran_out_is_taken_over_with_a_line_in_the_journal_apl_04(
    house: SlowHouse, ledger: str, dead: Process
) -> None:
    age(ledger, "api")
    assert "it ran out at" in house.run("lock", "--ledger", ledger)[1]

    code, text, error = house.start_apply("--ledger", ledger).end()

    assert code == 0, error
    assert "api: an earlier run ended in the middle" in text
    assert house.users() == set(PEOPLE)
    with opened(ledger) as known:
        (taken,) = [e.entry for e in known.entries() if e.entry.kind == "lock_taken_over"]
        assert known.verify() == ()
        assert known.open_intents("api") == ()
    assert taken.run_id == 2
    assert re.search(rf"held it since {SINCE} and did not renew it", taken.message)
    assert "lock of api taken over by" in house.run("log", "--journal", "--ledger", ledger)[1]


def test_breaking_the_lock_of_a_dead_run_frees_it_at_once_apl_04(
    house: SlowHouse, ledger: str, dead: Process
) -> None:
    code, text, _ = house.run("lock", "--break", "api", "--yes", "--ledger", ledger)
    assert (code, text.startswith("api: freed; ")) == (0, True)

    code, _, error = house.start_apply("--ledger", ledger).end()

    assert code == 0, error
    assert house.users() == set(PEOPLE)
    with opened(ledger) as known:
        kinds = [each.entry.kind for each in known.entries()]
    assert "lock_broken" in kinds
    assert "lock_taken_over" not in kinds


def test_a_run_whose_lock_is_broken_writes_nothing_more_apl_04(
    house: SlowHouse, ledger: str
) -> None:
    def in_flight() -> None:
        assert house.run("lock", "--break", "api", "--yes", "--ledger", ledger)[0] == 0

    house.during("POST", "/admin/users", in_flight, nth=2)
    code, text, error = house.start_apply("--ledger", ledger).end()

    assert code == 7, (text, error)
    assert len(house.users()) == 2, "the call in flight was finished"
    assert "the lock that this run held was broken or released" in text + error
    with opened(ledger) as known:
        assert known.open_intents("api") == ()
