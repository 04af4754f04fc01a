"""One manifest on every release of FlowAuth: with API routes, with API scopes, and with roles."""

from __future__ import annotations

import pytest

from reconciler.errors import UnexpectedResponseError
from reconciler.sandbox.flowauth import FaultKind, by_hand
from reconciler.state import Key
from tests.flowauth.eras import (
    DAILY,
    FLOWS,
    MANIFEST,
    ROUTE,
    changes_of,
    converge,
    fill,
    groups_of,
    run_of,
)
from tests.flowauth.lab import LIMITS, Lab, create, delete, statuses, update

OLDER = pytest.mark.parametrize("era", ["A", "B"])
DAILY_SCOPE = "admin3:daily_location:daily_location"


# Which release it is


@pytest.mark.parametrize(
    "settings, version, what",
    [
        ({"era": "A"}, "1.0.0", "API routes"),
        ({"era": "A", "has_version": False}, "unknown", "API routes"),
        ({"era": "B"}, "1.17.1", "API scopes"),
        ({"era": "B", "version": "1.9.4"}, "1.9.4", "API scopes"),
        ({"era": "B", "has_version": False}, "unknown", "API scopes"),
        ({"era": "C"}, "1.34.0", "roles"),
        ({"era": "D", "version": "0+unknown"}, "0+unknown", "roles"),
    ],
)
def test_the_release_is_found_by_reads_that_need_no_sign_in(
    lab: Lab, settings: dict[str, object], version: str, what: str
) -> None:
    lab.start(**settings)
    provider = lab.open()

    identity = provider.identify()

    assert (identity.system, identity.version) == ("FlowAuth", version)
    assert provider.release.era.value == what
    assert lab.sent("POST", "/signin") == 0


def test_one_that_hides_its_version_and_has_neither_roles_nor_groups_is_no_flowauth(
    lab: Lab,
) -> None:
    lab.start(era="B", has_version=False)
    prefix = f"{lab.simulator.url}/somewhere-else"

    with pytest.raises(UnexpectedResponseError, match="neither GET /version nor roles nor groups"):
        lab.open(url=prefix).identify()


def test_a_release_that_could_not_be_found_out_is_an_error_and_no_guess(lab: Lab) -> None:
    lab.start(era="A")
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/admin/capabilities")

    with pytest.raises(UnexpectedResponseError, match="GET /admin/capabilities gave status 500"):
        lab.observe()


# The same manifest


@pytest.mark.parametrize("era", ["A", "B", "C", "D"])
def test_the_same_manifest_is_applied_on_every_release_and_then_plans_nothing(
    lab: Lab, era: str
) -> None:
    lab.start(era=era)

    converge(lab)

    state = lab.observe()
    assert state.get(Key("role", ("store", "reader"))) == {
        "scopes": (DAILY_SCOPE, "get_result"),
        "token_expires": "2030-01-01T00:00:00Z",
        "token_life_minutes": 2880,
    }
    assert {key.path for key in state.records if key.kind == "membership"} == {
        ("store", "amina", "amina"),
        ("store", "reader", "amina"),
        ("store", "reader", "kofi"),
    }


def test_the_same_manifest_plans_the_calls_of_the_release_it_meets(lab: Lab) -> None:
    seen = {}
    for era in "ABC":
        lab.start(era=era)
        with run_of(lab) as run:
            plan = run.plan()
            provider = lab.open()
            provider.observe(lab.scope)
            seen[era] = provider.preview(plan.changes)

    assert [line.split(" {")[0] for line in seen["A"]] == [
        "POST /admin/servers",
        "POST /admin/capabilities",
        "POST /admin/capabilities",
        "POST /spatial_aggregation",
        "PATCH /admin/servers/<store>/capabilities",
        "POST /admin/groups",
        "PATCH /admin/groups/<amina>/servers",
        "POST /admin/groups",
        "PATCH /admin/groups/<reader>/servers",
        "POST /admin/users",
        "POST /admin/users",
        'PATCH /admin/users/<amina>/groups +"amina"',
        'PATCH /admin/users/<amina>/groups +"reader"',
        'PATCH /admin/users/<kofi>/groups +"reader"',
    ]
    assert (
        'PATCH /admin/groups/<reader>/servers {"servers": [{"id": "<store>", "latest_expiry": '
        '"2030-01-01T00:00:00.000000Z", "max_life": 2880, "rights": {"daily_location": '
        '{"permissions": {"get_result": true, "poll": true, "run": false}, '
        '"spatial_aggregation": ["admin3"]}}}]}'
    ) in seen["A"]
    assert (
        'PATCH /admin/groups/<reader>/servers {"servers": [{"id": "<store>", "latest_expiry": '
        f'"2030-01-01T00:00:00.000000Z", "max_life": 2880, "rights": ["get_result&{DAILY}", '
        f'"poll&{DAILY}"]}}]}}'
    ) in seen["B"]
    assert [line.split(" {")[0] for line in seen["C"]][2:4] == ["POST /roles/", "POST /roles/"]
    assert all("password" not in line or "***" in line for era in seen for line in seen[era])


def test_on_a_release_with_routes_rights_are_routes_actions_and_units(lab: Lab) -> None:
    store = lab.start(era="A").store

    converge(lab)

    every, units = ("get_result", "poll", "run"), ("admin3",)
    assert groups_of(store) == {
        f"user {OWN_GROUPS[0]} in {OWN_GROUPS[0]}": True,
        f"user {OWN_GROUPS[1]} in {OWN_GROUPS[1]}": True,
        "user amina in amina": True,
        "user amina in reader": True,
        "user kofi in kofi": True,
        "user kofi in reader": True,
        "daily_location of store": (every, units),
        "flows of store": (every, units),
        "daily_location of store for reader": (("get_result", "poll"), units),
        "flows of store for amina": (("poll", "run"), units),
    }


OWN_GROUPS = ("bootstrap", "reconciler")


def test_on_a_release_with_strings_each_right_is_one(lab: Lab) -> None:
    store = lab.start(era="B").store

    converge(lab)

    held = {name for name in groups_of(store) if " for " in name}
    assert held == {
        f"get_result&{DAILY} of store for reader",
        f"poll&{DAILY} of store for reader",
        f"run&{FLOWS} of store for amina",
        f"poll&{FLOWS} of store for amina",
    }


# Drift, and what others made


@OLDER
def test_what_somebody_changed_by_hand_is_planned_back(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    converge(lab)
    everything = ROUTE if era == "A" else (f"run&{DAILY}", f"get_result&{DAILY}")
    by_hand.give(store, "reader", "store", everything)
    by_hand.set_members(store, "reader", ("kofi",))

    assert changes_of(lab) == [
        "update role store/reader",
        "create membership store/reader/amina",
    ]

    converge(lab)


def test_rights_that_no_scopes_stand_for_are_read_as_they_are_spelled_and_repaired(
    lab: Lab,
) -> None:
    store = lab.start(era="A").store
    converge(lab)
    mixed = {
        "daily_location": (("run", "poll"), ("admin3",)),
        "flows": (("get_result",), ("admin3",)),
    }
    by_hand.give(store, "reader", "store", mixed)

    read = lab.observe().get(Key("role", ("store", "reader")))

    assert read is not None
    assert read["scopes"] == (f"get_result&{FLOWS}", f"run&{DAILY}")
    converge(lab)


def test_rights_that_no_scopes_stand_for_can_be_wanted_as_they_are_spelled(lab: Lab) -> None:
    lab.start(era="A")
    words = f'"get_result&{FLOWS}", "run&{DAILY}"'
    text = MANIFEST.replace("scopes: [run, get_result,", f"scopes: [run, get_result, {words},")
    text = text.replace(f'[get_result, "{DAILY_SCOPE}"]', f"[{words}]")

    converge(lab, text)

    read = lab.observe().get(Key("role", ("store", "reader")))
    assert read is not None
    assert read["scopes"] == (f"get_result&{FLOWS}", f"run&{DAILY}")


def test_a_text_that_somebody_switched_off_is_neither_read_nor_forgotten(lab: Lab) -> None:
    store = lab.start(era="B").store
    converge(lab)
    by_hand.switch_off(store, "store", "run&something")

    assert changes_of(lab) == []
    converge(
        lab,
        MANIFEST.replace(', "admin3:flows:flows"]\nus', ', "admin2:flows:flows"]\nus').replace(
            '[run, "admin3:flows:flows"]', '[run, "admin2:flows:flows"]'
        ),
    )

    assert groups_of(store)["run&something of store"] == ((), ())
    assert f"run&{FLOWS} of store" not in groups_of(store)


@OLDER
def test_a_group_of_several_servers_is_a_role_on_each_and_changed_on_none_alone(
    lab: Lab, era: str
) -> None:
    store = lab.start(era=era).store
    converge(lab)
    held = ROUTE if era == "A" else (f"run&{DAILY}",)
    store.add_server("second")
    by_hand.offer(store, "second", held)
    by_hand.give(store, "reader", "second", held)

    outcomes = lab.apply(delete("membership", "store", "reader", "kofi"))

    assert statuses(outcomes) == ["failed"]
    assert "user kofi in reader" in groups_of(store)
    assert Key("membership", ("second", "reader", "kofi")) in lab.observe()


@OLDER
def test_a_role_that_goes_leaves_what_its_group_may_do_elsewhere(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    converge(lab)
    held = ROUTE if era == "A" else (f"run&{DAILY}", "any text")
    store.add_server("second")
    by_hand.offer(store, "second", held)
    by_hand.give(store, "reader", "second", held)
    before = {name: v for name, v in by_hand.group_facts(store).items() if "second" in name}

    outcomes = lab.apply(delete("role", "store", "reader"))

    assert statuses(outcomes) == ["done"]
    after = by_hand.group_facts(store)
    assert {name: v for name, v in after.items() if "second" in name} == before
    assert "user kofi in reader" in after


@OLDER
def test_a_right_that_a_group_still_has_is_not_taken_from_its_server(lab: Lab, era: str) -> None:
    store = lab.start(era=era).store
    converge(lab)
    before = by_hand.group_facts(store)

    outcomes = lab.apply(
        update(
            "server",
            "store",
            before={"scopes": ()},
            after={"scopes": ("run", "get_result", DAILY_SCOPE)},
        )
    )

    assert statuses(outcomes) == ["failed"]
    assert 'the group "amina" has admin3:flows:flows, run' in outcomes[0].message
    assert by_hand.group_facts(store) == before


@pytest.mark.parametrize("is_read_first", [True, False])
def test_rights_that_flowauth_took_from_other_groups_are_told_by_name(
    lab: Lab, *, is_read_first: bool
) -> None:
    store = lab.start(era="B", cleans_other_groups=True).store
    store.add_user("user0", "no password")
    store.add_server("store")
    by_hand.offer(store, "store", (f"run&{DAILY}", f"run&{FLOWS}"))
    by_hand.add_group(store, "strangers")
    by_hand.give(store, "strangers", "store", (f"run&{FLOWS}",))
    by_hand.give(store, "user0", "store", (f"run&{FLOWS}",))
    provider = lab.open()
    if is_read_first:
        provider.observe(lab.scope)

    change = create("role", "store", "reader", **LIMITS, scopes=("run", DAILY_SCOPE))
    outcomes = list(provider.apply([change], lab.notes))

    assert statuses(outcomes) == ["failed"]
    assert 'took rights from other groups with it: "strangers", "user0"' in outcomes[0].message


# Cost


@pytest.mark.parametrize("era, extra", [("A", 1), ("B", 0)])
def test_reading_takes_one_request_for_each_user(lab: Lab, era: str, extra: int) -> None:
    """With two servers, three groups with rights on one of them, and 40 users."""
    fill(lab, era, users=40)

    lab.observe()

    users, servers, groups = 40 + len(OWN_GROUPS), 2, 3
    detection = 3  # GET /version, and whether two routes are there
    lists = 3
    reads = users + 2 * servers + groups + 2 * groups + extra
    assert lab.sent("GET") == detection + lists + reads
    assert lab.sent("POST") == 1


def test_where_users_own_groups_are_not_told_reading_takes_three_requests_for_each(
    lab: Lab,
) -> None:
    fill(lab, "B", users=40, tells_own_groups=False)

    state = lab.observe()

    users = 40 + len(OWN_GROUPS)
    assert lab.sent("GET") == 3 + 3 + 3 * users + 2 * 2 + 3 * 3
    assert len(state.names("account")) == users
