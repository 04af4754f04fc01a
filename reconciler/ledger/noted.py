"""What providers noted of accounts while they applied, as the journal tells.

Here belongs reading it back for a run that died: one that ends puts its notes beside what it
applied.
"""

from __future__ import annotations

from typing import Final

from reconciler.ledger.database import Transaction
from reconciler.ledger.documents import read_entry

_SELECT: Final = (
    "SELECT content FROM journal WHERE target = ? AND kind = 'noted' AND run_id > ? ORDER BY number"
)


def noted(transaction: Transaction, target: str, after_run: int) -> dict[str, str]:
    """The notes on a target of runs after this one, by account; the last of each counts."""
    found: dict[str, str] = {}
    for row in transaction.rows(_SELECT, target, after_run):
        entry = read_entry(str(row[0])).entry
        found[entry.subject] = entry.message
    return found
