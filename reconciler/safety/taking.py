"""Which changes take something away, and from whom.

Here belongs finding the changes behind a loss. Judging a loss is for the rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from reconciler.changes import Change
from reconciler.classify import direction, direction_of, only_tells
from reconciler.holding import Holding
from reconciler.ownerships import handings
from reconciler.passwords import PASSWORD
from reconciler.row_rules import ROW_KINDS
from reconciler.scope import Capabilities
from reconciler.state import Fields, Key, Node


def takes(change: Change, capabilities: Capabilities) -> bool:
    """Whether the change takes anything away: a record, a right, a switch, a level.

    A value that is merely another may be less than the one before, so it counts. Settings, and
    attributes that only tell, give nobody anything.
    """
    if change.key.kind == "ownership":
        return any(each.before for each in handings(change))
    if change.action == "create" or change.key.kind == "setting" or only_tells(change.after):
        return False
    if change.key.kind in ROW_KINDS:
        whole = change.before or {}
        return direction_of(change.key, (change.before, change.after), whole) != "widened"
    if change.action == "delete" or _disables(change, capabilities):
        return True
    before, after = (_less_password(side or {}) for side in (change.before, change.after))
    if change.after and not after:
        return False
    return direction(before, after, capabilities.levels) != "widened"


def _less_password(fields: Fields) -> Fields:
    """The fields but for a password: whoever may have it is told another, and loses nothing."""
    return {name: value for name, value in fields.items() if name != PASSWORD}


def _disables(change: Change, capabilities: Capabilities) -> bool:
    """Whether an update of an account sets the fields of one that may not sign in."""
    after, disabled = change.after or {}, capabilities.disabled or {}
    return change.key.kind == "account" and any(
        name in after and after[name] == value for name, value in disabled.items()
    )


def taking(changes: Iterable[Change], capabilities: Capabilities) -> tuple[Change, ...]:
    """Those of the changes that take anything away, in their order."""
    return tuple(change for change in changes if takes(change, capabilities))


def by_place(changes: Iterable[Change]) -> Mapping[Node, Sequence[Change]]:
    """The changes of accounts and memberships, by the account, or by what the membership is in."""
    result: defaultdict[Node, list[Change]] = defaultdict(list)
    for change in of_kinds_that_hold(changes):
        path = change.key.path
        result[path if change.key.kind == "account" else path[:-1]].append(change)
    return dict(result)


def losses(
    placed: Mapping[Node, Sequence[Change]], node: Node, lost: Set[str], before: Holding
) -> tuple[Key, ...]:
    """The changes through which these accounts lose their place in the node, in order of key.

    `placed` are the changes that may be it, by place; `before` is the graph before they were made.
    None of the accounts loses its place as long as none of these changes is made.
    """
    around = before.above_all(lost)
    return tuple(
        sorted(
            change.key
            for place in before.below(node) & placed.keys()
            for change in placed[place]
            if change.key.path[-1:] in around and before.loses(change)
        )
    )


def of_kinds_that_hold(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes of accounts and memberships, which alone alter who is in what."""
    return (change for change in changes if change.key[0] in ("account", "membership"))
