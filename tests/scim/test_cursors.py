"""Lists of services that give the next page by cursor, and none by number (RFC 9865)."""

from __future__ import annotations

import pytest

from reconciler.errors import UnexpectedResponseError
from reconciler.sandbox.http.faults import Fault, FaultKind
from tests.scim.lab import needs, read
from tests.scim.oddities import Json
from tests.scim.service import PREFIX, ScimService

_SAID = {"pagination": {"cursor": True, "index": False, "maxPageSize": 2}}


@pytest.fixture
def people(service: ScimService) -> ScimService:
    """A service with five users, which gives two of them at once."""
    needs(service, "counts")
    for index in range(5):
        service.post("/Users", userName=f"user-{index}", active=True)
    service.oddities.cursors = True
    service.oddities.config = _SAID
    return service


def _asked(service: ScimService) -> list[str]:
    pages = [each for each in service.oddities.queries if "count=" in each]
    return [each for each in pages if "cursor" in each]


@pytest.mark.parametrize("forgets_total", [False, True])
def test_a_list_is_read_whole_from_cursor_to_cursor(
    people: ScimService, forgets_total: bool
) -> None:
    people.oddities.forgets_total = forgets_total

    state = read(people)

    assert state.names("account") == {f"user-{index}" for index in range(5)}
    assert len(_asked(people)) == 4  # three pages of users, one of groups
    assert all(each.endswith("count=2") for each in _asked(people))


def test_a_list_without_anybody_has_one_page(service: ScimService) -> None:
    needs(service, "counts")
    service.oddities.cursors = service.oddities.forgets_total = True
    service.oddities.config = _SAID

    assert len(read(service)) == 0


def test_a_cursor_that_fails_is_an_error_and_no_shorter_state(people: ScimService) -> None:
    failing = Fault(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", f"{PREFIX}/Users", nth=2, count=99)
    people.faults.arm(failing)

    with pytest.raises(UnexpectedResponseError, match="status 500"):
        read(people)


def test_a_service_that_gives_one_cursor_for_ever_is_an_error(people: ScimService) -> None:
    calls: list[str] = []

    def edit(row: Json) -> None:
        calls.append(str(row.get("id", "")))

    people.oddities.edits = edit
    people.oddities.stuck = True

    with pytest.raises(UnexpectedResponseError, match="the same cursor again and again"):
        read(people)

    assert len(calls) < 20


def test_fewer_resources_than_a_list_by_cursor_counts_are_an_error(people: ScimService) -> None:
    people.oddities.lies_about_total = True

    with pytest.raises(UnexpectedResponseError, match="gave 5 of 6 resources"):
        read(people)


def test_who_has_both_ways_is_asked_by_number(service: ScimService) -> None:
    service.oddities.config = {"pagination": {"cursor": True, "index": True}}
    service.post("/Users", userName="amina", active=True)

    assert read(service).names("account") == {"amina"}
    assert not [each for each in service.oddities.queries if "cursor" in each]
