"""Which changes of an intent are open: nobody knows yet what became of them.

Here belong the rules by which results settle the changes of an intent, counted when an entry is
appended, asked for, and counted again when the journal is checked. A change is settled by a result
that is not unknown, and by whatever a later run found on the target.
"""

from __future__ import annotations

from typing import Final

from reconciler.ledger.database import Transaction, whole
from reconciler.ledger.documents import read_entry
from reconciler.ledger.values import Entry, EntryKind, OpenIntent, ResultStatus

_STATUSES: Final[dict[EntryKind, frozenset[ResultStatus]]] = {
    "result": frozenset({"done", "failed", "skipped", "unknown"}),
    "found": frozenset({"done", "not_done", "changed"}),
}
_SIZE: Final = "SELECT still_open FROM journal WHERE target = ? AND kind = 'intent' AND number = ?"
_RESULTS: Final = "SELECT content FROM journal WHERE intent = ? ORDER BY number"
_OPEN: Final = (
    "SELECT number FROM journal WHERE target = ? AND kind = 'intent' AND still_open > 0"
    " AND NOT EXISTS (SELECT 1 FROM journal later"
    " WHERE later.intent = journal.number AND later.still_open = 0) ORDER BY number"
)


def still_open(transaction: Transaction, entry: Entry) -> int:
    """How many changes of its intent are open behind this entry, which is not appended yet.

    0 for an entry that has to do with no intent. ValueError for results that fit no intent.
    """
    if entry.kind == "intent":
        return len(entry.changes)
    if entry.kind not in _STATUSES:
        return 0
    rows = transaction.rows(_SIZE, entry.target, entry.intent)
    if not rows:
        raise ValueError(f"there is no intent {entry.intent} of {entry.target}")
    size = whole(rows[0][0])
    _check_results(entry, size)
    settled = _settled_before(transaction, entry.intent) | _settled(entry)
    return size - len(settled)


def _check_results(entry: Entry, size: int) -> None:
    wrong = {each.status for each in entry.results} - _STATUSES[entry.kind]
    if wrong:
        raise ValueError(f"no {entry.kind} is {' or '.join(sorted(wrong))}")
    indexes = {each.index for each in entry.results}
    if len(indexes) != len(entry.results):
        raise ValueError("two results for one change")
    if indexes and not (min(indexes) >= 0 and max(indexes) < size):
        raise ValueError(f"a result for a change that intent {entry.intent} does not have")


def _settled(entry: Entry) -> set[int]:
    return {each.index for each in entry.results if each.status != "unknown"}


def _settled_before(transaction: Transaction, intent: int) -> set[int]:
    """The indexes that the journal's results for this intent settle."""
    rows = transaction.rows(_RESULTS, intent)
    return {index for row in rows for index in _settled(read_entry(str(row[0])).entry)}


def open_intents(transaction: Transaction, target: str) -> tuple[OpenIntent, ...]:
    """The intents of a target with open changes, oldest first."""
    rows = transaction.rows(_OPEN, target)
    return tuple(_open_intent(transaction, whole(row[0])) for row in rows)


def _open_intent(transaction: Transaction, number: int) -> OpenIntent:
    rows = transaction.rows("SELECT content FROM journal WHERE number = ?", number)
    _, at, entry, _ = read_entry(str(rows[0][0]))
    settled = _settled_before(transaction, number)
    changes = ((i, change) for i, change in enumerate(entry.changes) if i not in settled)
    return OpenIntent(number, at, entry.run_id, tuple(changes))


class Count:
    """Counts what is open while the journal is read from its first entry to its last."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._open: dict[int, set[int]] = {}

    def behind(self, number: int, entry: Entry) -> int | None:
        """How many changes of its intent are open behind this entry; None where its intent was not
        read.
        """
        if entry.kind == "intent":
            self._open[number] = set(range(len(entry.changes)))
            return len(entry.changes)
        if entry.kind not in _STATUSES:
            return 0
        if entry.intent not in self._open:
            return None
        self._open[entry.intent] -= _settled(entry)
        return len(self._open[entry.intent])
