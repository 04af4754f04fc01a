"""What is never done, whatever was planned or accepted: nobody could ever undo it."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.mobiusflow import Dialect
from tests.conformance.bench import Access
from tests.mobiusflow.lab import ADMINISTRATOR, EDITOR, VIEWER, Lab, delete, statuses, update
from tests.mobiusflow.simulated import OWN

BOTH: tuple[Dialect, ...] = ("v1", "v3")
OFF = {"active": False}
DEMOTED = update("esi", ADMINISTRATOR, EDITOR)
SHUT_OUT = update("esi", {"active": True}, OFF)
LOSSES = [
    pytest.param("v1", DEMOTED, id="v1-demoted"),
    pytest.param("v1", SHUT_OUT, id="v1-emulated"),
    pytest.param("v1", delete("esi"), id="v1-deleted"),
    pytest.param("v3", DEMOTED, id="v3-demoted"),
    pytest.param("v3", SHUT_OUT, id="v3-deactivated"),
    pytest.param("v3", delete("esi"), id="v3-deleted"),
]


def _emulating(dialect: Dialect) -> dict[str, object]:
    return {"emulate_inactive": True} if dialect == "v1" else {}


def _weaken_ourselves(lab: Lab, dialect: Dialect) -> None:
    """Our account may administer, and is no administrator: a combination that somebody made."""
    own = lab.simulator.store.named(OWN)
    assert own is not None
    roles = {"admin", "read"} if dialect == "v1" else {"Administrator", "Viewer"}
    lab.simulator.store.change(own.id, roles=frozenset(roles))


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    "change", [update(OWN, ADMINISTRATOR, VIEWER), update(OWN, {"active": True}, OFF), delete(OWN)]
)
def test_the_account_that_we_log_in_as_is_never_touched(
    lab: Lab, dialect: Dialect, change: Change
) -> None:
    simulator = lab.start(dialect)
    simulator.add("esi", "some password", "Administrator")

    (outcome,) = lab.apply(change, **_emulating(dialect))

    assert (outcome.status, lab.writes) == ("failed", [])
    assert "is whom reconciler logs in as" in outcome.message


@pytest.mark.parametrize("dialect, change", LOSSES)
def test_an_administrator_goes_once_another_was_read_again(
    lab: Lab, dialect: Dialect, change: Change
) -> None:
    lab.start(dialect).add("esi", "some password", "Administrator")

    outcomes = lab.apply(change, **_emulating(dialect))

    assert statuses(outcomes) == ["done"]


@pytest.mark.parametrize("dialect, change", LOSSES)
def test_the_last_administrator_never_goes(lab: Lab, dialect: Dialect, change: Change) -> None:
    lab.start(dialect).add("esi", "some password", "Administrator")
    _weaken_ourselves(lab, dialect)

    (outcome,) = lab.apply(change, **_emulating(dialect))

    assert (outcome.status, lab.writes) == ("failed", [])
    assert "is the last administrator" in outcome.message


@pytest.mark.parametrize("dialect, change", LOSSES)
def test_another_administrator_who_is_not_us_will_do(
    lab: Lab, dialect: Dialect, change: Change
) -> None:
    simulator = lab.start(dialect)
    simulator.add("esi", "some password", "Administrator")
    simulator.add("yaw", "some password", "Administrator")
    _weaken_ourselves(lab, dialect)

    assert statuses(lab.apply(change, **_emulating(dialect))) == ["done"]


@pytest.mark.parametrize("dialect", BOTH)
def test_who_may_administer_by_a_combination_is_not_let_go_as_if_that_were_nothing(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    roles = ("admin", "read") if dialect == "v1" else ("Administrator", "Viewer")
    simulator.store.add("esi", "some password", *roles)
    _weaken_ourselves(lab, dialect)

    (outcome,) = lab.apply(delete("esi"))

    assert "is the last administrator" in outcome.message


def test_an_inactive_administrator_is_none_who_could_help(lab: Lab) -> None:
    simulator = lab.start("v3")
    simulator.add("esi", "some password", "Administrator")
    yaw = simulator.add("yaw", "some password", "Administrator")
    simulator.store.change(yaw, is_active=False)
    _weaken_ourselves(lab, "v3")

    outcomes = lab.apply(delete("esi"), delete("yaw"))

    assert statuses(outcomes) == ["failed", "done"], "who is inactive may go"


@pytest.mark.parametrize("dialect", BOTH)
def test_where_no_other_administrator_can_be_read_nobody_goes(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect).add("esi", "some password", "Administrator")
    path, first = (f"/auth/user/{OWN}", 1) if dialect == "v1" else ("/user", 2)
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", path, nth=first, count=100)

    (outcome,) = lab.apply(delete("esi"))

    assert (outcome.status, lab.writes) == ("failed", [])


def test_the_default_administrator_goes_when_another_was_read(lab: Lab) -> None:
    simulator = lab.start()
    simulator.add("admin", "the vendor's password", "Administrator")

    outcomes = lab.apply(delete("admin"))

    assert statuses(outcomes) == ["done"]
    read = [each.path for each in simulator.requests]
    removed = next(i for i, each in enumerate(simulator.requests) if each.method == "DELETE")
    assert f"/api/v1/auth/user/{OWN}" in read[:removed]


@pytest.mark.parametrize("dialect", BOTH)
def test_a_plan_that_takes_every_administrator_but_us_is_held_back(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    bench = lab.bench()
    policy = {"prune": "all", "leavers": "delete"}
    chief = {"chief": ("administrator",), "reader": ("viewer",)}
    bench.converge(Access(users=("esi",), roles=chief, grants=(("esi", "chief"),)))
    fewer = Access(users=("esi",), roles=chief, grants=(("esi", "reader"),), policy=policy)

    plan = bench.plan(fewer)

    assert "last-administrator" in {each.rule for each in plan.findings if each.blocking}
    assert simulator.store.named("esi") is not None


def test_without_ourselves_the_rest_of_an_apply_would_be_lost(lab: Lab) -> None:
    """Deactivating the caller ends the session there: the guard on our own account is needed."""
    simulator = lab.start("v3")
    own = simulator.store.named(OWN)
    assert own is not None

    def shut_out() -> None:
        simulator.store.change(own.id, is_active=False)
        simulator.sessions.drop(own.id)

    lab.arm(FaultKind.OUTSIDE_EDIT, "DELETE", "/user/*", edit=shut_out)

    outcomes = lab.apply(delete("kofi"), delete("amina"))

    assert statuses(outcomes) == ["failed", "skipped"]
    assert "or it is inactive" in outcomes[0].message
