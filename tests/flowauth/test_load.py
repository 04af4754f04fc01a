"""How many requests FlowAuth is asked: as few as its API allows."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from reconciler.sandbox.flowauth import by_hand
from tests.flowauth.eras import DAILY, FLOWS, fill
from tests.flowauth.lab import Lab, statuses, update

DAILY_SCOPE = "admin3:daily_location:daily_location"


def asked(lab: Lab) -> Counter[str]:
    """How often each route was read, with N for every number."""
    paths = [each.path for each in lab.simulator.requests if each.method == "GET"]
    return Counter(re.sub(r"\d+", "N", path) for path in paths)


@pytest.mark.parametrize("era", ["C", "D"])
def test_reading_takes_three_lists_one_request_a_user_and_two_a_server(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    for number in range(100):
        store.add_user(f"user{number}", "no password")
    for name in ("first", "second", "third"):
        store.add_server(name, scopes=("run",))
        for number in range(5):
            store.add_role(name, f"{name}-{number}", scopes=("run",), users=(f"user{number}",))

    state = lab.observe()

    assert len(state.names("account")) == 102
    assert asked(lab) == {
        "/version": 1,
        "/admin/users": 1,
        "/admin/users/N": 102,
        "/admin/servers": 1,
        "/admin/servers/N": 3,
        "/admin/servers/N/scopes": 3,
        "/roles/": 1,
    }
    assert lab.sent("POST") == 1


@pytest.mark.parametrize("era", ["A", "B"])
@pytest.mark.parametrize("tells", [True, False], ids=["told", "not_told"])
def test_taking_a_right_from_a_server_asks_about_own_groups_only_where_they_may_hold_it(
    lab: Lab, era: str, *, tells: bool
) -> None:
    store = fill(lab, era, users=20, tells_own_groups=tells)
    some = {"daily_location": (("run", "poll"), ("admin3",))} if era == "A" else (f"run&{DAILY}",)
    flows = {"flows": (("run", "poll"), ("admin3",))} if era == "A" else (f"run&{FLOWS}",)
    by_hand.offer(store, "first", {**some, **flows} if era == "A" else (*some, *flows))
    by_hand.give(store, "user1", "first", some)
    by_hand.give(store, "user2", "second", some)
    provider = lab.open()
    provider.identify()

    scopes = ("run", DAILY_SCOPE)
    change = update("server", "first", before={"scopes": ()}, after={"scopes": scopes})
    outcomes = list(provider.apply([change], lab.notes))

    users, groups = 22, 3
    own = 1 if tells else users
    found = asked(lab)
    assert statuses(outcomes) == ["done"], outcomes
    assert found["/admin/users/N"] == users
    assert found["/admin/users/N/user_group"] == (0 if tells else users)
    assert found["/admin/groups/N"] == groups + own
    assert found["/admin/groups/N/servers/N/capabilities"] == groups + 1
