"""Strategies for states, and a model of a target that does as it is told.

The model knows nothing of the program's own code but its data: it is the second opinion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hypothesis import strategies as st

from reconciler.changes import Change
from reconciler.scope import Capabilities, Desired, Policy, Provenance, Scope
from reconciler.source import Source
from reconciler.state import Fields, Key, Kind, State

CAPABILITIES = Capabilities(
    groups=True,
    inheritance=True,
    privileges=True,
    levels=("user", "manager", "admin"),
    disabled={"enabled": False},
)
WHOLE = ("privilege", "default_privilege")
PRINCIPALS: tuple[Kind, ...] = ("account", "group", "role")
NAMES = ("amina", "analysts", "ann", "anna", 'böse "name"', "kofi", "reader", "writer")
WORDS = ("DELETE", "INSERT", "SELECT")

_name = st.sampled_from(NAMES)
_words = st.sets(st.sampled_from(WORDS), min_size=1).map(lambda words: tuple(sorted(words)))
_account_fields: st.SearchStrategy[Fields] = st.fixed_dictionaries(
    {"enabled": st.booleans(), "level": st.sampled_from(CAPABILITIES.levels)},
    optional={"comment": st.sampled_from(["", "a", "b"]), "quota": st.integers(0, 2)},
)
_bundle_fields: st.SearchStrategy[Fields] = st.fixed_dictionaries(
    {}, optional={"comment": st.sampled_from(["a", "b"])}
)


_value = st.sampled_from(["64MB", "1GB"])

_everyone = st.fixed_dictionaries({name: st.sampled_from(PRINCIPALS) for name in NAMES})
"""What each name is, on both sides: no target has an account where there is a role."""


@st.composite
def states(draw: st.DrawFn, everyone: Mapping[str, Kind] | None = None) -> State:
    """A state in which everything named is there: members and containers, grantees."""
    kinds = draw(_everyone) if everyone is None else everyone
    names = draw(st.sets(_name))
    records: dict[Key, Fields] = {}
    for name in sorted(names):
        is_account = kinds[name] == "account"
        records[Key(kinds[name], (name,))] = draw(_account_fields if is_account else _bundle_fields)
    bundles = [name for name in sorted(names) if kinds[name] != "account"]
    if bundles:
        edges = st.tuples(st.sampled_from(bundles), st.sampled_from(sorted(names)))
        for container, member in draw(st.sets(edges, max_size=8)):
            if container != member:
                records[Key("membership", (container, member))] = {}
        for holder in draw(st.sets(st.sampled_from(bundles), max_size=3)):
            rights = st.dictionaries(st.sampled_from(["cells", "sites"]), _words, min_size=1)
            records[Key("privilege", (holder, "db", "table", "public"))] = draw(rights)
        for holder in draw(st.sets(st.sampled_from(bundles), max_size=2)):
            key = Key("default_privilege", (holder, "db", "loader", "table", "public"))
            records[key] = {"privileges": draw(_words)}
    if names:
        values = st.dictionaries(
            st.tuples(st.sampled_from(sorted(names)), st.sampled_from(["", "db"])),
            _value,
            max_size=3,
        )
        for (name, server), value in draw(values).items():
            records[Key("setting", (name, server, "work_mem"))] = {"value": value}
    if draw(st.booleans()):
        records[Key("object", ("db", "table", "public"))] = {"cells": "owner"}
    return State(records)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[State, State]:
    """Desired and observed of one target."""
    everyone = draw(_everyone)
    return draw(states(everyone)), draw(states(everyone))


class DanglingError(Exception):
    """A change refers to what is not there, or removes what something refers to."""


def obey(changes: Iterable[Change], observed: State, *, strictly: bool) -> State:
    """The state a target has after these changes, one after the other.

    A strict target refuses changes that refer to what is not there yet, or not any more.
    """
    records = {key: dict(fields) for key, fields in observed.records.items()}
    for change in changes:
        if strictly:
            _refuse_dangling(change, records.keys())
        if change.action == "delete":
            assert change.key in records or (change.key.kind == "setting" and not strictly)
            records.pop(change.key, None)  # a setting may have gone with its role
            for key in [each for each in records if _goes_with(change.key, each)]:
                del records[key]
        elif change.action == "create":
            assert change.key not in records
            records[change.key] = dict(change.after or {})
        elif change.key.kind in WHOLE:
            records[change.key] = dict(change.after or {})
        else:
            records[change.key].update(change.after or {})
    return State(records)


def _goes_with(gone: Key, key: Key) -> bool:
    """Whether a record goes with this thing: settings of what is dropped need no reset."""
    return gone.kind in PRINCIPALS and key.kind == "setting" and key.path[0] == gone.path[0]


def _refuse_dangling(change: Change, keys: Iterable[Key]) -> None:
    there = {key.path[0] for key in keys if key.kind in PRINCIPALS}
    if change.action != "delete":
        if missing := _referred(change.key) - there:
            raise DanglingError(f"{change.action} {change.key}: {sorted(missing)} not there")
    elif change.key.kind in PRINCIPALS:
        for key in keys:
            if key.kind != "setting" and change.key.path[0] in _referred(key):
                raise DanglingError(f"delete {change.key}: {key} needs it")


def _referred(key: Key) -> set[str]:
    if key.kind in PRINCIPALS or key.kind == "object":
        return set()
    return set(key.path if key.kind == "membership" else key.path[:1])


def desired_of(state: State, scope: Scope, policy: Policy) -> Desired:
    """What a manifest would ask, by one line for each record."""
    paths = {key: (("records", str(key)),) for key in state.records}
    return Desired(
        target="target",
        provider="memory",
        state=state,
        scope=scope,
        policy=policy,
        provenance=Provenance(paths, lambda path: Source("access.yaml", 1, 1, str(path[-1]))),
        people={},
    )


@st.composite
def asked(draw: st.DrawFn, policies: st.SearchStrategy[Policy]) -> tuple[Desired, State]:
    """What is asked and what is there, with a scope that declares what is asked and some more."""
    desired, observed = draw(pairs())
    accounts = frozenset(key.path[0] for key in desired.records if key.kind == "account")
    others: Sequence[str] = sorted(set(NAMES) - accounts)
    scope = Scope(
        accounts=accounts,
        leavers=frozenset(draw(st.sets(st.sampled_from(others)))) if others else frozenset(),
        groups=desired.names("group"),
        roles=frozenset(key.path for key in desired.records if key.kind == "role"),
        protected=tuple(sorted(draw(st.sets(st.sampled_from(["ann*", "reader", "x?"]))))),
    )
    return desired_of(desired, scope, draw(policies)), observed
