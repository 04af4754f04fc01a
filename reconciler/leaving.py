"""What one person loses who leaves at once, and nothing else of a plan. Pure.

Here belongs choosing that of what `reconciler.selection` found. That the manifest says of somebody
that they left is `reconciler.manifest.departing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from reconciler.changes import Change
from reconciler.plan import Finding
from reconciler.safety.taking import takes
from reconciler.scope import Capabilities, Desired, Prune, Removals
from reconciler.selection import Remembered, Selection
from reconciler.state import EMPTY, Key, Kind, touched

_PERSONAL: Final[frozenset[Kind]] = frozenset(
    {"account", "membership", "privilege", "default_privilege", "setting"}
)
"""The kinds of record that are about one account."""

_ONE_PERSON: Final = Removals(percent=100, at_most=1, floor=1)
"""How much may be taken where all of it is one person's, whom somebody named."""


def is_of(key: Key, account: str) -> bool:
    """Whether a record is this account, or something that it holds itself."""
    return key.kind in _PERSONAL and touched(key) == (account,)


def leaving(chosen: Selection, account: str, capabilities: Capabilities) -> Selection:
    """Only what this account loses, with the end of its open sessions where the target can do that,
    and what is left to it.
    """
    changes = [each for each in chosen.changes if _is_loss(each, account, capabilities)]
    return replace(
        chosen,
        changes=_ending_sessions(changes, account) if capabilities.sessions else tuple(changes),
        unmanaged=tuple(key for key in chosen.unmanaged if is_of(key, account)),
        protected=tuple(each for each in chosen.protected if is_of(each.key, account)),
        drift=tuple(each for each in chosen.drift if is_of(each.key, account)),
    )


def _is_loss(change: Change, account: str, capabilities: Capabilities) -> bool:
    if not is_of(change.key, account):
        return False
    return change.action == "delete" or takes(change, capabilities)


def _ending_sessions(changes: Sequence[Change], account: str) -> tuple[Change, ...]:
    """The changes, of which the one of the account, or else the last, ends its sessions: what a
    session may do is settled when it begins.
    """
    if not changes:
        return ()
    own = [i for i, each in enumerate(changes) if each.key.kind == "account"]
    last = own[-1] if own else len(changes) - 1
    return tuple(
        replace(each, end_sessions=tuple(sorted({*each.end_sessions, account})))
        if i == last
        else each
        for i, each in enumerate(changes)
    )


def concerning(findings: Iterable[Finding], account: str) -> list[Finding]:
    """The findings that have to do with this account, or with the whole target."""
    return [
        each
        for each in findings
        if each.rule == "other-system" or any(is_of(key, account) for key in each.keys)
    ]


def of_one_person(desired: Desired) -> Desired:
    """What is asked, without limits of how much may be taken: they are against mistakes that cut
    off many, and here somebody named whom.
    """
    return replace(desired, policy=replace(desired.policy, removals=_ONE_PERSON))


def unremembered(desired: Desired) -> tuple[Desired, Remembered]:
    """How somebody is taken off a target of which nothing is remembered.

    They lose their places in what the manifest declares, since it says who may be in there. Nothing
    is known to be ours, so no account is deleted.
    """
    prune: Prune = "never" if desired.policy.prune == "never" else "owned"
    careful = replace(desired, policy=replace(desired.policy, prune=prune, leavers="disable"))
    return careful, Remembered(EMPTY, lambda _: "config")
