"""Reading services that do less, or other, than RFC 7644 says: all of it, or an error."""

from __future__ import annotations

import pytest

from reconciler.errors import (
    CannotHoldError,
    RefusedError,
    UnexpectedResponseError,
    UnreachableError,
)
from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.scope import Scope
from reconciler.state import Key, State
from tests.scim.lab import needs, opened, read
from tests.scim.service import PREFIX, ScimService


def _fill(service: ScimService, number: int) -> set[str]:
    names = {f"user-{index:03}" for index in range(number)}
    for name in sorted(names):
        service.post("/Users", userName=name, active=True)
    return names


@pytest.mark.parametrize("number", [0, 1, 3, 4, 7])
def test_every_page_is_read_and_the_next_begins_after_what_was_received(
    service: ScimService, number: int
) -> None:
    needs(service, "counts")
    service.oddities.page_cap = 3
    names = _fill(service, number)

    assert read(service).names("account") == names


def test_a_list_of_any_size_takes_one_request_for_each_full_page(service: ScimService) -> None:
    needs(service, "counts")
    _fill(service, 25)

    read(service, page_size=10)

    pages = [each for each in service.requests if each.path == f"{PREFIX}/Users"]
    assert len(pages) == 3


def test_a_service_that_fails_on_any_count_is_read_without_one(service: ScimService) -> None:
    service.oddities.fails_on_count = True
    names = _fill(service, 5)

    assert read(service).names("account") == names


def test_a_service_that_ignores_start_index_is_an_error_and_no_endless_loop(
    service: ScimService,
) -> None:
    needs(service, "counts")
    service.oddities.page_cap = 2
    service.oddities.ignores_start_index = True
    _fill(service, 6)

    with pytest.raises(UnexpectedResponseError, match="gave 2 of 6 resources"):
        read(service)


def test_fewer_resources_than_the_service_counts_are_an_error(service: ScimService) -> None:
    service.oddities.lies_about_total = True
    _fill(service, 2)

    with pytest.raises(UnexpectedResponseError, match="gave 2 of 3 resources"):
        read(service)


def test_a_second_page_that_fails_is_an_error_and_no_shorter_state(service: ScimService) -> None:
    needs(service, "counts")
    service.oddities.page_cap = 2
    _fill(service, 5)
    failing = Fault(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", f"{PREFIX}/Users", nth=2, count=100)
    service.faults.arm(failing)

    with pytest.raises(UnexpectedResponseError, match="status 500"):
        read(service)


@pytest.mark.parametrize(
    "kind", [FaultKind.HALF_JSON_BODY, FaultKind.HTML_502, FaultKind.BODY_CUT_SHORT]
)
def test_half_an_answer_is_an_error_and_no_shorter_state(
    service: ScimService, kind: FaultKind
) -> None:
    _fill(service, 3)
    service.faults.arm(Fault(kind, "GET", f"{PREFIX}/Users", count=100))

    with pytest.raises((UnexpectedResponseError, UnreachableError)):
        read(service)


def test_members_are_read_where_lists_leave_them_out(service: ScimService) -> None:
    amina = service.post("/Users", userName="amina", active=True)
    service.post("/Groups", displayName="readers", members=[{"value": amina}])
    service.oddities.hides_members = True

    assert Key("membership", ("readers", "amina")) in read(service, "readers")


def test_a_member_that_nobody_is_gives_nothing_and_breaks_nothing(service: ScimService) -> None:
    service.post("/Groups", displayName="readers", members=[{"value": "nobody"}])

    state = read(service, "readers")

    assert Key("role", ("readers",)) in state
    assert not list(state.of_kind("membership"))


def test_a_group_in_a_group_is_seen_under_its_name(service: ScimService) -> None:
    needs(service, "groups in groups")
    inner = service.post("/Groups", displayName="inner")
    service.post("/Groups", displayName="readers", members=[{"value": inner, "type": "Group"}])

    assert Key("membership", ("readers", "inner")) in read(service, "readers")


def test_two_groups_of_one_declared_name_are_an_error(service: ScimService) -> None:
    service.post("/Groups", displayName="readers")
    service.post("/Groups", displayName="readers")

    with pytest.raises(UnexpectedResponseError, match='2 groups have the displayName "readers"'):
        read(service, "readers")


def test_two_groups_of_one_name_that_no_line_names_are_two(service: ScimService) -> None:
    keys = {service.post("/Groups", displayName="others") for _ in range(2)}

    assert read(service).names("role") == {f"others ({key})" for key in keys}


def test_a_missing_active_is_unknown_and_asks_for_nothing(service: ScimService) -> None:
    service.post("/Users", userName="amina", active=True)
    service.oddities.drops_active = True
    key = Key("account", ("amina",))

    with opened(service) as provider:
        observed = read(service)
        fields = observed.get(key) or {}
        desired = provider.normalize(State({key: {}}), observed)

    assert "active" not in fields
    assert desired.get(key) == {}


def test_a_name_in_another_case_is_the_same_user_and_the_line_is_told(
    service: ScimService,
) -> None:
    service.post("/Users", userName="Amina", active=True)
    key = Key("account", ("amina",))

    with opened(service) as provider:
        observed = read(service)
        with pytest.raises(CannotHoldError) as caught:
            provider.normalize(State({key: {}}), observed)

    assert 'write accounts: {people: "Amina"}' in str(caught.value)


def test_a_service_without_discovery_is_read(service: ScimService) -> None:
    service.oddities.discovery = 404
    names = _fill(service, 3)

    assert read(service).names("account") == names


def test_what_is_no_scim_service_is_said(service: ScimService) -> None:
    with (
        opened(service, url=f"{service.url}/elsewhere") as provider,
        pytest.raises(UnexpectedResponseError, match="status 404"),
    ):
        provider.observe(Scope())


def test_a_wrong_token_is_refused_and_not_shown(service: ScimService) -> None:
    with (
        opened(service, token="canary-wrong") as provider,
        pytest.raises(RefusedError) as caught,
    ):
        provider.identify()

    assert "check the option token" in str(caught.value)
    assert "canary-wrong" not in repr(caught.value)


def test_a_list_that_changes_while_it_is_read_is_read_again(service: ScimService) -> None:
    needs(service, "counts")
    service.oddities.page_cap = 2
    names = _fill(service, 5)
    first = min(service.rows("/Users"), key=lambda row: str(row["id"]))
    gone = Fault(
        FaultKind.OUTSIDE_EDIT,
        "GET",
        f"{PREFIX}/Users",
        nth=2,
        edit=lambda: service.ask("DELETE", f"/Users/{first['id']}"),
    )
    service.faults.arm(gone)

    assert read(service).names("account") == names - {first["userName"]}


def test_a_list_that_changes_each_time_is_an_error(service: ScimService) -> None:
    needs(service, "counts")
    service.oddities.page_cap = 2
    _fill(service, 5)
    more = iter(range(100))

    def add() -> None:
        service.post("/Users", userName=f"late-{next(more)}", active=True)

    service.faults.arm(
        Fault(FaultKind.OUTSIDE_EDIT, "GET", f"{PREFIX}/Users", nth=2, count=99, edit=add)
    )

    with pytest.raises(UnexpectedResponseError, match="the list changed each time"):
        read(service)


def test_a_list_without_an_order_is_read_whole(service: ScimService) -> None:
    needs(service, "counts")
    service.oddities.reorders = True
    names = _fill(service, 5)

    assert read(service, page_size=3).names("account") == names


def test_a_list_without_resources_is_empty(service: ScimService) -> None:
    service.oddities.omits_empty_lists = True

    assert len(read(service)) == 0


def test_what_users_say_of_their_groups_is_not_used(service: ScimService) -> None:
    amina = service.post("/Users", userName="amina", active=True)
    service.post("/Groups", displayName="readers", members=[{"value": amina}])
    service.post("/Users", userName="kofi", active=True)
    service.oddities.edits = lambda row: row.update(
        groups=[{"value": "readers", "display": "readers"}] if row.get("userName") == "kofi" else []
    )

    state = read(service, "readers")

    assert [key.path for key, _ in state.of_kind("membership")] == [("readers", "amina")]


def test_a_deleted_user_who_stays_in_a_group_is_nobody(service: ScimService) -> None:
    needs(service, "unknown members")
    amina = service.post("/Users", userName="amina", active=True)
    service.post("/Groups", displayName="readers", members=[{"value": amina}])
    service.ask("DELETE", f"/Users/{amina}")

    assert [str(key) for key, _ in read(service, "readers")] == ["role readers"]


def test_two_users_with_one_external_id_are_two(service: ScimService) -> None:
    for name in ("amina", "kofi"):
        service.post("/Users", userName=name, active=True, externalId="one")

    assert read(service).names("account") == {"amina", "kofi"}


def test_two_users_of_one_name_are_an_error(service: ScimService) -> None:
    service.post("/Users", userName="amina", active=True)
    service.post("/Users", userName="kofi", active=True)
    service.oddities.edits = lambda row: row.update(userName="amina") if "userName" in row else None

    with pytest.raises(UnexpectedResponseError, match='2 users have the userName "amina"'):
        read(service)


def test_an_active_that_is_a_text_is_understood(service: ScimService) -> None:
    service.post("/Users", userName="amina", active=True)
    service.oddities.edits = lambda row: row.update(active="False") if "userName" in row else None

    fields = read(service).get(Key("account", ("amina",))) or {}

    assert fields["active"] is False


def test_no_filter_is_sent_so_none_can_be_ignored(service: ScimService) -> None:
    _fill(service, 3)

    read(service)

    assert service.oddities.queries
    assert not [each for each in service.oddities.queries if "filter" in each.lower()]
