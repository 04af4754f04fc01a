"""What became of a plan, as text. Pure.

What went wrong stands last, next to the counts, where a terminal still shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.changes import Change, Outcome, Status
from reconciler.plan import Plan, TargetPlan
from reconciler.render.change_lines import phrase_lines
from reconciler.render.notes import finding_line
from reconciler.render.page import Line, page
from reconciler.render.phrases import Phrase, phrase
from reconciler.render.sections import Subjects
from reconciler.report import Report, TargetReport
from reconciler.safety.kept_back import blocked_keys, held_keys, unplaced
from reconciler.state import INVITED, Key
from reconciler.wording import counted

_TITLES: Final[tuple[tuple[Status, str], ...]] = (
    ("done", "Done"),
    ("skipped", "Skipped"),
    ("unknown", "Unknown: nobody can say whether it was done; plan again to see"),
    ("failed", "Failed"),
)


def report_text(report: Report, *, colour: bool = False, lists_done: bool = True) -> str:
    """The outcomes by target, what still differs, where passwords are, and counts.

    Without `lists_done`, for a reader who has just seen the plan, what was done is only counted.
    """
    lines = [*_lines(report, lists_done), Line(report_summary(report), "heading")]
    return page(lines, colour=colour)


def report_summary(report: Report) -> str:
    """The one line that counts what was done and says whether the targets are as planned now."""
    number = outcome_counts(report.outcomes)
    changes = _number(blocked_keys(report.plan))
    held = _number(held_keys(report.plan)) - changes
    blocked = changes + len(unplaced(report.plan))
    if not report.outcomes and not blocked and not held and not report.interrupted:
        return "Nothing to do: nothing was changed."
    converged = is_converged(report)
    told = [f"{number['done']} done", f"{number['failed']} failed", f"{number['skipped']} skipped"]
    told += [f"{number['unknown']} unknown"] if number["unknown"] else []
    start = "Interrupted" if report.interrupted else "Apply"
    kept = f"{blocked} blocked" + (f", {held} held" if held and not converged else "")
    end = ("yes" + (f", but {held} held" if held else "")) if converged else "no"
    return f"{start}: {', '.join(told)}; {kept}. Converged: {end}."


def _number(keys: Mapping[str, frozenset[Key]]) -> int:
    return sum(len(each) for each in keys.values())


def is_converged(report: Report) -> bool:
    """Whether every target is as the plan would have it, with nothing blocked or left over.

    What is held is as it should be until somebody says otherwise.
    """
    done = all(target.is_converged for target in report.targets)
    return done and not report.plan.blocking and not report.interrupted


def outcome_counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many outcomes of each status there are; all are present."""
    result = {"done": 0, "failed": 0, "skipped": 0, "unknown": 0}
    for outcome in outcomes:
        result[outcome.status] += 1
    return result


def _lines(report: Report, lists_done: bool) -> Iterator[Line]:
    plans = {target.target: target for target in report.plan.targets}
    for line in report.recovered:
        yield Line(f"!   {line}", "warning")
        yield Line()
    for target in report.targets:
        if _is_worth_showing(target, lists_done):
            yield from _target_lines(target, plans[target.target], lists_done)
    if lists_done:
        for finding in report.plan.blocking:
            yield from finding_line(finding)
            yield Line()
        yield from _held_lines(report.plan)
    else:
        yield from _reminder_lines(report.plan)
    if report.credentials:
        yield Line(
            f"{_handed(report)} of new accounts are in {report.credentials} (readable by you "
            "alone): hand them to their owners, then delete the file."
        )
        yield Line()


def _handed(report: Report) -> str:
    """What the file has of which people get something."""
    invited = any(INVITED in (each.change.after or {}) for each in report.outcomes)
    return "Temporary passwords and invitations" if invited else "Temporary passwords"


def _held_lines(plan: Plan) -> Iterator[Line]:
    """What was left as somebody made it on a target, and how it is given back."""
    for each in plan.findings:
        if each.is_holding and not each.blocking:
            yield Line(f"=   Held: {each.target}: {each.message}", "changed")
            yield Line(
                f"      give it back with --accept {each.id}, or say in the manifest that it ended"
            )
            yield Line()


def _reminder_lines(plan: Plan) -> Iterator[Line]:
    """Which findings held something back, for a reader who has just seen them."""
    blocking = [each.id for each in plan.blocking]
    holding = [each.id for each in plan.findings if each.is_holding and not each.blocking]
    if blocking:
        yield Line(f"!   Blocked, see the findings above: {', '.join(blocking)}", "warning")
    if holding:
        yield Line(f"=   Held, see the findings above: {', '.join(holding)}", "changed")
    if blocking or holding:
        yield Line()


def _is_worth_showing(target: TargetReport, lists_done: bool) -> bool:
    if lists_done:
        return bool(target.outcomes or target.failure)
    return not target.is_converged or any(outcome.message for outcome in target.outcomes)


def _target_lines(target: TargetReport, plan: TargetPlan, lists_done: bool) -> Iterator[Line]:
    yield Line(target.target, "heading")
    yield Line()
    subjects = Subjects(plan)
    for status, title in _TITLES:
        outcomes = [outcome for outcome in target.outcomes if outcome.status == status]
        if outcomes and status == "done" and not lists_done:
            yield Line(f"  {title}: {counted(len(outcomes), 'change')}")
            for outcome in outcomes:
                if outcome.message:
                    yield from _change_lines(outcome.change, subjects, outcome.message)
            yield Line()
        elif outcomes:
            yield Line(f"  {title}", "warning" if status == "failed" else "plain")
            for outcome in outcomes:
                yield from _change_lines(outcome.change, subjects, outcome.message)
            yield Line()
    yield from _remaining_lines(target.remaining, subjects)
    if target.failure:
        yield Line("  Stopped", "warning")
        yield from (Line(f"!   {line}", "warning") for line in target.failure.splitlines())
        yield Line()


def _remaining_lines(remaining: Sequence[Change], subjects: Subjects) -> Iterator[Line]:
    if not remaining:
        return
    yield Line(
        f"  Still different after a second read: {counted(len(remaining), 'change')} that the "
        "target took without effect, or whose value it spells in its own way",
        "warning",
    )
    for change in remaining:
        yield from _change_lines(change, subjects, "")
    yield Line()


def _change_lines(change: Change, subjects: Subjects, message: str) -> Iterator[Line]:
    text, parts = phrase(change)
    words = Phrase(_sentence(change, text, subjects.title(change)), parts)
    yield from phrase_lines(change, words, message)


def _sentence(change: Change, words: str, title: str) -> str:
    """The words after the title, which says already that a group, role or server is meant."""
    if change.key.kind in ("group", "role", "server"):
        return title + words.removeprefix(change.key.kind)
    return f"{title}: {words}"
