"""Changes of accounts and assignments: what stands before them, and what goes with them."""

from __future__ import annotations

import pytest

from reconciler.sandbox.http.faults import FaultKind
from reconciler.scope import Scope
from tests.kohakuriver.lab import (
    INVITATIONS,
    USERS,
    Lab,
    account,
    altered,
    demoted,
    disabled,
    gone,
    seat,
    statuses,
)

LOST = [
    FaultKind.ERROR_500_AFTER_EFFECT,
    FaultKind.CUT_AFTER_EFFECT,
    FaultKind.HALF_JSON_BODY,
    FaultKind.HTML_504_AFTER_EFFECT,
]
NOT_DONE = [
    FaultKind.ERROR_500_BEFORE_EFFECT,
    FaultKind.RESET_BEFORE_EFFECT,
    FaultKind.HTML_502,
]


def assigned(lab: Lab, task_id: int) -> list[str]:
    """Who is assigned, orphans by their ids."""
    users = lab.store.tables.users
    rows = [row.user for row in lab.store.tables.assigned(task_id)]
    return sorted(users[each].username if each in users else str(each) for each in rows)


# Accounts


def test_all_that_an_account_has_is_changed_with_one_request(lab: Lab) -> None:
    store = lab.start()
    store.add_user("amina", "viewer").is_active = False

    after = {"active": True, "level": "operator", "name": "Amina Diallo"}
    outcomes = lab.apply(altered("amina", {}, after))

    row = store.user("amina")
    assert statuses(outcomes) == ["done"]
    assert (row.is_active, row.role, row.display_name) == (True, "operator", "Amina Diallo")
    assert lab.writes == [f"PATCH {USERS}/1"]


@pytest.mark.parametrize("kind", LOST)
def test_a_change_whose_answer_is_lost_is_read_back_and_not_sent_again(
    lab: Lab, kind: FaultKind
) -> None:
    store = lab.start()
    store.add_user("amina")
    lab.arm(kind, "PATCH", "*")

    assert statuses(lab.apply(disabled("amina"))) == ["done"]
    assert not store.user("amina").is_active
    assert lab.sent("PATCH", f"{USERS}/1") == 1


@pytest.mark.parametrize("kind", NOT_DONE)
def test_a_change_that_was_not_made_fails_alone(lab: Lab, kind: FaultKind) -> None:
    store = lab.start()
    store.add_user("amina")
    store.add_user("kofi")
    lab.arm(kind, "PATCH", "*")

    outcomes = lab.apply(disabled("amina"), disabled("kofi"))

    assert statuses(outcomes) == ["failed", "done"]
    assert store.user("amina").is_active


def test_a_name_with_another_id_than_at_the_plan_is_the_one_that_is_changed(lab: Lab) -> None:
    store = lab.start()
    store.add_user("amina")
    provider = lab.open()
    provider.observe(Scope())
    store.delete_user("amina")
    store.add_user("esi", "admin")
    store.add_user("amina")

    outcomes = list(provider.apply([disabled("amina")], lab.notes))

    assert statuses(outcomes) == ["done"]
    assert store.user("esi").is_active
    assert not store.user("amina").is_active


def test_an_id_that_is_somebody_elses_since_a_moment_ago_is_told(lab: Lab) -> None:
    store = lab.start()
    store.add_user("amina")

    def outside() -> None:
        store.delete_user("amina")
        store.add_user("esi")

    lab.arm(FaultKind.OUTSIDE_EDIT, "PATCH", "*", edit=outside)

    (outcome,) = lab.apply(demoted("amina", "user", "viewer"))

    assert outcome.status == "failed"
    assert '"esi" has had the id of "amina"' in outcome.message


def test_one_who_is_gone_already_cannot_be_changed_and_needs_no_deleting(lab: Lab) -> None:
    lab.start()

    outcomes = lab.apply(disabled("amina"), gone("account", "amina"))

    assert statuses(outcomes) == ["failed", "done"]
    assert lab.writes == []


# The last administrator


@pytest.mark.parametrize(
    "change", [disabled("amina"), demoted("amina", "admin", "user"), gone("account", "amina")]
)
def test_the_last_active_administrator_stays(lab: Lab, change: object) -> None:
    """The host itself would let the bearer of its secret do it."""
    store = lab.start()
    store.add_user("amina", "admin")
    store.add_user("kofi", "admin").is_active = False

    (outcome,) = lab.apply(change)  # type: ignore[arg-type]  # a change, made above

    assert outcome.status == "failed"
    assert "last active administrator" in outcome.message
    assert lab.writes == []


def test_of_two_administrators_one_may_go(lab: Lab) -> None:
    store = lab.start()
    store.add_user("amina", "admin")
    store.add_user("kofi", "admin")

    outcomes = lab.apply(demoted("amina", "admin", "user"), disabled("kofi"))

    assert statuses(outcomes) == ["done", "failed"]
    assert store.user("kofi").is_active


# Invitations of somebody


@pytest.mark.parametrize("change", [disabled("amina"), demoted("amina", "admin", "operator")])
def test_open_invitations_of_one_who_loses_power_are_revoked_first(
    lab: Lab, change: object
) -> None:
    store = lab.start()
    amina, kofi = store.add_user("amina", "admin"), store.add_user("kofi", "admin")
    store.add_invitation("admin", created_by=amina.id)
    store.add_invitation("user", created_by=amina.id).usage_count = 1
    kept = store.add_invitation("viewer", created_by=kofi.id)
    provider = lab.open()
    provider.observe(Scope())

    previewed = provider.preview([change])  # type: ignore[list-item]  # a change, made above
    warned = provider.warnings([change])  # type: ignore[list-item]  # the same
    outcomes = list(provider.apply([change], lab.notes))  # type: ignore[list-item]  # the same

    assert previewed[0] == "DELETE /api/auth/invitations/1 (role admin, made by <amina>)"
    assert [each.rule for each in warned] == ["invitations-revoked", "open-invitations"]
    assert "1 open invitation" in warned[0].message
    assert statuses(outcomes) == ["done"]
    assert lab.writes == [f"DELETE {INVITATIONS}/1", f"PATCH {USERS}/1"]
    assert [row.id for row in store.tables.invitations.values()] == [2, kept.id]


def test_an_invitation_that_cannot_be_revoked_keeps_its_maker_as_is(lab: Lab) -> None:
    store = lab.start()
    amina = store.add_user("amina", "operator")
    store.add_invitation("viewer", created_by=amina.id)
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "DELETE", f"{INVITATIONS}/*")

    assert statuses(lab.apply(disabled("amina"))) == ["failed"]
    assert store.user("amina").is_active


def test_a_promotion_leaves_invitations_alone(lab: Lab) -> None:
    store = lab.start()
    amina = store.add_user("amina", "operator")
    store.add_invitation("viewer", created_by=amina.id)

    lab.apply(demoted("amina", "operator", "admin"))

    assert lab.open_invitations == 1


def test_open_invitations_are_told_to_whoever_plans_or_examines(lab: Lab) -> None:
    store = lab.start()
    store.add_invitation("admin", created_by=store.add_user("amina", "admin").id)
    store.add_invitation("viewer")
    store.add_invitation("user").usage_count = 1
    provider = lab.open()
    provider.observe(Scope())

    (warned,) = provider.warnings(())
    (remark,) = provider.remarks()

    text = "2 invitations of the host are open (1 of role admin, 1 of role viewer; made by amina"
    assert warned.message == remark
    assert remark.startswith(text)
    assert not warned.blocking


# Deleting


def test_all_that_refers_to_an_account_goes_before_it(lab: Lab) -> None:
    """Whoever got its id would have it; and the host could list no invitations any more."""
    store = lab.start()
    amina = store.add_user("amina", "operator")
    store.add_user("guard", "anony")
    store.add_invitation("viewer", created_by=amina.id).usage_count = 1
    tasks = [store.add_vps(name).task_id for name in ("gpu", "other", "orphaned")]
    store.assign(tasks[0], amina.id)
    store.assign(tasks[2], amina.id)
    store.assign(tasks[2], 99)

    outcomes = lab.apply(gone("account", "amina"))

    assert statuses(outcomes) == ["done"]
    assert [row.username for row in store.tables.users.values()] == ["guard"]
    assert store.tables.invitations == {}
    assert [assigned(lab, each) for each in tasks] == [[], [], ["99"]]
    assert lab.read().names("account") == {"guard"}


def test_the_highest_id_is_not_deleted_and_the_plan_says_why(lab: Lab) -> None:
    store = lab.start()
    store.add_user("amina")
    store.add_user("kofi")
    provider = lab.open()
    provider.observe(Scope())
    changes = [gone("account", "amina"), gone("account", "kofi")]

    (warned,) = provider.obstacles(changes)
    outcomes = list(provider.apply(changes, lab.notes))

    assert (warned.rule, warned.blocking) == ("highest-id", True)
    assert warned.keys == (changes[1].key,)
    assert statuses(outcomes) == ["done", "failed"]
    assert "keep it, disabled" in outcomes[1].message


def test_a_plan_that_makes_an_account_frees_the_one_before(lab: Lab) -> None:
    store = lab.start()
    store.add_user("amina")
    provider = lab.open()
    provider.observe(Scope())
    changes = [account("kofi"), gone("account", "amina")]

    assert provider.obstacles(changes) == ()
    assert statuses(list(provider.apply(changes, lab.notes))) == ["done", "done"]
    assert list(store.tables.users) == [2]


@pytest.mark.parametrize("kind", LOST)
def test_a_deletion_whose_answer_is_lost_is_not_sent_again(lab: Lab, kind: FaultKind) -> None:
    store = lab.start()
    store.add_user("amina")
    store.add_user("guard")
    lab.arm(kind, "DELETE", f"{USERS}/*")

    assert statuses(lab.apply(gone("account", "amina"))) == ["done"]
    assert lab.sent("DELETE", f"{USERS}/1") == 1


# Assignments


def test_one_vps_is_assigned_with_one_request_and_taken_one_by_one(lab: Lab) -> None:
    store = lab.start()
    task = store.add_vps("gpu").task_id
    names = ("amina", "esi", "kofi")
    store.assign(task, store.add_user("yaw").id)
    for name in names:
        store.add_user(name)

    added = lab.apply(*(seat("gpu", name) for name in names))
    there = assigned(lab, task)
    taken = lab.apply(*(gone("membership", "gpu", "assignee", name) for name in names))

    assert statuses([*added, *taken]) == ["done"] * 6
    assert there == ["amina", "esi", "kofi", "yaw"]
    assert assigned(lab, task) == ["yaw"]
    assert lab.sent("POST", f"/api/vps/{task}/assign") == 1


def test_one_who_is_not_there_keeps_no_other_from_a_vps(lab: Lab) -> None:
    store = lab.start()
    task = store.add_vps("gpu").task_id
    store.add_user("amina")

    outcomes = lab.apply(seat("gpu", "amina"), seat("gpu", "nobody"))

    assert statuses(outcomes) == ["done", "failed"]
    assert assigned(lab, task) == ["amina"]


def test_an_account_that_was_not_made_is_not_assigned(lab: Lab) -> None:
    lab.start().add_vps("gpu")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", INVITATIONS)

    outcomes = lab.apply(account("amina"), seat("gpu", "amina"))

    assert statuses(outcomes) == ["failed", "skipped"]


@pytest.mark.parametrize("kind", LOST)
def test_an_assignment_whose_answer_is_lost_is_read_back(lab: Lab, kind: FaultKind) -> None:
    store = lab.start()
    task = store.add_vps("gpu").task_id
    store.add_user("amina")
    lab.arm(kind, "POST", "/api/vps/*/assign")
    lab.arm(kind, "DELETE", "/api/vps/*/assign/*")

    added = lab.apply(seat("gpu", "amina"))
    taken = lab.apply(gone("membership", "gpu", "assignee", "amina"))

    assert statuses([*added, *taken]) == ["done", "done"]
    assert assigned(lab, task) == []


def test_an_assignment_that_changed_nothing_is_found_out(lab: Lab) -> None:
    store = lab.start()
    store.add_vps("gpu")
    store.add_user("amina")

    with store.dropping_writes():
        outcomes = lab.apply(seat("gpu", "amina"))

    assert statuses(outcomes) == ["failed"]


def test_a_name_that_a_second_vps_got_meanwhile_is_not_written_to(lab: Lab) -> None:
    store = lab.start()
    store.add_vps("gpu")
    store.add_vps("gpu")
    store.add_user("amina")

    (outcome,) = lab.apply(seat("gpu", "amina"))

    assert outcome.status == "failed"
    assert "write the task_id" in outcome.message
