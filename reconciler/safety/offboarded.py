"""The rule about people who were taken off a target at once: nobody gives it back by accident.

A manifest that was not changed after an offboarding still asks for everything, and an apply on a
schedule would give it back within the hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.changes import Change
from reconciler.classify import direction
from reconciler.plan import Finding
from reconciler.safety.situation import Situation, finding, person
from reconciler.scope import Capabilities
from reconciler.state import Key, Kind, touched

OFFBOARDED: Final = "offboarded"
_GIVING: Final[frozenset[Kind]] = frozenset(
    {"account", "membership", "privilege", "default_privilege"}
)


def offboarded(situation: Situation) -> Iterator[Finding]:
    """What would give something to an account that was offboarded."""
    back = given_back(situation.changes, situation.offboarded, situation.capabilities)
    for name, keys in sorted(back.items()):
        who = person(name, situation.desired)
        message = (
            f"{who} ({name}) was offboarded {situation.offboarded[name]}, and this plan gives "
            "access back: say `state: departed` in the manifest, or accept to give it back"
        )
        yield finding(OFFBOARDED, situation.target, message, keys, blocking=True)


def given_back(
    changes: Sequence[Change], offboarded: Mapping[str, str], capabilities: Capabilities
) -> dict[str, list[Key]]:
    """The records by which one of these accounts would hold more, by account."""
    found: defaultdict[str, list[Key]] = defaultdict(list)
    if offboarded:
        for change in changes:
            name = touched(change.key)[-1]
            if name in offboarded and change.key.kind in _GIVING and _gives(change, capabilities):
                found[name].append(change.key)
    return {name: sorted(keys) for name, keys in found.items()}


def _gives(change: Change, capabilities: Capabilities) -> bool:
    if change.action != "update":
        return change.action == "create"
    return direction(change.before, change.after, capabilities.levels) != "narrowed"
