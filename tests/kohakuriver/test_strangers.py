"""Open invitations that no line accounts for: reported, or revoked where options say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.plan import Plan
from reconciler.render.drift_text import drift_text
from reconciler.sandbox.http.faults import FaultKind
from tests.kohakuriver.inviting_desk import AMINA, SERVICE, InvitingDesk, told
from tests.kohakuriver.lab import Lab

ANY = "/api/auth/invitations/*"


@pytest.fixture
def desk(lab: Lab, tmp_path: Path) -> InvitingDesk:
    """A host on which somebody may have invited people by hand, and a desk that revokes that."""
    desk = InvitingDesk(lab, tmp_path)
    desk.options = "open_invitations: revoke"
    return desk


def titles(plan: Plan) -> list[str]:
    """What the plan wants to switch off."""
    changes = [each for each in plan.changes if each.key.path == ("open invitations",)]
    return [title for change in changes for title in change.after or {}]


def test_invitations_of_strangers_stay_and_are_reported_where_nothing_else_is_said(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.options = "open_invitations: report"
    lab.store.add_invitation("admin")

    plan = desk.plan(SERVICE)
    desk.converge(SERVICE)

    assert titles(plan) == []
    assert "1 of role admin; made by nobody" in told(plan, "open-invitations")[0].message
    assert len(desk.open_rows) == 1


def test_each_open_invitation_of_a_stranger_is_shown_and_revoked(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.converge(SERVICE)
    row = lab.store.add_user("mallory", "admin")
    lab.store.add_invitation("viewer", created_by=row.id, max_usage=5)
    lab.store.add_invitation("admin", hours=-1)

    plan = desk.plan(SERVICE)
    desk.converge(SERVICE)

    (title,) = titles(plan)
    assert title.startswith("invitation 2 (role viewer, made by mallory, for 5 accounts, ends at ")
    assert desk.open_rows == []
    assert desk.plan(SERVICE).changes == ()


def test_drift_tells_a_new_invitation_and_none_of_ours(lab: Lab, desk: InvitingDesk) -> None:
    desk.converge(AMINA + SERVICE)
    lab.store.add_invitation("operator")

    plan = desk.plan(AMINA + SERVICE)

    assert [each.direction for each in plan.targets[0].drift] == ["widened"]
    assert "invitation 3 (role operator, made by nobody" in drift_text(plan)
    assert "invitation 1" not in drift_text(plan)


def test_who_waits_keeps_the_invitation_while_those_of_strangers_go(
    lab: Lab, desk: InvitingDesk
) -> None:
    lab.store.add_invitation("user")

    desk.converge(AMINA)
    desk.converge(AMINA)

    assert [row.token for row in desk.open_rows] == [desk.token("amina")]


def test_an_invitation_that_outlived_its_use_is_revoked(lab: Lab, desk: InvitingDesk) -> None:
    """The host made the account and did not count that."""
    desk.converge(AMINA)
    lab.store.loses_next_use = True
    desk.register("amina", desk.token("amina"))

    desk.converge(AMINA)

    assert desk.open_rows == []
    assert lab.store.user("amina").role == "user"


def test_without_memory_what_is_open_is_revoked_and_people_are_invited_anew(
    desk: InvitingDesk,
) -> None:
    desk.converge(AMINA)
    lost = desk.token("amina")
    desk.ledger.unlink()

    desk.converge(AMINA)

    assert desk.register("amina", lost) == 400
    assert desk.register("amina", desk.token("amina")) == 200


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ERROR_500_BEFORE_EFFECT,
        FaultKind.ERROR_500_AFTER_EFFECT,
        FaultKind.RESET_AFTER_EFFECT,
        FaultKind.HTML_502,
    ],
)
def test_a_revocation_that_fails_or_whose_answer_is_lost_is_looked_up(
    lab: Lab, desk: InvitingDesk, kind: FaultKind
) -> None:
    lab.store.add_invitation("admin")
    lab.arm(kind, "DELETE", ANY)

    (outcome, _) = desk.apply(SERVICE).outcomes

    assert outcome.status == ("failed" if desk.open_rows else "done")
    desk.converge(SERVICE)
    assert desk.open_rows == []


def test_one_that_cannot_be_revoked_takes_no_other_with_it(lab: Lab, desk: InvitingDesk) -> None:
    for _ in range(3):
        lab.store.add_invitation("admin")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "DELETE", ANY)

    (outcome, _) = desk.apply(SERVICE).outcomes

    assert outcome.status == "failed"
    assert len(desk.open_rows) == 1


def test_an_invitation_that_is_used_or_gone_by_then_is_no_failure(
    lab: Lab, desk: InvitingDesk
) -> None:
    lab.store.add_invitation("admin")
    clear = lab.store.tables.invitations.clear
    lab.arm(FaultKind.OUTSIDE_EDIT, "DELETE", ANY, edit=clear)

    desk.converge(SERVICE)

    assert desk.open_rows == []
