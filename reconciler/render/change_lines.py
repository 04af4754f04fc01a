"""The changes of one target as lines of a plan, each with its marks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from reconciler.changes import Change
from reconciler.plan import TargetPlan
from reconciler.render.notes import unknown_line
from reconciler.render.page import Line
from reconciler.render.phrases import SYMBOLS, TONES, Phrase, origin, phrase
from reconciler.render.sections import Subjects, sections
from reconciler.state import INVITED, Key

_ASKED: Final = "What the manifest asks"
_REPAIRS: Final = "Repairs of what changed on the target"


class Marks(NamedTuple):
    """The records of a target whose changes get a mark."""

    blocked: frozenset[Key]
    held: frozenset[Key]
    drifted: frozenset[Key]


def target_title(target: TargetPlan) -> str:
    """The name of a target, what answered there, and as whom we are there."""
    account = f", as {target.account}" if target.account else ""
    return f"{target.target} ({target.provider}): {target.system}{account}"


def target_lines(target: TargetPlan, marks: Marks) -> Iterator[Line]:
    """What would be changed on a target, below its name."""
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


def _block_lines(target: TargetPlan, changes: Sequence[Change], marks: Marks) -> Iterator[Line]:
    for heading, together in sections(changes, Subjects(target)):
        yield Line(f"  {heading.title}")
        for change in together:
            yield from _change_lines(change, target, marks)
        yield Line()


def _change_lines(change: Change, target: TargetPlan, marks: Marks) -> Iterator[Line]:
    text, parts = phrase(change)
    notes = "".join(f", {note}" for note in _notes(change, target, marks))
    yield from phrase_lines(change, Phrase(f"{text}{notes}  {origin(change)}", parts))


def phrase_lines(change: Change, words: Phrase, message: str = "") -> Iterator[Line]:
    """A change in these words, its parts below it, and what is told of it."""
    yield Line(f"{SYMBOLS[change.action]}   {words.text}", TONES[change.action])
    for action, part in words.parts:
        yield Line(f"      {SYMBOLS[action]} {part}", TONES[action])
    yield from (Line(f"      {line}") for line in message.splitlines())


def _notes(change: Change, target: TargetPlan, marks: Marks) -> Iterator[str]:
    if change.key.kind == "account" and change.key.path[-1] in target.new_passwords:
        is_invited = INVITED in (change.after or {})
        yield "gets an invitation" if is_invited else "gets a temporary password"
    if also_repairs(change, marks.drifted):
        yield "also repairs drift"
    if change.end_sessions:
        yield "ends open sessions"
    if change.key in marks.blocked:
        yield "BLOCKED"
    elif change.key in marks.held:
        yield "HELD"


def drifted_keys(target: TargetPlan) -> frozenset[Key]:
    """The records that the target changed by itself."""
    return frozenset(each.key for each in target.drift)


def also_repairs(change: Change, drifted: frozenset[Key]) -> bool:
    """Whether a change that the manifest asks for undoes what the target did, too."""
    return change.cause not in ("drift", "unknown") and change.key in drifted
