"""Turns what became of transactions into the outcomes of changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.changes import Change, Journal, Outcome
from reconciler.providers.postgres.statements import Statement
from reconciler.providers.postgres.transactions import FailedStatement
from reconciler.state import Key


class Tally:
    """Keeps which changes of an apply are told of. A change is done when its last statement is."""

    def __init__(
        self, changes: Sequence[Change], statements: Sequence[Statement], journal: Journal
    ) -> None:
        self._changes = {change.key: change for change in changes}
        self._statements_left = Counter(key for each in statements for key in each.keys)
        self._begun: set[Key] = set()
        self._told: set[Key] = set()
        self._journal = journal

    def begin(self, batch: Sequence[Statement]) -> None:
        """Tell the journal what is about to be written, in the order of the changes."""
        begun = [each for each in self._changes_of(batch) if each.key not in self._begun]
        self._begun.update(change.key for change in begun)
        if begun:
            self._journal.intend(begun)

    def end(self, batch: Sequence[Statement], failure: FailedStatement | None) -> Iterator[Outcome]:
        """The outcomes of the changes that this transaction finished or failed."""
        self._statements_left.subtract(key for each in batch for key in each.keys)
        for change in self._changes_of(batch):
            if change.key not in self._told and (failure or not self._statements_left[change.key]):
                self._told.add(change.key)
                yield _outcome(change, failure)

    def _changes_of(self, batch: Sequence[Statement]) -> list[Change]:
        touched = {key for statement in batch for key in statement.keys}
        return [change for key, change in self._changes.items() if key in touched]

    def unwritten(self) -> Iterator[Outcome]:
        """The changes that need no statement, since the target is as they want it already."""
        for key, change in self._changes.items():
            if key not in self._told and key not in self._statements_left:
                self._told.add(key)
                yield Outcome(change, "done")

    def rest(self, why: str) -> Iterator[Outcome]:
        """The changes that are not told of yet, because the work ended early."""
        for key, change in self._changes.items():
            if key not in self._told:
                yield Outcome(change, "skipped", why)


def _outcome(change: Change, failure: FailedStatement | None) -> Outcome:
    if failure is None:
        return Outcome(change, "done")
    if failure.is_unknown:
        return Outcome(change, "unknown", failure.message)
    if change.key in failure.keys or not failure.keys:
        return Outcome(change, "failed", failure.message)
    return Outcome(change, "skipped", "rolled back with the change that failed")
