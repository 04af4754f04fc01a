"""What was taken from one person, as text. Pure.

What was not taken stands behind what was, and last of all the line that the manifest needs.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.departure import Departure, Kept, TargetDeparture
from reconciler.render.change_lines import phrase_lines
from reconciler.render.page import Line, page
from reconciler.render.phrases import Phrase, phrase
from reconciler.wording import counted, listed


def departure_text(departure: Departure, *, colour: bool = False) -> str:
    """By target what is taken; what is not, by name and why; what goes on; what is left to do."""
    lines = [
        *_taken_lines(departure),
        *_kept_lines(departure),
        *_still_lines(departure),
        Line(departure_summary(departure), "heading"),
        *_next_lines(departure),
    ]
    return page(lines, colour=colour)


def departure_summary(departure: Departure) -> str:
    """The one line that says how much was taken, and whether that is all."""
    who = _who(departure)
    number = counted(len(departure.taken), "thing")
    undone = [each.target for each in departure.targets if not each.is_whole]
    verb = "Would take" if departure.is_dry else "Interrupted" if departure.interrupted else "Took"
    if undone:
        return f"{verb} {number} from {who}. NOT DONE: {listed(undone, 8)}."
    if not departure.taken:
        return f"Nothing is left to take from {who}."
    return f"{verb} {number} from {who}, which is all."


def departure_question(departure: Departure) -> str:
    """What somebody is asked before anything is taken."""
    if not departure.taken:
        text = f"Block whatever would give {_who(departure)} anything? [y/N] "
        return page([Line(text)], colour=False).rstrip("\n")
    where = listed([each.target for each in departure.targets if each.taken], 8)
    text = f"Take all this from {_who(departure)} on {where}, now? [y/N] "
    return page([Line(text)], colour=False).rstrip("\n")


def _who(departure: Departure) -> str:
    if departure.person == departure.user:
        return departure.user
    return f"{departure.person} ({departure.user})"


def _taken_lines(departure: Departure) -> Iterator[Line]:
    for each in departure.targets:
        if each.taken:
            name = "" if each.account == departure.user else f", as {each.account}"
            would = "would be taken" if departure.is_dry else "taken"
            yield Line(f"{each.target}{name}: {would}", "heading")
            yield from _changes(each)
            yield Line()


def _changes(target: TargetDeparture) -> Iterator[Line]:
    for each in target.taken:
        text, parts = phrase(each.change)
        ends = ", ends open sessions" if each.change.end_sessions else ""
        yield from phrase_lines(each.change, Phrase(text + ends, parts), each.message)


def _kept_lines(departure: Departure) -> Iterator[Line]:
    found = [
        *(_failure_line(target) for target in departure.targets if target.failure),
        *(_kept_line(target.target, kept) for target in departure.targets for kept in target.kept),
    ]
    if found:
        yield Line("Not taken", "heading")
        yield from found
        yield Line()


def _failure_line(target: TargetDeparture) -> Line:
    return Line(f"!   {target.target}: {' '.join(target.failure.split())}", "warning")


def _kept_line(target: str, kept: Kept) -> Line:
    if kept.matters:
        return Line(f"!   {target}: {kept.what}: {kept.reason}", "warning")
    return Line(f"    {target}: {kept.what}: of no use now, the account is shut out; {kept.reason}")


def _still_lines(departure: Departure) -> Iterator[Line]:
    found = [f"    {text}" for text in departure.still]
    found += [f"    {each.target}: {text}" for each in departure.targets for text in each.still]
    if found:
        yield Line("Goes on, see to it yourself", "heading")
        yield from map(Line, found)
        yield Line()


def _next_lines(departure: Departure) -> Iterator[Line]:
    if departure.is_departed:
        return
    yield Line()
    yield Line(
        f"!   THE MANIFEST STILL GIVES IT ALL BACK to {_who(departure)}. Write this line, and "
        "commit it:",
        "warning",
    )
    yield Line(f"{departure.line}: {departure.user}: state: departed", "warning")
    if not departure.is_dry:
        yield Line(
            "    Until then, whatever would give it back is blocked in every plan with this ledger."
        )
