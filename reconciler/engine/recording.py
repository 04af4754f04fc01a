"""What an apply leaves in the ledger: the run, what was sent, what became of it, what is applied.

Here belong the ledger's part in an apply and the locks it takes there. Without a ledger nothing is
recorded and nothing but a target's own lock keeps two applies apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING

from reconciler.changes import Change, Outcome
from reconciler.engine.inputs import Origin
from reconciler.engine.reading import Reading
from reconciler.engine.recovering import recovered
from reconciler.engine.remembering import Left
from reconciler.errors import IncompleteReadError, LockHeldError, StaleError
from reconciler.plan import Plan, TargetPlan
from reconciler.report import Report
from reconciler.safety.kept_back import held_keys
from reconciler.state import EMPTY, Key

if TYPE_CHECKING:
    from reconciler.ledger import AppliedHead, Clock, Ledger
    from reconciler.ledger.locks import Lock
    from reconciler.ledger.values import Entry

_INTERRUPTED = 130


class TargetRecord:
    """The journal of one target's writes: what is sent is on disk before, what became of it after.

    Results wait for the next intent, so that both take one commit.
    """

    def __init__(self, ledger: Ledger, run_id: int, target: str, lock: Lock) -> None:
        self._ledger = ledger
        self._run_id = run_id
        self._target = target
        self._lock = lock
        self._places: dict[Key, tuple[int, int]] = {}
        self._waiting: list[Outcome] = []

    def intend(self, changes: Sequence[Change]) -> None:
        """Record what is about to be sent. Raises LockHeldError where the lock was lost."""
        from reconciler.ledger.values import Entry  # as in `recorded`

        self._lock.check()
        intent = Entry("intent", self._run_id, self._target, changes=tuple(changes))
        number = self._ledger.record(*self._results(), intent)
        self._waiting.clear()
        self._places.update((each.key, (number, i)) for i, each in enumerate(changes))

    def settle(self, outcome: Outcome) -> None:
        """Note what became of a change; on disk with the next intent, or at the end."""
        if outcome.change.key in self._places:
            self._waiting.append(outcome)

    def note(self, account: str, note: str) -> None:
        """Record what a provider wants to know again of an account."""
        from reconciler.ledger.values import Entry  # as in `recorded`

        entry = Entry("noted", self._run_id, self._target, subject=account, message=note)
        self._ledger.record(entry)

    def flush(self) -> None:
        """Record what is waiting."""
        if self._waiting:
            self._ledger.record(*self._results())
            self._waiting.clear()

    def _results(self) -> list[Entry]:
        """What is waiting, as one entry for each intent."""
        from reconciler.ledger.values import Entry, Result  # as in `recorded`

        by_intent: dict[int, list[Result]] = {}
        for outcome in self._waiting:
            number, index = self._places[outcome.change.key]
            result = Result(index, outcome.status, outcome.message)
            by_intent.setdefault(number, []).append(result)
        return [
            Entry("result", self._run_id, self._target, intent=number, results=tuple(results))
            for number, results in sorted(by_intent.items())
        ]


class Recording:
    """One apply while it is recorded.

    `digest` is that of the plan file, empty for a plan that was made for this apply alone.
    """

    def __init__(self, ledger: Ledger, run_id: int, origin: Origin, digest: str) -> None:
        self._ledger = ledger
        self._run_id = run_id
        self._origin = origin
        self._digest = digest
        self._locks: dict[str, Lock] = {}

    def hold(self, target: str, lock: Lock) -> None:
        """Keep the lock of a target, to be asked before each write."""
        self._locks[target] = lock

    def check_unused(self) -> None:
        """Raises StaleError for a saved plan that was used before: that is why nothing fits it."""
        if self._digest:
            self._ledger.check_unused(self._digest)

    def check_applied(self, plan: Plan, readings: Mapping[str, Reading]) -> None:
        """Raises StaleError where another apply has changed what is remembered since the plan."""
        for each in plan.targets:
            head = self._ledger.applied_head(each.target)
            if self._is_of_another(head, readings[each.target]):
                head = None
            if (head.digest if head else "") != each.applied:
                raise StaleError(_moved(each, head.at if head else "", head.author if head else ""))

    @staticmethod
    def _is_of_another(head: AppliedHead | None, reading: Reading) -> bool:
        """Whether what is remembered was applied to another system, which had this name."""
        return head is not None and not head.is_of(reading.identity.place)

    def use_up(self, plan: Plan) -> None:
        """Note that this plan is about to be written, and what of it was accepted by whom.

        Raises StaleError for a saved plan that was used before.
        """
        from reconciler.ledger.values import Entry  # as in `recorded`

        if self._digest:
            self._ledger.use_plan(self._digest, self._run_id)
        who = self._origin.author or self._origin.holder
        self._ledger.append(
            *(
                Entry(
                    "accepted",
                    self._run_id,
                    target=finding.target,
                    message=finding.message,
                    finding=finding.id,
                    by=finding.accepted_by or who,
                    plan_digest=self._digest,
                )
                for finding in plan.findings
                if finding.accepted
            )
        )

    def recover(
        self, readings: Mapping[str, Reading]
    ) -> tuple[tuple[str, ...], dict[str, tuple[Change, ...]]]:
        """Look up what became of changes that earlier runs sent and never heard of again.

        It is recorded, and told in a sentence for each target. With it, by target, those that were
        done and after which sessions were to be ended: nobody knows whether they were.
        """
        told: list[str] = []
        unended: dict[str, tuple[Change, ...]] = {}
        for target in sorted(self._locks):
            head, reading = self._ledger.applied_head(target), readings[target]
            observed = None if self._is_of_another(head, reading) else reading.observed
            intents = self._ledger.open_intents(target)
            if intents and reading.unread is None:  # else the next run that reads all of it looks
                found = recovered(target, self._run_id, intents, observed)
                self._ledger.append(*found.entries)
                told.append(found.told)
                unended[target] = found.unended
        return tuple(told), unended

    def record_of(self, target: str) -> TargetRecord:
        """The journal of the writes to a target."""
        return TargetRecord(self._ledger, self._run_id, target, self._locks[target])

    def remember(self, plan: Plan, left: Mapping[str, Left], stands_for: str) -> None:
        """Remember what the targets hold of what the manifest asks.

        `stands_for` says of which manifest a whole state is the expansion.
        """
        from reconciler.ledger import Applied  # as in `recorded`

        for target, each in sorted(left.items()):
            self._ledger.save_applied(
                Applied(
                    target=target,
                    state=each.state,
                    manifest_digest=plan.manifest_digest,
                    commit=self._origin.commit,
                    author=self._origin.author,
                    at=plan.at,
                    run_id=self._run_id,
                    protected=each.protected,
                    ends_sessions=each.ends_sessions,
                    stands_for=stands_for if each.is_whole else "",
                    place=each.place,
                    besides=each.besides if each.is_whole else EMPTY,
                    files=tuple(sorted({PurePath(file).name for file in plan.manifest})),
                    passwords=each.passwords,
                    notes=each.notes,
                )
            )

    def settle_offboarding(self, target: str, decided: Mapping[str, str]) -> None:
        """Note of which offboarded accounts of a target somebody has decided, and what."""
        from reconciler.ledger.values import Entry  # as in `recorded`

        self._ledger.append(
            *(
                Entry("offboarding_over", self._run_id, target, subject=account, message=why)
                for account, why in sorted(decided.items())
            )
        )

    def end(self, exit_code: int, summary: str) -> None:
        """Note how it ended."""
        self._ledger.end_run(self._run_id, exit_code, summary)


@contextmanager
def recorded(origin: Origin, plan: Plan, clock: Clock, digest: str) -> Iterator[Recording | None]:
    """Hold the locks of the plan's targets for a run that is recorded; None without a ledger.

    `digest` is that of the plan file, empty for a plan that was made for this apply alone. Raises
    LockHeldError and LedgerError before anything is written to a target.
    """
    if not origin.ledger:
        yield None
        return
    from reconciler.ledger import open_ledger  # only an apply needs it, not every plan

    targets = tuple(each.target for each in plan.targets)
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(origin.ledger, clock=clock))
        run_id = ledger.begin_run(
            origin.kind,
            plan_digest=digest,
            manifest_digest=plan.manifest_digest,
            commit=origin.commit,
            author=origin.author,
            command=origin.command,
            targets=targets,
        )
        recording = Recording(ledger, run_id, origin, digest)
        try:
            for target in targets:
                lock = ledger.lock(target, origin.holder, run_id=run_id)
                recording.hold(target, stack.enter_context(lock))
            yield recording
        except BaseException as error:
            code = _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
            recording.end(getattr(error, "exit_code", code), _ending(error))
            raise


def _ending(error: BaseException) -> str:
    """Why a run ended before its time, in a few words; the whole of it was told on the terminal."""
    words = (
        (StaleError, "the plan was stale"),
        (LockHeldError, "another apply was at work"),
        (IncompleteReadError, "a target could not be read whole"),
        (KeyboardInterrupt, "interrupted"),
    )
    return next((each for kind, each in words if isinstance(error, kind)), "ended by an error")


def _moved(target: TargetPlan, at: str, author: str) -> str:
    by = f" by {author}" if author else ""
    what = f"something was applied at {at}{by}" if at else "nothing is known of an apply any more"
    return f"{target.target}: {what}, after the plan was made; plan again"


def summary(report: Report) -> str:
    """What came of a plan, in a few words."""
    kept = sum(map(len, held_keys(report.plan).values()))
    if not report.outcomes and not kept:
        return "nothing done, something blocks" if report.plan.blocking else "nothing to do"
    if not report.outcomes:
        return f"nothing done, {kept} blocked or held"
    done = sum(outcome.status == "done" for outcome in report.outcomes)
    rest = f", {kept} blocked or held" if kept else ""
    return f"{done} of {len(report.outcomes)} changes done{rest}"
