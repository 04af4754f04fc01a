"""GRANT and REVOKE on objects, and ALTER DEFAULT PRIVILEGES."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from psycopg import sql

from reconciler.changes import Change
from reconciler.providers.postgres.observe import Held
from reconciler.providers.postgres.privileges import LETTERS
from reconciler.providers.postgres.routines import routine
from reconciler.providers.postgres.statements.statement import (
    COMMA,
    Rendering,
    Statement,
    quoted,
    quoted_list,
)
from reconciler.state import Key, Value

_ON: Final[Mapping[str, str]] = {
    "database": "DATABASE",
    "schema": "SCHEMA",
    "table": "TABLE",
    "view": "TABLE",
    "sequence": "SEQUENCE",
    "function": "ROUTINE",
}
_DEFAULT_ON: Final[Mapping[str, str]] = {
    "table": "TABLES",
    "sequence": "SEQUENCES",
    "function": "ROUTINES",
    "type": "TYPES",
    "schema": "SCHEMAS",
    "large object": "LARGE OBJECTS",
}
_MOST_OBJECTS: Final = 500
"""How many objects share a statement at most: from PostgreSQL 18 GRANT locks each of them until the
transaction ends, and one statement cannot be spread over several."""

_WITHOUT_SCHEMA: Final = ("database", "schema")
_WORDS: Final[Mapping[str, sql.SQL]] = {word: sql.SQL(word) for word in LETTERS.values()}

_Privileges = tuple[str, ...]


class _Item(NamedTuple):
    """What is given or taken on one object, by whom (empty: by us)."""

    database: str
    kind: str
    schema: str
    name: str
    as_role: str
    privileges: _Privileges


class _Shape(NamedTuple):
    """What the objects of one statement have in common."""

    database: str
    on: str
    as_role: str
    privileges: _Privileges
    grantees: tuple[str, ...]


_Items = defaultdict[_Item, list[str]]
"""By item, the grantees."""


def object_privileges(
    changes: Sequence[Change], rendering: Rendering
) -> tuple[list[Statement], list[Statement]]:
    """The GRANTs, and the REVOKEs. Objects with the same privileges of the same roles share one."""
    given: _Items = defaultdict(list)
    taken: _Items = defaultdict(list)
    for change, grantees in _alike(changes):
        _, database, kind, schema = change.key.path
        before, after = change.before or {}, change.after or {}
        for name in {**before, **after}:
            old, new = before.get(name, ()), after.get(name, ())
            if old == new:
                continue
            if plus := _minus(new, old):
                given[_Item(database, kind, schema, name, "", plus)] += grantees
            if minus := _minus(old, new):
                item = _Item(database, kind, schema, name, "", minus)
                taken[item] += grantees
                _add_delegated(taken, item, grantees, rendering)
    return list(_on_objects(given, giving=True)), list(_on_objects(taken, giving=False))


def _alike(changes: Sequence[Change]) -> Iterator[tuple[Change, list[str]]]:
    """Changes that differ in nothing but the grantee, as one of them and all grantees.

    Alike means the very same mappings: those of thousands of records are shared.
    """
    alike: dict[tuple[object, ...], tuple[Change, list[str]]] = {}
    for change in changes:
        grantee, *place = change.key.path
        same = (*place, id(change.before), id(change.after))
        alike.setdefault(same, (change, []))[1].append(grantee)
    yield from alike.values()


def _add_delegated(
    taken: _Items, item: _Item, grantees: Sequence[str], rendering: Rendering
) -> None:
    """What others than the owner granted: only they can take it back, so it is taken as them."""
    if not rendering.delegations:
        return
    for grantee in grantees:
        held = Held(grantee, item.database, item.kind, item.schema, item.name)
        for grantor in rendering.delegations.get(held, ()):
            taken[item._replace(as_role=grantor)].append(grantee)


def _minus(left: Value, right: Value) -> _Privileges:
    if not right:
        return left if isinstance(left, tuple) else ()
    return _tuple_minus(left, right) if isinstance(left, tuple) and isinstance(right, tuple) else ()


@lru_cache(maxsize=4096)
def _tuple_minus(left: _Privileges, right: _Privileges) -> _Privileges:
    return tuple(each for each in left if each not in right)


def _on_objects(items: _Items, *, giving: bool) -> Iterator[Statement]:
    shared: defaultdict[_Shape, list[tuple[str, str, str]]] = defaultdict(list)
    for item, grantees in items.items():
        who = tuple(sorted(grantees))
        shape = _Shape(item.database, _ON[item.kind], item.as_role, item.privileges, who)
        shared[shape].append((item.kind, item.schema, item.name))
    for shape, objects in sorted(shared.items()):
        objects.sort()
        for start in range(0, len(objects), _MOST_OBJECTS):
            yield _on_some(shape, objects[start : start + _MOST_OBJECTS], giving=giving)


def _on_some(shape: _Shape, objects: Sequence[tuple[str, str, str]], *, giving: bool) -> Statement:
    query = sql.SQL("{} {} ON {} {} {} {}").format(
        sql.SQL("GRANT" if giving else "REVOKE"),
        COMMA.join(_WORDS[each] for each in shape.privileges),
        sql.SQL(shape.on),
        COMMA.join(_object(*each) for each in objects),
        sql.SQL("TO" if giving else "FROM"),
        quoted_list(shape.grantees),
    )
    places = {(kind, "" if kind in _WITHOUT_SCHEMA else schema) for kind, schema, _ in objects}
    keys = tuple(
        Key("privilege", (grantee, shape.database, kind, schema))
        for grantee in shape.grantees
        for kind, schema in sorted(places)
    )
    where = "" if shape.on == "DATABASE" else shape.database
    return Statement(query, keys, where, shape.as_role, locks=len(objects))


def _object(kind: str, schema: str, name: str) -> sql.Composable:
    match kind:
        case "database" | "schema":
            return quoted(name)
        case "function":
            return routine(schema, name)
    return sql.SQL("{}.{}").format(quoted(schema), quoted(name))


# What new objects come with


class _Default(NamedTuple):
    """The privileges with which new objects of a creator come."""

    database: str
    creator: str
    kind: str
    schema: str
    privileges: _Privileges


def default_privileges(changes: Sequence[Change]) -> tuple[list[Statement], list[Statement]]:
    """ALTER DEFAULT PRIVILEGES: what gives, and what takes. All grantees of a default share one."""
    given: defaultdict[_Default, list[str]] = defaultdict(list)
    taken: defaultdict[_Default, list[str]] = defaultdict(list)
    for change in changes:
        grantee, database, creator, kind, schema = change.key.path
        old = (change.before or {}).get("privileges", ())
        new = (change.after or {}).get("privileges", ())
        if plus := _minus(new, old):
            given[_Default(database, creator, kind, schema, plus)].append(grantee)
        if minus := _minus(old, new):
            taken[_Default(database, creator, kind, schema, minus)].append(grantee)
    return (
        [_default(each, sorted(who), giving=True) for each, who in sorted(given.items())],
        [_default(each, sorted(who), giving=False) for each, who in sorted(taken.items())],
    )


def _default(default: _Default, grantees: Sequence[str], *, giving: bool) -> Statement:
    database, creator, kind, schema, privileges = default
    within = sql.SQL("IN SCHEMA {} ").format(quoted(schema)) if schema else sql.SQL("")
    query = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} {}{} {} ON {} {} {}").format(
        quoted(creator),
        within,
        sql.SQL("GRANT" if giving else "REVOKE"),
        COMMA.join(_WORDS[each] for each in privileges),
        sql.SQL(_DEFAULT_ON[kind]),
        sql.SQL("TO" if giving else "FROM"),
        quoted_list(grantees),
    )
    place = (database, creator, kind, schema)
    keys = tuple(Key("default_privilege", (grantee, *place)) for grantee in grantees)
    return Statement(query, keys, database)
