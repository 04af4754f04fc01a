"""What an apply leaves in the ledger: that it ran, for whom, which plan it used up, how it ended.

Here belong the ledger's part in an apply and the locks it takes there. Without a ledger nothing is
recorded and nothing but a target's own lock keeps two applies apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.plan import Plan
from reconciler.report import Report

if TYPE_CHECKING:
    from reconciler.ledger import Clock, Ledger


@dataclass(frozen=True, slots=True)
class Origin:
    """Where runs are recorded, and on whose behalf this one is.

    `ledger` is a path or a dsn, empty for none. `commit` and `author` are those of the manifest, as
    far as git knows them; `holder` says for people who holds the locks.
    """

    ledger: str = field(default="", repr=False)
    commit: str = ""
    author: str = ""
    holder: str = "reconciler"


class Recording:
    """One apply while it is recorded, or not, where there is no ledger.

    `digest` is that of the plan file, empty for a plan that was made for this apply alone.
    """

    def __init__(self, ledger: Ledger | None = None, run_id: int = 0, digest: str = "") -> None:
        self._ledger = ledger
        self._run_id = run_id
        self._digest = digest

    def use_up(self, plan: Plan, origin: Origin) -> None:
        """Note that this plan is about to be written, and what of it was accepted by whom.

        Raises StaleError for a saved plan that was used before.
        """
        if self._ledger is None:
            return
        from reconciler.ledger import Entry  # as in `recorded`

        if self._digest:
            self._ledger.use_plan(self._digest, self._run_id)
        who = origin.author or origin.holder
        self._ledger.append(
            *(
                Entry(
                    "accepted",
                    self._run_id,
                    target=finding.target,
                    message=finding.message,
                    finding=finding.id,
                    by=who,
                    plan_digest=self._digest,
                )
                for finding in plan.findings
                if finding.accepted
            )
        )

    def end(self, exit_code: int, summary: str) -> None:
        """Note how it ended."""
        if self._ledger is not None:
            self._ledger.end_run(self._run_id, exit_code, summary)


@contextmanager
def recorded(
    origin: Origin, plan: Plan, targets: Sequence[str], clock: Clock, *, is_saved: bool
) -> Iterator[Recording]:
    """Hold the locks of these targets for a run that is recorded, where there is a ledger.

    Raises LockHeldError and LedgerError before anything is written to a target.
    """
    if not origin.ledger or not targets:
        yield Recording()
        return
    from reconciler.ledger import open_ledger  # only an apply needs it, not every plan
    from reconciler.plan_file import digest_of, to_document

    digest = digest_of(to_document(plan)) if is_saved else ""
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(origin.ledger, clock=clock))
        run_id = ledger.begin_run(
            "apply",
            plan_digest=digest,
            manifest_digest=plan.manifest_digest,
            commit=origin.commit,
            author=origin.author,
        )
        recording = Recording(ledger, run_id, digest)
        try:
            for target in targets:
                stack.enter_context(ledger.lock(target, origin.holder, run_id=run_id))
            yield recording
        except BaseException as error:
            recording.end(getattr(error, "exit_code", 1), "ended by an error")
            raise


def summary(report: Report) -> str:
    """What came of a plan, in a few words."""
    done = sum(outcome.status == "done" for outcome in report.outcomes)
    return f"{done} of {len(report.outcomes)} changes done"
