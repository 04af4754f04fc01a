"""The rules about names that are not to be touched, and lists that became empty.

Here belong `policy.protect`, break-glass accounts, emptied lists, and levels nobody gave.
"""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from reconciler.changes import Change
from reconciler.holding import Holding
from reconciler.ownerships import handings
from reconciler.plan import Finding, changed_name
from reconciler.safety.situation import Situation, finding, person
from reconciler.safety.taking import takes
from reconciler.scope import Capabilities, Desired
from reconciler.state import EMPTY, INVITED, Key, Node, State, touched
from reconciler.wording import counted


def protected(
    desired: Desired,
    changes: Sequence[Change],
    untouchable: frozenset[str],
    dropped: Collection[str] = (),
) -> Iterator[Finding]:
    """What was set aside since it touches a name that is not to be touched."""
    by_name: defaultdict[str, list[Key]] = defaultdict(list)
    for change in changes:
        for name in _owners(change, desired, dropped) or (changed_name(change.key),):
            by_name[name].append(change.key)
    for name, keys in sorted(by_name.items()):
        if name in untouchable:
            why = "the account reconciler uses, a bootstrap administrator, or another manifest's"
        elif any(fnmatch.fnmatchcase(name, pattern) for pattern in dropped):
            why = "protected by policy.protect of the last apply"
        elif desired.scope.is_protected(name):
            why = "protected by policy.protect"
        else:
            why = "tied to a protected name"
        message = f'"{name}" is {why}: {counted(len(keys), "difference")} left alone'
        yield finding("protected", desired.target, message, keys, blocking=False)


def _owners(change: Change, desired: Desired, dropped: Collection[str]) -> tuple[str, ...]:
    """The protected names that would be given something or would lose it."""
    names = {name for each in handings(change) for name in (each.before, each.after)}
    patterns = (*desired.scope.protected, *dropped)
    return tuple(n for n in sorted(names) if any(fnmatch.fnmatchcase(n, p) for p in patterns))


def protection_dropped(situation: Situation) -> Iterator[Finding]:
    """Patterns that the manifest no longer protects: they do until somebody has accepted that."""
    for pattern in sorted(situation.dropped_protection):
        message = (
            f'policy.protect of {situation.target} no longer has "{pattern}"; it stays in force '
            "for this apply; accept, and the next plan may touch what it protected"
        )
        yield finding("protection-dropped", situation.target, message, (), blocking=True)


def emptied(desired: Desired, changes: Sequence[Change]) -> Iterator[Finding]:
    """Lists in the manifest that became empty, and would cut off everybody who is in them now."""
    removed: dict[Node, list[Key]] = {}
    if desired.scope.emptied:
        for change in changes:
            if change.action == "delete" and change.key.kind == "membership":
                removed.setdefault(change.key.path[:-1], []).append(change.key)
    for container in sorted(desired.scope.emptied & removed.keys()):
        keys = removed[container]
        who = ", ".join(sorted(person(key.path[-1], desired) for key in keys))
        message = f'"{"/".join(container)}" would be left without anybody; it would lose {who}'
        yield finding("emptied", desired.target, message, keys, blocking=True)


def break_glass(situation: Situation) -> Iterator[Finding]:
    """Accounts for emergencies that do not exist, were changed by hand, or would be changed.

    That includes the roles and groups they are in: what takes these out of others, or away.
    """
    names = sorted(situation.desired.rules.break_glass)
    if not names:
        return
    observed = situation.observed if situation.changes else EMPTY
    graph = Holding(observed, situation.capabilities)  # to see what the changes take from
    created = {change.key for change in situation.changes if change.action == "create"}
    for name in names:
        key = Key("account", (name,))
        if INVITED in (situation.desired.state.get(key) or {}):
            message = (
                f'the break-glass account "{name}" on {situation.target} waits for whoever is '
                "invited to make it; there is no way in with it yet when all else fails"
            )
            yield finding("break-glass", situation.target, message, (), blocking=True)
        elif key in situation.desired.state and key not in {*situation.observed.records, *created}:
            message = (
                f'the break-glass account "{name}" is not on {situation.target}, and nothing in '
                "this plan creates it; there is no way in when all else fails"
            )
            yield finding("break-glass", situation.target, message, (), blocking=True)
        else:
            yield from _altered(name, graph, situation)


def _altered(name: str, graph: Holding, situation: Situation) -> Iterator[Finding]:
    above = graph.above((name,))
    by_plan = {
        change.key for change in situation.changes if _alters(change, name, above, situation)
    }
    by_hand = {each.key for each in situation.drift if touched(each.key) == (name,)}
    if not by_plan | by_hand:
        return
    said = []
    if by_hand:
        said.append(f"has {counted(len(by_hand), 'difference')} made by hand")
    if by_plan:
        said.append(f"would be altered by {counted(len(by_plan), 'change')}")
    who = person(name, situation.desired)
    message = (
        f'the break-glass account "{name}" ({who}) on {situation.target} {" and ".join(said)}; '
        "find out who needs it, then accept, or take the change out of the manifest"
    )
    yield finding(
        "break-glass", situation.target, message, sorted(by_plan | by_hand), blocking=True
    )


def _alters(change: Change, name: str, above: set[Node], situation: Situation) -> bool:
    if change.action == "create":
        return False
    if touched(change.key) == (name,):
        return True
    is_on_the_way = change.key.kind in ("membership", "group", "role")
    return is_on_the_way and touched(change.key) in above and takes(change, situation.capabilities)


def unasked_levels(
    desired: Desired, observed: State, unmanaged: Sequence[Key], capabilities: Capabilities
) -> Iterator[Finding]:
    """Accounts of the manifest's users, left alone, that hold a level no grant gives them.

    Nothing says who gave it, so it is not taken; somebody ought to know.
    """
    lowest = capabilities.levels[:1]
    for key in sorted(key for key in unmanaged if key.kind == "account"):
        name = key.path[-1]
        level = (observed.get(key) or {}).get("level")
        if name in desired.people and isinstance(level, str) and level not in lowest:
            message = (
                f'{desired.people[name]} has the level "{level}", which no grant gives; the '
                "account has no other grant here and is left alone. Take the level away by hand, "
                "or grant a role, and the level is managed"
            )
            yield finding("unasked-level", desired.target, message, [key], blocking=False)
