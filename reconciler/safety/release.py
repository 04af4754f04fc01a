"""Which changes of a plan its findings hold back.

Here belongs following what depends on a change that is not made. Finding is for the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

from reconciler.changes import Change
from reconciler.ownerships import handings
from reconciler.plan import Finding
from reconciler.row_rules import named_by_policy, same_tables
from reconciler.state import PRINCIPAL_KINDS, Key

_Thing = tuple[str, ...]
"""What a record refers to: a principal or a server, with its path."""


def held_back(changes: Sequence[Change], findings: Iterable[Finding]) -> tuple[Change, ...]:
    """The changes that findings hold back until they are accepted, and the dependents of these.

    What names a thing that is not created cannot be made. An account does not leave while something
    that was to be taken from it is kept, and no role, group or server goes while something in it,
    of it or on it is kept.
    """
    named = {key for each in findings if each.is_holding for key in each.keys}
    held = {change.key for change in changes if change.key in named} if named else set()
    if not held:
        return ()
    held |= set(_dependents(changes, held))  # nothing depends on a dependent of these alone, but:
    held |= same_tables(changes, held)
    return tuple(change for change in changes if change.key in held)


def _dependents(changes: Sequence[Change], held: Set[Key]) -> Iterator[Key]:
    missing: set[_Thing] = set()
    kept: set[_Thing] = set()
    for change in changes:
        if change.key in held and change.action == "create":
            missing.add(_thing(change.key))
        elif change.key in held and change.action == "delete":
            kept |= _needed(change.key) | _policy_roles(change)
        elif change.key in held:
            kept |= {("principal", each.before) for each in handings(change)}
    for change in changes:
        is_going = change.action == "delete" or _is_leaving(change)
        needed = _policy_roles(change)
        needed |= {("principal", each.after) for each in handings(change)}
        if change.action == "create":
            needed |= _needed(change.key)
        lacks = missing & needed
        if change.key not in held and (lacks or (is_going and _thing(change.key) in kept)):
            yield change.key


def _policy_roles(change: Change) -> set[_Thing]:
    """Whom a policy is for, once it is changed; one that goes, whom it was for."""
    side = change.before if change.action == "delete" else change.after
    named = named_by_policy(change.key, side)
    return {("principal", *node) for node in named}


def _is_leaving(change: Change) -> bool:
    """Whether an account is switched off, or loses a switch: it may be about to go."""
    before, after = change.before or {}, change.after or {}
    return change.key.kind == "account" and any(
        value is False and before.get(name) is True for name, value in after.items()
    )


def _thing(key: Key) -> _Thing:
    """What a record of a principal or server is to the records that refer to it.

    No two principals of a target have one path, so their kind says nothing.
    """
    if key.kind in PRINCIPAL_KINDS:
        return ("principal", *key.path)
    return (key.kind, *key.path)


def _needed(key: Key) -> set[_Thing]:
    """What has to be there for this record to be."""
    path = key.path
    match key.kind:
        case "membership":
            within = {("server", path[0])} if len(path) > 2 else set()
            return {("principal", *path[:-1]), ("principal", path[-1]), *within}
        case "role":
            return {("server", path[0])} if len(path) > 1 else set()
        case "setting":
            return {("principal", path[0])}
        case "privilege":
            return {("principal", path[0]), ("server", path[1])}
        case "default_privilege":
            return {("principal", path[0]), ("server", path[1]), ("principal", path[2])}
        case "schema" | "ownership":
            return {("server", path[0])}
        case "public_privilege":
            return {("server", path[0])}
        case "public_default":
            return {("server", path[0]), ("principal", path[1])}
    return set()
