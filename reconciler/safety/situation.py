"""What the rules judge, and how they say what they found.

Here belong `Situation`, the making of findings with their ids, and the words that rules share. The
rules are in the other modules of this package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.holding import Holding
from reconciler.plan import Finding
from reconciler.scope import Capabilities, Desired
from reconciler.state import Key, Node, State

_SHOWN_PEOPLE: Final = 5


@dataclass(frozen=True)
class Situation:
    """One target before a plan, and what the plan would do there.

    `desired` is normalised; `changes` are in apply order. `account` is who we are there, one of the
    `untouchable`. `protected` are changes that were set aside since they touch a protected name;
    `drift` is what the target did by itself, `unmanaged` what is left alone. `dropped_protection`
    are patterns that protected at the last apply, that the manifest no longer has, and that are
    still in force. Without `is_applied_known`, nothing is remembered of an earlier apply.
    `offboarded` are accounts from which all was taken at once, each with when, by whom and why.
    """

    desired: Desired
    observed: State
    changes: tuple[Change, ...]
    capabilities: Capabilities
    account: str
    untouchable: frozenset[str]
    protected: tuple[Change, ...] = ()
    drift: tuple[Difference, ...] = ()
    unmanaged: tuple[Key, ...] = ()
    dropped_protection: tuple[str, ...] = ()
    is_applied_known: bool = True
    offboarded: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _start(self) -> Holding:
        return Holding(self.observed, self.capabilities)

    def graph(self) -> Holding:
        """Who holds what before the first step; the caller may change it.

        Half a dozen rules walk from there, and the graph is made of the whole state only once.
        """
        return self._start.copied()

    def with_changes(self, changes: tuple[Change, ...]) -> Situation:
        """The same target before these changes instead."""
        return self if changes == self.changes else replace(self, changes=changes)

    @property
    def target(self) -> str:
        """The name of the target."""
        return self.desired.target


def finding(
    rule: str, target: str, message: str, keys: Sequence[Key], *, blocking: bool
) -> Finding:
    """A finding whose id is stable as long as it says the same of the same records."""
    text = "\n".join([rule, target, message, *(str(key) for key in keys)])
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Finding(f"S-{digest}", rule, target, message, tuple(keys), blocking)


def person(name: str, desired: Desired) -> str:
    """The name to show for an account; its own, where the manifest knows nobody who has it."""
    return desired.people.get(name, name)


def people(names: Iterable[str], desired: Desired) -> str:
    """The names to show for these accounts, the first few of many."""
    shown = sorted(person(name, desired) for name in names)
    rest = len(shown) - _SHOWN_PEOPLE
    if rest <= 1:
        return ", ".join(shown)
    return f"{', '.join(shown[:_SHOWN_PEOPLE])} and {rest} more"


def node_name(node: Node) -> str:
    """The name to show for a group or role."""
    return "/".join(part for part in node if part)
