"""What starts and ends soon, in order of time, as text. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final

from reconciler.expiring import Boundary, Expiring, Lapse, Verb
from reconciler.render.page import Line, Tone, page
from reconciler.render.phrases import places
from reconciler.source import Source
from reconciler.wording import counted, listed

_SYMBOLS: Final[Mapping[Verb, tuple[str, Tone]]] = {
    "ended": (" ", "faint"),
    "ends": ("-", "removed"),
    "starts": ("+", "added"),
}
_SHOWN_PEOPLE: Final = 8


def expiring_text(expiring: Expiring, *, colour: bool = False) -> str:
    """The grants that start or end by time, then how many."""
    return page([*_lines(expiring), Line(expiring_summary(expiring), "heading")], colour=colour)


def expiring_summary(expiring: Expiring) -> str:
    """The one line that counts what starts and ends."""
    number = Counter(each.verb for each in expiring.boundaries)
    ends, starts = number["ends"], number["starts"]
    ended = f"; {number['ended']} ended already" if number["ended"] else ""
    within = f"within {expiring.within}, until {expiring.until}"
    if not ends and not starts:
        return f"No grant ends or starts {within}{ended}."
    end, start = ("s" if ends == 1 else ""), ("s" if starts == 1 else "")
    return f"{counted(ends, 'grant')} end{end}, {starts} start{start} {within}{ended}."


def _lines(expiring: Expiring) -> Iterator[Line]:
    every: list[Boundary | Lapse] = [*expiring.boundaries, *expiring.lapses]
    every.sort(key=lambda each: each.at)
    for time, together in groupby(every, key=lambda each: each.at):
        yield Line(time, "heading")
        for each in together:
            yield from _lapse_lines(each) if isinstance(each, Lapse) else _boundary_lines(each)
        yield Line()


def _lapse_lines(lapse: Lapse) -> Iterator[Line]:
    by = f", by {lapse.by}" if lapse.by else ""
    reason = f", {lapse.reason}" if lapse.reason else ""
    what = f"{lapse.kind} of {lapse.subject} {lapse.verb}{by}{reason}"
    tone: Tone = "changed" if lapse.verb == "ends" else "faint"
    symbol = "!" if lapse.verb == "ends" else " "
    yield Line(f"{symbol}   {what}  {lapse.source.short}", tone)


def _boundary_lines(boundary: Boundary) -> Iterator[Line]:
    symbol, tone = _SYMBOLS[boundary.verb]
    what = f"{boundary.role} on {boundary.target} {boundary.verb}"
    reason = f", {boundary.reason}" if boundary.reason else ""
    yield Line(f"{symbol}   {_who(boundary)}: {what}{reason}  {boundary.source.short}", tone)
    keeping: defaultdict[tuple[Source, ...], list[str]] = defaultdict(list)
    for person in boundary.people:
        if person.kept_by:
            keeping[person.kept_by].append(person.name)
    for lines, names in sorted(keeping.items()):
        yield Line(f"      {listed(names, _SHOWN_PEOPLE)} {_kept(boundary, names)} {places(lines)}")


def _who(boundary: Boundary) -> str:
    names = listed([each.name for each in boundary.people], _SHOWN_PEOPLE) or "nobody active"
    return f"{boundary.group} ({names})" if boundary.group else names


def _kept(boundary: Boundary, names: list[str]) -> str:
    one = len(names) == 1
    if boundary.verb == "starts":
        return "has it already by" if one else "have it already by"
    return "keeps it by" if one else "keep it by"
