"""What a run knows of earlier ones: the applied states that the ledger keeps.

Here belongs reading the ledger. It is opened when it is first asked something, and only read; what
an apply leaves there is `recording`. Without a ledger nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.clock import utc_now
from reconciler.state import INVITED, State

if TYPE_CHECKING:
    from reconciler.ledger import AppliedHead, Ledger


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last apply left on one target: `state` in manifest spelling, `head` the rest.

    With `is_as_asked` the state is what is asked now, and the `besides` of its head.
    """

    head: AppliedHead
    state: State
    is_as_asked: bool = False


class Memories:
    """What the ledger at a place knows. An empty place: there is no ledger."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._states: dict[str, tuple[str, State]] = {}
        self._opening = Lock()  # targets are read side by side, and a cached_property has none
        self._opened: Ledger | None = None

    @property
    def _ledger(self) -> Ledger | None:
        if not self._place:
            return None
        with self._opening:
            if self._opened is None:
                from reconciler.ledger import open_ledger  # loads a database driver

                self._opened = open_ledger(self._place, clock=utc_now, create=False)
            return self._opened

    def head(self, target: str) -> AppliedHead | None:
        """What is known of the last apply on a target, but for its state. Raises LedgerError."""
        return None if self._ledger is None else self._ledger.applied_head(target)

    def recall(self, target: str, place: str, asked: State, stands_for: str) -> Memory | None:
        """What the last apply left on a target, or None where nothing is known of it.

        What was applied to another system than the one at this `place` is not known of this one.
        `asked` is what the manifest asks now, `stands_for` the text that says of which manifest and
        time it is the expansion: where that was applied, the state is not read but is `asked`.
        """
        if self._ledger is None:
            return None
        head = self._ledger.applied_head(target)
        if head is None or not head.is_of(place):
            return None
        if head.stands_for and head.stands_for == stands_for:
            return Memory(head, _with(asked, head.besides), is_as_asked=True)
        known = self._states.get(target)
        if known is None or known[0] != head.digest:  # an apply asks three times for the same
            applied = self._ledger.applied(target)
            if applied is None:
                return None
            known = self._states[target] = (applied.digest, applied.state)
        return Memory(head, known[1])

    def notes(self, target: str, place: str) -> Mapping[str, str]:
        """What a provider wanted remembered of a target's accounts.

        A run that died has it in the journal alone.
        """
        if self._ledger is None:
            return {}
        head = self._ledger.applied_head(target)
        if head is None:
            return self._ledger.noted(target, 0)
        later = self._ledger.noted(target, head.run_id)
        return {**head.notes, **later} if head.is_of(place) else {}

    def inviting(self, target: str, place: str) -> frozenset[str]:
        """The accounts of a target to which a run was inviting somebody when it died."""
        head = self.head(target)
        if self._ledger is None or (head is not None and not head.is_of(place)):
            return frozenset()
        intents = self._ledger.open_intents(target)
        changes = [change for intent in intents for _, change in intent.changes]
        return frozenset(each.key.path[-1] for each in changes if INVITED in (each.after or {}))

    def first_seen(self, target: str) -> Mapping[str, str]:
        """When each drift of a target was first seen, by its id."""
        if self._ledger is None:
            return {}
        return {each.id: each.first_seen for each in self._ledger.drift_seen(target)}

    def offboarded(self, target: str) -> Mapping[str, str]:
        """The accounts of a target that were offboarded, each with when, by whom and why."""
        if self._ledger is None:
            return {}
        return {each.account: str(each) for each in self._ledger.offboarded(target)}

    def close(self) -> None:
        """Close the ledger."""
        if self._opened is not None:
            self._opened.close()


def _with(asked: State, besides: State) -> State:
    return State({**asked.records, **besides.records}) if besides.records else asked
