"""What became of a plan.

Here belongs the value that `apply` leaves behind, and the exit code that follows from it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.changes import Change, Outcome
from reconciler.plan import Plan


@dataclass(frozen=True, slots=True)
class TargetReport:
    """One target's outcomes in apply order, and the changes that a second read still found
    necessary.

    `failure` says in one sentence what stopped the target, or is empty; `locked` says that it was
    another apply.
    """

    target: str
    outcomes: tuple[Outcome, ...] = ()
    remaining: tuple[Change, ...] = ()
    failure: str = ""
    locked: bool = False

    @property
    def is_converged(self) -> bool:
        """Whether all changes were done and a second read found nothing left to do."""
        done = all(outcome.status == "done" for outcome in self.outcomes)
        return done and not self.remaining and not self.failure


@dataclass(frozen=True, slots=True)
class Report:
    """All targets' reports for one plan. `credentials` is the file of temporary passwords, or
    empty; `recovered` says in a sentence for each target what became of an earlier run that died.
    """

    plan: Plan
    targets: tuple[TargetReport, ...]
    credentials: str = ""
    interrupted: bool = False
    recovered: tuple[str, ...] = ()

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes of all targets, in order of target."""
        return tuple(outcome for target in self.targets for outcome in target.outcomes)

    @property
    def exit_code(self) -> int:
        """130 interrupted, 9 not read whole, 7 locked, 5 blocked, 8 partly done, 1 nothing done, 0
        all well.

        The first of these that holds.
        """
        if self.interrupted:
            return 130
        if self.plan.unread:
            return 9
        if any(target.locked for target in self.targets):
            return 7
        if self.plan.blocking:
            return 5
        if not all(target.is_converged for target in self.targets):
            any_done = any(outcome.status == "done" for outcome in self.outcomes)
            return 8 if any_done else 1
        return 0
