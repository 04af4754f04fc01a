"""The scopes of a manifest as rights of FlowAuth up to 1.17, and back. No I/O.

A right is what one action may do with one query at one aggregation unit; it is spelled as in the
last of these releases: `run&daily_location.aggregation_unit.admin3`. A manifest's `run` and
`get_result` hold for all queries of a role, and `admin3:daily_location:daily_location` gives a
query, which may always be polled. Rights that differ between queries have no such words: they stay
as they are spelled.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

ACTIONS: Final = ("get_result", "poll", "run")
NOWHERE: Final = "nonspatial"
"""The unit of a query that has none."""

_SIMPLE: Final = frozenset({"get_result", "run"})
_POLL: Final = "poll&"
_RIGHT: Final = re.compile(
    r"(?P<action>get_result|poll|run)&(?P<query>[^&.:]+)(\.aggregation_unit\.(?P<unit>[^&.:]+))?"
)

Rights = frozenset[str]


class Right(NamedTuple):
    """One action on one query at one aggregation unit."""

    action: str
    query: str
    unit: str


class Scope(NamedTuple):
    """A scope that gives a query: `admin3:flows:daily_location`."""

    unit: str
    query: str
    inner: str

    def __str__(self) -> str:
        return ":".join(self)


def spelled(right: Right) -> str:
    """A right as text."""
    place = "" if right.unit == NOWHERE else f".aggregation_unit.{right.unit}"
    return f"{right.action}&{right.query}{place}"


def parsed(text: str) -> Right | None:
    """The right that a text spells; None where it says more, or something else."""
    match = _RIGHT.fullmatch(text)
    if match is None or match["unit"] == NOWHERE:
        return None
    return Right(match["action"], match["query"], match["unit"] or NOWHERE)


def scope_of(word: str) -> Scope | None:
    """The scope that gives a query, or None where a word is another."""
    parts = word.split(":")
    return Scope(*parts) if len(parts) == 3 and "&" not in word else None


# Polling: implied where something else may be done with a query


def minimal(rights: Collection[str]) -> Rights:
    """The rights without what others imply."""
    implied = with_polls(right for right in rights if not right.startswith(_POLL))
    return frozenset(r for r in rights if not (r.startswith(_POLL) and r in implied))


def with_polls(rights: Iterable[str]) -> Rights:
    """The rights with what they imply."""
    given = frozenset(rights)
    polls = {f"poll&{found.partition('&')[2]}" for found in given if _is_action(found)}
    return given | polls


def _is_action(text: str) -> bool:
    action, found, _ = text.partition("&")
    return bool(found) and action in ACTIONS


# Words of the manifest


def rights_of(words: Collection[str]) -> Rights:
    """The rights that scopes stand for, without implied ones; inner queries say nothing here.

    A word that is no scope is taken to be a right.
    """
    simple = _SIMPLE.intersection(words) or {"poll"}
    found = {word for word in words if word not in _SIMPLE and scope_of(word) is None}
    for scope in filter(None, map(scope_of, words)):
        found |= {spelled(Right(action, scope.query, scope.unit)) for action in simple}
    return minimal(found)


def words_of(rights: Collection[str]) -> tuple[str, ...]:
    """The scopes that stand for these rights; the rights themselves where no scopes do."""
    least = minimal(rights)
    found = [parsed(right) for right in least]
    known = [right for right in found if right is not None]
    actions: dict[tuple[str, str], set[str]] = {}
    for right in known:
        actions.setdefault((right.unit, right.query), set()).add(right.action)
    kinds = {frozenset(each) for each in actions.values()}
    if len(known) < len(found) or len(kinds) > 1:
        return tuple(sorted(least))
    shared = {action for kind in kinds for action in kind} & _SIMPLE
    given = {str(Scope(unit, query, query)) for unit, query in actions}
    return tuple(sorted(shared | given))


def without_query(words: Collection[str]) -> tuple[str, ...]:
    """`run` and `get_result` where no scope gives a query that they could be about."""
    has_query = any(scope_of(word) for word in words)
    return () if has_query else tuple(sorted(_SIMPLE.intersection(words)))
