"""The rules that stand between a plan and harm, as findings over it.

Here belongs what must not happen unless somebody accepts it. Rules look at the plan and the states;
they change neither. A blocking finding holds back its own changes and what depends on them, never
the rest. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from reconciler.changes import Change
from reconciler.plan import Finding, changed_name
from reconciler.scope import Capabilities, Desired
from reconciler.state import PRINCIPAL_KINDS, Key, State


def finding(
    rule: str, target: str, message: str, keys: Sequence[Key], *, blocking: bool
) -> Finding:
    """A finding whose id is stable as long as it says the same of the same records."""
    text = "\n".join([rule, target, message, *(str(key) for key in keys)])
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Finding(f"S-{digest}", rule, target, message, tuple(keys), blocking)


def check(
    desired: Desired,
    changes: Sequence[Change],
    protected: Sequence[Change],
    untouchable: frozenset[str],
) -> tuple[Finding, ...]:
    """Everything the rules say about one target's changes, in order of rule and place."""
    found = [
        *_protected(desired, protected, untouchable),
        *_emptied(desired, changes),
    ]
    return tuple(sorted(found, key=lambda each: (each.rule, each.message)))


def _protected(
    desired: Desired, protected: Sequence[Change], untouchable: frozenset[str]
) -> Iterator[Finding]:
    for name in sorted({changed_name(change.key) for change in protected}):
        keys = [change.key for change in protected if changed_name(change.key) == name]
        why = _why_protected(name, desired, untouchable)
        message = f'"{name}" is {why}: {len(keys)} difference(s) left alone'
        yield finding("protected", desired.target, message, keys, blocking=False)


def _why_protected(name: str, desired: Desired, untouchable: frozenset[str]) -> str:
    if name in untouchable:
        return "the account reconciler uses, or a bootstrap administrator"
    if desired.scope.is_protected(name):
        return "protected by policy.protect"
    return "tied to a protected name"


def _emptied(desired: Desired, changes: Sequence[Change]) -> Iterator[Finding]:
    """A list in the manifest that became empty, and would cut off everybody who is in it now."""
    removed: dict[tuple[str, ...], list[Key]] = {}
    for change in changes:
        if change.action == "delete" and change.key.kind == "membership":
            removed.setdefault(change.key.path[:-1], []).append(change.key)
    for container in sorted(desired.scope.emptied & removed.keys()):
        keys = removed[container]
        who = ", ".join(sorted(desired.people.get(key.path[-1], key.path[-1]) for key in keys))
        message = f'"{"/".join(container)}" would be left without anybody; it would lose {who}'
        yield finding("emptied", desired.target, message, keys, blocking=True)


def unasked_levels(
    desired: Desired, observed: State, unmanaged: Sequence[Key], capabilities: Capabilities
) -> tuple[Finding, ...]:
    """Accounts of the manifest's users, left alone, that hold a level no grant gives them.

    Nothing says who gave it, so it is not taken; somebody ought to know.
    """
    lowest = capabilities.levels[:1]
    found = []
    for key in sorted(key for key in unmanaged if key.kind == "account"):
        name = key.path[-1]
        level = (observed.get(key) or {}).get("level")
        if name in desired.people and isinstance(level, str) and level not in lowest:
            message = (
                f'{desired.people[name]} has the level "{level}", which no grant gives; the '
                "account has no other grant here and is left alone. Take the level away by hand, "
                "or grant a role, and the level is managed"
            )
            found.append(finding("unasked-level", desired.target, message, [key], blocking=False))
    return tuple(found)


def held_back(changes: Sequence[Change], findings: Iterable[Finding]) -> tuple[Change, ...]:
    """The changes that unaccepted blocking findings hold back: those named, and their dependents.

    A change depends on another that creates a principal it names; and an account does not leave
    while a membership that was to be taken from it is kept.
    """
    blocked = {key for each in findings if each.is_holding for key in each.keys}
    missing = {
        change.key.path[-1]
        for change in changes
        if change.key in blocked
        and change.action == "create"
        and change.key.kind in PRINCIPAL_KINDS
    }
    kept = {
        change.key.path[-1]
        for change in changes
        if change.key in blocked and change.action == "delete" and change.key.kind == "membership"
    }
    return tuple(
        change
        for change in changes
        if change.key in blocked
        or missing.intersection(change.key.path)
        or (_is_leaving(change) and change.key.path[-1] in kept)
    )


def _is_leaving(change: Change) -> bool:
    """Whether no line asks for the account any more: it is disabled or deleted."""
    return change.key.kind == "account" and change.action != "create" and not change.sources
