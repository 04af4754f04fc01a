"""The one comparison of the program: two states of a target in, ordered changes out.

Here belong finding differences and putting changes in the order in which they are safe to apply.
What may be removed, what is blocked and what a change means for people is decided over the result,
elsewhere. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Final

from reconciler.changes import Change
from reconciler.scope import Capabilities
from reconciler.state import EXACT_KINDS, GRANTED_BY, INVENTORY_KINDS, Fields, Key, Kind, State

_CREATE_RANK: Final = {
    "server": 0,
    "role": 2,
    "group": 3,
    "account": 4,
    "setting": 5,
    "membership": 7,
    "schema": 8,
    "ownership": 9,
    "privilege": 10,
    "default_privilege": 11,
    "public_privilege": 12,
    "public_default": 12,
    "policy": 13,
    "row_security": 14,
}
_UPDATE_RANK: Final = {**_CREATE_RANK, "server": 1, "role": 5, "group": 5, "account": 5}
_EARLY_RANK: Final = 6
_TAKING: Final = 15
_NARROW_RANK: Final = 17
_DROPPING: Final = 18
_DELETE_RANK: Final = {
    "default_privilege": _TAKING,
    "privilege": _TAKING,
    "setting": _TAKING,
    "policy": _TAKING,
    "row_security": _TAKING,
    "public_privilege": _TAKING,
    "public_default": _TAKING,
    "ownership": _TAKING,
    "membership": 16,
    "account": _DROPPING,
    "schema": _DROPPING,
    "group": 19,
    "role": 20,
    "server": 21,
}


def diff(desired: State, observed: State) -> tuple[Change, ...]:
    """Every change that turns observed into desired, in the order of the keys.

    A record that only observed has gives a delete: whether it is carried out is for the policy to
    say. Inventory is not compared. `diff(state, state)` is empty for every state.
    """
    changes = [*_asked(desired, observed), *_not_asked(desired, observed)]
    return tuple(sorted(changes, key=attrgetter("key")))


def _asked(desired: State, observed: State) -> Iterable[Change]:
    """What desired has and observed has not, or not so.

    Thousands of records share few mappings: two that were found alike are not compared again.
    """
    seen = observed.records
    alike: set[tuple[Kind, int, int]] = set()
    for key, after in desired.records.items():
        before = seen.get(key)
        if before is after or key[0] in INVENTORY_KINDS:
            continue
        if before is None:
            yield Change("create", key, None, after)
        elif (pair := (key[0], id(before), id(after))) not in alike:
            if update := _update(key, before, after):
                yield update
            else:
                alike.add(pair)


def _update(key: Key, before: Fields, after: Fields) -> Change | None:
    if key[0] in EXACT_KINDS:
        return Change("update", key, before, after) if before != after else None
    names = sorted(name for name in after if before.get(name) != after[name])
    if not names:
        return None
    kept = {name: before.get(name) for name in names}
    if GRANTED_BY in before:
        kept[GRANTED_BY] = before[GRANTED_BY]
    return Change("update", key, kept, {name: after[name] for name in names})


def _not_asked(desired: State, observed: State) -> Iterable[Change]:
    asked = desired.records
    for key, before in observed.records.items():
        if key not in asked and key[0] not in INVENTORY_KINDS:
            yield Change("delete", key, before, None)


def in_apply_order(
    changes: Iterable[Change],
    capabilities: Capabilities,
    early: Collection[Key] = (),
    *,
    revokes_first: bool = False,
) -> tuple[Change, ...]:
    """The changes in an order that never takes away before it gave, and never refers to what is not
    there.

    Servers, roles, groups, accounts, settings, memberships, schemas, owners, privileges, what
    everybody may do, row-level security; then revokes, settings and
    memberships removed, accounts narrowed (disabled, demoted), and things dropped. Memberships in
    `early` are taken before any is given: nobody may hold both. With `revokes_first`, for
    emergencies, whatever takes away without dropping anything comes before all that gives.
    """

    def place(change: Change) -> tuple[int, Key]:
        rank = _rank(change, capabilities)
        if revokes_first and _TAKING <= rank <= _NARROW_RANK:
            rank -= _DROPPING
        elif change.action == "delete" and change.key in early:
            rank = _EARLY_RANK
        return rank, change.key

    return tuple(sorted(changes, key=place))


def _rank(change: Change, capabilities: Capabilities) -> int:
    kind = change.key.kind
    if change.action == "create":
        return _CREATE_RANK[kind]
    if change.action == "delete":
        return _DELETE_RANK[kind]
    if kind == "account" and narrows_account(change, capabilities):
        return _NARROW_RANK
    return _UPDATE_RANK[kind]


def narrows_account(change: Change, capabilities: Capabilities) -> bool:
    """Whether an update of an account takes something away: a switch off, or a lower level."""
    before, after = change.before or {}, change.after or {}
    if any(before.get(name) is True and after[name] is False for name in after):
        return True
    levels = capabilities.levels
    if "level" not in after or before.get("level") not in levels:
        return False
    return levels.index(str(after["level"])) < levels.index(str(before["level"]))
