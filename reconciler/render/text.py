"""A plan, and the drift it shows, as text that is read on a phone before somebody says yes. Pure.

Symbols stand in the first column and mean the same without colour. What stays is not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler import safety
from reconciler.changes import Change
from reconciler.plan import Finding, Plan, TargetPlan, counts
from reconciler.render.access import DRIFT_WORDS, PLAN_WORDS, AccessWords, access_lines
from reconciler.render.page import Line, page
from reconciler.render.phrases import (
    SYMBOLS,
    TONES,
    counted,
    counted_kinds,
    listed,
    origin,
    phrase,
)
from reconciler.render.sections import sections
from reconciler.state import Key


@dataclass(frozen=True, slots=True)
class _Wording:
    """What differs between a plan and drift, which have the same body."""

    legend: str
    access: AccessWords
    is_drift: bool


_PLAN: Final = _Wording("", PLAN_WORDS, is_drift=False)
_DRIFT: Final = _Wording(
    "+ missing on the target, ~ different there, - there though no line asks for it",
    DRIFT_WORDS,
    is_drift=True,
)


def plan_text(plan: Plan, *, colour: bool = False, list_unmanaged: bool = False) -> str:
    """The plan by target and person, then its effect, findings, what is left alone, and counts."""
    title = f"Plan for {', '.join(plan.manifest)}, made {plan.at}"
    body = _body(plan, title, _PLAN, list_unmanaged=list_unmanaged)
    return page([*body, Line(plan_summary(plan), "heading")], colour=colour)


def drift_text(plan: Plan, *, colour: bool = False, list_unmanaged: bool = False) -> str:
    """What the targets have that differs from the manifest, in the order of a repairing plan."""
    title = f"Differences from {', '.join(plan.manifest)}, seen {plan.at}"
    body = _body(plan, title, _DRIFT, list_unmanaged=list_unmanaged)
    return page([*body, Line(drift_summary(plan), "heading")], colour=colour)


def statements_text(statements: Mapping[str, Sequence[str]], *, colour: bool = False) -> str:
    """What each target would be sent, in order."""
    return page(_statement_lines(statements), colour=colour)


def plan_summary(plan: Plan) -> str:
    """The one line that counts a plan."""
    touched = sum(1 for target in plan.targets if target.changes)
    if not touched:
        return f"Nothing to do: {_in_sync(plan)}."
    number = counts(plan.changes)
    held = sum(len(keys) for keys in held_keys(plan).values())
    return (
        f"Plan: {number['create']} to create, {number['update']} to update, "
        f"{number['delete']} to delete on {counted(touched, 'target')}; {held} blocked."
    )


def drift_summary(plan: Plan) -> str:
    """The one line that counts drift."""
    touched = sum(1 for target in plan.targets if target.changes)
    if not touched:
        return f"No difference: {_in_sync(plan)}."
    number = counts(plan.changes)
    return (
        f"Differences: {number['create']} missing, {number['update']} different, "
        f"{number['delete']} too many on {counted(touched, 'target')}."
    )


def _in_sync(plan: Plan) -> str:
    one = len(plan.targets) == 1
    return f"{counted(len(plan.targets), 'target')} {'is' if one else 'are'} in sync"


def held_keys(plan: Plan) -> dict[str, frozenset[Key]]:
    """By target, the records whose changes the findings hold back; all targets are present."""
    result = {}
    for target in plan.targets:
        own = [each for each in plan.findings if each.target == target.target]
        held = safety.held_back(target.changes, own)
        result[target.target] = frozenset(change.key for change in held)
    return result


def _body(plan: Plan, title: str, wording: _Wording, *, list_unmanaged: bool) -> Iterator[Line]:
    yield Line(title, "heading")
    if plan.valid_until and not wording.is_drift:
        yield Line(f"Valid until {plan.valid_until}, when a grant starts or ends.")
    if wording.legend and plan.changes:
        yield Line(wording.legend, "faint")
    yield Line()
    held = held_keys(plan)
    for target in plan.targets:
        if target.changes:
            yield from _target_lines(target, held[target.target], wording)
    yield from access_lines(plan.targets, wording.access)
    yield from _finding_lines(plan.findings)
    yield from _unmanaged_lines(plan.targets, list_all=list_unmanaged)


def target_title(target: TargetPlan) -> str:
    """The name of a target, what answered there, and as whom we are there."""
    account = f", as {target.account}" if target.account else ""
    return f"{target.target} ({target.provider}): {target.system}{account}"


def _target_lines(target: TargetPlan, held: frozenset[Key], wording: _Wording) -> Iterator[Line]:
    yield Line(target_title(target), "heading")
    yield Line()
    for heading, changes in sections(target):
        yield Line(f"  {heading.title}")
        for change in changes:
            yield from _change_lines(change, target, held, wording)
        yield Line()


def _change_lines(
    change: Change, target: TargetPlan, held: frozenset[Key], wording: _Wording
) -> Iterator[Line]:
    words = phrase(change, is_drift=wording.is_drift)
    told = () if wording.is_drift else _notes(change, target, held)
    notes = "".join(f", {note}" for note in told)
    tone = TONES[change.action]
    yield Line(f"{SYMBOLS[change.action]}   {words.text}{notes}  {origin(change)}", tone)
    for action, part in words.parts:
        yield Line(f"      {SYMBOLS[action]} {part}", TONES[action])


def _notes(change: Change, target: TargetPlan, held: frozenset[Key]) -> Iterator[str]:
    if change.key.kind == "account" and change.key.path[-1] in target.new_passwords:
        yield "gets a temporary password"
    if change.key in held:
        yield "BLOCKED"


# Findings


def _finding_lines(findings: Sequence[Finding]) -> Iterator[Line]:
    if not findings:
        return
    yield Line("Findings", "heading")
    for each in findings:
        if each.blocking and not each.accepted:
            yield Line(f"!   {each.id} blocks, {each.target}: {each.message}", "warning")
            yield Line(f"      lift it with --accept {each.id}")
        else:
            state = "accepted" if each.blocking else "note"
            yield Line(f"    {each.id} {state}, {each.target}: {each.message}")
    yield Line()


# What is left alone


def _unmanaged_lines(targets: Sequence[TargetPlan], *, list_all: bool) -> Iterator[Line]:
    keys = [key for target in targets for key in target.unmanaged]
    if not keys:
        return
    hint = "" if list_all else " (--unmanaged lists them)"
    yield Line(f"Left alone: {counted_kinds(keys)} that no line asks for{hint}", "faint")
    if list_all:
        for target in targets:
            for key in target.unmanaged:
                yield Line(f"    {target.target}: {key}")
    yield Line()


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
