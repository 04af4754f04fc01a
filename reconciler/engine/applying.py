"""Carrying out a plan: what must hold before, the writes, and the second read.

Here belongs the order of these steps over all targets. Nothing is written anywhere before every
target was read and every check has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler import safety
from reconciler.changes import Change, Outcome
from reconciler.credentials import CredentialsFile
from reconciler.engine.recording import recorded, summary
from reconciler.errors import LockHeldError, ReconcilerError, StaleError, TargetError, UsageError
from reconciler.plan import Finding, Plan, TargetPlan
from reconciler.report import Report, TargetReport
from reconciler.secret import Secret
from reconciler.staleness import stale_reasons
from reconciler.state import Key
from reconciler.times import time_text

if TYPE_CHECKING:
    from reconciler.engine.run import Reading, Run


class Application:
    """One plan on its way to the targets of a run."""

    def __init__(self, run: Run, plan: Plan, stop: Callable[[], bool]) -> None:
        self._run = run
        self._plan = plan
        self._stop = stop
        self._work = {each.target: released(each, plan.findings) for each in plan.targets}

    def carry_out(self, credentials_out: str, *, is_saved: bool) -> Report:
        """Take the locks, check, write, and read once more. See `Run.apply`."""
        targets = [name for name, changes in self._work.items() if changes]
        origin = self._run.inputs.origin
        with recorded(origin, self._plan, targets, _now, is_saved=is_saved) as recording:
            self._check_current(self._run.read())
            credentials = self._credentials(credentials_out)
            try:
                recording.use_up(self._plan, origin)
                report = self._write_and_verify(credentials)
            finally:
                if credentials:
                    credentials.close()
            recording.end(report.exit_code, summary(report))
        return report

    def _write_and_verify(self, credentials: CredentialsFile | None) -> Report:
        reports = [
            self._apply_one(name, changes, credentials) for name, changes in self._work.items()
        ]
        verified = tuple(self._verified(report) for report in reports)
        written = credentials.path if credentials and credentials.has_entries else ""
        return Report(self._plan, verified, written, interrupted=self._stop())

    def _check_current(self, readings: Mapping[str, Reading]) -> None:
        plan, loaded = self._plan, self._run.loaded
        if plan.valid_until and time_text(self._run.inputs.now) >= plan.valid_until:
            raise StaleError(
                f"a grant started or ended at {plan.valid_until}, after the plan was made; "
                "plan again"
            )
        if plan.manifest_digest != loaded.digest:
            raise StaleError(
                "the manifest changed since the plan was made "
                f"({plan.manifest_digest[:12]} then, {loaded.digest[:12]} now); plan again"
            )
        missing = [each.target for each in plan.targets if each.target not in readings]
        if missing:
            raise UsageError(f"the plan is also for {', '.join(missing)}; leave out --target")
        reasons = [
            f"{each.target}: {reason}"
            for each in plan.targets
            for reason in stale_reasons(each.changes, readings[each.target].observed)
        ]
        if reasons:
            raise StaleError(
                "\n".join(["the targets changed since the plan was made:", *reasons, "Plan again."])
            )

    def _credentials(self, path: str) -> CredentialsFile | None:
        needed = [
            f"{account} on {name}"
            for name, changes in self._work.items()
            for account in self._run.providers[name].new_passwords(changes)
        ]
        if needed and not path:
            shown = ", ".join(needed[:5]) + (", ..." if len(needed) > 5 else "")
            raise UsageError(
                f"{len(needed)} new account(s) get a temporary password ({shown}); "
                "name a file to write them to: --credentials-out FILE. Nothing was written."
            )
        return CredentialsFile(path) if needed else None

    def _apply_one(
        self,
        name: str,
        changes: Sequence[Change],
        credentials: CredentialsFile | None,
    ) -> TargetReport:
        if not changes or self._stop():
            return TargetReport(
                name, tuple(Outcome(change, "skipped", "not started") for change in changes)
            )
        outcomes: list[Outcome] = []
        failure, locked = "", False
        journal = _RunJournal(name, len(changes), credentials, self._run.progress, self._stop)
        try:
            outcomes.extend(self._run.providers[name].apply(changes, journal))
        except ReconcilerError as error:
            failure, locked = str(error), isinstance(error, LockHeldError)
        told = {outcome.change.key for outcome in outcomes}
        untold = [change for change in changes if change.key not in told]
        outcomes += [Outcome(change, "skipped", "not tried") for change in untold]
        return TargetReport(name, tuple(outcomes), failure=failure, locked=locked)

    def _verified(self, report: TargetReport) -> TargetReport:
        """The report with what a second read still finds necessary of what was done.

        What was unknown, because the connection was lost, is known afterwards.
        """
        done = {each.change.key for each in report.outcomes if each.status in ("done", "unknown")}
        if not done:
            return report
        try:
            reading = self._run.read_one(report.target)
        except TargetError as error:
            return replace(report, failure=report.failure or f"it could not be read again: {error}")
        changes = self._run.select(reading).changes
        remaining = tuple(change for change in changes if change.key in done)
        left = {change.key for change in remaining}
        outcomes = tuple(_settled(outcome, left) for outcome in report.outcomes)
        return replace(report, outcomes=outcomes, remaining=remaining)


class _RunJournal:
    """Tells the progress of one target and keeps new passwords."""

    def __init__(
        self,
        target: str,
        total: int,
        credentials: CredentialsFile | None,
        progress: Callable[[str], None],
        stop: Callable[[], bool],
    ) -> None:
        self._stop = stop
        self._target = target
        self._total = total
        self._credentials = credentials
        self._progress = progress
        self._count = 0

    def intend(self, changes: Sequence[Change]) -> None:
        """Show which changes are next."""
        self._count += len(changes)
        what = f"{changes[0].action} {changes[0].key}" if len(changes) == 1 else "one transaction"
        self._progress(f"{self._target}: {self._count} of {self._total}: {what}")

    def is_stopping(self) -> bool:
        """Whether the user asked to stop."""
        return self._stop()

    def hand_over(self, account: str, password: Secret, expires: str) -> None:
        """Write the password to the credentials file."""
        if self._credentials is None:
            raise UsageError(
                f"no --credentials-out for the password of {account} on {self._target}"
            )
        self._credentials.write(self._target, account, password, expires)


def _settled(outcome: Outcome, left: Set[Key]) -> Outcome:
    """An unknown outcome as the second read shows it; any other as it is."""
    if outcome.status != "unknown":
        return outcome
    return replace(outcome, status="failed" if outcome.change.key in left else "done")


def released(target: TargetPlan, findings: Sequence[Finding]) -> tuple[Change, ...]:
    """The changes of a target that no finding holds back."""
    own = [each for each in findings if each.target == target.target]
    held = {change.key for change in safety.held_back(target.changes, own)}
    return tuple(change for change in target.changes if change.key not in held)


def accepted(findings: Sequence[Finding], accept: frozenset[str]) -> tuple[Finding, ...]:
    """The findings, those of these ids lifted. UsageError for an id that is none of theirs."""
    known = {each.id for each in findings if each.blocking}
    unknown = sorted(accept - known)
    if unknown:
        hint = (
            f"the plan's blocking findings are {', '.join(sorted(known))}"
            if known
            else ("nothing in this plan is blocked")
        )
        raise UsageError(f"--accept {unknown[0]}: there is no such finding; {hint}")
    return tuple(replace(each, accepted=each.accepted or each.id in accept) for each in findings)


def _now() -> datetime:
    return datetime.now(UTC)
