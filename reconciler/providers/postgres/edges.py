"""Who is a member of what, by whose grant and with which options: rows as records and as grants.

Here belongs what the catalog says of edges. Reading it is `observe`, changing it is
`statements.memberships`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias, cast

from reconciler.state import GRANTED_BY, USUAL_EDGE, Fields, Key

EDGE_OPTIONS_VERSION: Final = 160000
"""From PostgreSQL 16 an edge has inherit and set options, and edges are kept by grantor."""

_Row: TypeAlias = tuple[object, ...]


class Options(NamedTuple):
    """What one edge gives."""

    admin: bool = False
    inherit: bool = True
    set: bool = True

    def less(self, names: Iterable[str]) -> Options:
        """These without the options of these names."""
        return self._replace(**dict.fromkeys(names, False))


Grantors: TypeAlias = Mapping[tuple[str, str], Mapping[str, Options]]
"""By (role, member): the options of each edge, by its grantor, in order of name. There is more than
one from PostgreSQL 16."""


def grantors(rows: Iterable[_Row]) -> Grantors:
    """Who granted each of these edges, and with which options: a revoke must name them."""
    result: dict[tuple[str, str], Mapping[str, Options]] = {}
    shared: dict[_Row, Mapping[str, Options]] = {}
    for role, member, grantor, _, *flags in rows:
        pair, own = (str(role), str(member)), (grantor, *flags)
        one = shared.get(own)
        if one is None:
            one = shared[own] = {str(grantor): Options(*map(bool, flags))}
        known = result.get(pair)
        result[pair] = one if known is None else dict(sorted({**known, **one}.items()))
    return result


def joined(edges: Iterable[Options]) -> Options:
    """What edges give together: an option holds if one of them has it."""
    found = tuple(edges)
    return Options(*(any(each) for each in zip(*found, strict=True))) if found else Options()


def membership_records(rows: Iterable[_Row]) -> dict[Key, Fields]:
    """One record for each pair: an option holds if an edge of it, by whatever grantor, has it."""
    records: dict[Key, Fields] = {}
    shared: dict[_Row, Fields] = {}
    for row in rows:  # tens of thousands: role, member, grantor, who it is to us, three options
        told = row[3:] if not row[3] else row[2:]
        fields = shared.get(told)
        if fields is None:
            fields = shared[told] = _fields(told)
        key = Key("membership", cast(tuple[str, str], row[:2]))
        known = records.get(key)
        records[key] = fields if known is None else _both(known, fields)
    return records


def _fields(told: _Row) -> Fields:
    """The record of one edge; `told` begins with the grantor where that is somebody else."""
    admin, inherit, settable = map(bool, told[-3:])
    fields: Fields = {"admin": admin, "inherit": inherit, "set": settable}
    return {**fields, GRANTED_BY: (str(told[0]),)} if told[-4] else fields


def _both(one: Fields, other: Fields) -> Fields:
    both: Fields = {name: bool(one[name] or other[name]) for name in USUAL_EDGE}
    names = {name for each in (one, other) for name in _grantors_of(each)}
    return {**both, GRANTED_BY: tuple(sorted(names))} if names else both


def _grantors_of(fields: Fields) -> tuple[str, ...]:
    named = fields.get(GRANTED_BY)
    return named if isinstance(named, tuple) else ()
