"""What the sweep found once: each case stays, named by what must be so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.providers.flowauth.legacy.words import rights_of, words_of
from reconciler.sandbox.flowauth import by_hand
from reconciler.sandbox.http.faults import Fault, FaultKind
from tests.faults.sweep import without_pauses
from tests.flowauth import lab as flowauth
from tests.flowauth.eras import DAILY
from tests.kohakuriver import lab as kohakuriver
from tests.scim.lab import account, gone, made, member, statuses
from tests.scim.service import PREFIX, ScimService

SCOPE = "admin3:daily_location:daily_location"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    without_pauses(monkeypatch)


@pytest.fixture
def river() -> Iterator[kohakuriver.Lab]:
    """Simulated KohakuRiver hosts."""
    lab = kohakuriver.Lab()
    yield lab
    lab.close()


@pytest.fixture
def auth(tmp_path: Path) -> Iterator[flowauth.Lab]:
    """Simulated FlowAuths."""
    lab = flowauth.Lab(tmp_path)
    yield lab
    lab.close()


@pytest.fixture
def people() -> Iterator[ScimService]:
    """A SCIM service with amina and kofi, who are both in readers."""
    with ScimService() as service:
        ids = [service.post("/Users", userName=name, active=True) for name in ("amina", "kofi")]
        service.post("/Groups", displayName="readers", members=[{"value": each} for each in ids])
        yield service
    assert service.unplanned_errors == ()


# Status 408: nobody knows whether the write was carried out


def test_a_scim_user_is_looked_for_after_a_408(people: ScimService) -> None:
    people.faults.arm(Fault(FaultKind.TIMEOUT_408_AFTER_EFFECT, "POST", f"{PREFIX}/Users"))

    assert statuses(made(people, account("esi"))) == ["done"]


def test_an_account_of_kohakuriver_is_looked_for_after_a_408(river: kohakuriver.Lab) -> None:
    river.start()
    river.arm(FaultKind.TIMEOUT_408_AFTER_EFFECT, "POST", kohakuriver.REGISTER)

    assert statuses(river.apply(kohakuriver.account("amina"))) == ["done"]
    assert river.open_invitations == 0


def test_a_user_of_flowauth_is_looked_for_after_a_408(auth: flowauth.Lab) -> None:
    auth.start()
    auth.arm(FaultKind.TIMEOUT_408_AFTER_EFFECT, "POST", "/admin/users")

    assert statuses(auth.apply(flowauth.create("account", "amina", level="user"))) == ["done"]


# A page of a proxy is no word of the service


def test_a_page_with_404_does_not_mean_that_a_user_is_deleted(people: ScimService) -> None:
    path = f"{PREFIX}/Users/{people.id_of('/Users', 'amina')}"
    people.faults.arm(Fault(FaultKind.HTML_404, "*", path, count=9))

    (outcome,) = made(people, gone("account", "amina"))

    assert outcome.status != "done"
    assert people.id_of("/Users", "amina")


def test_a_page_with_404_does_not_mean_that_a_member_is_out(people: ScimService) -> None:
    path = f"{PREFIX}/Groups/*"
    people.faults.arm(Fault(FaultKind.HTML_404, "*", path, count=9))

    (outcome,) = made(people, gone("membership", "readers", "amina"))

    assert outcome.status != "done"


def test_a_page_with_404_does_not_mean_that_an_invitation_is_revoked(
    river: kohakuriver.Lab,
) -> None:
    """Else the registration that got no answer might still happen, after it was said to fail."""
    river.start()
    river.arm(FaultKind.CUT_BEFORE_EFFECT, "POST", kohakuriver.REGISTER)
    river.arm(FaultKind.HTML_404, "DELETE", f"{kohakuriver.INVITATIONS}/*")

    (outcome,) = river.apply(kohakuriver.account("amina"))

    assert outcome.status == "unknown"
    assert "its invitation is revoked" not in outcome.message


# What became of a write that nobody answered is not said to have failed


def test_a_registration_that_cannot_be_looked_up_is_unknown(river: kohakuriver.Lab) -> None:
    river.start()
    river.arm(FaultKind.CUT_AFTER_EFFECT, "POST", kohakuriver.REGISTER)
    river.arm(FaultKind.HTML_409, "DELETE", f"{kohakuriver.INVITATIONS}/*")

    assert statuses(river.apply(kohakuriver.account("amina"))) == ["unknown"]
    assert river.store.user("amina")


def test_members_that_were_taken_out_together_and_cannot_be_read_are_unknown(
    people: ScimService,
) -> None:
    group = f"{PREFIX}/Groups/{people.id_of('/Groups', 'readers')}"
    people.faults.arm(Fault(FaultKind.ERROR_500_AFTER_EFFECT, "PATCH", group))
    people.faults.arm(Fault(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", group, nth=3, count=99))

    outcomes = made(people, *(gone("membership", "readers", name) for name in ("amina", "kofi")))

    assert statuses(outcomes) == ["unknown", "unknown"]


def test_an_assignment_that_went_before_the_rights_did_is_unknown(river: kohakuriver.Lab) -> None:
    store = river.start()
    vps = store.add_vps("gpu")
    for name in ("amina", "kofi"):
        store.assign(vps.task_id, store.add_user(name).id)

    def rotate() -> None:
        store.admin_secret = "another one"

    path = f"/api/vps/{vps.task_id}/assign/2"
    river.simulator.faults.arm(Fault(FaultKind.OUTSIDE_EDIT, "DELETE", path, edit=rotate))

    outcomes = river.apply(
        *(kohakuriver.gone("membership", "gpu", "assignee", name) for name in ("amina", "kofi"))
    )

    assert statuses(outcomes) == ["unknown", "unknown"]
    assert [row.user for row in store.tables.assigned(vps.task_id)] == [2]


def test_a_member_who_was_put_in_with_another_one_and_cannot_be_read_is_unknown(
    people: ScimService,
) -> None:
    for name in ("esi", "ama"):
        people.post("/Users", userName=name, active=True)
    group = f"{PREFIX}/Groups/{people.id_of('/Groups', 'readers')}"
    people.faults.arm(Fault(FaultKind.HTML_503, "GET", group, nth=3, count=99))

    outcomes = made(people, member("readers", "esi"), member("readers", "ama"))

    assert statuses(outcomes) == ["unknown", "unknown"]


def test_a_group_that_is_written_and_whose_harm_cannot_be_read_is_unknown(
    auth: flowauth.Lab,
) -> None:
    """In releases up to 1.17 that may take rights from other groups."""
    store = auth.start(era="B").store
    store.add_server("store")
    by_hand.offer(store, "store", (f"run&{DAILY}",))
    other = by_hand.add_group(store, "other")
    by_hand.give(store, "other", "store", (f"run&{DAILY}",))
    read = Fault(
        FaultKind.ERROR_500_BEFORE_EFFECT, "GET", f"/admin/groups/{other}/servers/*", count=99
    )
    faults = auth.simulator.faults
    auth.arm(
        FaultKind.OUTSIDE_EDIT, "PATCH", "/admin/groups/*/servers", edit=lambda: faults.arm(read)
    )

    scopes = words_of(rights_of(("run", SCOPE)))
    role = flowauth.create("role", "store", "auditor", scopes=scopes, **flowauth.LIMITS)
    (outcome,) = auth.apply(role)

    assert outcome.status == "unknown"
    assert outcome.message.startswith("it is written; whether FlowAuth took rights")
