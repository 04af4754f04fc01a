"""Who gains and who loses what, in few lines: people with the same rights stand together. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.plan import AccessChange, TargetPlan
from reconciler.render.page import Line, Tone
from reconciler.wording import listed

MOST_LINES: Final = 40
_SHOWN_PEOPLE: Final = 3
_SHOWN_RIGHTS: Final = 4


@dataclass(frozen=True, slots=True)
class AccessWords:
    """How the section is worded: its title, and the verbs for one and for several people."""

    title: str
    gains: tuple[str, str]
    loses: tuple[str, str]


PLAN_WORDS: Final = AccessWords("Who gains and who loses", ("gains", "gain"), ("loses", "lose"))
HELD_PLAN_WORDS: Final = replace(
    PLAN_WORDS, title="Who gains and who loses, if what is blocked or held is accepted too"
)
DRIFT_WORDS: Final = AccessWords(
    "Who has more or less than was applied", ("lacks", "lack"), ("should not have",) * 2
)


def access_lines(targets: Sequence[TargetPlan], words: AccessWords) -> Iterator[Line]:
    """The section, or nothing where nobody gains or loses anything; at most about 40 lines."""
    named = len([target for target in targets if target.access]) > 1
    lines = [line for target in targets for line in _target_lines(target, words, named=named)]
    if not lines:
        return
    yield Line(words.title, "heading")
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield Line(f"    and {len(lines) - MOST_LINES} more lines; --format json has all", "faint")
    yield Line()


def _target_lines(target: TargetPlan, words: AccessWords, *, named: bool) -> Iterator[Line]:
    where = f"{target.target}: " if named else ""
    namesakes = Counter(name for name, _ in {(each.person, each.account) for each in target.access})
    together: defaultdict[tuple[str, tuple[str, ...]], list[AccessChange]] = defaultdict(list)
    for each in target.access:
        together[each.verb, each.rights].append(each)
    for (verb, rights), changes in sorted(together.items(), key=lambda item: _first(item[1])):
        people = sorted({_label(each, namesakes) for each in changes})
        symbol, tone, (one, several) = _shown(verb, words)
        sentence = f"{_people(people)} {one if len(people) == 1 else several}"
        what = f"{listed(rights, _SHOWN_RIGHTS)}{_through(changes)}"
        yield Line(f"{symbol}   {where}{sentence} {what}", tone)


def _first(changes: Sequence[AccessChange]) -> tuple[str, str, str, tuple[str, ...]]:
    return min((each.person, each.account, each.verb, each.rights) for each in changes)


def _shown(verb: str, words: AccessWords) -> tuple[str, Tone, tuple[str, str]]:
    return ("+", "added", words.gains) if verb == "gains" else ("-", "removed", words.loses)


def _label(change: AccessChange, namesakes: Counter[str]) -> str:
    is_alone = namesakes[change.person] == 1
    return change.person if is_alone else f"{change.person} ({change.account})"


def _people(people: Sequence[str]) -> str:
    if len(people) == 2:
        return " and ".join(people)
    return listed(people, _SHOWN_PEOPLE)


def _through(changes: Sequence[AccessChange]) -> str:
    """By which roles, where it is the same for all of these people."""
    ways = {each.through for each in changes}
    only = ways.pop()
    return f" (through {listed(only)})" if only and not ways else ""
