"""What a policy lets be changed, and what it leaves alone, by examples."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.plan import Finding, Plan, Selection, TargetPlan, changed_name, counts, select
from reconciler.scope import Capabilities, Desired, Leavers, Policy, Provenance, Prune, Scope
from reconciler.source import Source
from reconciler.state import Fields, Key, State

CAPABILITIES = Capabilities(groups=True, privileges=True, disabled={"login": False})
AMINA = Key("account", ("amina",))
READER = Key("role", ("reader",))
STRANGER = Key("account", ("stranger",))
IN_READER = Key("membership", ("reader", "stranger"))
IN_OTHER = Key("membership", ("other", "stranger"))
OF_OTHER = Key("privilege", ("other", "db", "table", "public"))
OF_READER = Key("privilege", ("reader", "db", "table", "public"))
OTHER = Key("role", ("other",))
ON: Fields = {"login": True}


def _desired(
    state: State,
    *,
    prune: Prune = "owned",
    leavers: Leavers = "disable",
    scope: Scope | None = None,
) -> Desired:
    provenance = Provenance(
        {key: (("records", str(key)),) for key in state.records},
        lambda path: Source("access.yaml", 3, 1, str(path[-1])),
    )
    chosen = scope or Scope(roles=frozenset({("reader",)}))
    return Desired("db", "memory", state, chosen, Policy(prune, leavers), provenance, {})


def _select(
    desired: Desired, observed: dict[Key, Fields], capabilities: Capabilities = CAPABILITIES
) -> Selection:
    return select(desired, State(observed), capabilities, frozenset({"root"}))


STRANGE: dict[Key, Fields] = {
    READER: {},
    STRANGER: ON,
    IN_READER: {},
    OF_READER: {"cells": ("SELECT",)},
    OTHER: {},
    IN_OTHER: {},
    OF_OTHER: {"cells": ("SELECT",)},
}


@pytest.mark.parametrize(
    "prune, deleted",
    [
        ("never", set()),
        ("owned", {IN_READER, OF_READER}),
        ("all", {IN_READER, OF_READER, OTHER, IN_OTHER, OF_OTHER}),
    ],
)
def test_a_policy_says_what_is_removed_and_the_rest_is_shown(
    prune: Prune, deleted: set[Key]
) -> None:
    chosen = _select(_desired(State({READER: {}}), prune=prune), STRANGE)

    assert {each.key for each in chosen.changes if each.action == "delete"} == deleted
    updated = {each.key for each in chosen.changes if each.action == "update"}
    assert updated == ({STRANGER} if prune == "all" else set())
    assert set(chosen.unmanaged) == STRANGE.keys() - deleted - updated - {READER}


@pytest.mark.parametrize(
    "prune, leavers, can_disable, action",
    [
        ("owned", "disable", True, "update"),
        ("owned", "disable", False, None),
        ("owned", "delete", True, "update"),
        ("all", "disable", True, "update"),
        ("all", "disable", False, "delete"),
        ("all", "delete", True, "delete"),
        ("never", "delete", True, None),
        ("never", "disable", True, None),
    ],
)
def test_one_who_leaves_is_disabled_deleted_or_left(
    prune: Prune, leavers: Leavers, action: str | None, *, can_disable: bool
) -> None:
    scope = Scope(leavers=frozenset({"amina"}))
    desired = _desired(State({}), prune=prune, leavers=leavers, scope=scope)
    capabilities = CAPABILITIES if can_disable else Capabilities()

    chosen = _select(desired, {AMINA: ON}, capabilities)

    assert [each.action for each in chosen.changes] == ([action] if action else [])
    if action == "update":
        assert chosen.changes[0].before == {"login": True}
        assert chosen.changes[0].after == {"login": False}


def test_one_who_has_left_is_not_shown_again() -> None:
    desired = _desired(State({}), scope=Scope(leavers=frozenset({"amina"})))

    chosen = _select(desired, {AMINA: {"login": False}})

    assert chosen == Selection((), (), ())


def test_a_foreign_role_is_never_removed() -> None:
    scope = Scope(foreign=frozenset({"other"}))

    chosen = _select(_desired(State({}), prune="all", scope=scope), {OTHER: {}})

    assert chosen.changes == ()
    assert chosen.unmanaged == (OTHER,)


def test_protected_and_own_names_are_told_apart_from_what_is_changed_pro_07() -> None:
    scope = Scope(roles=frozenset({("reader",)}), protected=("am*",))
    root = Key("membership", ("reader", "root"))
    desired = _desired(State({READER: {}, AMINA: ON}), scope=scope)

    chosen = _select(desired, {root: {}})

    assert [each.key for each in chosen.changes] == [READER]
    assert [each.key for each in chosen.protected] == [AMINA, root]


def test_a_role_that_a_protected_account_holds_is_not_removed() -> None:
    scope = Scope(protected=("stranger",))
    observed: dict[Key, Fields] = {OTHER: {}, IN_OTHER: {}, OF_OTHER: {"cells": ("SELECT",)}}

    chosen = _select(_desired(State({}), prune="all", scope=scope), observed)

    assert {each.key for each in chosen.protected} == {OTHER, IN_OTHER}


def test_nothing_is_given_in_a_role_that_is_protected_and_not_there() -> None:
    scope = Scope(roles=frozenset({("reader",)}), protected=("reader",))
    member = Key("membership", ("reader", "amina"))
    desired = _desired(State({READER: {}, AMINA: ON, member: {}}), scope=scope)

    chosen = _select(desired, {})

    assert [each.key for each in chosen.changes] == [AMINA]
    assert {each.key for each in chosen.protected} == {READER, member}


def test_a_server_of_the_name_of_a_protected_member_may_be_removed() -> None:
    scope = Scope(protected=("x",))
    server, member = Key("server", ("x2",)), Key("membership", ("x2", "reader", "x"))

    chosen = _select(_desired(State({}), prune="all", scope=scope), {server: {}, member: {}})

    assert [each.key for each in chosen.changes] == [server]


def test_a_change_names_the_lines_that_ask_for_it_and_a_removal_none() -> None:
    chosen = _select(_desired(State({READER: {}, AMINA: ON})), {READER: {}, IN_READER: {}})

    sources = {each.key: [place.short for place in each.sources] for each in chosen.changes}
    assert sources == {AMINA: ["access.yaml:3"], IN_READER: []}


@pytest.mark.parametrize(
    "key, name",
    [(IN_READER, "stranger"), (OF_OTHER, "other"), (AMINA, "amina"), (READER, "reader")],
)
def test_a_change_is_about_the_member_the_grantee_or_the_thing_itself(key: Key, name: str) -> None:
    assert changed_name(key) == name


def test_a_plan_is_asked_for_its_changes_and_for_what_blocks_it() -> None:
    one, two = Change("create", AMINA, None, ON), Change("delete", OTHER, {}, None)
    targets = (
        TargetPlan("a", "memory", "memory 1", "root", (one,)),
        TargetPlan("b", "memory", "memory 1", "root", (two,)),
    )
    lifted = Finding("S-1", "emptied", "a", "x", blocking=True, accepted=True)
    blocking = Finding("S-2", "emptied", "b", "y", blocking=True)
    told = Finding("S-3", "protected", "b", "z")

    plan = Plan("2027-01-15T00:00:00Z", "", ("a.yaml",), "0", targets, (lifted, blocking, told))

    assert plan.changes == (one, two)
    assert plan.blocking == (blocking,)
    assert plan.target("b") is targets[1]
    with pytest.raises(KeyError):
        plan.target("c")
    assert counts(plan.changes) == {"create": 1, "update": 0, "delete": 1}
