"""What ties an invitation to a person: kept through crashes, never guessed, and no secret."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.engine.journal import RunJournal
from reconciler.engine.recording import Recording
from reconciler.errors import IncompleteReadError
from reconciler.ledger import open_ledger
from reconciler.plan_file import to_document
from reconciler.render.documents import report_json
from reconciler.render.report_text import report_text
from reconciler.render.text import plan_text
from reconciler.sandbox.http.faults import FaultKind
from tests.kohakuriver.inviting_desk import ADMIN, AMINA, KOFI, SEAT, InvitingDesk, told
from tests.kohakuriver.lab import INVITATIONS, Lab


class Killed(BaseException):
    """The program dies at this place."""


def dies(*_unused: object, **_more: object) -> None:
    raise Killed


@pytest.fixture
def desk(lab: Lab, tmp_path: Path) -> InvitingDesk:
    """An empty host with a VPS, and a desk that invites."""
    return InvitingDesk(lab, tmp_path)


def killed(desk: InvitingDesk, grants: str, place: type, method: str) -> None:
    """An apply that dies where it would call this method."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, method, dies)
        with pytest.raises(Killed):
            desk.apply(grants)


@pytest.mark.parametrize("is_first", [True, False])
def test_an_invitation_is_known_though_the_run_died_before_it_remembered_anything(
    desk: InvitingDesk, is_first: bool
) -> None:
    if not is_first:
        desk.converge(KOFI)
    killed(desk, KOFI + AMINA, Recording, "remember")
    number = len(desk.open_rows)

    plan = desk.plan(KOFI + AMINA)
    desk.converge(KOFI + AMINA)

    assert plan.changes == ()
    assert len(told(plan, "pending-external")) == number == 2
    assert len(desk.open_rows) == 2


@pytest.mark.parametrize("method", ["hand_over", "remember"])
@pytest.mark.parametrize("is_first", [True, False])
def test_an_invitation_that_nobody_remembers_after_a_crash_is_replaced_inv_02(
    desk: InvitingDesk, method: str, is_first: bool
) -> None:
    if not is_first:
        desk.converge(KOFI)
    killed(desk, AMINA + KOFI, RunJournal, method)
    (lost,) = [row for row in desk.open_rows if row.token != desk.token("kofi")]

    plan = desk.plan(AMINA + KOFI)
    report = desk.converge(AMINA + KOFI)

    assert "invitation-replaced" in [each.rule for each in plan.findings]
    assert report.recovered
    assert desk.register("amina", lost.token) == 400
    assert desk.register("amina", desk.token("amina")) == 200
    assert len(desk.open_rows) == 1


def test_a_new_invitation_with_the_id_of_the_one_it_replaces_is_not_lost(
    lab: Lab, desk: InvitingDesk
) -> None:
    killed(desk, AMINA, RunJournal, "hand_over")
    (old,) = desk.open_rows
    lab.arm(FaultKind.CUT_AFTER_EFFECT, "POST", INVITATIONS)

    desk.converge(AMINA)

    assert [row.id for row in desk.open_rows] == [old.id]
    assert desk.register("amina", desk.token("amina")) == 200


def test_who_left_after_a_first_run_died_loses_the_invitation(desk: InvitingDesk) -> None:
    killed(desk, AMINA + KOFI, Recording, "remember")
    desk.departed = "amina"

    desk.converge(AMINA + KOFI)

    assert desk.register("amina", desk.token("amina")) == 400
    assert desk.register("kofi", desk.token("kofi")) == 200


def test_what_a_run_was_doing_on_another_host_revokes_nothing_here(
    desk: InvitingDesk, tmp_path: Path
) -> None:
    desk.converge(KOFI)
    killed(desk, AMINA + KOFI, RunJournal, "hand_over")
    with closing(Lab()) as elsewhere:
        other = InvitingDesk(elsewhere, tmp_path)  # with the same ledger
        stranger = elsewhere.store.add_invitation("user")

        plan = other.plan(AMINA)

        assert [each.blocking for each in told(plan, "invitation-unknown")] == [True]
        assert told(plan, "invitation-replaced") == []
        assert [row.token for row in other.open_rows] == [stranger.token]


def test_nobody_is_invited_again_before_what_may_be_theirs_is_revoked(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.converge(AMINA)
    desk.ledger.unlink()
    desk.options += ", open_invitations: revoke"
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "DELETE", f"{INVITATIONS}/*")

    report = desk.apply(AMINA)

    assert [each.status for each in report.outcomes] == ["failed", "skipped"]
    assert len(desk.open_rows) == 1


def test_no_second_invitation_is_made_while_the_first_cannot_be_revoked_inv_02(
    lab: Lab, desk: InvitingDesk
) -> None:
    killed(desk, AMINA, RunJournal, "hand_over")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "DELETE", f"{INVITATIONS}/*")

    report = desk.apply(AMINA)
    number = len(desk.open_rows)
    desk.apply(AMINA, "invitation-unknown")

    assert [each.status for each in report.outcomes] == ["failed"]
    assert number == 1
    assert desk.register("amina", desk.token("amina")) == 200


def test_a_crash_between_revoking_and_inviting_anew_is_made_good(desk: InvitingDesk) -> None:
    desk.converge(AMINA)
    killed(desk, ADMIN, RunJournal, "hand_over")
    (left,) = desk.open_rows

    plan = desk.plan(ADMIN)
    desk.converge(ADMIN)

    (row,) = desk.open_rows
    assert plan.targets[0].drift == ()
    assert row.role == "admin"
    assert row.token != left.token


def test_without_memory_nobody_is_invited_twice(desk: InvitingDesk) -> None:
    desk.converge(AMINA + SEAT)
    desk.ledger.unlink()

    plan = desk.plan(AMINA + SEAT)
    desk.apply(AMINA + SEAT)
    kept = len(desk.open_rows)
    desk.converge(AMINA + SEAT, "invitation-unknown")

    (finding,) = told(plan, "invitation-unknown")
    assert finding.blocking
    assert "1 open invitation of role user, made by nobody, may be ours" in finding.message
    assert kept == 1
    assert len(desk.open_rows) == 2


def test_what_became_of_an_invitation_is_not_guessed_where_nobody_can_look(
    lab: Lab, desk: InvitingDesk
) -> None:
    """The answer is lost, and the list of invitations fails too."""
    desk.converge(KOFI)
    lab.arm(FaultKind.CUT_AFTER_EFFECT, "POST", INVITATIONS)
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", INVITATIONS, nth=4)

    report = desk.apply(AMINA + KOFI)
    plan = desk.plan(AMINA + KOFI)

    assert [each.status for each in report.outcomes] == ["failed"]
    assert [each.blocking for each in told(plan, "invitation-unknown")] == [True]
    assert len(desk.open_rows) == 2


def test_a_host_that_cannot_list_invitations_gets_no_plan(lab: Lab, desk: InvitingDesk) -> None:
    desk.converge(AMINA)
    lab.store.add_invitation("viewer", created_by=99)

    with pytest.raises(IncompleteReadError, match="DELETE /api/auth/invitations/ID"):
        desk.plan(AMINA)


def test_an_id_that_is_given_again_is_not_taken_for_the_same_invitation(
    lab: Lab, desk: InvitingDesk
) -> None:
    desk.converge(AMINA)
    (row,) = desk.open_rows
    lab.store.tables.invitations.clear()
    again = lab.store.add_invitation("user")

    plan = desk.plan(AMINA)

    assert again.id == row.id
    assert told(plan, "pending-external") == []
    assert [each.direction for each in plan.targets[0].drift] == ["narrowed"]


def test_what_is_remembered_of_somebody_who_registered_is_forgotten(desk: InvitingDesk) -> None:
    desk.converge(AMINA + KOFI)
    desk.register("amina", desk.token("amina"))
    desk.converge(AMINA + KOFI)

    with open_ledger(str(desk.ledger), clock=_no_time, create=False) as ledger:
        head = ledger.applied_head("river")

    assert head is not None
    assert sorted(head.notes) == ["kofi"]


def _no_time() -> None:
    raise AssertionError("nothing is written")


def test_no_invitation_is_in_any_output_log_or_memory(
    lab: Lab, desk: InvitingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    lab.arm(FaultKind.ECHO_500, "POST", INVITATIONS, nth=2)
    reports = [desk.apply(AMINA + KOFI), desk.converge(ADMIN + KOFI)]
    lab.arm(FaultKind.ECHO_400, "DELETE", "*")
    reports.append(desk.apply(KOFI))
    with desk.run(KOFI) as run:
        plan = run.plan()
        shown = [json.dumps(to_document(plan)), plan_text(plan), str(run.preview(plan))]
    for report in reports:
        shown += [report_text(report), report_json(report, str), repr(report)]

    tokens = [row.token for row in lab.store.tables.invitations.values()]
    tokens += [desk.token("amina"), desk.token("kofi")]
    memory = desk.ledger.read_bytes().decode("latin-1")
    assert len(tokens) >= 3
    assert not [each for each in tokens if each in f"{shown}{caplog.text}{memory}"]
    assert "noted of" not in memory
