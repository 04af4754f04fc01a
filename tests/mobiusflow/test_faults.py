"""Faults of the network, of proxies and of the session: each on every route that is asked."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.errors import TargetError
from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.mobiusflow import Dialect, MobiusFlowSimulator, UserRow
from tests.faults.sweep import without_pauses
from tests.mobiusflow.lab import EDITOR, VIEWER, Lab, create, delete, statuses, update

BOTH: tuple[Dialect, ...] = ("v1", "v3")
RENEWAL = update("amina", {"password": None}, {"password": "temporary"})
OFF = update("amina", {"active": True}, {"active": False})
WRITES: dict[Dialect, dict[str, tuple[Change, str, str]]] = {
    "v1": {
        "create": (create("esi"), "POST", "/auth/user"),
        "level": (update("amina", EDITOR, VIEWER), "PATCH", "/auth/user/roles/*"),
        "active": (OFF, "PATCH", "/auth/user/roles/*"),
        "password": (RENEWAL, "PATCH", "/auth/user/password/*"),
        "delete": (delete("amina"), "DELETE", "/auth/user/*"),
    },
    "v3": {
        "create": (create("esi"), "POST", "/user"),
        "level": (update("amina", EDITOR, VIEWER), "PATCH", "/user/role/*"),
        "active": (OFF, "PATCH", "/user/active/*"),
        "password": (RENEWAL, "PATCH", "/user/password/*"),
        "delete": (delete("amina"), "DELETE", "/user/*"),
    },
}
READS = [("v1", "/auth/users"), ("v1", "/auth/user/amina"), ("v1", "/auth/user/roles/*")]
READS += [("v3", "/user")]
EACH = [pytest.param(d, name, id=f"{d}-{name}") for d in BOTH for name in WRITES[d]]
SPOILT = [
    FaultKind.ERROR_500_BEFORE_EFFECT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.BODY_CUT_SHORT,
    FaultKind.EMPTY_BODY,
    FaultKind.WRONG_CONTENT_TYPE,
    FaultKind.HTML_403,
    FaultKind.HTML_404,
]
HARMLESS = [
    FaultKind.ERROR_500_AFTER_EFFECT,
    FaultKind.TIMEOUT_408_AFTER_EFFECT,
    FaultKind.CUT_AFTER_EFFECT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.WRONG_CONTENT_TYPE,
    FaultKind.DROP_KEEP_ALIVE,
    FaultKind.SESSION_INVALIDATED,
]
"""Faults of a write after which everything is as it would be without them."""


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    without_pauses(monkeypatch)


def _told(row: UserRow) -> tuple[str, list[str], bool]:
    return row.username, sorted(row.roles), row.is_active


def _facts(simulator: MobiusFlowSimulator) -> list[tuple[str, list[str], bool]]:
    return sorted(_told(row) for row in simulator.store.rows())


def _options(dialect: Dialect) -> dict[str, object]:
    return {"emulate_inactive": True} if dialect == "v1" else {}


@pytest.mark.parametrize("dialect, path", READS)
@pytest.mark.parametrize("kind", SPOILT)
def test_a_read_that_is_not_whole_is_an_error_and_never_a_shorter_state(
    lab: Lab, dialect: Dialect, path: str, kind: FaultKind
) -> None:
    simulator = lab.start(dialect)
    lab.arm(kind, "GET", path)

    with pytest.raises(TargetError):
        lab.observe()

    assert [each.kind for each in simulator.faults.fired] == [kind]


@pytest.mark.parametrize("dialect, path", READS)
@pytest.mark.parametrize(
    "kind, after",
    [
        (FaultKind.RATE_LIMITED_429, 0),
        (FaultKind.RATE_LIMITED_429, -1),
        (FaultKind.TIMEOUT_408_BEFORE_EFFECT, 0),
        (FaultKind.DROP_KEEP_ALIVE, 0),
        (FaultKind.SESSION_INVALIDATED, 0),
    ],
)
def test_a_read_that_fails_for_a_moment_is_asked_again_and_everything_is_there(
    lab: Lab, dialect: Dialect, path: str, kind: FaultKind, after: int
) -> None:
    simulator = lab.start(dialect)
    lab.arm(kind, "GET", path, retry_after_s=after)

    assert len(lab.observe()) == 3
    assert [each.kind for each in simulator.faults.fired] == [kind]


@pytest.mark.parametrize("dialect, name", EACH)
def test_a_write_that_was_done_and_not_answered_is_found_done_and_never_done_twice(
    lab: Lab, dialect: Dialect, name: str
) -> None:
    change, method, path = WRITES[dialect][name]
    undisturbed = lab.start(dialect)
    lab.apply(change, **_options(dialect))

    for kind in HARMLESS:
        simulator = lab.start(dialect)
        lab.arm(kind, method, path)

        outcomes = lab.apply(change, **_options(dialect))

        assert statuses(outcomes) == ["done"], kind
        assert [each.kind for each in simulator.faults.fired] == [kind]
        assert _facts(simulator) == _facts(undisturbed), kind
        assert sum(row.writes for row in simulator.store.rows()) <= 1


@pytest.mark.parametrize("dialect, name", EACH)
def test_a_write_that_was_not_done_is_told_and_a_later_run_does_it(
    lab: Lab, dialect: Dialect, name: str
) -> None:
    change, method, path = WRITES[dialect][name]
    for kind in (FaultKind.ERROR_500_BEFORE_EFFECT, FaultKind.TIMEOUT_408_BEFORE_EFFECT):
        simulator = lab.start(dialect)
        before = _facts(simulator)
        lab.arm(kind, method, path)

        first = lab.apply(change, **_options(dialect))
        between = _facts(simulator)
        again = lab.apply(change, **_options(dialect))

        assert statuses([*first, *again]) == ["failed", "done"]
        assert between == before


@pytest.mark.parametrize("dialect", BOTH)
def test_every_write_that_comes_too_often_is_sent_again(lab: Lab, dialect: Dialect) -> None:
    simulator = lab.start(dialect)
    writes = [WRITES[dialect][name] for name in ("create", "level", "password")]
    for _, method, path in writes:
        lab.arm(FaultKind.RATE_LIMITED_429, method, path, retry_after_s=0)

    outcomes = lab.apply(*(change for change, _, _ in writes))

    assert statuses(outcomes) == ["done"] * 3
    assert [each.status for each in simulator.requests].count(429) == 3


@pytest.mark.parametrize("dialect, name", [("v1", "password"), ("v3", "create")])
def test_a_write_that_takes_too_long_and_is_never_done_is_told(
    lab: Lab, dialect: Dialect, name: str
) -> None:
    change, method, path = WRITES[dialect][name]
    simulator = lab.start(dialect)
    before = _facts(simulator)
    lab.arm(FaultKind.DATABASE_LOCKED, method, path, seconds=3)

    outcomes = lab.apply(change, timeout_s=1)

    assert statuses(outcomes) == ["failed"]
    assert len(simulator.faults.fired) == 1, "it was sent once"
    assert _facts(simulator) == before


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_more_requests_are_asked_side_by_side_than_the_option_says(
    lab: Lab, at_once: int
) -> None:
    simulator = lab.start()
    for number in range(20):
        simulator.add(f"user-{number}", "some password", "Viewer")
    lab.arm(FaultKind.SLOW_REPLY, "GET", "/auth/*", count=1000, seconds=0.002)

    lab.observe(concurrency=at_once)

    assert simulator.most_at_once <= at_once
