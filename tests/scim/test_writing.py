"""Writing to services that answer late, twice, or not at all: once, and not believed unread."""

from __future__ import annotations

import pytest

from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.state import Key
from tests.scim.lab import (
    account,
    altered,
    gone,
    made,
    member,
    needs,
    read,
    statuses,
    writes,
)
from tests.scim.service import PREFIX, ScimService


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ERROR_500_AFTER_EFFECT,
        FaultKind.HTML_504_AFTER_EFFECT,
        FaultKind.CUT_AFTER_EFFECT,
        FaultKind.RESET_AFTER_EFFECT,
        FaultKind.HALF_JSON_BODY,
    ],
)
def test_a_create_whose_answer_is_lost_is_found_and_not_repeated(
    service: ScimService, kind: FaultKind
) -> None:
    service.faults.arm(Fault(kind, "POST", f"{PREFIX}/Users"))

    outcomes = made(service, account("amina", name="Amina Diallo"))

    assert statuses(outcomes) == ["done"]
    assert writes(service) == [("POST", f"{PREFIX}/Users")]
    assert [row["userName"] for row in service.rows("/Users")] == ["amina"]


def test_a_create_that_failed_before_its_effect_is_told_and_not_repeated(
    service: ScimService,
) -> None:
    service.faults.arm(Fault(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", f"{PREFIX}/Users"))

    outcomes = made(service, account("amina"))

    assert statuses(outcomes) == ["failed"]
    assert len(writes(service)) == 1
    assert service.rows("/Users") == []


def test_a_name_that_somebody_took_meanwhile_is_told(service: ScimService) -> None:
    needs(service, "unique names")
    service.post("/Users", userName="AMINA", active=True)

    (outcome,) = made(service, account("amina"))

    assert outcome.status == "failed"
    assert "409" in outcome.message


@pytest.mark.parametrize("after", [1, -1])
def test_a_rate_limit_is_waited_for_and_the_write_sent_again(
    readers: ScimService, after: int
) -> None:
    limit = Fault(
        FaultKind.RATE_LIMITED_429, "PATCH", f"{PREFIX}/Groups/*", count=2, retry_after_s=after
    )
    readers.faults.arm(limit)

    outcomes = made(readers, member("readers", "kofi"))

    assert statuses(outcomes) == ["done"]
    assert Key("membership", ("readers", "kofi")) in read(readers, "readers")


def test_250_members_go_in_three_requests_and_come_out_in_three(service: ScimService) -> None:
    needs(service, "value paths")
    names = [f"user-{index:03}" for index in range(250)]
    for name in names:
        service.post("/Users", userName=name, active=True)
    service.post("/Groups", displayName="readers")

    given = made(service, *(member("readers", name) for name in names))
    taken = made(service, *(gone("membership", "readers", name) for name in names))

    assert set(statuses(given)) == set(statuses(taken)) == {"done"}
    assert [method for method, _ in writes(service)] == ["PATCH"] * 6
    (group,) = service.rows("/Groups")
    assert not group.get("members")


def test_one_member_that_is_not_there_takes_no_other_with_it(readers: ScimService) -> None:
    outcomes = made(readers, member("readers", "kofi"), member("readers", "nobody"))

    assert statuses(outcomes) == ["done", "failed"]
    assert 'there is no user "nobody" any more' in outcomes[1].message


def test_who_is_in_already_is_not_put_in_again_and_who_is_out_not_taken_out(
    readers: ScimService,
) -> None:
    outcomes = made(readers, member("readers", "amina"), gone("membership", "readers", "kofi"))

    assert statuses(outcomes) == ["done", "done"]
    assert writes(readers) == []


def test_where_patch_is_not_implemented_put_keeps_what_we_do_not_know(
    readers: ScimService,
) -> None:
    readers.oddities.no_patch = True
    (before,) = [row for row in readers.rows("/Users") if row["userName"] == "kofi"]

    outcomes = made(
        readers,
        altered("kofi", active=False, department="Data"),
        member("readers", "kofi"),
        gone("membership", "readers", "amina"),
    )

    assert statuses(outcomes) == ["done"] * 3
    (after,) = [row for row in readers.rows("/Users") if row["userName"] == "kofi"]
    assert (after.get("externalId"), after["active"]) == (before.get("externalId"), False)
    state = read(readers, "readers")
    assert Key("membership", ("readers", "kofi")) in state
    assert Key("membership", ("readers", "amina")) not in state


def test_a_service_that_answers_nothing_is_read_back(service: ScimService) -> None:
    service.oddities.answers_nothing = True

    outcomes = made(service, account("amina", email="amina@example.org", title="Analyst"))

    assert statuses(outcomes) == ["done"]
    fields = read(service).get(Key("account", ("amina",))) or {}
    assert (fields["email"], fields["title"]) == ("amina@example.org", "Analyst")


def test_a_write_that_says_yes_and_does_nothing_has_failed(readers: ScimService) -> None:
    readers.oddities.silent_writes = True

    outcomes = made(readers, altered("kofi", active=False), member("readers", "kofi"))

    assert statuses(outcomes) == ["failed", "failed"]


def test_changing_the_address_keeps_the_others(readers: ScimService) -> None:
    needs(readers, "email types")
    emails = [
        {"value": "old@example.org", "type": "work", "primary": True},
        {"value": "home@example.org", "type": "home"},
    ]
    readers.post("/Users", userName="esi", active=True, emails=emails)

    made(readers, altered("esi", email="new@example.org"))

    (row,) = [each for each in readers.rows("/Users") if each["userName"] == "esi"]
    assert {each["value"] for each in row["emails"]} == {"new@example.org", "home@example.org"}


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten(readers: ScimService) -> None:
    needs(readers, "versions")
    kofi = readers.id_of("/Users", "kofi")

    def edit() -> None:
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        operation = {"op": "replace", "path": "title", "value": "Minister"}
        readers.ask("PATCH", f"/Users/{kofi}", {"schemas": [schema], "Operations": [operation]})

    readers.faults.arm(Fault(FaultKind.OUTSIDE_EDIT, "PATCH", f"{PREFIX}/Users/{kofi}", edit=edit))

    (outcome,) = made(readers, altered("kofi", active=False))

    assert outcome.status == "failed"
    assert "changed meanwhile" in outcome.message


def test_deleting_what_is_gone_is_done(readers: ScimService) -> None:
    changes = [gone("account", "nobody"), gone("role", "nothing"), gone("account", "kofi")]

    outcomes = made(readers, *changes)

    assert statuses(outcomes) == ["done"] * 3
    assert [row["userName"] for row in readers.rows("/Users")] == ["amina"]


def test_what_is_created_bears_our_mark_where_there_is_one(service: ScimService) -> None:
    needs(service, "external ids")
    made(service, account("amina"), external_id_prefix="reconciler:prod:")

    (row,) = service.rows("/Users")
    assert row["externalId"] == "reconciler:prod:amina"
