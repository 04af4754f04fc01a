"""Services that say nothing of themselves, or nonsense, and answers that are oddly wrapped."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.scope import Scope
from reconciler.state import Key
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
from tests.scim.oddities import Json
from tests.scim.service import PREFIX, ScimService

_SCOPE = Scope(roles=frozenset({("readers",)}))
NAMES = {"amina", "esi", "kofi"}


@pytest.fixture
def people(service: ScimService) -> ScimService:
    """A service with three users, of whom amina is in the group readers."""
    ids = {name: service.post("/Users", userName=name, active=True) for name in sorted(NAMES)}
    service.post("/Groups", displayName="readers", members=[{"value": ids["amina"]}])
    return service


@pytest.mark.parametrize("status", [299, 401, 403, 404, 501])
def test_a_service_that_says_nothing_of_itself_is_read_and_written(
    people: ScimService, status: int
) -> None:
    people.oddities.discovery = status

    outcomes = made(people, member("readers", "kofi"))

    assert statuses(outcomes) == ["done"]
    state = read(people, "readers")
    assert state.names("account") == NAMES
    assert Key("membership", ("readers", "kofi")) in state


@pytest.mark.parametrize(
    "config",
    [
        {"patch": {"supported": True}, "filter": {"supported": True, "maxResults": 0}},
        {"patch": {"supported": "True"}},
        {"patch": {"supported": "true"}, "filter": None, "etag": {"supported": "False"}},
        {"patch": True, "filter": "none", "etag": []},
        {"filter": {"supported": False, "maxResults": "2"}},
    ],
    ids=["maxResults-0", "no-filter-block", "texts", "no-objects", "number-as-text"],
)
def test_nonsense_about_itself_is_survived(
    people: ScimService, config: Mapping[str, object]
) -> None:
    people.oddities.config = config

    outcomes = made(people, altered("kofi", active=False))

    assert statuses(outcomes) == ["done"]
    assert [method for method, _ in writes(people)] == ["PATCH"]
    assert read(people).names("account") == NAMES


def test_a_service_that_says_in_a_text_that_it_takes_no_patch_gets_none(
    people: ScimService,
) -> None:
    people.oddities.config = {"patch": {"supported": "False"}}

    outcomes = made(people, altered("kofi", active=False))

    assert statuses(outcomes) == ["done"]
    assert [method for method, _ in writes(people)] == ["PUT"]


@pytest.mark.parametrize(
    "kind", ["application/json", "application/scim+json; charset=utf-8", "Application/JSON", ""]
)
def test_any_content_type_that_json_comes_with_is_taken(people: ScimService, kind: str) -> None:
    people.oddities.content_type = kind

    outcomes = made(people, altered("kofi", active=False))

    assert statuses(outcomes) == ["done"]
    assert read(people).names("account") == NAMES


def test_a_number_as_status_and_no_schemas_in_an_error_are_told(people: ScimService) -> None:
    needs(people, "unique names")
    people.oddities.bare_errors = True
    people.post("/Users", userName="ABENA", active=True)

    (outcome,) = made(people, account("abena"))

    assert outcome.status == "failed"
    assert "status 409" in outcome.message


def test_an_error_without_a_body_is_told_with_its_status(people: ScimService) -> None:
    kofi = people.id_of("/Users", "kofi")
    people.faults.arm(Fault(FaultKind.ERROR_500_BEFORE_EFFECT, "PATCH", f"{PREFIX}/Users/{kofi}"))

    (outcome,) = made(people, altered("kofi", active=False))

    assert outcome.status == "failed"
    assert "status 500" in outcome.message


def test_a_body_where_there_should_be_none_is_survived(people: ScimService) -> None:
    people.oddities.talks_at_204 = True

    outcomes = made(people, gone("account", "esi"), altered("kofi", active=False))

    assert statuses(outcomes) == ["done", "done"]
    assert read(people).names("account") == {"amina", "kofi"}


def _relative(row: Json) -> None:
    if "meta" in row:
        row["meta"]["location"] = "/" + "/".join(row["meta"]["location"].split("/")[-2:])


def _by_name(row: Json) -> None:
    if "userName" in row:
        row["meta"]["location"] = f"https://elsewhere.example/Users/{row['userName']}"


def _nowhere(row: Json) -> None:
    row.pop("meta", None)


@pytest.mark.parametrize("edit", [_relative, _by_name, _nowhere])
def test_where_a_resource_says_that_it_is_leads_nobody_astray(
    people: ScimService, edit: object
) -> None:
    assert callable(edit)
    people.oddities.edits = edit
    needs(people, "members by id")

    outcomes = made(people, account("abena"), member("readers", "abena"))

    assert statuses(outcomes) == ["done", "done"]
    state = read(people, "readers")
    assert {key.path[1] for key, _ in state.of_kind("membership")} == {"abena", "amina"}


def test_members_named_by_their_address_are_found(people: ScimService) -> None:
    needs(people, "members by id")

    def edit(row: Json) -> None:
        for each in row.get("members", ()):
            each["$ref"] = f"https://elsewhere.example/v2/Users/{each['value']}"
            each["value"] = "somebody"

    people.oddities.edits = edit

    assert Key("membership", ("readers", "amina")) in read(people, "readers")


def test_what_doctor_says_of_a_token_that_may_not_read_groups(people: ScimService) -> None:
    people.oddities.shut = "/Groups"

    with opened(people) as provider:
        rights = provider.lacking_to_read(_SCOPE)

    assert ["GET /Groups" in each.what for each in rights.lacking] == [True]


def test_what_doctor_says_of_a_service_that_is_odd(service: ScimService) -> None:
    needs(service, "external ids")
    for name in ("amina", "kofi"):
        service.post("/Users", userName=name, active=True, externalId="twice")
    for _ in range(2):
        service.post("/Groups", displayName="readers", members=[{"value": "nobody"}])
    service.oddities.discovery = 404
    service.oddities.drops_active = True

    with opened(service) as provider:
        provider.observe(Scope())
        told = provider.remarks()

    assert list(told) == sorted(told)
    text = "\n".join(told)
    for part in ("/Schemas", "/ServiceProviderConfig", "2 users whether", '"twice"', "2 groups"):
        assert part in text
    assert "2 memberships of users who are deleted" in text


def test_doctor_finds_nothing_odd_where_nothing_is(people: ScimService) -> None:
    people.oddities.config = {"patch": {"supported": True}, "filter": {"maxResults": 50}}

    with opened(people) as provider:
        provider.observe(_SCOPE)

        assert provider.remarks() == ()
        assert provider.lacking_to_read(_SCOPE).lacking == ()
        assert provider.clock().tzinfo is not None
