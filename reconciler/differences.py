"""The three sides of a target compared: every difference with its class, direction and cause.

Here belongs taking what `diff` found apart into pieces that have one class each, and saying whose
doing they are. What is done about a difference is for `plan` and `safety`. Pure.

A piece is an object of a privilege record, an attribute of any other, or a record's being there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.changes import Cause, Change
from reconciler.classify import Cell, Class, Difference, classify, direction, direction_of
from reconciler.row_rules import ROW_KINDS
from reconciler.scope import Provenance
from reconciler.source import Source
from reconciler.state import EXACT_KINDS, GRANTED_BY, SERVER_KINDS, Fields, Key, State, Value

EXISTENCE: Final = ""
"""The name of the piece that is a record's being there."""

DRIFT_CLASSES: Final[frozenset[Class]] = frozenset({"drift", "rogue", "conflict", "orphan"})
"""The classes of what a target did by itself."""

CauseOf = Callable[[Key], Cause]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Names the cause of what the manifest asks and was not applied yet.

    All states are in manifest spelling: what is asked now and what was applied; `ended` is what
    would be asked had no grant ended, `unstarted` had none with a beginning begun; None where no
    grant did.
    """

    desired: State
    applied: State
    ended: State | None = None
    unstarted: State | None = None

    def cause(self, key: Key) -> Cause:
        """Why desired differs from applied: a time that has come, or else an edit."""
        now, then = self.desired.get(key), self.applied.get(key)
        if self.ended is not None and _is_as_before(self.ended.get(key), then, now):
            return "expiry"
        if self.unstarted is not None and _is_as_before(self.unstarted.get(key), then, now):
            return "start"
        return "config"


def _is_as_before(other: Fields | None, then: Fields | None, now: Fields | None) -> bool:
    """Whether the other window asks what was applied, and this one does not."""
    if then is None or now is None:
        return (other is None) == (then is None) and (now is None) != (then is None)
    return other == then != now


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the pieces of a target are compared with, and how they are judged.

    `applied` is None where nothing is remembered. `is_exclusive` says whether nobody but the
    manifest may put such a record there; `levels` are the account levels, lowest first.
    """

    target: str
    applied: State | None
    is_exclusive: Callable[[Key], bool]
    provenance: Provenance
    cause_of: CauseOf
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a record that differs. None where a side does not have it."""

    name: str
    class_: Class
    desired: Value
    applied: Value
    observed: Value
    is_deletion: bool = False


def pieces(
    change: Change, observed: Fields | None, comparison: Comparison, *, is_asked: bool = True
) -> tuple[Piece, ...]:
    """The pieces of a record that differ, each with its class, in order of name.

    `change` is what `diff` found; without `is_asked`, what a leaving account loses instead of being
    deleted, which may be an account that was never applied. `observed` is the whole record. A
    setting, or what belongs to a server, that no line named before was free to be as it is: naming
    it is an edit, no conflict.
    """
    applied = None if comparison.applied is None else comparison.applied.get(change.key)
    is_free = change.key.kind == "setting" or change.key.kind in SERVER_KINDS
    is_newly_named = is_free and change.action == "update"
    if applied is None and (is_newly_named or not is_asked):
        applied = observed
    sides = _Sides(change, observed, applied)
    is_exclusive = change.after is None or change.key.kind in EXACT_KINDS
    exclusive = is_exclusive and comparison.is_exclusive(change.key)
    is_known = comparison.applied is not None
    return tuple(
        Piece(
            name,
            _class_of(_cell(cell, exclusive, is_known), name),
            *_values(cell, name),
            is_deletion=cell[0] is None,
        )
        for name, cell in sides.cells()
    )


def _class_of(cell: Cell, name: str) -> Class:
    """The class of a piece. A set of rights that is on its way is no conflict.

    An apply that ended in the middle leaves such a set: each right in it is as it was applied or as
    it is asked, so going on undoes nothing that somebody else did.
    """
    found = classify(cell)
    if found != "conflict":
        return found
    desired, applied, observed = (
        _set_of(side, name) for side in (cell.desired, cell.applied, cell.observed)
    )
    if desired is None or applied is None or observed is None:
        return found
    is_on_its_way = desired & applied <= observed <= desired | applied
    return "pending" if is_on_its_way else found


def _set_of(side: Fields | None, name: str) -> frozenset[str] | None:
    """The rights of a piece; empty where it is absent, None where its value is no set of rights."""
    value = () if side is None else side.get(name)
    return frozenset(value) if isinstance(value, tuple) else None


_Triple = tuple[Fields | None, Fields | None, Fields | None]


def _cell(sides: _Triple, is_exclusive: bool, is_known: bool) -> Cell:
    desired, applied, observed = sides
    return Cell(desired, applied, observed, is_applied_known=is_known, is_exclusive=is_exclusive)


def _values(sides: _Triple, name: str) -> tuple[Value, Value, Value]:
    desired, applied, observed = (None if side is None else side.get(name) for side in sides)
    return desired, applied, observed


@dataclass(frozen=True, slots=True)
class _Sides:
    """The three sides of one record."""

    change: Change
    observed: Fields | None
    applied: Fields | None

    def cells(self) -> Iterator[tuple[str, _Triple]]:
        """The pieces that differ, by name, each with its three sides."""
        before, after = self.change.before, self.change.after
        if self.change.key.kind in EXACT_KINDS:
            for name in sorted({*(before or {}), *(after or {})}):
                sides = _at(after, name), _at(self.applied, name), _at(before, name)
                if sides[0] != sides[2]:
                    yield name, sides
        elif before is None or after is None:
            yield EXISTENCE, (_there(after), _there(self.applied), _there(before))
        else:
            for name in sorted(after):
                yield name, ({name: after[name]}, self._applied(name), {name: before.get(name)})

    def _applied(self, name: str) -> Fields | None:
        """What was applied of an attribute; as observed, where it was not managed then."""
        if self.applied is None:
            return None
        if name in self.applied:
            return {name: self.applied[name]}
        return {name: (self.observed or {}).get(name)}


def _at(fields: Fields | None, name: str) -> Fields | None:
    return {name: fields[name]} if fields is not None and name in fields else None


def _there(fields: Fields | None) -> Fields | None:
    return None if fields is None else {}


def differences(
    change: Change, found: tuple[Piece, ...], comparison: Comparison
) -> Iterator[Difference]:
    """The pieces of a record put together again: one difference for each class among them."""
    for class_ in sorted({piece.class_ for piece in found}):
        own = [piece for piece in found if piece.class_ == class_]
        yield _difference(change, class_, own, comparison)


def _difference(
    change: Change, class_: Class, found: list[Piece], comparison: Comparison
) -> Difference:
    names = [piece.name for piece in found if piece.name != EXISTENCE]
    applied_record = None if comparison.applied is None else comparison.applied.get(change.key)
    desired = _side(change.after, {piece.name: piece.desired for piece in found}, names)
    applied = _side(applied_record, {piece.name: piece.applied for piece in found}, names)
    observed = _side(change.before, {piece.name: piece.observed for piece in found}, names)
    should = desired if class_ in ("drift", "difference") else applied
    if change.key.kind in ROW_KINDS:
        whole = change.before or applied_record or {}
        way = direction_of(change.key, (should, observed), whole)
    else:
        way = direction(should, observed, comparison.levels)
    if observed is not None and GRANTED_BY in (change.before or {}):
        observed = {**observed, GRANTED_BY: (change.before or {})[GRANTED_BY]}
    text = "\n".join([comparison.target, str(change.key), class_, way])
    return Difference(
        id=f"D-{hashlib.sha256(text.encode()).hexdigest()[:8]}",
        key=change.key,
        class_=class_,
        direction=way,
        cause=cause_of(change.key, class_, comparison),
        desired=desired,
        applied=applied,
        observed=observed,
        sources=_saying_otherwise(change.key, comparison.provenance),
    )


def _side(record: Fields | None, values: Mapping[str, Value], names: list[str]) -> Fields | None:
    if record is None:
        return None
    return {name: values[name] for name in names if values[name] is not None}


def cause_of(key: Key, class_: Class, comparison: Comparison) -> Cause:
    """Why a piece of this class differs. Where nothing is remembered, nobody can say."""
    if class_ == "pending":
        return comparison.cause_of(key)
    is_known = comparison.applied is not None
    return "drift" if is_known and class_ in DRIFT_CLASSES else "unknown"


def _saying_otherwise(key: Key, provenance: Provenance) -> tuple[Source, ...]:
    """The lines that ask for a record; for one that no line asks for, those of the role or group in
    which it is held or that holds it: they say who and what is there.
    """
    holder = key.path[:-1] if key.kind == "membership" else key.path[:1]
    lines = (provenance.of(each) for each in (key, Key("group", holder), Key("role", holder)))
    return next((each for each in lines if each), ())


def repair(difference: Difference, observed: State, applied: State) -> Change | None:
    """The change that would undo what the target did: for showing what that means for people.

    None where there is nothing to undo.
    """
    key, there = difference.key, observed.get(difference.key)
    should = difference.applied or applied.get(key)
    if key.kind in EXACT_KINDS:
        names = {*(difference.applied or {}), *(difference.observed or {})}
        rest = {name: value for name, value in (there or {}).items() if name not in names}
        whole = {**rest, **(difference.applied or {})}
        if whole == (there or {}):
            return None
        return _change(key, there or None, whole or None)
    if should is None or there is None:
        return None if should is None and there is None else _change(key, there, should)
    return _change(key, {name: there.get(name) for name in should}, should)


def _change(key: Key, before: Fields | None, after: Fields | None) -> Change:
    if before is None:
        return Change("create", key, None, after, "drift")
    return Change("delete" if after is None else "update", key, before, after, "drift")
