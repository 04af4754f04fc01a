"""What one user loses on one target, and what stays there and why.

Here belongs reading that off a plan and its report. Taking it is `offboarding`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from reconciler.changes import Change, Outcome
from reconciler.departure import Kept, Taken, TargetDeparture
from reconciler.engine.run import Run
from reconciler.errors import (
    BlockedError,
    IncompleteReadError,
    LockHeldError,
    ReconcilerError,
    TargetError,
)
from reconciler.leaving import is_of
from reconciler.plan import Finding, Plan, TargetPlan
from reconciler.provider import ENDS, TOKEN_LAG, Foreseeing
from reconciler.render.phrases import phrase, privilege_sentences
from reconciler.report import Report, TargetReport
from reconciler.safety.kept_back import work_of
from reconciler.selection import lost_by_leavers
from reconciler.state import EXACT_KINDS, Key

_FAILED: Final = ReconcilerError.exit_code
_BLOCKED: Final = BlockedError.exit_code
_LOCKED: Final = LockHeldError.exit_code


@dataclass(frozen=True, slots=True)
class Planned:
    """One target that was read: its run, the plan of what its account loses, and that account."""

    run: Run
    plan: Plan
    account: str

    def accepting(self, accept: Set[str]) -> Planned:
        """The same with these findings lifted."""
        findings = tuple(
            replace(each, accepted=True, accepted_by="") if each.id in accept else each
            for each in self.plan.findings
        )
        return replace(self, plan=replace(self.plan, findings=findings))

    @property
    def target(self) -> TargetPlan:
        """The one target of the plan."""
        return self.plan.targets[0]

    @property
    def work(self) -> tuple[Change, ...]:
        """The changes that no finding holds back."""
        return work_of(self.plan)[self.target.target]


def unread(target: str, account: str, error: ReconcilerError) -> TargetDeparture:
    """A target that could not be read, or that cannot be asked at all."""
    code = IncompleteReadError.exit_code
    return TargetDeparture(target, account, failure=f"not read: {in_words(error)}", code=code)


def in_words(error: ReconcilerError) -> str:
    """Why nothing was done on one target; what an error says of all others is not so here."""
    if isinstance(error, IncompleteReadError):
        return "; ".join(each.message for each in error.failures)
    return str(error)


def planned_departure(planned: Planned) -> TargetDeparture:
    """What would be taken, and what would stay."""
    work = planned.work
    outcomes = tuple(Outcome(change, "done") for change in work)
    return _departure(planned, TargetReport(planned.target.target, outcomes))


def applied_departure(planned: Planned, report: Report) -> TargetDeparture:
    """What was taken, and what stays; not what an earlier run left undone for others."""
    (target,) = report.targets
    own = (each for each in target.outcomes if is_of(each.change.key, planned.account))
    return _departure(planned, replace(target, outcomes=tuple(own)))


def _departure(planned: Planned, report: TargetReport) -> TargetDeparture:
    left = {each.key for each in report.remaining}
    taken = [o for o in report.outcomes if o.status == "done" and o.change.key not in left]
    is_shut = _is_shut_out(planned, [each.change for each in taken])
    failed = [*_not_done(report)]
    kept = [*_held(planned), *failed, *_left_alone(planned, is_shut=is_shut)]
    has_failed = failed or report.failure
    return TargetDeparture(
        target=planned.target.target,
        account=planned.account,
        plan=planned.target,
        taken=tuple(Taken(each.change, each.message) for each in taken),
        kept=tuple(kept),
        failure=report.failure,
        code=_LOCKED if report.locked else _FAILED if has_failed else _BLOCKED,
        still=tuple(_still(planned)),
    )


def _is_shut_out(planned: Planned, done: Sequence[Change]) -> bool:
    """Whether nobody can sign in with the account any more."""
    key = Key("account", (planned.account,))
    if any(each.key == key for each in done):
        return True
    able = planned.run.capabilities_of(planned.target.target)
    fields = planned.run.readings[planned.target.target].observed.get(key)
    if fields is None:
        return True
    lost = lost_by_leavers(able) if able.disabled is not None else {}
    return bool(lost) and all(fields.get(name) == value for name, value in lost.items())


def _held(planned: Planned) -> Iterator[Kept]:
    """What findings hold back, each with the first that does."""
    work = {each.key for each in planned.work}
    for change in planned.target.changes:
        if change.key not in work:
            yield Kept(_words(change), _reason(change.key, planned.plan.findings))


def _reason(key: Key, findings: Sequence[Finding]) -> str:
    for each in findings:
        if each.is_holding and key in each.keys:
            return f"{each.message} (lift it with --accept {each.id})"
    return "something that it depends on is blocked"


def _not_done(report: TargetReport) -> Iterator[Kept]:
    for each in report.outcomes:
        if each.status != "done":
            yield Kept(_words(each.change), each.message or each.status)
    done = {each.change.key for each in report.outcomes if each.status == "done"}
    for change in report.remaining:
        if change.key in done:
            yield Kept(_words(change), "the target said yes, and it is still there")


def _left_alone(planned: Planned, *, is_shut: bool) -> Iterator[Kept]:
    """What the policy leaves, and what belongs to protected names."""
    reading = planned.run.readings[planned.target.target]
    for each in planned.plan.findings:
        if each.rule == "protected":
            yield Kept(f"what {planned.account} is or holds", each.message)
    why = "no line gave it, or policy.prune leaves it"
    if reading.memory is None:
        why = "nothing is known of an earlier apply"
    for key in planned.target.unmanaged:
        if is_of(key, planned.account) and key.kind != "setting":
            lost = Change("delete", key, reading.observed.get(key) or {}, None)
            yield Kept(_words(lost), f"{why}; take it by hand", matters=not is_shut)


def _words(change: Change) -> str:
    if change.key.kind in EXACT_KINDS:
        return "; ".join(privilege_sentences(change.key, change.before or {}))
    words = phrase(change)
    return ", ".join([words.text, *(part for _, part in words.parts)])


def _still(planned: Planned) -> Iterator[str]:
    """What goes on though everything was taken, and what else there is to know."""
    name = planned.target.target
    run = planned.run
    able, observed = run.capabilities_of(name), run.readings[name].observed
    if run.readings[name].memory is None:
        yield (
            "nothing is known of an earlier apply, so no account is deleted; where CI applies with "
            "another ledger, name that one with --ledger, or CI gives everything back"
        )
    told = [f for f in planned.plan.findings if not (f.blocking or f.holds)]
    yield from (each.message for each in told if each.rule not in ("protected", ENDS))
    fields = observed.get(Key("account", (planned.account,)))
    if fields is None:
        return
    if able.tokens and TOKEN_LAG not in {each.rule for each in told}:
        yield f"tokens that {name} handed out to {planned.account} stay valid until they end"
    if not (able.tokens or able.sessions or able.sessions_end) and planned.work:
        yield f"open sessions of {planned.account} cannot be ended there"
    yield from _owned(planned)


def _owned(planned: Planned) -> Iterator[str]:
    """What the account owns, where it stays."""
    name, key = planned.target.target, Key("account", (planned.account,))
    provider, observed = planned.run.providers[name], planned.run.readings[name].observed
    is_going = any(each.key == key and each.action == "delete" for each in planned.target.changes)
    if is_going or not isinstance(provider, Foreseeing):
        return
    asked = Change("delete", key, observed.get(key), None)
    with suppress(TargetError):  # it was lost meanwhile, which is said elsewhere
        yield from (e.message for e in provider.obstacles([asked]) if " owns " in e.message)
