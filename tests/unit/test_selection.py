"""What a policy lets be changed, and what it leaves alone, by examples."""

from __future__ import annotations

import pytest

from reconciler.changes import Cause
from reconciler.scope import Capabilities, Desired, Leavers, Policy, Provenance, Prune, Scope
from reconciler.selection import Remembered, Selection, select
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
NOTHING_APPLIED: dict[Key, Fields] = {}


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
    desired: Desired,
    observed: dict[Key, Fields],
    capabilities: Capabilities = CAPABILITIES,
    applied: dict[Key, Fields] | None = NOTHING_APPLIED,
    cause: Cause = "config",
) -> Selection:
    remembered = None if applied is None else Remembered(State(applied), lambda _key: cause)
    return select(
        desired, State(observed), capabilities, frozenset({"root"}), remembered=remembered
    )


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


def test_without_memory_nothing_is_deleted_and_no_cause_is_claimed_del_08() -> None:
    desired = _desired(State({READER: {}, AMINA: ON}), prune="all")

    chosen = _select(desired, STRANGE, applied=None)

    assert [(each.action, each.key, each.cause) for each in chosen.changes] == [
        ("create", AMINA, "unknown")
    ]
    assert set(chosen.unmanaged) == STRANGE.keys() - {READER}
    assert chosen.drift == ()


def test_without_memory_a_right_on_another_object_of_the_same_record_is_left_del_08() -> None:
    desired = _desired(State({READER: {}, OF_READER: {"cells": ("SELECT",)}}))
    observed: dict[Key, Fields] = {
        READER: {},
        OF_READER: {"cells": ("INSERT", "SELECT"), "sites": ("SELECT",)},
    }

    chosen = _select(desired, observed, applied=None)

    (change,) = chosen.changes
    assert change.after == {"cells": ("SELECT",), "sites": ("SELECT",)}
    assert chosen.unmanaged == (OF_READER,)


def test_what_was_applied_and_is_asked_no_more_is_removed() -> None:
    applied: dict[Key, Fields] = {READER: {}, OTHER: {}, IN_OTHER: {}}

    chosen = _select(_desired(State({READER: {}})), applied, applied=applied, cause="expiry")

    assert [(each.action, each.key, each.cause) for each in chosen.changes] == [
        ("delete", IN_OTHER, "expiry"),
        ("delete", OTHER, "expiry"),
    ]
    assert chosen.drift == ()


@pytest.mark.parametrize("leavers, action", [("disable", "update"), ("delete", "delete")])
def test_an_account_that_was_applied_leaves_as_the_policy_says(
    leavers: Leavers, action: str
) -> None:
    desired = _desired(State({}), leavers=leavers)

    chosen = _select(desired, {AMINA: ON, STRANGER: ON}, applied={AMINA: ON})

    assert [(each.action, each.key) for each in chosen.changes] == [(action, AMINA)]
    assert chosen.unmanaged == (STRANGER,)


def test_an_account_that_left_and_can_sign_in_again_is_drift() -> None:
    chosen = _select(_desired(State({})), {AMINA: ON}, applied={AMINA: {"login": False}})

    assert [(each.action, each.cause) for each in chosen.changes] == [("update", "drift")]
    assert [(each.class_, each.direction) for each in chosen.drift] == [("drift", "widened")]


def test_what_the_target_changed_is_drift_and_what_the_manifest_changed_is_not_drf_02() -> None:
    desired = _desired(State({READER: {}, AMINA: ON, OF_READER: {"cells": ("SELECT",)}}))
    applied: dict[Key, Fields] = {READER: {}, OF_READER: {"cells": ("SELECT",)}}
    observed: dict[Key, Fields] = {READER: {}, OF_READER: {"cells": ("INSERT", "SELECT")}}

    chosen = _select(desired, observed, applied=applied)

    assert {each.key: each.cause for each in chosen.changes} == {
        AMINA: "config",
        OF_READER: "drift",
    }
    (drift,) = chosen.drift
    assert (drift.key, drift.class_, drift.direction) == (OF_READER, "drift", "widened")
    assert (drift.applied, drift.observed) == (
        {"cells": ("SELECT",)},
        {"cells": ("INSERT", "SELECT")},
    )


def test_one_record_may_be_pending_and_drifted_on_different_objects() -> None:
    desired = _desired(
        State({READER: {}, OF_READER: {"cells": ("SELECT",), "sites": ("INSERT", "SELECT")}})
    )
    applied: dict[Key, Fields] = {
        READER: {},
        OF_READER: {"cells": ("SELECT",), "sites": ("SELECT",)},
    }
    observed: dict[Key, Fields] = {READER: {}, OF_READER: {"sites": ("SELECT",)}}

    chosen = _select(desired, observed, applied=applied)

    (change,) = chosen.changes
    assert (change.cause, change.after) == ("config", desired.state.get(OF_READER))
    (drift,) = chosen.drift
    assert (drift.direction, drift.applied, drift.observed) == (
        "narrowed",
        {"cells": ("SELECT",)},
        {},
    )


def test_incomparable_privileges_are_mixed_drf_04() -> None:
    desired = _desired(State({READER: {}, OF_READER: {"cells": ("SELECT", "UPDATE")}}))
    observed: dict[Key, Fields] = {READER: {}, OF_READER: {"cells": ("INSERT", "SELECT")}}

    chosen = _select(desired, observed, applied=dict(desired.state.records))

    assert [each.direction for each in chosen.drift] == ["mixed"]


@pytest.mark.parametrize("prune, class_", [("never", None), ("owned", "rogue"), ("all", "rogue")])
def test_a_stranger_in_a_declared_role_is_rogue_elsewhere_unmanaged_drf_06(
    prune: Prune, class_: str | None
) -> None:
    desired = _desired(State({READER: {}}), prune=prune)
    observed: dict[Key, Fields] = {READER: {}, IN_READER: {}}

    chosen = _select(desired, observed, applied={READER: {}})

    assert [each.class_ for each in chosen.drift] == ([class_] if class_ else [])
    assert chosen.unmanaged == (() if class_ else (IN_READER,))
    assert all(each.sources for each in chosen.drift)


def test_both_sides_changed_the_same_thing_is_a_conflict() -> None:
    levels = Capabilities(levels=("user", "manager", "admin"))
    desired = _desired(State({AMINA: {"level": "admin"}}))

    chosen = _select(desired, {AMINA: {"level": "manager"}}, levels, {AMINA: {"level": "user"}})

    (conflict,) = chosen.drift
    assert conflict.class_ == "conflict"
    assert (conflict.desired, conflict.applied, conflict.observed) == (
        {"level": "admin"},
        {"level": "user"},
        {"level": "manager"},
    )
    assert [each.key for each in chosen.changes] == [AMINA]


def test_what_no_plan_touches_is_no_conflict_and_what_happened_to_it_is_drift() -> None:
    root, switched_off = Key("account", ("root",)), {"login": False}
    desired = _desired(State({root: ON}))

    adopted = _select(desired, {root: switched_off})
    drifted = _select(desired, {root: switched_off}, applied={root: ON})

    assert adopted.drift == ()
    assert [each.key for each in adopted.protected] == [root]
    assert [each.class_ for each in drifted.drift] == ["drift"]


def test_an_attribute_that_was_not_managed_before_is_pending_and_no_conflict() -> None:
    desired = _desired(State({AMINA: {"login": True, "comment": "x"}}))
    observed: dict[Key, Fields] = {AMINA: {"login": True, "comment": "by hand"}}

    chosen = _select(desired, observed, applied={AMINA: ON})

    assert [(each.cause, each.after) for each in chosen.changes] == [("config", {"comment": "x"})]
    assert chosen.drift == ()


def test_what_somebody_did_by_hand_as_the_manifest_says_is_no_difference() -> None:
    desired = _desired(State({READER: {}, AMINA: ON}))

    chosen = _select(desired, {READER: {}, AMINA: ON}, applied={READER: {}})

    assert (chosen.changes, chosen.drift) == ((), ())


def test_the_id_of_drift_is_the_same_while_the_direction_is() -> None:
    desired = _desired(State({READER: {}, OF_READER: {"cells": ("SELECT",)}}))
    applied = dict(desired.state.records)

    wide = _select(
        desired, {READER: {}, OF_READER: {"cells": ("INSERT", "SELECT")}}, applied=applied
    )
    wider = _select(
        desired, {READER: {}, OF_READER: {"cells": ("DELETE", "INSERT", "SELECT")}}, applied=applied
    )
    less = _select(desired, {READER: {}}, applied=applied)

    assert wide.drift[0].id == wider.drift[0].id
    assert wide.drift[0].id != less.drift[0].id


def test_sessions_end_for_those_who_lose_what_a_grant_said_ends_them_tim_06() -> None:
    group, inside = (
        Key("membership", ("reader", "analysts")),
        Key("membership", ("analysts", "amina")),
    )
    state: dict[Key, Fields] = {READER: {}, AMINA: ON, group: {}, inside: {}}
    remembered = Remembered(State(state), lambda _key: "expiry", frozenset({group}))
    desired = _desired(State({READER: {}, AMINA: ON, inside: {}}))

    chosen = select(desired, State(state), CAPABILITIES, frozenset(), remembered=remembered)

    assert [(each.key, each.end_sessions) for each in chosen.changes] == [(group, ("amina",))]


@pytest.mark.parametrize(
    "there, class_",
    [
        (("DELETE", "INSERT", "SELECT"), None),  # given, not taken yet
        (("SELECT",), None),  # taken, not given yet
        (("INSERT", "SELECT", "UPDATE"), "conflict"),
    ],
)
def test_rights_that_are_on_their_way_are_no_conflict_apl_01(
    there: tuple[str, ...], class_: str | None
) -> None:
    desired = _desired(State({READER: {}, OF_READER: {"cells": ("DELETE", "SELECT")}}))
    applied: dict[Key, Fields] = {READER: {}, OF_READER: {"cells": ("INSERT", "SELECT")}}

    chosen = _select(desired, {READER: {}, OF_READER: {"cells": there}}, applied=applied)

    assert [each.class_ for each in chosen.drift] == ([class_] if class_ else [])
    assert [each.after for each in chosen.changes] == [{"cells": ("DELETE", "SELECT")}]
