"""A plan as text that is read on a phone before somebody says yes. Pure.

Symbols stand in the first column and mean the same without colour. What stays is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from reconciler.changes import Change
from reconciler.plan import Plan, TargetPlan, counts
from reconciler.render.access import HELD_PLAN_WORDS, PLAN_WORDS, access_lines
from reconciler.render.drift_text import drift_section
from reconciler.render.notes import finding_lines, unknown_line, unmanaged_lines
from reconciler.render.page import Line, page
from reconciler.render.phrases import SYMBOLS, TONES, origin, phrase
from reconciler.render.sections import Subjects, sections
from reconciler.state import Key
from reconciler.status import blocked_keys, held_keys, unplaced
from reconciler.wording import counted, listed

_ASKED: Final = "What the manifest asks"
_REPAIRS: Final = "Repairs of what changed on the target"


class _Marks(NamedTuple):
    """The records of a target whose changes get a mark."""

    blocked: frozenset[Key]
    held: frozenset[Key]
    drifted: frozenset[Key]


def plan_text(plan: Plan, *, colour: bool = False, list_unmanaged: bool = False) -> str:
    """The plan by target and person, then what the targets did, its effect, findings and counts."""
    body = _body(plan, list_unmanaged=list_unmanaged)
    return page([*body, Line(plan_summary(plan), "heading")], colour=colour)


def statements_text(statements: Mapping[str, Sequence[str]], *, colour: bool = False) -> str:
    """What each target would be sent, in order."""
    return page(_statement_lines(statements), colour=colour)


def plan_summary(plan: Plan) -> str:
    """The one line that counts a plan."""
    touched = sum(1 for target in plan.targets if target.changes)
    if not touched:
        return _nothing_to_do(plan)
    number = counts(plan.changes)
    changes = sum(len(keys) for keys in blocked_keys(plan).values())
    held = sum(len(keys) for keys in held_keys(plan).values()) - changes
    blocked = changes + len(unplaced(plan))
    return (
        f"Plan: {number['create']} to create, {number['update']} to update, "
        f"{number['delete']} to delete on {counted(touched, 'target')}{_repairs(plan)}; "
        f"{blocked} blocked{f', {held} held' if held else ''}."
    )


def _nothing_to_do(plan: Plan) -> str:
    undecided = len(unplaced(plan))
    if undecided:
        return f"Nothing to write; {counted(undecided, 'finding')} to decide."
    left = sum(len(target.drift) for target in plan.targets)
    if left:
        verb = "stays as it is" if left == 1 else "stay as they are"
        return f"Nothing to do: {counted(left, 'difference')} on the targets {verb}."
    one = len(plan.targets) == 1
    return (
        f"Nothing to do: {counted(len(plan.targets), 'target')} {'is' if one else 'are'} in sync."
    )


def _repairs(plan: Plan) -> str:
    """How many of the changes undo what a target did."""
    drifted = {target.target: _drifted(target) for target in plan.targets}
    number = sum(
        1
        for target in plan.targets
        for change in target.changes
        if change.cause == "drift" or _also_repairs(change, drifted[target.target])
    )
    return f" ({number} repair{'s' if number == 1 else ''} drift)" if number else ""


def _drifted(target: TargetPlan) -> frozenset[Key]:
    return frozenset(each.key for each in target.drift)


def _also_repairs(change: Change, drifted: frozenset[Key]) -> bool:
    """Whether a change that the manifest asks for undoes what the target did, too."""
    return change.cause not in ("drift", "unknown") and change.key in drifted


def _body(plan: Plan, *, list_unmanaged: bool) -> Iterator[Line]:
    yield Line(f"Plan for {', '.join(plan.manifest)}, made {plan.at}", "heading")
    if plan.valid_until:
        yield Line(f"Valid until {plan.valid_until}, when a grant starts or ends.")
    yield Line()
    blocked, held = blocked_keys(plan), held_keys(plan)
    for target in plan.targets:
        if target.changes or (target.drift and not target.applied):
            name = target.target
            marks = _Marks(blocked[name], held[name], _drifted(target))
            yield from _target_lines(target, marks)
    yield from drift_section(plan.targets)
    yield from access_lines(plan.targets, HELD_PLAN_WORDS if any(held.values()) else PLAN_WORDS)
    yield from finding_lines(plan.findings)
    yield from unmanaged_lines(plan.targets, list_all=list_unmanaged)


def target_title(target: TargetPlan) -> str:
    """The name of a target, what answered there, and as whom we are there."""
    account = f", as {target.account}" if target.account else ""
    return f"{target.target} ({target.provider}): {target.system}{account}"


def _target_lines(target: TargetPlan, marks: _Marks) -> Iterator[Line]:
    yield Line(target_title(target), "heading")
    if not target.applied:
        yield unknown_line(target)
    yield Line()
    asked = [change for change in target.changes if change.cause != "drift"]
    repairs = [change for change in target.changes if change.cause == "drift"]
    if asked and repairs:
        yield from _title_lines(_ASKED)
    yield from _block_lines(target, asked, marks)
    if repairs:
        yield from _title_lines(_REPAIRS)
    yield from _block_lines(target, repairs, marks)


def _title_lines(title: str) -> Iterator[Line]:
    yield Line(title, "heading")
    yield Line()


def _block_lines(target: TargetPlan, changes: Sequence[Change], marks: _Marks) -> Iterator[Line]:
    for heading, together in sections(changes, Subjects(target)):
        yield Line(f"  {heading.title}")
        for change in together:
            yield from _change_lines(change, target, marks)
        yield Line()


def _change_lines(change: Change, target: TargetPlan, marks: _Marks) -> Iterator[Line]:
    words = phrase(change)
    notes = "".join(f", {note}" for note in _notes(change, target, marks))
    tone = TONES[change.action]
    yield Line(f"{SYMBOLS[change.action]}   {words.text}{notes}  {origin(change)}", tone)
    for action, part in words.parts:
        yield Line(f"      {SYMBOLS[action]} {part}", TONES[action])


def _notes(change: Change, target: TargetPlan, marks: _Marks) -> Iterator[str]:
    if change.key.kind == "account" and change.key.path[-1] in target.new_passwords:
        yield "gets a temporary password"
    if _also_repairs(change, marks.drifted):
        yield "also repairs drift"
    if change.end_sessions:
        yield "ends open sessions"
    if change.key in marks.blocked:
        yield "BLOCKED"
    elif change.key in marks.held:
        yield "HELD"


def _statement_lines(statements: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    for target, texts in sorted(statements.items()):
        if not texts:
            continue
        yield Line()
        yield Line(f"What {target} would be sent", "heading")
        for text in texts:
            yield from (Line(f"    {line}") for line in text.splitlines())


def question(changes: Mapping[str, Sequence[Change]]) -> str:
    """What somebody is asked before these changes are applied, by target."""
    number = sum(len(each) for each in changes.values())
    targets = [target for target, each in sorted(changes.items()) if each]
    these = "this change" if number == 1 else f"these {number} changes"
    return page([Line(f"Apply {these} to {listed(targets, 8)}? [y/N] ")], colour=False).rstrip("\n")
