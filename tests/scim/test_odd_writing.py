"""Writing to services that refuse, spell and answer in ways of their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.scope import Scope
from reconciler.state import Key, State
from tests.scim.lab import (
    account,
    altered,
    gone,
    made,
    member,
    needs,
    opened,
    read,
    statuses,
    writes,
)
from tests.scim.service import PREFIX, ScimService


def test_a_conflict_without_a_type_is_told_and_nobody_is_adopted(service: ScimService) -> None:
    needs(service, "unique names")
    service.oddities.bare_errors = True
    service.post("/Users", userName="AMINA", active=True)

    outcomes = made(service, account("amina"))

    assert statuses(outcomes) == ["failed"]
    assert len(service.rows("/Users")) == 1


def test_a_user_created_without_an_answer_is_found(service: ScimService) -> None:
    service.oddities.empty_created = True
    service.post("/Groups", displayName="readers")

    outcomes = made(service, account("amina"), member("readers", "amina"))

    assert statuses(outcomes) == ["done", "done"]
    assert Key("membership", ("readers", "amina")) in read(service, "readers")


def test_what_a_strict_service_wants_is_sent(service: ScimService) -> None:
    """As Canaille wants it, where it does not say so. Where it does: `./dev test --scim`."""
    needs(service, "email types")
    service.oddities.strict = True
    service.oddities.discovery = 404
    service.post("/Groups", displayName="readers")

    outcomes = made(
        service, account("amina", email="amina@example.org"), member("readers", "amina")
    )

    assert statuses(outcomes) == ["done", "done"]
    (row,) = service.rows("/Users")
    assert row["emails"] == [{"value": "amina@example.org"}]


def test_a_path_that_the_service_does_not_know_is_told(readers: ScimService) -> None:
    readers.oddities.refuses_path = True

    (outcome,) = made(readers, altered("kofi", active=False))

    assert outcome.status == "failed"
    assert "no such path" in outcome.message


def test_what_the_service_spells_in_its_own_way_is_what_was_asked(service: ScimService) -> None:
    service.oddities.normalizes = True
    asked = {"email": "Amina@Example.org", "name": "Amina  Diallo", "title": "Data  Analyst"}
    key = Key("account", ("amina",))

    outcomes = made(service, account("amina", **asked))

    assert statuses(outcomes) == ["done"]
    with opened(service) as provider:
        observed = provider.observe(Scope())
        desired = provider.normalize(State({key: asked}), observed)
    there = observed.get(key) or {}
    assert there["email"] == "amina@example.org"
    assert desired.get(key) == {name: there[name] for name in (*asked, "active")}


def test_a_user_whom_the_service_renames_is_told_with_the_line_to_write(
    service: ScimService,
) -> None:
    service.oddities.normalizes = True

    (outcome,) = made(service, account("Amina"))

    assert outcome.status == "failed"
    assert 'write accounts: {people: "amina"}' in outcome.message


@pytest.mark.parametrize("status", [400, 404])
def test_a_member_who_is_gone_meanwhile_is_removed_whatever_the_service_says(
    readers: ScimService, status: int
) -> None:
    needs(readers, "value paths")
    group, amina = readers.id_of("/Groups", "readers"), readers.id_of("/Users", "amina")

    def edit() -> None:
        path = f'members[value eq "{amina}"]'
        readers.edit("/Groups", group, {"op": "remove", "path": path})
        readers.oddities.absent_member = status

    readers.faults.arm(Fault(FaultKind.OUTSIDE_EDIT, "PATCH", f"{PREFIX}/Groups/*", edit=edit))

    outcomes = made(readers, gone("membership", "readers", "amina"), use_etag="no")

    assert statuses(outcomes) == ["done"]
    assert len(writes(readers)) == 1


def test_members_whose_adding_was_not_answered_are_in_once(readers: ScimService) -> None:
    readers.post("/Users", userName="esi", active=True)
    lost = Fault(FaultKind.RESET_AFTER_EFFECT, "PATCH", f"{PREFIX}/Groups/*")
    readers.faults.arm(lost)

    outcomes = made(readers, member("readers", "kofi"), member("readers", "esi"))

    assert statuses(outcomes) == ["done", "done"]
    (group,) = readers.rows("/Groups")
    values = [each["value"] for each in group["members"]]
    assert len(values) == len(set(values)) == 3


def test_a_service_that_fails_on_paths_with_filters_gets_the_whole_group(
    readers: ScimService,
) -> None:
    """Canaille 0.3 says that it takes PATCH, and answers 500 with HTML."""
    group = readers.id_of("/Groups", "readers")
    readers.post("/Groups", displayName="others")
    fails = Fault(FaultKind.ERROR_500_BEFORE_EFFECT, "PATCH", f"{PREFIX}/Groups/{group}", count=9)
    readers.faults.arm(fails)

    outcomes = made(readers, gone("membership", "readers", "amina"))

    assert statuses(outcomes) == ["done"]
    assert [method for method, _ in writes(readers)] == ["PATCH", "PUT"]
    assert not [row for row in readers.rows("/Groups") if row.get("members")]


def test_deleting_a_user_leaves_no_membership_that_we_made(readers: ScimService) -> None:
    outcomes = made(readers, gone("membership", "readers", "amina"), gone("account", "amina"))

    assert statuses(outcomes) == ["done", "done"]
    (group,) = readers.rows("/Groups")
    assert not group.get("members")


@pytest.mark.parametrize("kind", [FaultKind.HTML_503, FaultKind.HTML_502])
def test_a_write_that_a_proxy_refused_is_read_back_and_not_repeated(
    readers: ScimService, kind: FaultKind
) -> None:
    readers.faults.arm(Fault(kind, "POST", f"{PREFIX}/Users"))

    outcomes = made(readers, account("esi"))

    assert statuses(outcomes) == ["failed"]
    assert writes(readers) == [("POST", f"{PREFIX}/Users")]


def test_a_connection_that_was_dropped_meanwhile_is_made_anew(readers: ScimService) -> None:
    readers.faults.arm(Fault(FaultKind.DROP_KEEP_ALIVE, "GET", "*", count=9))

    outcomes = made(readers, altered("kofi", active=False), member("readers", "kofi"))

    assert statuses(outcomes) == ["done", "done"]


def test_nothing_that_is_the_services_own_is_sent_back(readers: ScimService) -> None:
    readers.oddities.no_patch = True
    sent: list[bytes] = []
    readers.oddities.watch = lambda request: sent.append(request.body)

    made(readers, altered("kofi", active=False), account("esi"))

    bodies = [set(json.loads(each)) for each in sent if each and b"Operations" not in each]
    assert len(bodies) == 2
    for names in bodies:
        assert not names & {"id", "meta", "groups", "password"}


def test_a_date_after_which_to_try_again_is_waited_for(readers: ScimService) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    readers.oddities.limits = [soon, "0"]

    outcomes = made(readers, account("esi"))

    assert statuses(outcomes) == ["done"]
    assert [each.status for each in readers.requests if each.method == "POST"] == [429, 429, 201]


@pytest.mark.parametrize(
    "kind, status",
    [(FaultKind.SLOW_REPLY, "done"), (FaultKind.DATABASE_LOCKED, "failed")],
    ids=["after-the-effect", "before-the-effect"],
)
def test_a_create_that_takes_too_long_is_looked_for_and_not_repeated(
    readers: ScimService, kind: FaultKind, status: str
) -> None:
    readers.faults.arm(Fault(kind, "POST", f"{PREFIX}/Users", seconds=4))

    outcomes = made(readers, account("esi"), timeout_s=2)

    assert statuses(outcomes) == [status]
    made_there = [row for row in readers.rows("/Users") if row["userName"] == "esi"]
    assert len(made_there) == (status == "done")
