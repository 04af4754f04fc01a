"""What roles hold beyond their rules where the manifest says `mode: at_least`.

Here belongs finding it, and leaving it out of every comparison: it is added to both what is asked
and what was applied, so it is no difference. What this manifest gave and gives no more is not part
of it: that is taken back with its line, as everywhere. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from reconciler.privilege_words import OPTION, less, words_in
from reconciler.state import EXACT_KINDS, Fields, Key, State, Value

Surplus = Mapping[Key, Fields]
"""By record of a role: the privileges that others gave it, by object."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What is asked, what was applied (None where nothing is known of that), and what is there."""

    desired: State
    applied: State | None
    observed: State


def surplus(sides: Sides, names: Set[str]) -> Surplus:
    """What these roles hold that neither the manifest asks for nor an apply of it left."""
    return dict(_found(sides, names)) if names else {}


def _found(sides: Sides, names: Set[str]) -> Iterator[tuple[Key, Fields]]:
    for key, there in sides.observed.of_kind(*EXACT_KINDS):
        if key.path[0] in names:
            asked = sides.desired.get(key) or {}
            applied = (sides.applied.get(key) if sides.applied else None) or {}
            more = less(there, _joined(asked, applied))
            if more:
                yield key, _with_what_they_are_options_of(more, asked)


def _with_what_they_are_options_of(more: Fields, asked: Fields) -> Fields:
    """The grant options that others gave, with their privileges: those go with them."""
    result: dict[str, Value] = {}
    for name, words in more.items():
        bases = {word.removesuffix(OPTION) for word in words_in(words)} - words_in(asked.get(name))
        result[name] = tuple(sorted(words_in(words) | bases))
    return result


def with_surplus(state: State, more: Surplus) -> State:
    """This state, and what is beyond it."""
    if not more:
        return state
    added = {key: _joined(state.get(key), fields) for key, fields in more.items()}
    return State({**state.records, **added})


def _joined(fields: Fields | None, others: Fields | None) -> Fields:
    if not fields or not others:
        return fields or others or {}
    both: dict[str, Value] = {}
    for name in {**fields, **others}:
        both[name] = tuple(sorted(words_in(fields.get(name)) | words_in(others.get(name))))
    return both
