"""The exit code of an apply: of all that holds, what matters most."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.changes import Change, Outcome, Status
from reconciler.plan import UNREAD, Finding, Plan
from reconciler.report import Report, TargetReport
from reconciler.state import Key

CHANGE = Change("create", Key("account", ("amina",)), None, {})
BLOCKING = Finding("S-1", "emptied", "one", "x", blocking=True)
UNREAD_PART = Finding("S-2", UNREAD, "one", "x", blocking=True)


def _report(*statuses: Status, blocked: bool = False, **fields: object) -> Report:
    plan = Plan("", "", (), "", (), (BLOCKING,) if blocked else ())
    outcomes = tuple(Outcome(CHANGE, status) for status in statuses)
    return Report(plan, (TargetReport("one", outcomes, **fields),))  # type: ignore[arg-type]  # names and values are those of TargetReport


@pytest.mark.parametrize(
    "report, code",
    [
        (_report(), 0),
        (_report("done"), 0),
        (_report("done", "failed"), 8),
        (_report("failed", "skipped"), 1),
        (_report("unknown"), 1),
        (_report("done", remaining=(CHANGE,)), 8),
        (_report("done", failure="it could not be read again"), 8),
        (_report(failure="no answer"), 1),
        (_report("done", blocked=True), 5),
        (_report("done", "failed", blocked=True), 5),
        (_report("skipped", failure="locked", locked=True), 7),
        (_report("skipped", failure="locked", locked=True, blocked=True), 7),
    ],
)
def test_the_exit_code_is_that_of_what_matters_most_out_04(report: Report, code: int) -> None:
    assert report.exit_code == code


def test_a_part_that_was_not_read_is_told_before_what_is_blocked() -> None:
    report = _report("done", "failed", blocked=True)
    unread = replace(report.plan, findings=(BLOCKING, UNREAD_PART))
    accepted = replace(report.plan, findings=(BLOCKING, replace(UNREAD_PART, accepted=True)))

    codes = [replace(report, plan=plan).exit_code for plan in (unread, accepted)]
    locked = replace(_report("skipped", failure="locked", locked=True), plan=unread)

    assert codes == [9, 5]
    assert locked.exit_code == 9


def test_an_interrupt_is_told_before_anything_else() -> None:
    report = _report("skipped", failure="locked", locked=True, blocked=True)

    assert Report(report.plan, report.targets, interrupted=True).exit_code == 130
