"""Reading users: whole, or an error, whatever an engine or a proxy answers."""

from __future__ import annotations

import pytest

from reconciler.errors import RefusedError, UnexpectedResponseError, UnreachableError
from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.mobiusflow import Dialect
from reconciler.scope import Scope
from reconciler.state import Key, State
from tests.mobiusflow.lab import Lab
from tests.mobiusflow.simulated import OWN, OWN_PASSWORD

BOTH: tuple[Dialect, ...] = ("v1", "v3")
LISTS = {"v1": "/auth/users", "v3": "/user"}
ODD_NAMES = (
    "a@b.example",
    "anna maria",
    "a/b",
    "100%",
    "Zoë-名前",
    "roles/x",
    "?a=b#c",
    "...",
    "..",
)


def _levels(state: State) -> dict[str, object]:
    return {key.path[0]: fields.get("level") for key, fields in state}


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("odd", [False, True], ids=["usual", "odd"])
def test_all_users_are_read_with_their_levels(lab: Lab, dialect: Dialect, odd: bool) -> None:
    oddities = {"bare_ids": odd, "five_switches": odd, "id_key": "id" if odd else "_id"}
    oddities |= {"wrapped": odd, "roles_as": "list" if odd else "text", "hides_email": odd}
    lab.start(dialect, **oddities)

    assert _levels(lab.observe()) == {OWN: "administrator", "amina": "editor", "kofi": "viewer"}


@pytest.mark.parametrize("shape", [False, True], ids=["object", "bare"])
def test_names_of_every_kind_are_found_in_paths(lab: Lab, shape: bool) -> None:
    simulator = lab.start(bare_ids=shape)
    for name in ODD_NAMES:
        simulator.add(name, "some password", "Viewer")

    assert set(ODD_NAMES) <= lab.observe().names("account")


@pytest.mark.parametrize("dialect", BOTH)
def test_a_combination_that_is_no_level_is_shown_as_it_is(lab: Lab, dialect: Dialect) -> None:
    simulator = lab.start(dialect)
    roles = ("admin", "read") if dialect == "v1" else ("Editor", "Viewer")
    simulator.store.add("esi", "some password", *roles)

    assert lab.fields("esi")["level"] == f"custom{{{','.join(roles)}}}"


def test_v1_knows_no_inactive_users(lab: Lab) -> None:
    simulator = lab.start()
    simulator.store.add("esi", "some password")

    assert lab.fields("esi") == {"level": "custom{}"}
    assert lab.fields("esi", emulate_inactive=True) == {"active": False}
    assert lab.fields("kofi", emulate_inactive=True) == {"active": True, "level": "viewer"}


def test_v3_says_who_is_active_unless_it_does_not(lab: Lab) -> None:
    simulator = lab.start("v3")
    kofi = simulator.store.named("kofi")
    assert kofi is not None
    simulator.store.change(kofi.id, is_active=False)

    assert lab.fields("kofi") == {"active": False, "level": "viewer"}
    assert lab.fields("amina") == {"active": True, "level": "editor"}
    simulator.oddities.hides_active = True
    assert lab.fields("kofi") == {"level": "viewer"}


def test_what_is_not_told_of_anybody_is_asked_of_nobody(lab: Lab) -> None:
    lab.start("v3", hides_active=True)
    provider = lab.open()
    observed = provider.observe(Scope())
    new, old = Key("account", ("esi",)), Key("account", ("kofi",))

    desired = provider.normalize(State({new: {"level": "viewer"}, old: {}}), observed)

    assert desired == State({new: {"level": "viewer"}, old: {}})


# Cost


def test_reading_takes_one_list_and_two_requests_for_each_user_four_at_a_time(lab: Lab) -> None:
    simulator = lab.start()
    for index in range(1000):
        simulator.store.add(f"user-{index:04}", "some password", "read", "subscribe")

    lab.arm(FaultKind.SLOW_REPLY, "GET", "/auth/*", count=10_000, seconds=0.002)

    state = lab.observe()

    assert len(state) == 1003
    assert lab.sent("GET") == 1 + 2 * 1003
    assert simulator.most_at_once <= 4


def test_v3_takes_one_list_for_all(lab: Lab) -> None:
    simulator = lab.start("v3")
    for index in range(500):
        simulator.add(f"user-{index:04}", "some password", "Viewer")

    assert len(lab.observe()) == 503
    assert lab.sent("GET") == 1


# Users who go, and lists that are not whole


def test_who_is_deleted_between_list_and_roles_is_left_out(lab: Lab) -> None:
    simulator = lab.start()
    kofi = simulator.store.named("kofi")
    assert kofi is not None

    def delete() -> None:
        simulator.store.remove(kofi.id)

    lab.arm(FaultKind.OUTSIDE_EDIT, "GET", f"/auth/user/roles/{kofi.id}", edit=delete)

    assert lab.observe().names("account") == {OWN, "amina"}
    assert lab.sent("GET", "/auth/users") == 2, "the list is asked whether that is so"


@pytest.mark.parametrize("path", ["/auth/user/kofi", "/auth/user/roles/*"])
def test_a_404_of_a_proxy_is_an_error_and_no_user_who_went(lab: Lab, path: str) -> None:
    lab.start()
    lab.arm(FaultKind.HTML_404, "GET", path)

    with pytest.raises(UnexpectedResponseError, match="404"):
        lab.observe()


def test_a_user_who_is_in_the_list_and_nowhere_else_is_an_error(lab: Lab) -> None:
    simulator = lab.start()
    kofi = simulator.store.named("kofi")
    assert kofi is not None

    def delete() -> None:
        simulator.store.remove(kofi.id)
        simulator.store.add("kofi", "some password", "read")

    lab.arm(FaultKind.OUTSIDE_EDIT, "GET", f"/auth/user/roles/{kofi.id}", edit=delete)

    with pytest.raises(UnexpectedResponseError, match='"kofi" is in the list of users'):
        lab.observe()


@pytest.mark.parametrize("dialect", BOTH)
def test_a_list_without_ourselves_is_not_whole(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect, hides_users=frozenset({OWN}))

    with pytest.raises(UnexpectedResponseError, match="whom we logged in as"):
        lab.observe()


@pytest.mark.parametrize("dialect", BOTH)
def test_an_empty_list_is_not_whole(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect, hides_users=frozenset({OWN, "amina", "kofi"}))

    with pytest.raises(UnexpectedResponseError, match="so it is not all of it"):
        lab.observe()


@pytest.mark.parametrize("dialect", BOTH)
def test_two_users_of_one_name_are_an_error(lab: Lab, dialect: Dialect) -> None:
    simulator = lab.start(dialect)
    simulator.add("kofi", "another password", "Administrator")

    with pytest.raises(UnexpectedResponseError, match='two users are called "kofi"'):
        lab.observe()


# Faults


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ERROR_500_BEFORE_EFFECT,
        FaultKind.HALF_JSON_BODY,
        FaultKind.BODY_CUT_SHORT,
        FaultKind.HTML_502,
        FaultKind.HTML_503,
        FaultKind.HTML_403,
        FaultKind.HTML_404,
        FaultKind.EMPTY_BODY,
        FaultKind.WRONG_CONTENT_TYPE,
        FaultKind.TIMEOUT_408_BEFORE_EFFECT,
        FaultKind.RATE_LIMITED_429,
    ],
)
def test_half_an_answer_is_an_error_and_no_shorter_state(
    lab: Lab, dialect: Dialect, kind: FaultKind
) -> None:
    lab.start(dialect)
    lab.arm(kind, "GET", LISTS[dialect], count=1000, retry_after_s=0)

    with pytest.raises((UnexpectedResponseError, UnreachableError, RefusedError)):
        lab.observe()


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.TIMEOUT_408_BEFORE_EFFECT,
        FaultKind.RATE_LIMITED_429,
        FaultKind.HTML_502,
        FaultKind.CUT_BEFORE_EFFECT,
        FaultKind.DROP_KEEP_ALIVE,
    ],
)
def test_a_read_that_fails_once_is_tried_again(lab: Lab, dialect: Dialect, kind: FaultKind) -> None:
    lab.start(dialect)
    lab.arm(kind, "GET", LISTS[dialect], retry_after_s=0)

    assert len(lab.observe()) == 3


@pytest.mark.parametrize("terse", [True, False])
def test_an_error_of_the_engine_is_told_in_its_words(lab: Lab, terse: bool) -> None:
    lab.start(terse_errors=terse)
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/auth/users")

    with pytest.raises(UnexpectedResponseError, match='status 500: "Internal Server Error"'):
        lab.observe()


def test_roles_that_are_no_switches_are_an_error(lab: Lab) -> None:
    lab.start()
    lab.arm(FaultKind.ECHO_400, "GET", "/auth/user/roles/*")

    with pytest.raises(UnexpectedResponseError) as caught:
        lab.observe()

    assert OWN_PASSWORD not in str(caught.value)


# v3: where the list is


def test_a_list_elsewhere_is_read_where_the_options_say(lab: Lab) -> None:
    lab.start("v3", list_path="/users", wrapped=True, id_key="id")
    route = "list GET users items=/users id=/id name=/username role=/role active=/isActive"

    assert len(lab.observe(routes=[route])) == 3


@pytest.mark.parametrize("absent", ["404", "401", "page"])
def test_a_list_that_is_not_there_is_an_unreadable_target(lab: Lab, absent: str) -> None:
    lab.start("v3", list_path="", no_list=absent)

    with pytest.raises((UnexpectedResponseError, RefusedError)) as caught:
        lab.observe()

    if absent != "401":
        assert "reconciler doctor looks where else it may be" in str(caught.value)


@pytest.mark.parametrize(
    "pointer, said",
    [
        ("items=/rows", "is no list of users"),
        ("items=/users", "is no list of users"),
        ("id=/uuid", "a row without an id"),
        ("name=/login", "a row without an id, or without a name"),
        ("role=/level", "a row without a role"),
        ("active=/username", "neither active nor inactive"),
    ],
)
def test_rows_that_do_not_look_like_users_are_an_error(lab: Lab, pointer: str, said: str) -> None:
    lab.start("v3")

    with pytest.raises(UnexpectedResponseError, match=said):
        lab.observe(routes=[f"list GET user {pointer}"])
