"""Changes of owners, taken apart: who loses what, who gets it, and what of it is to be left alone.

Here belongs what a record of owners means to the names in it. What a change of owners does to
privileges is the provider's. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from reconciler.changes import Change
from reconciler.state import Fields, Key

Without = Callable[[Change, Set[str]], Change | None]
"""Gives a change of privileges without those on some objects; None where nothing is left of it."""


class Handing(NamedTuple):
    """One object that is given from one owner to another; from nobody where it is created."""

    name: str
    before: str
    after: str


def handings(change: Change) -> Iterator[Handing]:
    """The objects that change hands by a change of owners, by name; none for any other change."""
    if change.key.kind == "ownership" and change.after is not None:
        before = change.before or {}
        for name, owner in sorted(change.after.items()):
            if before.get(name) != owner:
                yield Handing(name, str(before.get(name) or ""), str(owner))


def set_aside(
    changes: Sequence[Change], is_protected: Callable[[str], bool], without: Without
) -> tuple[list[Change], list[Change]]:
    """The changes less what takes things from protected owners or makes them owners; and that.

    The account we use and administrators of the target are no such owners: what they made is there
    to be handed over, and they lose no power by it. `without` takes objects out of a privilege
    record.
    """
    parts = [_split(each, is_protected) for each in changes if each.key.kind == "ownership"]
    kept = [each for _, each in parts if each is not None]
    if not kept:
        return list(changes), []
    owned = _still_owned(kept)
    rest = [without(each, owned[each.key]) for each in changes if each.key in owned]
    rest += [each for each, _ in parts]
    others = [e for e in changes if e.key.kind != "ownership" and e.key not in owned]
    return [*others, *(each for each in rest if each is not None)], kept


def _split(
    change: Change, is_protected: Callable[[str], bool]
) -> tuple[Change | None, Change | None]:
    """The change without the objects that such a name owns or would own, and that of these alone.

    None where there are no such objects, or no others.
    """
    kept = {
        each.name
        for each in handings(change)
        if is_protected(each.after) or is_protected(each.before)
    }
    if not kept:
        return change, None
    names = (change.after or {}).keys()
    return _only(change, names - kept), _only(change, names & kept)


def _only(change: Change, names: Iterable[str]) -> Change | None:
    chosen = set(names)
    if not chosen:
        return None
    before = None if change.before is None else _of(change.before, chosen)
    return replace(change, before=before, after=_of(change.after or {}, chosen))


def _of(fields: Fields, names: set[str]) -> Fields:
    return {name: value for name, value in fields.items() if name in names}


def _still_owned(kept: Iterable[Change]) -> dict[Key, set[str]]:
    """By privilege record, what its holder goes on owning since these changes are not made.

    Whoever owns a thing needs no privileges on it, and is given none.
    """
    result: dict[Key, set[str]] = {}
    for change in kept:
        for each in handings(change):
            if each.before:
                key = Key("privilege", (each.before, *change.key.path))
                result.setdefault(key, set()).add(each.name)
    return result
