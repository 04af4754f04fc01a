"""Inviting people while the host fails: nobody twice, nobody forgotten, and no word too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import IncompleteReadError
from reconciler.sandbox.http.faults import FaultKind
from tests.kohakuriver.inviting_desk import AMINA, KOFI, SEAT, InvitingDesk, told
from tests.kohakuriver.lab import INVITATIONS, USERS, Lab

ONE = f"{INVITATIONS}/*"
RAISED = KOFI.replace("river-user", "river-operator")
WRITES = [("POST", INVITATIONS, 1), ("POST", INVITATIONS, 2), ("DELETE", ONE, 1)]
FAULTS = [
    FaultKind.ERROR_500_BEFORE_EFFECT,
    FaultKind.RESET_AFTER_EFFECT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.HTML_502,
]


@pytest.fixture
def desk(lab: Lab, tmp_path: Path) -> InvitingDesk:
    """A host on which somebody waits, and a desk that invites."""
    desk = InvitingDesk(lab, tmp_path)
    desk.converge(KOFI)
    return desk


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("method, path, nth", WRITES, ids=["first", "second", "revocation"])
def test_after_any_fault_of_a_write_the_next_apply_leaves_one_invitation_for_each(
    lab: Lab, desk: InvitingDesk, method: str, path: str, nth: int, kind: FaultKind
) -> None:
    """Somebody is invited, and somebody who waits gets another level."""
    lab.arm(kind, method, path, nth=nth)

    report = desk.apply(AMINA + RAISED)
    done = {each.change.key.path[0] for each in report.outcomes if each.status == "done"}
    works = {name for name in ("amina", "kofi") if desk.token(name) in _tokens(desk)}
    desk.converge(AMINA + RAISED)

    assert {each.status for each in report.outcomes} <= {"done", "failed"}
    assert done <= works
    assert sorted(_tokens(desk)) == sorted([desk.token("amina"), desk.token("kofi")])
    assert desk.plan(AMINA + RAISED).changes == ()
    assert desk.register("amina", desk.token("amina")) == 200
    assert desk.register("kofi", desk.token("kofi")) == 200
    assert lab.store.user("kofi").role == "operator"


def _tokens(desk: InvitingDesk) -> list[str]:
    return [row.token for row in desk.open_rows]


@pytest.mark.parametrize("path", [INVITATIONS, USERS])
def test_who_waits_is_no_shorter_list_where_a_read_fails(
    lab: Lab, desk: InvitingDesk, path: str
) -> None:
    lab.arm(FaultKind.BODY_CUT_SHORT, "GET", path, count=10)

    with pytest.raises(IncompleteReadError):
        desk.plan(KOFI)


def test_a_rate_limit_is_waited_for_and_nobody_is_invited_twice(
    lab: Lab, desk: InvitingDesk
) -> None:
    lab.arm(FaultKind.RATE_LIMITED_429, "POST", INVITATIONS, retry_after_s=0)
    lab.arm(FaultKind.RATE_LIMITED_429, "DELETE", ONE, retry_after_s=-1)

    desk.converge(AMINA + RAISED)

    assert len(desk.open_rows) == 2


def test_a_secret_that_changes_in_the_middle_stops_inviting_and_forgets_nobody(
    lab: Lab, desk: InvitingDesk
) -> None:
    store = lab.store
    secret = store.admin_secret
    change = lambda: setattr(store, "admin_secret", "another one")  # noqa: E731 - an edit by hand
    lab.arm(FaultKind.OUTSIDE_EDIT, "POST", INVITATIONS, nth=2, edit=change)

    report = desk.apply(AMINA + RAISED)
    store.admin_secret = secret
    plan = desk.plan(AMINA + RAISED)
    desk.converge(AMINA + RAISED)

    assert report.exit_code != 0
    assert "amina" in told(plan, "pending-external")[0].message
    assert len(desk.open_rows) == 2


def test_a_registration_while_the_invitation_is_being_replaced_is_told(
    lab: Lab, desk: InvitingDesk
) -> None:
    token = desk.token("kofi")

    def registers() -> None:
        row = next(row for row in desk.open_rows if row.token == token)
        row.usage_count += 1
        lab.store.add_user("kofi")

    lab.arm(FaultKind.OUTSIDE_EDIT, "DELETE", ONE, edit=registers)

    (outcome,) = desk.apply(RAISED).outcomes

    assert outcome.status == "failed"
    assert '"kofi" has registered since; plan again' in outcome.message
    assert desk.open_rows == []
    assert [each.key.kind for each in desk.plan(RAISED).changes] == ["account"]


def test_seats_wait_for_each_person_and_for_nobody_else(lab: Lab, desk: InvitingDesk) -> None:
    lab.store.add_user("esi")
    desk.converge(KOFI + AMINA + SEAT)
    desk.register("kofi", desk.token("kofi"))

    desk.converge(KOFI + AMINA + SEAT + SEAT.replace("amina", "kofi"))

    assert desk.seats == ["kofi"]
