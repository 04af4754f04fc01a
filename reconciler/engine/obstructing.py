"""What becomes of changes about which their target has something to say before they are tried.

Here belongs turning a provider's obstacles into changes and findings. What stands in the way of
what is for the provider to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from reconciler import safety
from reconciler.changes import Change
from reconciler.plan import Finding
from reconciler.provider import Foreseeing, Limited, Provider, Warned
from reconciler.scope import Capabilities
from reconciler.selection import Selection, shut_out
from reconciler.state import Key


def obstacles_of(provider: Provider, changes: Sequence[Change]) -> tuple[Warned, ...]:
    """What the target has to say about these changes; nothing, where it cannot be asked."""
    return provider.obstacles(changes) if isinstance(provider, Foreseeing) else ()


def obstructed(
    chosen: Selection, obstacles: Sequence[Warned], capabilities: Capabilities
) -> Selection:
    """The selection with what the target says of it.

    An account that cannot be deleted is shut out instead, where the target can do that: nobody may
    go on signing in because they own something.
    """
    if not obstacles:
        return chosen
    blocked = {key for each in obstacles if each.blocking for key in each.keys}
    changes = tuple(
        shut_out(each, capabilities) if _is_stuck(each, blocked, capabilities) else each
        for each in chosen.changes
    )
    left = tuple(each for each in changes if each.action != "update" or each.after)
    return replace(chosen, changes=left, obstacles=tuple(obstacles))


def _is_stuck(change: Change, blocked: Set[Key], capabilities: Capabilities) -> bool:
    """Whether an account cannot go, and can be shut out."""
    is_leaver = change.action == "delete" and change.key.kind == "account"
    return is_leaver and change.key in blocked and capabilities.disabled is not None


def obstacle_findings(target: str, chosen: Selection) -> Iterator[Finding]:
    """What the target says about its changes, as findings of the plan.

    Where an account is shut out instead of being deleted, that is not held back.
    """
    able = {each.key for each in chosen.changes if not _may_be_shut_out(each)}
    for each in chosen.obstacles:
        keys = [key for key in each.keys if key in able]
        yield safety.finding(each.rule, target, each.message, keys, blocking=each.blocking)


def _may_be_shut_out(change: Change) -> bool:
    return change.key.kind == "account" and change.action == "update"


def limit_findings(target: str, provider: Provider, changes: Sequence[Change]) -> Iterator[Finding]:
    """The limits that a target comes near to, as findings of the plan."""
    for each in provider.warnings(changes) if isinstance(provider, Limited) else ():
        yield safety.finding(each.rule, target, each.message, each.keys, blocking=each.blocking)
