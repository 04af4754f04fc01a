"""The ledger: what the tool remembers between runs.

Here belongs the interface, one method a question or fact, over any `Database`. The chain of the
journal is `journal`, the leases are `locks`; `runs` and `drift` have modules of their own too.
Methods import what they need: a plan asks for applied states alone, and loading the rest would take
it 0.01 s more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from reconciler.errors import LedgerError, StaleError
from reconciler.json_node import WrongShapeError
from reconciler.json_text import Json
from reconciler.ledger.applied import Applied, AppliedHead, Clock, rfc3339_utc, time_text
from reconciler.ledger.applied_documents import (
    AppliedTexts,
    applied_texts,
    read_applied,
    read_applied_head,
)
from reconciler.ledger.database import Database, Transaction, damaged

if TYPE_CHECKING:
    from reconciler.ledger.locks import Lock
    from reconciler.ledger.offboarding import Offboarded
    from reconciler.ledger.values import (
        DriftNews,
        Entry,
        Head,
        JournalEntry,
        LockStatus,
        OpenIntent,
        Run,
        SeenDrift,
    )

_APPLIED = "SELECT document, records FROM applied WHERE target = ?"
_UPSERT_APPLIED = (
    "INSERT INTO applied (target, document, records) VALUES (?, ?, ?) ON CONFLICT (target)"
    " DO UPDATE SET document = excluded.document, records = excluded.records"
)


class Ledger:
    """The memory of the tool, for one set of manifests. Use it as a context manager.

    Whatever a method records is on disk when it returns. It may be used from several threads, and
    by several processes at once. Every method raises LedgerError where the ledger cannot be read or
    written, and the recording ones where it was opened for reading only.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use an open database whose tables are there; it is closed with the ledger."""
        self._database = database
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Ledger {self.place}>"

    @property
    def place(self) -> str:
        """What messages call it: the path of the file, or that it is in PostgreSQL."""
        return self._database.place

    @property
    def is_writable(self) -> bool:
        """Whether anything can be recorded; not so for one that may only be read, or is absent."""
        return self._database.is_writable

    def close(self) -> None:
        """Close it. Locks that are still held run out by themselves."""
        self._database.close()

    @contextmanager
    def _read(self) -> Iterator[Transaction]:
        with self._readable(), self._database.read() as transaction:
            yield transaction

    @contextmanager
    def _write(self) -> Iterator[Transaction]:
        with self._readable(), self._database.write() as transaction:
            yield transaction

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except WrongShapeError as error:
            raise damaged(self.place, f"it holds what reconciler never wrote ({error})") from error

    def _now(self) -> str:
        return time_text(self._clock())

    # The applied state

    def applied(self, target: str) -> Applied | None:
        """What the last apply left on this target, or None where the ledger knows of none."""
        with self._read() as transaction:
            rows = transaction.rows(_APPLIED, target)
            texts = [AppliedTexts(str(head), str(records)) for head, records in rows]
            return read_applied(target, texts[0]) if texts else None

    def applied_head(self, target: str) -> AppliedHead | None:
        """The same without the state, which is not even read."""
        with self._read() as transaction:
            rows = transaction.rows("SELECT document FROM applied WHERE target = ?", target)
            return read_applied_head(target, str(rows[0][0])) if rows else None

    def save_applied(self, applied: Applied) -> str:
        """Remember what an apply left; it replaces what was remembered of that target.

        Gives the digest of it, whatever digest it had.
        """
        texts, digest = applied_texts(applied)
        with self._write() as transaction:
            transaction.execute(_UPSERT_APPLIED, applied.target, texts.head, texts.records)
        return digest

    # Runs

    def begin_run(
        self,
        kind: str,
        *,
        plan_digest: str = "",
        manifest_digest: str = "",
        commit: str = "",
        author: str = "",
        command: str = "",
        targets: Sequence[str] = (),
    ) -> int:
        """Record that a run of this kind (`apply`, `drift`, ...) starts; its number, from 1.

        `command` is the command line; the caller leaves secrets out of it. `targets` are those that
        the run writes or verifies.
        """
        from reconciler.ledger import runs
        from reconciler.ledger.values import Run

        with self._write() as transaction:
            run = Run(
                run_id=0,
                kind=kind,
                started=self._now(),
                plan_digest=plan_digest,
                manifest_digest=manifest_digest,
                commit=commit,
                author=author,
                command=command,
                targets=tuple(targets),
            )
            return runs.begin(transaction, run)

    def end_run(self, run_id: int, exit_code: int, summary: str = "") -> None:
        """Record how a run ended. LedgerError for a run that is unknown or has ended already."""
        from reconciler.ledger import runs

        with self._write() as transaction:
            run = runs.find(transaction, run_id)
            if run is None or run.ended:
                what = "has ended already" if run else "is not in the ledger"
                raise LedgerError(self.place, f"run {run_id} {what}, so it cannot end now")
            ended = replace(run, ended=self._now(), exit_code=exit_code, summary=summary)
            runs.end(transaction, ended)

    def runs(self, limit: int = 20) -> tuple[Run, ...]:
        """The last runs, newest first."""
        from reconciler.ledger import runs

        with self._read() as transaction:
            return runs.last(transaction, limit)

    def last_success(self, target: str) -> Run | None:
        """The newest apply that wrote or verified this target and ended well, or None."""
        from reconciler.ledger import runs

        with self._read() as transaction:
            return runs.last_success(transaction, target)

    # The journal

    def append(self, *entries: Entry) -> tuple[JournalEntry, ...]:
        """Put entries at the end of the journal: all of them or none, with one commit.

        ValueError for results of an intent, or of a change of it, that the journal does not have.
        """
        from reconciler.ledger import journal

        if not entries:
            return ()
        with self._write() as transaction:
            return journal.append(transaction, self._now(), entries)

    def record(self, *entries: Entry) -> int:
        """Append entries, at least one; the number of the last. For who asks nothing more: giving
        back an intent of thousands of changes takes longer than writing it.
        """
        from reconciler.ledger import journal

        with self._write() as transaction:
            return journal.write(transaction, self._now(), entries)[-1][0]

    def entries(
        self, target: str | None = None, since: str = "", limit: int | None = None
    ) -> tuple[JournalEntry, ...]:
        """The entries about one target or all, oldest first; with a limit, the last ones of them.

        `since` is an RFC 3339 time; ValueError where it is not one.
        """
        from reconciler.ledger import journal

        beginning = rfc3339_utc(since) if since else ""
        with self._read() as transaction:
            return journal.entries(transaction, target, beginning, limit)

    def open_intents(self, target: str) -> tuple[OpenIntent, ...]:
        """The intents, oldest first, with changes of which nobody knows what became: a run died, or
        lost the target.

        A result settles a change unless its status is unknown; whatever a later run found does.
        """
        from reconciler.ledger import intents

        with self._read() as transaction:
            return intents.open_intents(transaction, target)

    def offboarded(self, target: str) -> tuple[Offboarded, ...]:
        """The accounts of a target that were offboarded, until somebody has decided on each."""
        from reconciler.ledger.offboarding import offboarded

        with self._read() as transaction:
            return offboarded(transaction, target)

    def noted(self, target: str, after_run: int) -> Mapping[str, str]:
        """What a provider noted of accounts in runs after this one, by account; the last counts."""
        from reconciler.ledger.noted import noted

        with self._read() as transaction:
            return noted(transaction, target, after_run)

    def verify(self) -> tuple[str, ...]:
        """What is wrong with the journal, a sentence each; empty where the chain is whole."""
        from reconciler.ledger import journal

        with self._read() as transaction:
            return tuple(journal.problems(transaction))

    def head(self) -> Head:
        """The end of the journal. Kept elsewhere, it shows later that nothing was rewritten."""
        from reconciler.ledger import journal

        with self._read() as transaction:
            return journal.head(transaction)

    # Plans

    def use_plan(self, digest: str, run_id: int) -> None:
        """Record that a run applies this plan. StaleError where one did so before."""
        with self._write() as transaction:
            count = transaction.execute(
                "INSERT INTO used_plans (digest, run_id, at) VALUES (?, ?, ?)"
                " ON CONFLICT (digest) DO NOTHING",
                digest,
                run_id,
                self._now(),
            )
            if count != 1:
                _refuse_used(transaction, digest)

    def check_unused(self, digest: str) -> None:
        """StaleError where a run has applied this plan."""
        with self._read() as transaction:
            _refuse_used(transaction, digest)

    # Locks

    def lock(self, target: str, holder: str, *, ttl_s: float = 60.0, run_id: int = 0) -> Lock:
        """Take the lock of a target and keep it until the end of the `with` block.

        `holder` says who, for people. The lease is renewed while it is held, and lasts `ttl_s`
        seconds after its holder died. Raises LockHeldError where somebody else has it.
        """
        from reconciler.ledger import locks
        from reconciler.ledger.locks import Lease, Lock

        if not holder or ttl_s <= 0:
            raise ValueError("a lock needs a holder and a time to live")
        lease = Lease(target, holder, ttl_s, run_id)
        with self._write() as transaction:
            fence = locks.take(transaction, lease, self._clock)
        return Lock(self._database, replace(lease, fence=fence), self._clock)

    def lock_status(self, target: str) -> LockStatus | None:
        """Who holds the lock of a target, or None where it is free."""
        from reconciler.ledger import locks

        with self._read() as transaction:
            return locks.status(transaction, target, self._clock)

    def locks(self) -> tuple[LockStatus, ...]:
        """All locks that somebody holds, sorted by target."""
        from reconciler.ledger import locks

        with self._read() as transaction:
            return locks.held(transaction, self._clock)

    def break_lock(
        self, target: str, by: str, *, shown: LockStatus | None = None
    ) -> LockStatus | None:
        """Free the lock of a target whose holder is known to be dead; who held it, or None.

        With `shown`, what somebody saw and decided on: LockHeldError where it is another's by now.
        """
        from reconciler.ledger import locks

        with self._write() as transaction:
            return locks.break_open(transaction, target, by, self._clock, shown)

    # Drift

    def note_drift(self, target: str, findings: Mapping[str, Mapping[str, Json]]) -> DriftNews:
        """Note all drift of a target by finding id; what is new, still there, or resolved.

        Findings that are no longer among them are forgotten: if one comes back, it is new.
        """
        from reconciler.ledger import drift

        with self._write() as transaction:
            return drift.note(transaction, target, findings, self._now())

    def drift_seen(self, target: str) -> tuple[SeenDrift, ...]:
        """The drift of a target that was noted last, sorted by id."""
        from reconciler.ledger import drift

        with self._read() as transaction:
            return drift.seen(transaction, target)


def _refuse_used(transaction: Transaction, digest: str) -> None:
    for run_id, at in transaction.rows(
        "SELECT run_id, at FROM used_plans WHERE digest = ?", digest
    ):
        raise StaleError(
            f"this plan was used already, by run {run_id} at {at}, and a plan is applied once; "
            "plan again to see what is left to do"
        )
