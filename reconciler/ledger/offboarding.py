"""Which accounts were offboarded, as the journal tells: it is part of the chain.

Here belongs reading it back. An entry `offboarded` begins it, `offboarding_over` ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.ledger.database import Transaction
from reconciler.ledger.documents import read_entry

_SELECT: Final = (
    "SELECT content FROM journal WHERE target = ? AND kind IN ('offboarded', 'offboarding_over')"
    " ORDER BY number"
)


@dataclass(frozen=True, slots=True)
class Offboarded:
    """An account of a target from which everything was taken at once: when, by whom, and why."""

    account: str
    at: str
    by: str
    reason: str

    def __str__(self) -> str:
        by = f" by {self.by}" if self.by else ""
        return f"at {self.at}{by}" + (f" ({self.reason})" if self.reason else "")


def offboarded(transaction: Transaction, target: str) -> tuple[Offboarded, ...]:
    """The accounts of a target that were offboarded and of which nobody has decided since."""
    found: dict[str, Offboarded] = {}
    for row in transaction.rows(_SELECT, target):
        _, at, entry, _ = read_entry(str(row[0]))
        if entry.kind == "offboarded":
            found[entry.subject] = Offboarded(entry.subject, at, entry.by, entry.message)
        else:
            found.pop(entry.subject, None)
    return tuple(found[name] for name in sorted(found))
