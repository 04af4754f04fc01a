"""People who are invited, and make their accounts themselves: until then they are waited for."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli import cli
from reconciler.errors import StaleError
from reconciler.render.report_text import report_text
from reconciler.sandbox.http.faults import FaultKind
from tests.kohakuriver.inviting_desk import (
    ADMIN,
    AMINA,
    KOFI,
    SEAT,
    SERVICE,
    InvitingDesk,
    told,
)
from tests.kohakuriver.lab import INVITATIONS, REGISTER, Lab
from tests.kohakuriver.simulated import ADMIN_SECRET, signs_in

LOST_AFTER = [
    FaultKind.ERROR_500_AFTER_EFFECT,
    FaultKind.RESET_AFTER_EFFECT,
    FaultKind.HTML_504_AFTER_EFFECT,
    FaultKind.HALF_JSON_BODY,
]


@pytest.fixture
def desk(lab: Lab, tmp_path: Path) -> InvitingDesk:
    """An empty host with a VPS, and a desk that invites."""
    return InvitingDesk(lab, tmp_path)


def test_a_person_is_invited_and_nothing_is_registered(lab: Lab, desk: InvitingDesk) -> None:
    desk.converge(AMINA)

    (row,) = desk.open_rows
    assert lab.store.tables.users == {}
    assert lab.sent("POST", REGISTER) == 0
    assert (row.role, row.max_usage, row.created_by) == ("user", 1, None)
    assert row.expires_at - row.created_at == 48 * 3600


def test_the_invitation_is_handed_over_with_the_name_to_register_under(
    desk: InvitingDesk,
) -> None:
    report = desk.converge(AMINA)

    (entry,) = desk.handed()
    assert "Temporary passwords and invitations of new accounts are in" in report_text(report)
    assert sorted(entry) == ["account", "expires", "invitation", "target"]
    assert entry["account"] == "amina"
    assert desk.register("amina", entry["invitation"]) == 200


def test_who_is_invited_is_not_invited_again_and_not_removed_inv_01(desk: InvitingDesk) -> None:
    desk.converge(AMINA)

    plan = desk.plan(AMINA)
    desk.converge(AMINA)

    (finding,) = told(plan, "pending-external")
    assert plan.changes == ()
    assert "amina (Amina Diallo) is invited and has not registered yet" in finding.message
    assert plan.targets[0].drift == ()
    assert len(desk.open_rows) == 1


def test_what_an_account_is_to_hold_waits_until_it_is_there(desk: InvitingDesk) -> None:
    first = desk.plan(AMINA + SEAT)
    desk.converge(AMINA + SEAT)
    waiting = desk.plan(AMINA + SEAT)

    assert [str(each.key) for each in first.changes] == ["account amina"]
    assert "assignee on gpu" in told(first, "pending-external")[0].message
    assert "until then this waits: assignee on gpu" in told(waiting, "pending-external")[0].message
    assert waiting.changes == ()
    assert waiting.targets[0].drift == ()
    assert desk.seats == []


def test_once_somebody_has_registered_the_rest_is_done_and_none_of_it_is_drift(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.converge(AMINA + SEAT)
    desk.register("amina", desk.token("amina"), display_name="Ami")

    plan = desk.plan(AMINA + SEAT)
    desk.converge(AMINA + SEAT)

    assert {each.cause for each in plan.changes} == {"config"}
    assert plan.targets[0].drift == ()
    assert told(plan, "pending-external") == []
    assert desk.seats == ["amina"]
    assert lab.store.user("amina").display_name == "Amina Diallo"
    assert signs_in(lab.simulator.url, "amina", "correct horse battery")
    assert desk.plan(AMINA + SEAT).changes == ()


def test_a_level_that_was_raised_by_hand_since_is_drift(lab: Lab, desk: InvitingDesk) -> None:
    desk.converge(AMINA)
    desk.register("amina", desk.token("amina"))
    lab.store.user("amina").role = "admin"

    plan = desk.plan(AMINA)

    assert [each.direction for each in plan.targets[0].drift] == ["widened"]


def test_services_and_accounts_with_a_token_are_registered_by_us(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.converge(SERVICE)

    assert lab.store.user("svc-load").role == "user"
    assert [sorted(each) for each in desk.handed()] == [["account", "password", "target"]]


def test_another_level_revokes_the_invitation_and_hands_a_new_one_over(
    desk: InvitingDesk,
) -> None:
    desk.converge(AMINA)
    old = desk.token("amina")

    plan = desk.plan(ADMIN)
    desk.converge(ADMIN)

    (row,) = desk.open_rows
    assert [each.action for each in plan.changes] == ["update"]
    assert row.role == "admin"
    assert desk.register("amina", old) == 400
    assert desk.register("amina", desk.token("amina")) == 200


def test_whoever_leaves_before_registering_loses_the_invitation(desk: InvitingDesk) -> None:
    desk.converge(AMINA + KOFI)

    plan = desk.plan(KOFI)
    desk.converge(KOFI)

    assert [(each.action, str(each.key)) for each in plan.changes] == [("delete", "account amina")]
    assert len(desk.open_rows) == 1
    assert desk.register("amina", desk.token("amina")) == 400
    assert desk.plan(KOFI).changes == ()


def test_offboarding_somebody_who_was_only_invited_revokes_the_invitation(
    lab: Lab, desk: InvitingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.converge(AMINA + KOFI)
    monkeypatch.setenv("URL", lab.simulator.url)
    monkeypatch.setenv("SECRET", ADMIN_SECRET)
    files = ["-f", str(desk.folder / "access.yaml"), "--ledger", str(desk.ledger)]

    result = CliRunner().invoke(cli, ["offboard", "amina", "--yes", "--reason", "left", *files])

    assert result.exit_code == 0, result.output
    assert "invitation, which was not used" in result.stdout
    assert desk.register("amina", desk.token("amina")) == 400
    assert desk.register("kofi", desk.token("kofi")) == 200


def test_an_invitation_that_ran_out_is_told_and_made_anew_inv_04(desk: InvitingDesk) -> None:
    desk.converge(AMINA)
    desk.clock.pass_hours(49)

    plan = desk.plan(AMINA)
    desk.converge(AMINA)

    assert "ran out" in told(plan, "invitation-over")[0].message
    assert plan.targets[0].drift == ()
    assert len(desk.open_rows) == 1
    assert desk.register("amina", desk.token("amina")) == 200


def test_an_invitation_that_waits_counts_more_than_one_that_ran_out_inv_03(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.converge(AMINA)
    desk.clock.pass_hours(49)
    desk.converge(AMINA)

    plan = desk.plan(AMINA)

    assert len(lab.store.tables.invitations) == 2
    assert plan.changes == ()
    assert told(plan, "invitation-over") == []
    assert len(told(plan, "pending-external")) == 1


def test_an_invitation_that_somebody_revoked_is_held_until_it_is_accepted(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.converge(AMINA)
    lab.store.tables.invitations.clear()

    plan = desk.plan(AMINA)
    desk.apply(AMINA)
    held = list(desk.open_rows)
    desk.converge(AMINA, "held")

    assert [each.direction for each in plan.targets[0].drift] == ["narrowed"]
    assert held == []
    assert len(desk.open_rows) == 1


def test_whoever_registers_in_another_case_is_recognised_and_not_invited_again_inv_04(
    desk: InvitingDesk,
) -> None:
    desk.converge(AMINA)
    desk.register("Amina", desk.token("amina"))

    plan = desk.plan(AMINA)
    desk.apply(AMINA)

    (finding,) = told(plan, "invitation-used")
    assert finding.blocking
    assert "write accounts: {river: Amina}" in finding.message
    assert plan.targets[0].drift == ()
    assert desk.open_rows == []


def test_whoever_registers_under_another_name_is_told_of(desk: InvitingDesk) -> None:
    desk.converge(AMINA)
    desk.register("mallory", desk.token("amina"))

    (finding,) = told(desk.plan(AMINA), "invitation-used")
    desk.converge(AMINA, "invitation-used")

    assert finding.blocking
    assert "find the new account" in finding.message
    assert desk.register("amina", desk.token("amina")) == 200


def test_whoever_is_only_invited_is_no_administrator(lab: Lab, desk: InvitingDesk) -> None:
    desk.converge(SERVICE.replace("river-user", "river-admin"))
    desk.converge(ADMIN + SERVICE.replace("river-user", "river-admin"))

    plan = desk.plan(ADMIN + SERVICE)
    desk.apply(ADMIN + SERVICE)

    assert [each.blocking for each in told(plan, "last-administrator")] == [True]
    assert lab.store.user("svc-load").role == "admin"


def test_somebody_who_registers_between_plan_and_apply_makes_the_plan_stale(
    desk: InvitingDesk,
) -> None:
    desk.converge(AMINA)
    with desk.run(ADMIN) as run:
        plan = run.plan()
        desk.register("amina", desk.token("amina"))

        with pytest.raises(StaleError):
            run.apply(plan, credentials_out=str(desk.folder / "new.jsonl"))


@pytest.mark.parametrize("kind", LOST_AFTER)
def test_an_invitation_whose_answer_is_lost_is_found_and_handed_over(
    lab: Lab, desk: InvitingDesk, kind: FaultKind
) -> None:
    lab.arm(kind, "POST", INVITATIONS, nth=2)

    desk.converge(AMINA + KOFI)

    assert len(desk.open_rows) == 2
    assert desk.register("amina", desk.token("amina")) == 200
    assert desk.register("kofi", desk.token("kofi")) == 200


def test_an_invitation_that_was_not_made_is_made_by_the_next_apply(
    lab: Lab, desk: InvitingDesk
) -> None:
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", INVITATIONS)

    report = desk.apply(AMINA)
    desk.converge(AMINA)

    assert [each.status for each in report.outcomes] == ["failed"]
    assert len(desk.open_rows) == 1


def test_an_account_that_was_made_without_its_use_being_counted_is_there(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.converge(AMINA)
    lab.store.loses_next_use = True

    status = desk.register("amina", desk.token("amina"))
    plan = desk.plan(AMINA)

    assert status == 500
    assert told(plan, "pending-external") == []
    assert told(plan, "open-invitations") != []


def test_who_leaves_is_shut_out_though_the_same_plan_invites_somebody(
    lab: Lab, desk: InvitingDesk
) -> None:
    """Whoever is invited has no id yet: the one who leaves has the highest still."""
    desk.options += "}\n    policy: {leavers: delete"
    lab.store.add_user("chief", role="admin")
    desk.converge(KOFI)
    desk.register("kofi", desk.token("kofi"))
    desk.converge(KOFI)

    report = desk.apply(AMINA, "removals")

    assert [each.status for each in report.outcomes] == ["done", "done"]
    assert [row.is_active for row in lab.store.tables.users.values() if row.username == "kofi"] == [
        False
    ]
