"""Ctrl-C and SIGTERM in the middle of an apply: a real process with a call in flight (APL-02)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.ledger.values import Entry
from reconciler.sandbox.flowauth import FaultKind
from tests.e2e.slow_house import PEOPLE, Process, SlowHouse, slow_house

STOPPING = "Stopping after the call in flight"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SlowHouse]:
    with slow_house(tmp_path) as house:
        yield house


def interrupted(house: SlowHouse, *signals: signal.Signals) -> tuple[int, str, str]:
    """An apply that gets these signals while it creates its second user.

    The first one is taken while the request is in flight; so is each further one, and after the
    last of several the request is answered only when the process is gone.
    """
    started: list[Process] = []

    def in_flight() -> None:
        process = started[0]
        process.send(signals[0])
        process.wait_to_say(STOPPING)
        for number in signals[1:]:
            process.send(number)
        if len(signals) > 1 and signals[-1] == signal.SIGINT:
            process.end()

    house.during("POST", "/admin/users", in_flight, nth=2)
    started.append(house.start_apply())
    return started[0].end()


def last_run(journal: list[Entry]) -> Entry:
    assert journal[-1].kind == "run_ended"
    return journal[-1]


def converges(house: SlowHouse) -> str:
    """Apply once more: all is there then, once, and what was printed."""
    code, text, error = house.start_apply().end()
    assert code == 0, error
    assert house.users() == set(PEOPLE)
    assert house.run("plan", "--detailed-exitcode")[0] == 0
    assert house.run("log", "--verify")[0] == 0
    assert house.open_changes() == []
    return text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_one_signal_finishes_the_call_in_flight_and_starts_nothing_more_apl_02(
    house: SlowHouse, number: signal.Signals
) -> None:
    code, text, error = interrupted(house, number)

    assert code == 130, error
    assert STOPPING in error
    assert "Traceback" not in error
    assert len(house.users()) == 2, "the user whose request was in flight is there"
    assert sorted(house.passwords()) == sorted(house.users())
    assert house.open_changes() == []
    assert last_run(house.journal()).message.startswith("exit code 130: ")
    assert "not started" in text or "skipped" in text
    assert "an earlier run ended in the middle" not in converges(house)
    assert sorted(house.passwords()) == sorted(PEOPLE)


def test_the_lock_is_free_after_one_signal_apl_02(house: SlowHouse) -> None:
    interrupted(house, signal.SIGINT)

    assert house.run("lock")[1] == "Nobody holds a lock.\n"


def test_a_second_ctrl_c_stops_at_once_and_the_next_run_looks_it_up_apl_02(
    house: SlowHouse,
) -> None:
    code, _, error = interrupted(house, signal.SIGINT, signal.SIGINT)

    assert code == 130, error
    assert "Traceback" not in error
    assert last_run(house.journal()).message.startswith("exit code 130: ")
    (left,) = house.open_changes()
    assert left.startswith("account ")
    assert house.run("lock")[1] == "Nobody holds a lock.\n"

    text = converges(house)

    assert "api: an earlier run ended in the middle. Of what it was sending, 1 is done" in text
    found = [each for each in house.journal() if each.kind == "found"]
    assert [result.status for each in found for result in each.results] == ["done"]


def test_sigterm_twice_is_as_sigterm_once_apl_02(house: SlowHouse) -> None:
    code, _, error = interrupted(house, signal.SIGTERM, signal.SIGTERM)

    assert code == 130, error
    assert house.open_changes() == []
    converges(house)


def test_ctrl_c_while_reading_writes_nothing_and_leaves_no_lock_apl_02(house: SlowHouse) -> None:
    started: list[Process] = []

    def in_flight() -> None:
        started[0].send(signal.SIGINT)
        started[0].end()

    house.during("GET", "/admin/*", in_flight)
    started.append(house.start_apply())
    code, text, error = started[0].end()

    assert [each.kind for each in house.flowauth.faults.fired] == [FaultKind.OUTSIDE_EDIT]
    assert code == 130, (text, error)
    assert "interrupted" in error
    assert "Traceback" not in error
    assert house.users() == set()
    converges(house)


def test_after_sigterm_a_ctrl_c_stops_at_once_apl_02(house: SlowHouse) -> None:
    code, _, _ = interrupted(house, signal.SIGTERM, signal.SIGINT)

    assert code == 130
    assert len(house.open_changes()) == 1
    converges(house)
