"""The one suite that every ledger passes, wherever it stands."""

from __future__ import annotations

from tests.ledger.cases_formats import FormatCases
from tests.ledger.cases_journal import JournalCases, TamperingCases
from tests.ledger.cases_locks import LockCases
from tests.ledger.cases_memory import MemoryCases
from tests.ledger.cases_offboarding import OffboardingCases
from tests.ledger.cases_processes import ProcessCases


class LedgerSuite(
    MemoryCases,
    JournalCases,
    TamperingCases,
    OffboardingCases,
    LockCases,
    ProcessCases,
    FormatCases,
):
    """All cases; a subclass has a fixture `place` without a ledger in it."""
