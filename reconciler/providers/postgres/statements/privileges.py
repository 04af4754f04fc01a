"""GRANT and REVOKE on objects, and ALTER DEFAULT PRIVILEGES."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from psycopg import sql

from reconciler.changes import Change
from reconciler.privilege_words import key_of_right, table_and_column
from reconciler.providers.postgres.entering import Entering
from reconciler.providers.postgres.routines import routine
from reconciler.providers.postgres.standing_grants import Held, Table
from reconciler.providers.postgres.statements.columns import KeptColumns
from reconciler.providers.postgres.statements.delegated import Delegated
from reconciler.providers.postgres.statements.grants import (
    Part,
    Privileges,
    given_parts,
    granting,
    revoking,
    taken_parts,
    words_of,
)
from reconciler.providers.postgres.statements.statement import (
    COMMA,
    Rendering,
    Statement,
    quoted,
)
from reconciler.state import Value

_ON: Final[Mapping[str, str]] = {
    "database": "DATABASE",
    "schema": "SCHEMA",
    "table": "TABLE",
    "view": "TABLE",
    "sequence": "SEQUENCE",
    "function": "ROUTINE",
    "type": "TYPE",
    "language": "LANGUAGE",
    "foreign data wrapper": "FOREIGN DATA WRAPPER",
    "foreign server": "FOREIGN SERVER",
    "large object": "LARGE OBJECT",
    "tablespace": "TABLESPACE",
    "parameter": "PARAMETER",
    "column": "TABLE",
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
_TABLES: Final = ("table", "view")
"""What has columns."""


class _Item(NamedTuple):
    """What is given or taken on one object.

    `order` is least for what must come first. `as_role` is by whom (empty: by us), `for_whom` whose
    change brings it about, where that is not a grantee's.
    """

    order: int
    database: str
    kind: str
    schema: str
    name: str
    part: Part
    as_role: str = ""
    for_whom: str = ""


class _Shape(NamedTuple):
    """What the objects of one statement have in common."""

    order: int
    database: str
    on: str
    as_role: str
    part: Part
    columns: tuple[str, ...]
    grantees: tuple[str, ...]
    for_whom: str


_Items = defaultdict[_Item, list[str]]
"""By item, the grantees."""

_Object = tuple[str, str, str]
"""Kind, schema and name; of columns, the name of their table."""


def object_privileges(
    changes: Sequence[Change], rendering: Rendering, entering: Entering
) -> tuple[list[Statement], list[Statement]]:
    """The GRANTs, and the REVOKEs. Objects with the same privileges of the same roles share one."""
    given: _Items = defaultdict(list)
    taken: _Items = defaultdict(list)
    delegated = Delegated(changes, rendering)
    for change, grantees in _alike(changes):
        _, database, kind, schema = change.key.path
        before, after = change.before or {}, change.after or {}
        for name in {**before, **after}:
            old, new = before.get(name, ()), after.get(name, ())
            if old == new:
                continue
            place = 0, database, kind, schema, name
            for part in given_parts(_minus(new, old)):
                given[_Item(*place, part)] += grantees
            for part in taken_parts(_minus(old, new)):
                item = _Item(*place, part)
                taken[item] += grantees
                if delegated:
                    _add_delegated(given, taken, item, delegated)
    columns = [change for change in changes if change.key.path[2] == "column"]
    kept = KeptColumns(rendering.columns, columns)
    revokes = [_lending(each, where, entering) for each, where in _on_objects(taken, kept)]
    return [each for each, _ in _on_objects(_fewest(given))], revokes


def _lending(statement: Statement, objects: Sequence[_Object], entering: Entering) -> Statement:
    """The statement, with USAGE lent where whom it is run as could not name its objects."""
    if not statement.as_role:
        return statement
    schemas = (schema for _, schema, _ in objects)
    lent = entering.shut(statement.as_role, statement.database, schemas)
    return replace(statement, lent=lent, locks=statement.locks + len(lent)) if lent else statement


def _fewest(given: _Items) -> _Items:
    """The same with one item for each privilege on an object, where that makes fewer than one for
    each set of privileges that anybody is given there.

    Hundreds of roles with any of four privileges have up to fifteen sets of them, and each GRANT
    writes the object's whole ACL anew.
    """
    by_object: defaultdict[_Item, list[_Item]] = defaultdict(list)
    for item in given:
        by_object[item._replace(part=Part((), item.part.is_option))].append(item)
    result: _Items = defaultdict(list)
    for place, items in by_object.items():
        words = sorted({word for item in items for word in item.part.privileges})
        if len(words) < len(items):
            for word in words:
                result[place._replace(part=Part((word,), place.part.is_option))] += [
                    grantee
                    for item in items
                    if word in item.part.privileges
                    for grantee in given[item]
                ]
        else:
            result.update((item, given[item]) for item in items)
    return result


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


def _add_delegated(given: _Items, taken: _Items, item: _Item, delegated: Delegated) -> None:
    """What others than the owner granted is taken as them, since only they can take it back.

    What those who lose something passed on themselves is granted anew in our name, and taken as
    them: otherwise PostgreSQL refuses, or takes it from those to whom they gave it.
    """
    for grantee in tuple(taken[item]):
        held = Held(grantee, item.database, item.kind, item.schema, item.name)
        for grantor in delegated.grantors(held):
            order = -delegated.depth(held._replace(grantee=grantor))
            part = delegated.granted(held, grantor, item.part)
            if part.privileges:
                taken[item._replace(order=order, as_role=grantor, part=part)].append(grantee)
        for whom, words, staying in delegated.passed_on(held, item.part):
            for part in given_parts(staying):
                given[item._replace(part=part, for_whom=grantee)].append(whom)
            order = -delegated.depth(held)
            again = item._replace(order=order, as_role=grantee, for_whom=grantee)
            for part in taken_parts(words):
                taken[again._replace(part=part)].append(whom)


def _minus(left: Value, right: Value) -> Privileges:
    if not right:
        return left if isinstance(left, tuple) else ()
    return _tuple_minus(left, right) if isinstance(left, tuple) and isinstance(right, tuple) else ()


@lru_cache(maxsize=4096)
def _tuple_minus(left: Privileges, right: Privileges) -> Privileges:
    return tuple(each for each in left if each not in right)


def _on_objects(
    items: _Items, kept: KeptColumns | None = None
) -> Iterator[tuple[Statement, Sequence[_Object]]]:
    """GRANTs, or with `kept` REVOKEs, each with what it is on."""
    shared: defaultdict[_Shape, list[_Object]] = defaultdict(list)
    columns: defaultdict[tuple[_Item, tuple[str, ...]], list[str]] = defaultdict(list)
    for item, grantees in items.items():
        who = tuple(sorted(set(grantees)))  # a delegate and its holder may both ask for it
        if item.kind == "column":
            table, column = table_and_column(item.name)
            columns[item._replace(name=table), who].append(column)
        else:
            shared[_shape(item, who)].append((item.kind, item.schema, item.name))
    for (item, who), names in columns.items():
        shape = _shape(item, who, tuple(sorted(names)))
        shared[shape].append((item.kind, item.schema, item.name))
    for shape, objects in sorted(shared.items()):
        objects.sort()
        for start in range(0, len(objects), _MOST_OBJECTS):
            some = objects[start : start + _MOST_OBJECTS]
            yield _on_some(shape, some, kept), some


def _shape(item: _Item, grantees: tuple[str, ...], columns: tuple[str, ...] = ()) -> _Shape:
    place = item.order, item.database, _ON[item.kind], item.as_role
    return _Shape(*place, item.part, columns, grantees, item.for_whom)


def _on_some(shape: _Shape, objects: Sequence[_Object], kept: KeptColumns | None) -> Statement:
    words = words_of(shape.part, shape.columns)
    on = _on(shape.on, objects)
    clause = granting if kept is None else revoking
    places = {(kind, "" if kind in _WITHOUT_SCHEMA else schema) for kind, schema, _ in objects}
    keys = tuple(
        key_of_right("privilege", (grantee, shape.database, kind, schema))
        for grantee in ((shape.for_whom,) if shape.for_whom else shape.grantees)
        for kind, schema in sorted(places)
    )
    return Statement(
        clause(shape.part, words, on, shape.grantees),
        keys,
        "" if shape.on == "DATABASE" else shape.database,
        shape.as_role,
        locks=len(objects),
        then=tuple(_columns_again(shape, objects, kept)) if kept else (),
    )


def _columns_again(
    shape: _Shape, objects: Sequence[_Object], kept: KeptColumns
) -> Iterator[sql.Composed]:
    for kind, schema, name in objects:
        if kind in _TABLES:
            on = _on(shape.on, [(kind, schema, name)])
            table = Table(shape.database, schema, name)
            yield from kept.again(table, on, shape.part, shape.grantees)


def on_object(kind: str, schema: str, name: str) -> sql.Composable:
    """What GRANT and REVOKE call an object of this kind that is no column."""
    return _on(_ON[kind], [(kind, schema, name)])


def _on(noun: str, objects: Sequence[_Object]) -> sql.Composable:
    return sql.SQL("{} {}").format(sql.SQL(noun), COMMA.join(_object(*each) for each in objects))


def _object(kind: str, schema: str, name: str) -> sql.Composable:
    match kind:
        case "function":
            return routine(schema, name)
        case "parameter":
            return sql.SQL(".").join(map(quoted, name.split(".")))
        case "large object":
            return sql.SQL("{}").format(int(name))
        case _ if not schema:
            return quoted(name)
    return sql.SQL("{}.{}").format(quoted(schema), quoted(name))


# What new objects come with


class _Default(NamedTuple):
    """The privileges with which new objects of a creator come."""

    database: str
    creator: str
    kind: str
    schema: str
    part: Part


def default_privileges(changes: Sequence[Change]) -> tuple[list[Statement], list[Statement]]:
    """ALTER DEFAULT PRIVILEGES: what gives, and what takes. All grantees of a default share one."""
    given: defaultdict[_Default, list[str]] = defaultdict(list)
    taken: defaultdict[_Default, list[str]] = defaultdict(list)
    for change in changes:
        grantee, database, creator, kind, schema = change.key.path
        old = (change.before or {}).get("privileges", ())
        new = (change.after or {}).get("privileges", ())
        for part in given_parts(_minus(new, old)):
            given[_Default(database, creator, kind, schema, part)].append(grantee)
        for part in taken_parts(_minus(old, new)):
            taken[_Default(database, creator, kind, schema, part)].append(grantee)
    return (
        [_default(each, sorted(who), giving=True) for each, who in sorted(given.items())],
        [_default(each, sorted(who), giving=False) for each, who in sorted(taken.items())],
    )


def _default(default: _Default, grantees: Sequence[str], *, giving: bool) -> Statement:
    database, creator, kind, schema, part = default
    within = sql.SQL("IN SCHEMA {} ").format(quoted(schema)) if schema else sql.SQL("")
    clause = granting if giving else revoking
    query = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} {}{}").format(
        quoted(creator),
        within,
        clause(part, words_of(part), sql.SQL(_DEFAULT_ON[kind]), grantees),
    )
    place = (database, creator, kind, schema)
    keys = tuple(key_of_right("default_privilege", (grantee, *place)) for grantee in grantees)
    return Statement(query, keys, database)
