"""A plan as text that is read on a phone before somebody says yes. Pure.

Symbols stand in the first column and mean the same without colour. What stays is not shown. The
sections are imported where a plan has them: without changes and drift it has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.changes import Change
from reconciler.plan import Plan, counts
from reconciler.render.notes import finding_lines, unmanaged_lines
from reconciler.render.page import Line, page
from reconciler.safety.kept_back import blocked_keys, held_keys, unplaced
from reconciler.wording import counted, listed


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
    from reconciler.render.change_lines import also_repairs, drifted_keys

    drifted = {target.target: drifted_keys(target) for target in plan.targets}
    number = sum(
        1
        for target in plan.targets
        for change in target.changes
        if change.cause == "drift" or also_repairs(change, drifted[target.target])
    )
    return f" ({number} repair{'s' if number == 1 else ''} drift)" if number else ""


def _body(plan: Plan, *, list_unmanaged: bool) -> Iterator[Line]:
    yield Line(f"Plan for {', '.join(plan.manifest)}, made {plan.at}", "heading")
    if plan.valid_until:
        yield Line(f"Valid until {plan.valid_until}, when a grant starts or ends.")
    yield Line()
    if any(target.changes or target.drift for target in plan.targets):
        yield from _differences(plan)
    yield from finding_lines(plan.findings)
    yield from unmanaged_lines(plan.targets, list_all=list_unmanaged)


def _differences(plan: Plan) -> Iterator[Line]:
    """What would be changed, what the targets changed, and what that means for people."""
    from reconciler.render.access import HELD_PLAN_WORDS, PLAN_WORDS, access_lines
    from reconciler.render.change_lines import Marks, drifted_keys, target_lines
    from reconciler.render.drift_text import drift_section

    blocked, held = blocked_keys(plan), held_keys(plan)
    for target in plan.targets:
        if target.changes or (target.drift and not target.applied):
            name = target.target
            marks = Marks(blocked[name], held[name], drifted_keys(target))
            yield from target_lines(target, marks)
    yield from drift_section(plan.targets)
    yield from access_lines(plan.targets, HELD_PLAN_WORDS if any(held.values()) else PLAN_WORDS)


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
