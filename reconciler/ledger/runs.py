"""The runs in the ledger: when each began, what it was for and how it ended.

Here belongs reading and writing them. The journal is told of each beginning and end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from reconciler.ledger import journal
from reconciler.ledger.database import Transaction, whole
from reconciler.ledger.documents import read_run, run_text
from reconciler.ledger.values import Entry, Run

_APPLIES: Final = "SELECT run_id, document FROM runs WHERE kind = 'apply'"
_PAGE_SIZE: Final = 100


def begin(transaction: Transaction, run: Run) -> int:
    """Record that this run starts; the number that it gets, whatever it had, from 1."""
    last = transaction.rows("SELECT coalesce(max(run_id), 0) FROM runs")
    run = replace(run, run_id=whole(last[0][0]) + 1)
    transaction.execute(
        "INSERT INTO runs (run_id, kind, document) VALUES (?, ?, ?)",
        run.run_id,
        run.kind,
        run_text(run),
    )
    journal.append(transaction, run.started, [_started(run)])
    return run.run_id


def find(transaction: Transaction, run_id: int) -> Run | None:
    """The run of this number, or None where there is none."""
    rows = transaction.rows("SELECT document FROM runs WHERE run_id = ?", run_id)
    return read_run(str(rows[0][0])) if rows else None


def end(transaction: Transaction, ended: Run) -> None:
    """Record how a run ended, as it is told here."""
    transaction.execute(
        "UPDATE runs SET document = ? WHERE run_id = ?", run_text(ended), ended.run_id
    )
    message = f"exit code {ended.exit_code}" + (f": {ended.summary}" if ended.summary else "")
    journal.append(transaction, ended.ended, [Entry("run_ended", ended.run_id, message=message)])


def last(transaction: Transaction, limit: int) -> tuple[Run, ...]:
    """The last runs, newest first."""
    rows = transaction.rows("SELECT document FROM runs ORDER BY run_id DESC LIMIT ?", limit)
    return tuple(read_run(str(row[0])) for row in rows)


def last_success(transaction: Transaction, target: str) -> Run | None:
    """The newest apply that wrote or verified this target and ended well, or None."""
    for run in _applies(transaction):
        if run.exit_code == 0 and target in run.targets:
            return run
    return None


def _applies(transaction: Transaction) -> Iterator[Run]:
    """All applies, newest first, some read at a time."""
    page = transaction.rows(_APPLIES + " ORDER BY run_id DESC LIMIT ?", _PAGE_SIZE)
    while page:
        yield from (read_run(str(row[1])) for row in page)
        before = _APPLIES + " AND run_id < ? ORDER BY run_id DESC LIMIT ?"
        page = transaction.rows(before, page[-1][0], _PAGE_SIZE)


def _started(run: Run) -> Entry:
    return Entry(
        "run_started",
        run.run_id,
        message=run.command or run.kind,
        by=run.author,
        plan_digest=run.plan_digest,
    )
