"""What holds of the safety rules for all states and plans.

The second opinion makes every state anew, and follows every membership by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.diff import diff, in_apply_order
from reconciler.plan import Finding
from reconciler.safety import Situation, Violation, check_total, held_back, judge, walk
from reconciler.scope import Apart, Policy, Removals, RolePath, Rules, Scope
from reconciler.state import Fields, Key, Kind, State
from tests.properties.states import CAPABILITIES, desired_of, obey

ADMIN = replace(CAPABILITIES, administrator={"level": "admin"})
OPTIONS: tuple[Fields, ...] = (
    {"admin": False, "inherit": True, "set": True},
    {"admin": True, "inherit": False, "set": True},
    {"admin": True, "inherit": False, "set": False},
)
ACCOUNTS = ("amina", "ann", "anna", "kofi")
BUNDLES: Mapping[str, Kind] = {
    "analysts": "group",
    'böse "name"': "group",
    "reader": "role",
    "writer": "role",
}
NAMES = (*ACCOUNTS, *BUNDLES)
_names = st.sampled_from(NAMES)
_bundles = st.sampled_from(sorted(BUNDLES))
_account_fields: st.SearchStrategy[Fields] = st.fixed_dictionaries(
    {
        "enabled": st.sampled_from([True, True, False]),
        "level": st.sampled_from(["admin", "admin", "user"]),
    },
    optional={"createdb": st.booleans(), "comment": st.sampled_from(["a", "b"])},
)
_edges = st.dictionaries(
    st.tuples(_bundles, _names).filter(lambda edge: edge[0] != edge[1]),
    st.sampled_from(OPTIONS),
    max_size=9,
)
"""Memberships by container and member."""
_rights = st.dictionaries(
    _names, st.sampled_from([("SELECT",), ("INSERT", "SELECT"), ("INSERT",)]), max_size=3
)


@st.composite
def states(draw: st.DrawFn, *, has_options: bool) -> State:
    """A crowded state: most names are there, in one another, round and round.

    Memberships have options as on PostgreSQL from 16, or none.
    """
    there = [name for name in NAMES if draw(st.integers(0, 5))]
    records: dict[Key, Fields] = {}
    for name in there:
        fields = draw(_account_fields) if name in ACCOUNTS else {}
        records[Key(BUNDLES.get(name, "account"), (name,))] = fields
    for (container, member), options in draw(_edges).items():
        if container in there and member in there:
            records[Key("membership", (container, member))] = options if has_options else {}
    for name, words in draw(_rights).items():
        if name in there:
            records[Key("privilege", (name, "db", "table", "public"))] = {"cells": words}
    return State(records)


@st.composite
def _rules(draw: st.DrawFn) -> Rules:
    least = draw(st.dictionaries(_bundles, st.integers(1, 3), max_size=3))
    together = st.sets(_bundles, min_size=2, max_size=3)
    exempt = st.sets(st.sampled_from(ACCOUNTS), max_size=1)
    apart = draw(st.lists(st.tuples(together, exempt), max_size=2))
    return Rules(
        min_holders={(name,): number for name, number in least.items()},
        apart=tuple(
            Apart(frozenset((name,) for name in roles), frozenset(exempt))
            for roles, exempt in apart
        ),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Any plan over any state: everything changed, or some; in order of apply, or in any order.

    Nothing is set aside, not even what touches our own account.
    """
    has_options = draw(st.booleans())
    desired, observed = (draw(states(has_options=has_options)) for _ in range(2))
    changes = [change for change in diff(desired, observed) if draw(st.integers(0, 9))]
    early = draw(st.sets(st.sampled_from([c.key for c in changes]))) if changes else ()
    ordered = in_apply_order(changes, ADMIN, early, revokes_first=draw(st.booleans()))
    caused = [
        replace(each, cause="expiry") if _may_end(each) and not draw(st.integers(0, 3)) else each
        for each in ordered
    ]
    limits = Removals(draw(st.sampled_from([0, 34, 50, 100])), draw(st.integers(0, 3)), 1)
    asked = replace(
        desired_of(desired, Scope(), Policy(removals=limits)),
        rules=draw(_rules()),
        people={name: name.title() for name in NAMES},
    )
    stuck = draw(st.sets(st.sampled_from([c.key for c in changes]), max_size=3)) if changes else ()
    return Situation(
        asked,
        observed,
        tuple(caused),
        ADMIN,
        account=draw(st.sampled_from(ACCOUNTS)),
        untouchable=frozenset(),
        drift=tuple(_conflict(key) for key in sorted(stuck)),
    )


def _may_end(change: Change) -> bool:
    """Whether this may come about when a grant ends: nothing is created or switched on."""
    return change.action != "create" and True not in (change.after or {}).values()


def _conflict(key: Key) -> Difference:
    """Something that the manifest and the target both changed, so that its change is held back."""
    return Difference(f"D-{key}", key, "conflict", "mixed", "unknown", {}, None, {})


# The second opinion: nothing of the program's own but data.


@dataclass(frozen=True)
class Naive:
    """One state, looked at without any memory."""

    state: State

    def holds(self, fields: Fields) -> bool:
        """Whether a membership makes its member a holder."""
        if not ({"inherit", "set"} & fields.keys()):
            return True
        return bool(fields.get("inherit") or fields.get("set"))

    def around(self, name: str) -> set[RolePath]:
        """The name and all that it is in."""
        found = {(name,)}
        while True:
            more = {
                key.path[:-1]
                for key, fields in self.state.records.items()
                if key.kind == "membership" and key.path[-1:] in found and self.holds(fields)
            }
            if more <= found:
                return found
            found |= more

    def signs_in(self, name: str) -> bool:
        """Whether there is an account of this name that is not switched off."""
        fields = self.state.get(Key("account", (name,)))
        return fields is not None and fields["enabled"] is not False

    def holders(self, path: RolePath) -> set[str]:
        """The accounts that may sign in and are in this."""
        return {name for name in NAMES if self.signs_in(name) and path in self.around(name)}

    def administrators(self, account: str) -> set[str]:
        """The administrators but for this account."""
        return {
            key.path[0]
            for key, fields in self.state.records.items()
            if key.kind == "account" and fields["enabled"] and fields["level"] == "admin"
        } - {account}


def _states(changes: Sequence[Change], observed: State) -> list[Naive]:
    """The state before the first change, and the one after each."""
    made = [obey(changes[:count], observed, strictly=False) for count in range(len(changes) + 1)]
    return [Naive(state) for state in made]


def _broken(situation: Situation, changes: Sequence[Change]) -> Iterator[tuple[int, str, str]]:
    """Every step that breaks a rule, by the text of the rules."""
    there = _states(changes, situation.observed)
    rules = situation.desired.rules
    for step, change in enumerate(changes):
        first, before, after = there[0], there[step], there[step + 1]
        own = situation.account
        lost = before.administrators(own) - after.administrators(own)
        if lost and first.administrators(own) and not after.administrators(own):
            yield step, "last-administrator", "target"
        for path, number in rules.min_holders.items():
            had, has = before.holders(path), after.holders(path)
            if had - has and len(has) < min(number, len(first.holders(path))):
                yield step, "min-holders", path[0]
        node = change.key.path[-1:] if change.key.kind == "membership" else change.key.path[:1]
        if _is_less(change) and node in before.around(own):
            yield step, "own-access", node[0]
        for apart in rules.apart:
            if any(_worse(name, apart, first, before, after) for name in NAMES):
                yield step, "never-together", ""


def _worse(name: str, apart: Apart, first: Naive, before: Naive, after: Naive) -> bool:
    """Whether the account comes to hold one of the roles and so several, not all from the start."""
    held = [
        {role for role in apart.roles if name in state.holders(role)}
        for state in (first, before, after)
    ]
    is_worse = len(held[2]) > 1 and not held[2] <= held[0] and not held[2] <= held[1]
    return is_worse and name not in apart.exempt


def _is_less(change: Change) -> bool:
    """Whether the change takes anything at all: settings and comments are nothing to have."""
    if change.key.kind == "setting":
        return False
    if change.action != "update":
        return change.action == "delete"
    before, after = change.before or {}, change.after or {}
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if name == "comment":
            continue
        if name == "level":
            if ADMIN.levels.index(str(now)) < ADMIN.levels.index(str(was)):
                return True
        elif isinstance(was, bool) or isinstance(now, bool):
            if was and not now:
                return True
        elif isinstance(was, tuple) or isinstance(now, tuple):
            if set(was or ()) - set(now or ()):
                return True
        elif (was != now and was is not None) or was != now:
            return True
    return False


def _told(violations: Sequence[Violation]) -> set[tuple[int, str, str]]:
    exact = ("last-administrator", "min-holders", "own-access")
    return {(v.step, v.rule, v.subject) for v in violations if v.rule in exact}


@given(situations())
def test_the_walk_finds_what_one_finds_by_making_every_state_anew_pro_05(case: Situation) -> None:
    found = list(walk(case, case.changes))

    broken = set(_broken(case, case.changes))

    assert _told(found) == {each for each in broken if each[1] != "never-together"}
    together = {each.step for each in found if each.rule == "never-together"}
    assert together >= {step for step, rule, _ in broken if rule == "never-together"}
    there = _states(case.changes, case.observed)
    assert all(_is_together(there[0], there[step + 1], case.desired.rules) for step in together)


def _is_together(first: Naive, state: Naive, rules: Rules) -> bool:
    """Whether somebody holds what nobody may hold together, and did not from the start."""
    for apart in rules.apart:
        for name in set(NAMES) - apart.exempt:
            held = {role for role in apart.roles if name in state.holders(role)}
            if len(held) > 1 and any(name not in first.holders(role) for role in held):
                return True
    return False


@given(situations())
def test_what_the_findings_release_breaks_no_rule_at_any_step_pro_04_pro_05(
    case: Situation,
) -> None:
    released = _released(case, judge(case))

    assert list(walk(case, released)) == []
    assert list(_broken(case, released)) == []


@given(situations())
def test_no_reachable_state_locks_out_us_or_the_last_administrator_pro_04_pro_05(
    case: Situation,
) -> None:
    released = _released(case, judge(case))

    there = _states(released, case.observed)
    for before, after in pairwise(there):
        assert before.around(case.account) <= after.around(case.account)
        assert before.signs_in(case.account) <= after.signs_in(case.account)
    if there[0].administrators(case.account):
        assert all(state.administrators(case.account) for state in there)


@given(situations(), st.data())
def test_whatever_is_accepted_only_rules_that_were_accepted_are_broken(
    case: Situation, data: st.DataObject
) -> None:
    found = [replace(each, accepted=data.draw(st.booleans())) for each in judge(case)]
    released = _released(case, found)

    accepted = {(each.rule, key) for each in found if each.accepted for key in each.keys}

    for each in walk(case, released):
        assert any((each.rule, key) in accepted for key in each.keys)


@given(situations())
def test_no_group_or_role_loses_more_than_the_limits_let_it_del_01(case: Situation) -> None:
    released = _released(case, judge(case))
    ended = [change for change in released if change.cause == "expiry"]
    limits = case.desired.policy.removals

    before = Naive(obey(ended, case.observed, strictly=False))
    after = _states(released, case.observed)[-1]

    for name in NAMES:
        had = before.holders((name,))
        lost = len(had - after.holders((name,)))
        is_group = Key("account", (name,)) not in case.observed
        if is_group and lost > limits.floor:
            assert lost * 100 <= limits.percent * len(had)
            assert lost <= limits.at_most
            assert lost < len(had)


@given(situations())
def test_findings_have_ids_of_their_own_name_changes_and_come_the_same_twice(
    case: Situation,
) -> None:
    found = judge(case)
    keys = {change.key for change in case.changes}

    assert judge(case) == found
    assert len({each.id for each in found}) == len(found)
    assert all(keys.issuperset(each.keys) for each in found)
    assert all(each.message for each in found)
    total = check_total([case, case], case.desired.policy.removals)
    assert all(keys.issuperset(each.keys) for each in total)


@given(situations())
def test_what_is_released_refers_only_to_what_is_there(case: Situation) -> None:
    everything = replace(case, changes=in_apply_order(case.changes, ADMIN))
    is_whole = len(everything.changes) == len(diff(case.desired.state, case.observed))

    released = _released(everything, judge(everything))

    if is_whole:
        obey(released, case.observed, strictly=True)


@given(situations())
def test_without_changes_no_rule_finds_anything_new(case: Situation) -> None:
    calm = replace(case, changes=(), drift=())

    assert judge(calm) == ()
    assert list(walk(calm, ())) == []
    assert check_total([calm], case.desired.policy.removals) == ()


def _released(case: Situation, findings: Sequence[Finding]) -> tuple[Change, ...]:
    held = {change.key for change in held_back(case.changes, findings)}
    return tuple(change for change in case.changes if change.key not in held)
