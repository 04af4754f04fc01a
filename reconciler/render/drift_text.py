"""What the targets did by themselves, as text: for `drift`, and as a section of a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.classify import Difference, Direction
from reconciler.plan import Finding, Plan, TargetPlan
from reconciler.render.access import DRIFT_WORDS, MOST_LINES, access_lines
from reconciler.render.drift_phrases import deviation, told, wish
from reconciler.render.notes import missing_lines, unmanaged_lines, waiting_lines
from reconciler.render.page import Line, Tone, page
from reconciler.render.sections import Subjects, sections
from reconciler.status import DIRECTIONS, Tally, counted_drift, tallies, waited_for
from reconciler.wording import counted

_TONES: Final[Mapping[Direction, Tone]] = {
    "widened": "removed",
    "narrowed": "changed",
    "mixed": "changed",
}


Notes = Mapping[str, str]
"""Something to say about differences, by their ids."""

NO_NOTES: Final[Notes] = {}


@dataclass(frozen=True, slots=True)
class _AllNotes:
    """All that is known of drift besides the plan."""

    silenced: Notes
    news: Notes
    hints: Notes


def drift_text(
    plan: Plan,
    *,
    silenced: Notes = NO_NOTES,
    news: Notes = NO_NOTES,
    hints: Notes = NO_NOTES,
    resolved: int = 0,
    colour: bool = False,
    list_unmanaged: bool = False,
) -> str:
    """What was read, then what the targets did since the last apply, and what that means.

    `silenced` says until when, by whom and why nobody is to be told of a difference; `news` that
    it is `new`, `still` there or `worse`; `hints` what to write so that the manifest asks for it.
    `resolved` counts those that were seen before and are gone.
    """
    notes = _AllNotes(silenced, news, hints)
    lines = [*_body(plan, notes, list_unmanaged=list_unmanaged)]
    if resolved:
        lines += [Line(f"Resolved since the last look: {counted(resolved, 'difference')}."), Line()]
    return page([*lines, Line(drift_summary(plan, silenced), "heading")], colour=colour)


def drift_summary(plan: Plan, silenced: Notes = NO_NOTES) -> str:
    """The one line that counts drift on the targets of which an earlier apply is known."""
    known = [tally for tally in tallies(plan, silenced) if tally.is_known]
    number = {way: sum(tally.drift[way] for tally in known) for way in DIRECTIONS}
    if not known:
        return "No verdict: nothing is known of an earlier apply."
    if not any(number.values()):
        one = len(known) == 1
        verb, them = ("is", "it") if one else ("are", "them")
        return f"No drift: {counted(len(known), 'target')} {verb} as the last apply left {them}."
    touched = sum(1 for tally in known if any(tally.drift.values()))
    words = ", ".join(f"{number[way]} {way}" for way in DIRECTIONS)
    return f"Drift: {words} on {counted(touched, 'target')}{_aside(plan, known, silenced)}."


def _aside(plan: Plan, numbers: Sequence[Tally], silenced: Notes) -> str:
    """How much of it is held, and how much is silenced."""
    holding = _holding(each for each in plan.findings if each.holds)
    held = sum(
        (target.target, each.key) in holding
        for target in plan.targets
        for each in counted_drift(target, silenced)
    )
    silent = sum(tally.silenced for tally in numbers)
    words = [
        f"{number} {word}" for number, word in ((held, "held"), (silent, "silenced")) if number
    ]
    return f"; {', '.join(words)}" if words else ""


def _body(plan: Plan, notes: _AllNotes, *, list_unmanaged: bool) -> Iterator[Line]:
    yield Line(
        f"Drift from what was applied of {', '.join(plan.manifest)}, seen {plan.at}", "heading"
    )
    for target in plan.targets:
        yield Line(_proof(target))
    yield Line()
    holding = _holding(plan.findings)
    drifted = [replace(each, drift=counted_drift(each, notes.silenced)) for each in plan.targets]
    drifted = [each for each in drifted if each.drift]
    for target in drifted:
        yield from _target_lines(target, holding, notes)
    moved = [replace(each, access=each.drift_access) for each in drifted]
    yield from access_lines(moved, DRIFT_WORDS)
    yield from _silenced_lines(plan.targets, notes)
    yield from _other_lines(tallies(plan))
    yield from missing_lines(plan.findings)
    yield from waiting_lines(waited_for(plan))
    yield from unmanaged_lines(plan.targets, list_all=list_unmanaged)


def _proof(target: TargetPlan) -> str:
    """Says that a target was read whole, what answered there, and as whom we asked."""
    account = f", as {target.account}" if target.account else ""
    return f"{target.target} ({target.provider}): read whole, {target.system}{account}"


def _holding(findings: Iterable[Finding]) -> dict[tuple[str, object], Finding]:
    """By target and record, the finding that holds its repair back; of several a blocking one."""
    holding = sorted((each for each in findings if each.is_holding), key=lambda each: each.blocking)
    return {(each.target, key): each for each in holding for key in each.keys}


def _target_lines(
    target: TargetPlan, holding: Mapping[tuple[str, object], Finding], notes: _AllNotes
) -> Iterator[Line]:
    yield Line(f"On {target.target}", "heading")
    yield Line()
    for heading, differences in sections(target.drift, Subjects(target)):
        yield Line(f"  {heading.title}")
        for difference in differences:
            yield Line(f"    {deviation(difference)}", _TONES[difference.direction])
            yield from _detail_lines(
                difference, holding.get((target.target, difference.key)), notes
            )
        yield Line()


def _detail_lines(
    difference: Difference, holding: Finding | None, notes: _AllNotes
) -> Iterator[Line]:
    news = notes.news.get(difference.id)
    yield Line(f"      {f'{news}: ' if news else ''}{told(difference)}  {difference.id}")
    manifest = wish(difference)
    if manifest:
        yield Line(f"      the manifest says: {manifest}")
    if holding is not None and holding.blocking:
        yield Line(f"      its repair is blocked by {holding.id}: reconciler plan says why")
    elif holding is not None:
        yield Line(f"      held: apply leaves it so; apply --accept {holding.id} undoes it")
    hint = notes.hints.get(difference.id)
    if hint:
        yield Line(f"      to keep it, {hint}")


def _silenced_lines(targets: Sequence[TargetPlan], notes: _AllNotes) -> Iterator[Line]:
    lines = []
    for target in targets:
        subjects = Subjects(target)
        for each in target.drift if target.applied else ():
            if each.id in notes.silenced:
                what = f"{target.target}: {subjects.title(each)}: {deviation(each)}"
                lines.append(Line(f"    {what}  {notes.silenced[each.id]}  {each.id}", "faint"))
    if lines:
        yield Line("Silenced, and not counted", "heading")
        yield from lines
        yield Line()


def _other_lines(numbers: Sequence[Tally]) -> Iterator[Line]:
    """What is no drift: where nothing can be said, and what waits to be applied."""
    pending = sum(sum(tally.pending.values()) for tally in numbers if tally.is_known)
    unknown = [tally for tally in numbers if not tally.is_known]
    for tally in unknown:
        number = tally.unexplained
        what = f"{counted(number, 'difference')}: reconciler plan" if number else "nothing differs"
        yield Line(
            f"No verdict for {tally.target}: nothing is known of an earlier apply; {what}",
            "warning" if number else "plain",
        )
    if pending:
        verb = "is" if pending == 1 else "are"
        what = f"{counted(pending, 'change')} of the manifest {verb} not applied yet"
        yield Line(f"{what}: reconciler plan")
    if unknown or pending:
        yield Line()


# In a plan


def drift_section(targets: Sequence[TargetPlan]) -> Iterator[Line]:
    """What the targets did, a line each; at most about 40 lines."""
    named = len([target for target in targets if target.drift]) > 1
    lines = [line for target in targets for line in _short_lines(target, named=named)]
    if not lines:
        return
    yield Line("Drift: what is there against what was applied", "heading")
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield Line(f"    and {len(lines) - MOST_LINES} more; reconciler drift has all", "faint")
    yield Line()


def _short_lines(target: TargetPlan, *, named: bool) -> Iterator[Line]:
    where = f"{target.target}: " if named else ""
    for heading, differences in sections(target.drift, Subjects(target)):
        for each in differences:
            what = f"{where}{heading.title}: {deviation(each)}"
            yield Line(f"    {what}  {told(each)}  {each.id}", _TONES[each.direction])
