"""The lock of a target: a lease in the ledger that its holder renews while it works.

Here belong taking, renewing, releasing and breaking the lease inside a transaction, and the `Lock`
that does so for its holder. A lease whose holder died runs out, and the next one takes it over.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from reconciler.errors import LedgerError, LockHeldError
from reconciler.json_text import canonical_text
from reconciler.ledger import journal
from reconciler.ledger.applied import Clock, time_text
from reconciler.ledger.applied_documents import parsed
from reconciler.ledger.database import Database, Row, Transaction, whole
from reconciler.ledger.values import Entry, LockStatus

_BEATS_PER_LEASE = 3
_HELD = "SELECT target, holder, since, expires, run_id FROM locks WHERE holder <> ''"


@dataclass(frozen=True, slots=True)
class Lease:
    """What its holder knows of a lease; `fence` is the number under which it was taken."""

    target: str
    holder: str
    ttl_s: float
    run_id: int
    fence: int = 0


def status(transaction: Transaction, target: str, clock: Clock) -> LockStatus | None:
    """Who holds the lock of a target, or None where nobody does."""
    rows = transaction.rows(_HELD + " AND target = ?", target)
    return _status(rows[0], clock) if rows else None


def held(transaction: Transaction, clock: Clock) -> tuple[LockStatus, ...]:
    """All locks that somebody holds, sorted by target."""
    found = (_status(row, clock) for row in transaction.rows(_HELD))
    return tuple(sorted(found, key=lambda each: each.target))


def _status(row: Row, clock: Clock) -> LockStatus:
    target, holder, since, expires, run_id = row
    return LockStatus(
        target=str(target),
        holder=parsed(str(holder), lambda node: node.as_text()),
        since=str(since),
        expires=str(expires),
        run_id=whole(run_id),
        is_expired=str(expires) <= time_text(clock()),
    )


def take(transaction: Transaction, lease: Lease, clock: Clock) -> int:
    """Take the lock, and say so in the journal; the fence number of the lease.

    Raises LockHeldError where somebody else holds it and has not let it run out.
    """
    held = status(transaction, lease.target, clock)
    if held is not None and not held.is_expired:
        raise LockHeldError(_held_text(held))
    now = time_text(clock())
    values = (canonical_text(lease.holder), now, _expiry(lease, clock), lease.run_id)
    transaction.execute(
        "INSERT INTO locks (target, fence, holder, since, expires, run_id)"
        " VALUES (?, 1, ?, ?, ?, ?) ON CONFLICT (target) DO UPDATE SET fence = locks.fence + 1,"
        " holder = excluded.holder, since = excluded.since, expires = excluded.expires,"
        " run_id = excluded.run_id",
        lease.target,
        *values,
    )
    journal.append(transaction, now, [_taken(lease, held)])
    return whole(transaction.rows("SELECT fence FROM locks WHERE target = ?", lease.target)[0][0])


def _expiry(lease: Lease, clock: Clock) -> str:
    return time_text(clock() + timedelta(seconds=lease.ttl_s))


def _held_text(held: LockStatus) -> str:
    run = f", run {held.run_id}" if held.run_id else ""
    return (
        f"{held.target}: the lock is held by {held.holder}{run}, since {held.since}; wait for that "
        f"run to end. If it died, the lock is free at {held.expires}, or once you free it: "
        f"reconciler lock --break {held.target}"
    )


def _taken(lease: Lease, before: LockStatus | None) -> Entry:
    if before is None:
        return Entry("lock_taken", lease.run_id, lease.target, by=lease.holder)
    message = f"{before.holder} held it since {before.since} and did not renew it"
    return Entry("lock_taken_over", lease.run_id, lease.target, message=message, by=lease.holder)


def is_held(transaction: Transaction, lease: Lease, clock: Clock) -> bool:
    """Whether the lease is still the one of the lock, and has not run out."""
    rows = transaction.rows(
        "SELECT 1 FROM locks WHERE target = ? AND fence = ? AND holder <> '' AND expires > ?",
        lease.target,
        lease.fence,
        time_text(clock()),
    )
    return bool(rows)


def renew(transaction: Transaction, lease: Lease, clock: Clock) -> bool:
    """Let the lease last from now on for its whole time; False where it is somebody else's now.

    A lease that ran out is still ours as long as nobody took it.
    """
    count = transaction.execute(
        "UPDATE locks SET expires = ? WHERE target = ? AND fence = ? AND holder <> ''",
        _expiry(lease, clock),
        lease.target,
        lease.fence,
    )
    return count == 1


def release(transaction: Transaction, lease: Lease) -> None:
    """Free the lock, where the lease is still the one that holds it."""
    transaction.execute(
        "UPDATE locks SET holder = '' WHERE target = ? AND fence = ?", lease.target, lease.fence
    )


def break_open(
    transaction: Transaction, target: str, by: str, clock: Clock, shown: LockStatus | None
) -> LockStatus | None:
    """Free the lock whoever holds it, and say so in the journal; who held it, or None.

    With `shown`, only that holder's: LockHeldError where another one took it since.
    """
    held = status(transaction, target, clock)
    if held is None:
        return None
    if shown is not None and _who(held) != _who(shown):
        raise LockHeldError(_held_text(held))
    transaction.execute("UPDATE locks SET holder = '' WHERE target = ?", target)
    message = f"{held.holder} held it since {held.since}"
    entry = Entry("lock_broken", 0, target, message=message, by=by)
    journal.append(transaction, time_text(clock()), [entry])
    return held


def _who(held: LockStatus) -> tuple[str, str, int]:
    return (held.holder, held.since, held.run_id)  # renewing a lease changes only when it ends


class Lock:
    """A lock that is held until the end of its `with` block, or until `release`.

    A thread of its own, with a connection of its own, renews the lease three times in its life. Ask
    `check` before each write: a process that was stopped for long may have lost its lease.
    """

    def __init__(self, database: Database, lease: Lease, clock: Clock) -> None:
        """Begin to renew a lease that was taken."""
        self._database = database
        self._lease = lease
        self._clock = clock
        self._stopping = threading.Event()
        name = f"lock of {lease.target}"
        self._heartbeat = threading.Thread(target=self._beat, name=name, daemon=True)
        self._heartbeat.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.release()
        except LedgerError:
            if error is None:
                raise  # else what ended the block says more, and the lease runs out by itself

    @property
    def target(self) -> str:
        """The target whose lock it is."""
        return self._lease.target

    def check(self) -> None:
        """Return if the lock is ours. Raises LockHeldError where somebody took or broke it."""
        with self._database.read() as transaction:
            if is_held(transaction, self._lease, self._clock):
                return
        if self.renew():
            return
        with self._database.read() as transaction:
            now = status(transaction, self._lease.target, self._clock)
        what = f"taken over by {now.holder} at {now.since}" if now else "broken or released"
        raise LockHeldError(
            f"{self._lease.target}: the lock that this run held was {what}; this run writes "
            "nothing more there. Plan again"
        )

    def renew(self) -> bool:
        """Renew the lease now; False where it is lost."""
        with self._database.write() as transaction:
            return renew(transaction, self._lease, self._clock)

    def release(self) -> None:
        """Stop renewing and free the lock. Releasing twice is fine, and so is a lost lock."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._heartbeat.join()
        with self._database.write() as transaction:
            release(transaction, self._lease)

    def _beat(self) -> None:
        is_ours = True
        while is_ours and not self._stopping.wait(self._lease.ttl_s / _BEATS_PER_LEASE):
            try:
                is_ours = self._renew_apart()
            except LedgerError:
                continue  # the next beat may do better; until then `check` knows how it stands

    def _renew_apart(self) -> bool:
        database = self._database.another()
        try:
            with database.write() as transaction:
                return renew(transaction, self._lease, self._clock)
        finally:
            database.close()
