"""How many requests a read takes: the fewest that the service allows, Users and Groups at once."""

from __future__ import annotations

import threading

from tests.scim.lab import needs, read
from tests.scim.oddities import Json
from tests.scim.service import PREFIX, ScimService


def _fill(service: ScimService, number: int) -> None:
    for index in range(number):
        service.post("/Users", userName=f"user-{index:03}", active=True)


def _asked(service: ScimService, path: str) -> int:
    return sum(each.path == f"{PREFIX}{path}" for each in service.requests)


def test_as_many_users_are_asked_for_at_once_as_the_service_gives(service: ScimService) -> None:
    needs(service, "counts")
    _fill(service, 30)
    service.oddities.config = {"filter": {"supported": True, "maxResults": 10}}
    service.oddities.page_cap = 10

    read(service)

    assert (_asked(service, "/Users"), _asked(service, "/Groups")) == (3, 1)
    assert len(service.requests) == 6  # beside: what it says of itself, twice


def test_a_service_that_says_that_it_gives_more_than_100_is_asked_for_more(
    service: ScimService,
) -> None:
    needs(service, "counts")
    _fill(service, 120)
    service.oddities.config = {"filter": {"supported": True, "maxResults": 500}}

    read(service)

    assert _asked(service, "/Users") == 1


def test_a_page_and_one_more_take_two_requests(service: ScimService) -> None:
    needs(service, "counts")
    _fill(service, 11)

    read(service, page_size=10)

    assert _asked(service, "/Users") == 2


def test_users_and_groups_are_read_side_by_side(service: ScimService) -> None:
    """Each list waits until the other was asked for: one after the other would never end."""
    service.post("/Users", userName="amina", active=True)
    service.post("/Groups", displayName="readers")
    both = threading.Barrier(2, timeout=60)
    waited: list[str] = []

    def meet(row: Json) -> None:
        is_ours = row.get("userName") == "amina" or row.get("displayName") == "readers"
        if is_ours and len(waited) < 2:
            waited.append(str(row["id"]))
            both.wait()

    service.oddities.edits = meet

    state = read(service, "readers")

    assert (state.names("account"), state.names("role")) == ({"amina"}, {"readers"})
