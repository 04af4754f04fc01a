"""Carrying out a plan: what must hold before, the writes, the second read, and what is remembered.

Here belongs the order of these steps over all targets. Nothing is written anywhere before every
target was read and every check has passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from reconciler.changes import Change, Outcome
from reconciler.clock import utc_now
from reconciler.credentials import CredentialsFile
from reconciler.engine.journal import RunJournal
from reconciler.engine.offboarded import decided, given_since
from reconciler.engine.planning import OTHER_MANIFEST, danger_in
from reconciler.engine.recording import Recording, recorded, summary
from reconciler.engine.remembering import applied_after
from reconciler.engine.unread import unknown_now
from reconciler.errors import (
    LockHeldError,
    ReconcilerError,
    StaleError,
    TargetError,
    UnreachableError,
    UsageError,
)
from reconciler.explain import applied_to
from reconciler.passwords import AS_GIVEN, PASSWORD, asked_password
from reconciler.plan import Plan
from reconciler.report import Report, TargetReport
from reconciler.safety.kept_back import work_of
from reconciler.staleness import stale_reasons
from reconciler.state import Key, State
from reconciler.times import time_text

if TYPE_CHECKING:
    from reconciler.engine.inputs import Limits
    from reconciler.engine.reading import Reading
    from reconciler.engine.run import Run


_SHOWN_REASONS: Final = 20


class Application:
    """One plan on its way to the targets of a run.

    `digest` is that of the file in which it was saved; empty for one that was made just now.
    """

    def __init__(self, run: Run, plan: Plan, limits: Limits, digest: str) -> None:
        self._run = run
        self._plan = plan
        self._limits = limits
        self._digest = digest
        self._work = work_of(plan)
        self._last: dict[str, Reading] = {}
        self._journals: dict[str, RunJournal] = {}

    def carry_out(self, credentials_out: str) -> Report:
        """Take the locks, check, write, read once more, and remember. See `Run.apply`."""
        with recorded(self._run.inputs.origin, self._plan, utc_now, self._digest) as recording:
            if recording is not None:
                recording.check_unused()
            readings = self._readings()
            self._check_current(readings)
            self._last = dict(readings)
            self._check_passwords()
            recovered: tuple[str, ...] = ()
            if recording is not None:
                recording.check_applied(self._plan, readings)
                recovered, unended = recording.recover(readings)
                self._work.update(_with_unended(self._work, unended))
            credentials = self._credentials(credentials_out)
            try:
                if recording is not None:
                    recording.use_up(self._plan)
                report = self._write_and_verify(credentials, recording)
            finally:
                if credentials:
                    credentials.close()
            report = replace(report, recovered=recovered)
            if recording is not None:
                self._remember(recording, report)
                recording.end(report.exit_code, summary(report))
        return report

    def _readings(self) -> Mapping[str, Reading]:
        """Every target as it is now; as it was planned from, where nothing is to be written."""
        has_work = self._digest or any(self._work.values())
        return self._run.read() if has_work or not self._run.readings else self._run.readings

    def _write_and_verify(
        self, credentials: CredentialsFile | None, recording: Recording | None
    ) -> Report:
        reports = [self._apply_one(name, credentials, recording) for name in self._work]
        verified = tuple(self._verified(report) for report in reports)
        written = credentials.path if credentials and credentials.has_entries else ""
        return Report(self._plan, verified, written, interrupted=self._limits.stop())

    def _remember(self, recording: Recording, report: Report) -> None:
        """Remember every target that could be read last, whatever became of the changes."""
        remaining = {each.target: each.remaining for each in report.targets}
        others = {
            each.target
            for each in self._plan.findings
            if each.rule == OTHER_MANIFEST and not each.accepted
        }
        left = {
            target.target: applied_after(
                self._plan,
                target,
                self._last[target.target],
                self._run.capabilities_of(target.target),
                remaining=remaining[target.target],
            )
            for target in self._plan.targets
            if target.target in self._last
            and target.target not in others
            and self._is_to_be_remembered(self._last[target.target])
        }
        recording.remember(self._plan, left, self._run.expansion)
        if not self._run.inputs.leaver:
            for target, found in decided(self._run, report).items():
                recording.settle_offboarding(target, found)

    def _is_to_be_remembered(self, reading: Reading) -> bool:
        """Whether an apply is to be remembered: one that only took from one person is no first
        apply, after which whatever is in no line may be taken, and nor is one of a part.
        """
        is_whole = not self._run.inputs.leaver and reading.unread is None
        return reading.memory is not None or is_whole

    # What must hold before anything is written

    def _check_current(self, readings: Mapping[str, Reading]) -> None:
        self._check_time()
        plan, digest = self._plan, self._run.digest
        if plan.manifest_digest != digest:
            raise StaleError(
                "the manifest changed since the plan was made "
                f"({plan.manifest_digest[:12]} then, {digest[:12]} now); plan again"
            )
        missing = [each.target for each in plan.targets if each.target not in readings]
        if missing:
            raise UsageError(f"the plan is also for {', '.join(missing)}; leave out --target")
        reasons = [
            f"{each.target}: {reason}"
            for each in plan.targets
            for reason in stale_reasons(each.changes, readings[each.target].observed)
        ]
        for each in plan.targets:
            found = unknown_now(readings[each.target], each.changes)
            reasons += [f"{each.target}: {reason}" for reason in found]
        reasons += given_since(self._run, plan, self._work)
        if reasons:
            rest = len(reasons) - _SHOWN_REASONS
            more = [f"and {rest} more"] if rest > 0 else []
            said = [*reasons[:_SHOWN_REASONS], *more]
            raise StaleError(
                "\n".join(["the targets changed since the plan was made:", *said, "Plan again."])
            )

    def _check_time(self) -> None:
        plan, now = self._plan, self._run.inputs.now
        if plan.valid_until and time_text(now) >= plan.valid_until:
            raise StaleError(
                f"a grant started or ended at {plan.valid_until}, after the plan was made; "
                "plan again"
            )
        minutes = self._run.loaded.manifest.policies.max_plan_age
        oldest = time_text(now - timedelta(minutes=minutes))
        if self._digest and plan.at < oldest:
            raise StaleError(
                f"the plan was made at {plan.at}, and policies.max_plan_age lets it be "
                f"{minutes} minutes old at most; plan again"
            )

    def _check_passwords(self) -> None:
        """Raises StaleError where a password from outside was there for the plan and is not now."""
        for name, changes in self._work.items():
            for change in changes:
                if asked_password(change) == AS_GIVEN:
                    given = self._run.passwords_of(name).get(change.key.path[-1])
                    if given is None or given.value is None:
                        raise StaleError(
                            f"{name}: the plan gives {change.key} a password from outside, which "
                            f"is not there now: {given.missing if given else 'no line names one'}. "
                            "Nothing was written"
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
                f"{len(needed)} account(s) get a temporary password, or an invitation ({shown}); "
                "name a file to write them to: --credentials-out FILE. Nothing was written."
            )
        return CredentialsFile(path) if needed else None

    # Writing and reading once more

    def _apply_one(
        self, name: str, credentials: CredentialsFile | None, recording: Recording | None
    ) -> TargetReport:
        changes = self._work[name]
        if not changes or self._limits.stop() or self._limits.is_late():
            return TargetReport(
                name, tuple(Outcome(change, "skipped", "not started") for change in changes)
            )
        reading = self._last.pop(name)
        record = recording.record_of(name) if recording is not None else None
        journal = RunJournal(self._run, name, len(changes), self._limits)
        journal.credentials, journal.record = credentials, record
        self._journals[name] = journal
        outcomes: list[Outcome] = []
        failure, locked = "", False
        try:
            for outcome in self._run.providers[name].apply(changes, journal):
                outcomes.append(outcome)
                journal.settle(outcome)
                if outcome.status not in ("done", "skipped"):
                    journal.halt(self._danger(reading, outcomes))
        except ReconcilerError as error:
            failure, locked = str(error), isinstance(error, LockHeldError)
        finally:
            unrecorded = journal.close()
        failure = failure or journal.halted or unrecorded
        told = {outcome.change.key for outcome in outcomes}
        untold = [change for change in changes if change.key not in told]
        outcomes += [Outcome(change, "skipped", "not tried") for change in untold]
        return TargetReport(name, tuple(outcomes), failure=failure, locked=locked)

    def _danger(self, reading: Reading, outcomes: Sequence[Outcome]) -> str:
        """Why nothing more may be done on a target now that a change failed; empty: go on.

        What was to be given before something is taken may be what failed.
        """
        name = reading.desired.target
        told = {outcome.change.key for outcome in outcomes}
        left = [change for change in self._work[name] if change.key not in told]
        done = [outcome.change for outcome in outcomes if outcome.status == "done"]
        now = replace(reading, observed=applied_to(reading.observed, done))
        rules = {each.rule for each in self._plan.findings if each.accepted}
        return danger_in(self._run.target(name, now), left, rules)

    def _verified(self, report: TargetReport) -> TargetReport:
        """The report with what a second read still finds necessary of what was done.

        What was unknown, because the connection was lost, is known afterwards.
        """
        done = {each.change.key for each in report.outcomes if each.status in ("done", "unknown")}
        if report.target not in self._journals:
            return report
        try:
            reading = self._last[report.target] = self._run.read_one(report.target)
            changes = self._run.selection(reading).changes if done else ()
            blind = [*unknown_now(reading, [each.change for each in report.outcomes])]
            if blind:
                raise UnreachableError(report.target, blind[0])
        except TargetError as error:
            return replace(report, failure=report.failure or f"it could not be read again: {error}")
        remaining = tuple(change for change in changes if change.key in done)
        left = {change.key for change in remaining}
        outcomes = tuple(_settled(each, left, reading.observed) for each in report.outcomes)
        journal = self._journals[report.target]
        for before, after in zip(report.outcomes, outcomes, strict=True):
            if before is not after:
                journal.settle(after)
        failure = report.failure or journal.close()
        return replace(report, outcomes=outcomes, remaining=remaining, failure=failure)


def _with_unended(
    work: Mapping[str, tuple[Change, ...]], unended: Mapping[str, Sequence[Change]]
) -> dict[str, tuple[Change, ...]]:
    """The work with what an earlier run did and whose sessions it did not end any more."""
    result = {}
    for target, changes in unended.items():
        planned = {change.key for change in work[target]}
        again = (change for change in changes if change.key not in planned)
        result[target] = (*again, *work[target])
    return result


def _settled(outcome: Outcome, left: Set[Key], observed: State) -> Outcome:
    """An unknown outcome as the second read shows it; any other as it is."""
    if outcome.status != "unknown":
        return outcome
    if outcome.change.key in left:
        return replace(outcome, status="failed")
    is_seen = not _sets_unseen_password(outcome.change, observed)
    return replace(outcome, status="done") if is_seen else outcome


def _sets_unseen_password(change: Change, observed: State) -> bool:
    """Whether a change gives an account that is there a password of which no read says that it is
    there: such an account looks the same with any.
    """
    kept = (observed.get(change.key) or {}).get(PASSWORD)
    return change.action == "update" and asked_password(change) != "" and kept != AS_GIVEN
