"""What a provider tells while it applies: progress, the ledger, new passwords, and when to stop.

Here belongs the engine's side of `changes.Journal`, for one target. What is kept of it is
`recording`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.changes import Change, Handed, Outcome
from reconciler.credentials import CredentialsFile
from reconciler.engine.recording import TargetRecord
from reconciler.errors import ReconcilerError, UsageError
from reconciler.secret import Secret

if TYPE_CHECKING:
    from reconciler.engine.inputs import Limits
    from reconciler.engine.run import Run


class RunJournal:
    """What a provider is told to tell: progress, the ledger, new passwords, and when to stop."""

    def __init__(self, run: Run, target: str, total: int, limits: Limits) -> None:
        self._run = run
        self._target = target
        self._total = total
        self._limits = limits
        self._count = 0
        self._failures = 0
        self.halted = ""
        self.credentials: CredentialsFile | None = None
        self.record: TargetRecord | None = None

    def intend(self, changes: Sequence[Change]) -> None:
        """Record what is about to be sent, and show it."""
        if self.record is not None:
            self.record.intend(changes)
        self._count += len(changes)
        what = f"{changes[0].action} {changes[0].key}" if len(changes) == 1 else "one transaction"
        self._run.progress(f"{self._target}: {self._count} of {self._total}: {what}")

    def settle(self, outcome: Outcome) -> None:
        """Record what became of a change."""
        self._failures += outcome.status == "failed"
        if self.record is not None:
            # a right that was taken while sessions stayed is looked up, and tried again, next time
            is_half_done = outcome.status == "failed" and outcome.change.end_sessions
            known = replace(outcome, status="unknown") if is_half_done else outcome
            self.record.settle(known)

    def halt(self, reason: str) -> None:
        """Let nothing more be started, if there is a reason."""
        self.halted = self.halted or reason

    def close(self) -> str:
        """Record what is left to be recorded; why that could not be, or nothing."""
        try:
            if self.record is not None:
                self.record.flush()
        except ReconcilerError as error:
            return f"what became of the changes could not be recorded: {error}"
        return ""

    def is_stopping(self) -> bool:
        """Whether the user asked to stop, or too much has failed."""
        most = self._limits.max_failures
        if self.halted or self._limits.stop() or self._limits.is_late():
            return True
        return most > 0 and self._failures >= most

    def hand_over(
        self, account: str, password: Secret, expires: str, *, what: Handed = "password"
    ) -> None:
        """Write the password, or what else it is, to the credentials file."""
        if self.credentials is None:
            raise UsageError(
                f"no --credentials-out for the password of {account} on {self._target}"
            )
        self.credentials.write(self._target, account, password, expires, what=what)

    def remember(self, account: str, note: str) -> None:
        """Record what the provider wants to know of an account in later runs."""
        if self.record is not None:
            self.record.note(account, note)
