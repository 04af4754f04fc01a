"""What the provider reads of a host, and as whom; what it cannot read whole is an error."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from reconciler.errors import (
    CannotHoldError,
    RefusedError,
    TargetError,
    UnexpectedResponseError,
    UnreachableError,
)
from reconciler.providers.kohakuriver.normalize import normalize
from reconciler.sandbox.http.faults import FaultKind
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State
from tests.kohakuriver.lab import INVITATIONS, USERS, Lab
from tests.kohakuriver.simulated import ADMIN_SECRET, WRONG_SECRET

WANTED = Scope(servers=frozenset({"gpu"}))


def seats(state: State) -> list[tuple[str, ...]]:
    return sorted(key.path for key, _ in state.of_kind("membership"))


# As whom we speak


def test_we_are_the_system_whatever_is_there(lab: Lab) -> None:
    lab.start()

    identity = lab.open().identify()

    assert (identity.account, identity.version) == ("_system", "0.4.0")


def test_a_secret_that_makes_us_nobody_is_a_refusal_though_the_host_says_200(lab: Lab) -> None:
    lab.start()

    with pytest.raises(RefusedError, match="takes us for nobody") as caught:
        lab.open(admin_token=WRONG_SECRET).identify()

    assert {each.status for each in lab.simulator.requests} == {200}
    assert WRONG_SECRET not in str(caught.value)


def test_a_host_without_authentication_is_refused_since_all_are_administrators(lab: Lab) -> None:
    lab.start(auth_enabled=False)

    with pytest.raises(RefusedError, match="AUTH_ENABLED"):
        lab.open().identify()


def test_another_service_at_the_address_is_told_as_such(lab: Lab) -> None:
    lab.start()
    lab.arm(FaultKind.HTML_502, "GET", "*", count=50)

    with pytest.raises(TargetError):
        lab.open().identify()


def test_a_secret_that_was_changed_in_the_meantime_is_a_refusal(lab: Lab) -> None:
    lab.start()
    provider = lab.open()
    provider.identify()

    lab.simulator.restart(admin_secret="another one")

    with pytest.raises(RefusedError, match="admin_token"):
        provider.observe(Scope())


# What is there


def test_accounts_have_level_name_and_whether_they_may_sign_in(lab: Lab) -> None:
    store = lab.start()
    store.add_user("amina", "admin", display_name="Amina Diallo")
    store.add_user("Amina", "anony").is_active = False

    state = lab.read()

    assert state.get(Key("account", ("amina",))) == {
        "active": True,
        "level": "admin",
        "name": "Amina Diallo",
    }
    assert state.get(Key("account", ("Amina",))) == {
        "active": False,
        "level": "anony",
        "name": "Amina",
    }


def test_ten_thousand_users_are_one_request_and_each_vps_of_the_manifest_one(lab: Lab) -> None:
    store = lab.start()
    for number in range(300):
        store.add_user(f"user-{number}")
    for name in ("gpu", "big", "strangers"):
        store.assign(store.add_vps(name).task_id, store.user("user-1").id)

    state = lab.read("gpu", "big")

    assert len(state.names("account")) == 300
    paths = Counter(each.path for each in lab.simulator.requests)
    assert paths.pop(USERS) == 1
    assert paths.pop(INVITATIONS) == 1
    assert paths.pop("/api/vps") == 1
    assert len(paths) == 2
    assert set(paths.values()) == {1}


def test_without_a_vps_in_the_manifest_none_is_asked_for(lab: Lab) -> None:
    store = lab.start()
    store.add_vps("gpu")

    lab.read()

    assert lab.sent("GET", "/api/vps") == 0


def test_assignments_are_whole_where_the_list_of_vps_says_nobody(lab: Lab) -> None:
    """It says so as soon as somebody assigned was deleted."""
    store = lab.start()
    task = store.add_vps("gpu").task_id
    for name in ("amina", "kofi", "esi"):
        store.assign(task, store.add_user(name).id)
    store.delete_user("kofi")

    state = lab.read("gpu")

    assert seats(state) == [("gpu", "assignee", "amina"), ("gpu", "assignee", "esi")]


def test_a_vps_is_found_by_its_task_id_which_no_float_can_hold(lab: Lab) -> None:
    store = lab.start()
    store.add_vps("gpu")
    task = store.add_vps("gpu").task_id
    store.assign(task, store.add_user("amina").id)
    assert int(float(task)) != task

    state = lab.read(str(task))

    assert seats(state) == [(str(task), "assignee", "amina")]


def test_a_name_that_two_vps_have_shows_the_assignments_of_both(lab: Lab) -> None:
    """So that nothing that was given through it looks as if it were gone."""
    store = lab.start()
    for name in ("amina", "kofi"):
        store.assign(store.add_vps("gpu").task_id, store.add_user(name).id)

    assert len(seats(lab.read("gpu"))) == 2


# Servers that stand for no VPS, or for more than one


def _normalized(lab: Lab, *servers: str) -> State:
    state = lab.read(*servers)
    wanted: dict[Key, Fields] = {Key("role", (name, "assignee")): {} for name in servers}
    return normalize("river", State(wanted), state)


def test_a_vps_that_is_not_there_is_refused_by_its_name(lab: Lab) -> None:
    lab.start()

    with pytest.raises(CannotHoldError, match='there is no VPS "gpu"') as caught:
        _normalized(lab, "gpu")

    assert caught.value.faults[0][0] == Key("role", ("gpu", "assignee"))


def test_a_name_that_two_vps_have_is_refused_with_their_task_ids(lab: Lab) -> None:
    store = lab.start()
    tasks = [store.add_vps("gpu").task_id, store.add_vps("gpu").task_id]

    with pytest.raises(CannotHoldError, match="write the task_id") as caught:
        _normalized(lab, "gpu")

    assert all(str(task) in str(caught.value) for task in tasks)


def test_two_servers_that_are_one_vps_are_refused(lab: Lab) -> None:
    task = str(lab.start().add_vps("gpu").task_id)

    with pytest.raises(CannotHoldError, match="are one VPS"):
        _normalized(lab, "gpu", task)


def test_one_vps_that_is_there_is_in_order(lab: Lab) -> None:
    lab.start().add_vps("gpu")

    assert len(_normalized(lab, "gpu")) == 0


# What cannot be read whole


def test_a_list_of_invitations_that_is_broken_for_good_is_told_with_its_repair(lab: Lab) -> None:
    store = lab.start()
    store.add_user("kofi", "admin")
    store.add_invitation("viewer", created_by=store.user("kofi").id)
    store.add_user("esi")
    store.delete_user("kofi")

    with pytest.raises(UnexpectedResponseError, match="DELETE /api/auth/invitations/ID"):
        lab.read()


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ERROR_500_BEFORE_EFFECT,
        FaultKind.HALF_JSON_BODY,
        FaultKind.BODY_CUT_SHORT,
        FaultKind.ECHO_400,
        FaultKind.ECHO_500,
    ],
)
@pytest.mark.parametrize("path", [USERS, INVITATIONS, "/api/vps", "/api/vps/*/assignments"])
def test_a_read_that_fails_is_an_error_and_shows_no_secret(
    lab: Lab, kind: FaultKind, path: str
) -> None:
    store = lab.start()
    store.assign(store.add_vps("gpu").task_id, store.add_user("amina").id)
    lab.arm(kind, "GET", path, count=50, retry_after_s=0)

    with pytest.raises(TargetError) as caught:
        lab.open().observe(WANTED)

    assert ADMIN_SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "kind", [FaultKind.HTML_503, FaultKind.RATE_LIMITED_429, FaultKind.RESET_BEFORE_EFFECT]
)
def test_a_read_that_fails_once_is_asked_again(lab: Lab, kind: FaultKind) -> None:
    store = lab.start()
    store.add_user("amina")
    lab.arm(kind, "GET", USERS, retry_after_s=0)

    assert lab.read().names("account") == {"amina"}


def test_a_rate_limit_that_does_not_end_is_an_error(lab: Lab) -> None:
    lab.start()
    lab.arm(FaultKind.RATE_LIMITED_429, "GET", USERS, count=50, retry_after_s=-1)

    with pytest.raises(UnexpectedResponseError, match="429"):
        lab.read()


def test_html_where_json_was_promised_is_an_error(lab: Lab) -> None:
    lab.start()
    lab.arm(FaultKind.HTML_502, "GET", USERS, count=50)

    with pytest.raises(UnexpectedResponseError, match="502"):
        lab.read()


def test_a_dropped_connection_is_no_obstacle_to_the_next_read(lab: Lab) -> None:
    lab.start().add_user("amina")
    provider = lab.open()
    provider.identify()

    lab.simulator.drop_connections()

    assert provider.observe(Scope()).names("account") == {"amina"}


def test_a_host_that_is_frozen_is_unreachable(lab: Lab) -> None:
    lab.start()
    provider = lab.open(timeout_s=1)
    caught: list[TargetError] = []

    def read() -> None:
        try:
            provider.observe(Scope())
        except TargetError as error:
            caught.append(error)

    with lab.simulator.frozen():
        reader = threading.Thread(target=read)
        reader.start()
        reader.join()

    assert isinstance(caught[0], UnreachableError)


def test_a_database_that_another_process_locks_does_not_keep_us_from_reading(lab: Lab) -> None:
    store = lab.start()
    store.add_user("amina")

    for kind in ("reader", "exclusive"):
        store.lock(kind, 7)

        assert lab.read().names("account") == {"amina"}


def test_somebody_who_comes_while_we_read_is_no_shorter_state(lab: Lab) -> None:
    store = lab.start()
    task = store.add_vps("gpu").task_id

    def outside() -> None:
        store.assign(task, store.add_user("esi").id)

    lab.arm(FaultKind.OUTSIDE_EDIT, "GET", "/api/vps", edit=outside)

    with pytest.raises(UnexpectedResponseError, match="esi"):
        lab.read("gpu")
