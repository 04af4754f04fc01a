"""Which changes take something away, and from whom.

Here belongs finding the changes behind a loss. Judging a loss is for the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from reconciler.changes import Change
from reconciler.classify import direction
from reconciler.holding import Holding, Node
from reconciler.scope import Capabilities
from reconciler.state import Key


def takes(change: Change, capabilities: Capabilities) -> bool:
    """Whether the change takes anything away: a record, a right, a switch, a level.

    A value that is merely another may be less than the one before, so it counts.
    """
    if change.action == "create":
        return False
    if change.action == "delete" or _disables(change, capabilities):
        return True
    return direction(change.before, change.after, capabilities.levels) != "widened"


def _disables(change: Change, capabilities: Capabilities) -> bool:
    """Whether an update of an account sets the fields of one that may not sign in."""
    after, disabled = change.after or {}, capabilities.disabled or {}
    return change.key.kind == "account" and any(
        name in after and after[name] == value for name, value in disabled.items()
    )


def taking(changes: Iterable[Change], capabilities: Capabilities) -> tuple[Change, ...]:
    """Those of the changes that take anything away, in their order."""
    return tuple(change for change in changes if takes(change, capabilities))


def touched(key: Key) -> Node:
    """The account, group or role whose access a change of this record alters.

    The member of a membership, the grantee of a right, or the thing itself.
    """
    match key.kind:
        case "membership":
            return key.path[-1:]
        case "privilege" | "default_privilege":
            return key.path[:1]
    return key.path


def losses(changes: Iterable[Change], node: Node, lost: Set[str], before: Holding) -> Iterator[Key]:
    """Those of the changes through which these accounts lose their place in the node.

    `changes` take something away; `before` is the graph before they were made. None of the accounts
    loses its place as long as none of these changes is made.
    """
    inside, around = before.below(node), before.above_all(lost)
    for change in changes:
        path = change.key.path
        is_lost = (
            path[:-1] in inside and path[-1:] in around
            if change.key.kind == "membership"
            else change.key.kind == "account" and path[-1] in lost
        )
        if is_lost and before.loses(change):
            yield change.key


def of_kinds_that_hold(changes: Iterable[Change]) -> Iterator[Change]:
    """The changes of accounts and memberships, which alone alter who is in what."""
    return (change for change in changes if change.key[0] in ("account", "membership"))
