"""What roles hold because new objects come with it, in whatever schema: no line names the objects.

A rule without schema is about future objects. Those that its creators have made since then carry
what it says, and that is neither too much nor to be taken away. Here belongs finding it in what was
observed. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from reconciler.privilege_words import words_in
from reconciler.state import Fields, Key, State, Value

_Place = tuple[str, str, str]
"""Grantee, database, kind of object."""


def with_what_came(records: Mapping[Key, Fields], observed: State) -> Mapping[Key, Fields]:
    """These normalised records and what is held by the global default privileges among them."""
    defaults = _global_defaults(records)
    if not defaults:
        return records
    result = dict(records)
    for key, fields in observed.of_kind("privilege"):
        grantee, database, kind, schema = key.path
        by_creator = defaults.get((grantee, database, kind))
        if by_creator is not None:
            owners = observed.get(Key("object", (database, kind, schema))) or {}
            came = _came(fields, owners, by_creator)
            if came:
                result[key] = _united(records.get(key, {}), came)
    return result


def _global_defaults(
    records: Mapping[Key, Fields],
) -> Mapping[_Place, Mapping[str, frozenset[str]]]:
    """The words of each creator's default privileges, by who has them."""
    found: defaultdict[_Place, dict[str, frozenset[str]]] = defaultdict(dict)
    for key, fields in records.items():
        if key.kind == "default_privilege" and not key.path[4]:
            grantee, database, creator, kind, _ = key.path
            for each in (kind, "view") if kind == "table" else (kind,):
                found[grantee, database, each][creator] = words_in(fields["privileges"])
    return dict(found)


def _came(
    held: Fields, owners: Fields, by_creator: Mapping[str, frozenset[str]]
) -> dict[str, tuple[str, ...]]:
    result = {}
    for name, words in held.items():
        given = by_creator.get(str(owners.get(name)), frozenset())
        if both := given & words_in(words):
            result[name] = tuple(sorted(both))
    return result


def _united(fields: Fields, more: Mapping[str, tuple[str, ...]]) -> Fields:
    result: dict[str, Value] = dict(fields)
    for name, words in more.items():
        result[name] = tuple(sorted(words_in(fields.get(name)) | {*words}))
    return result
