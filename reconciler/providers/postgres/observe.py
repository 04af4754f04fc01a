"""Reads the catalog of a cluster into a State.

One pipelined round trip for each database, in one repeatable-read snapshot. What is read stands in
`catalog/*.sql`. Here belongs turning rows into records; nothing is compared or decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, NamedTuple, cast

from reconciler.providers.postgres.acl import parse_item
from reconciler.providers.postgres.connect import Connection
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State, Value

EDGE_OPTIONS_VERSION: Final = 160000
"""From PostgreSQL 16 an edge has inherit and set options, and edges are kept by grantor."""

_ATTRIBUTES: Final = (
    "login",
    "inherit",
    "superuser",
    "createdb",
    "createrole",
    "replication",
    "bypassrls",
    "connection_limit",
    "valid_until",
)

PREDEFINED: Final = Key("object", ("", "predefined role", ""))
"""The inventory of the roles that PostgreSQL itself brings, named `pg_...`: there to be inherited,
never ours."""

Row = tuple[object, ...]
Grantors = Mapping[tuple[str, str], tuple[str, ...]]
"""By (role, member): who granted the edge, sorted. More than one from PostgreSQL 16."""


class Held(NamedTuple):
    """What one role holds on one object; the parts are those of a privilege record."""

    grantee: str
    database: str
    kind: str
    schema: str
    name: str


Delegations = Mapping[Held, tuple[str, ...]]
"""Who granted what is held, sorted: others than the object's owner, in whose name we grant."""


@dataclass(frozen=True, slots=True)
class ClusterRows:
    """The rows of the cluster's own catalogs: the same whichever database they are read in."""

    roles: Sequence[Row]
    memberships: Sequence[Row]
    databases: Sequence[Row]


@dataclass(frozen=True, slots=True)
class DatabaseRows:
    """The rows of one database's catalogs. `bundles` holds relations and functions."""

    database: str
    schemas: Sequence[Row]
    bundles: Sequence[Row]
    default_privileges: Sequence[Row]


@cache
def catalog_query(name: str) -> bytes:
    """The text of `catalog/NAME.sql`."""
    return (resources.files(__package__) / "catalog" / f"{name}.sql").read_bytes()


def read_rows(
    connection: Connection, database: str, timeout_s: int
) -> tuple[ClusterRows, DatabaseRows | None]:
    """The rows of the cluster and of a database, in one round trip and one snapshot.

    `database` is the one we are connected to; empty to leave its catalogs out. Raises
    psycopg.Error.
    """
    queries = [catalog_query("roles"), _edges_query(connection), catalog_query("databases")]
    tables = _read(connection, [*queries, *(_database_queries() if database else ())], timeout_s)
    cluster = ClusterRows(*tables[:3])
    return cluster, _database_rows(database, tables[3:]) if database else None


def read_database(connection: Connection, database: str, timeout_s: int) -> DatabaseRows:
    """The rows of the database that we are connected to, likewise."""
    return _database_rows(database, _read(connection, _database_queries(), timeout_s))


def _database_queries() -> list[bytes]:
    names = ("schemas", "relations", "functions", "default_privileges")
    return [catalog_query(name) for name in names]


def _database_rows(database: str, tables: Sequence[Sequence[Row]]) -> DatabaseRows:
    schemas, relations, functions, defaults = tables
    return DatabaseRows(database, schemas, [*relations, *functions], defaults)


def read_grantors(connection: Connection) -> Grantors:
    """Who granted each edge that is there now. Raises psycopg.Error."""
    return grantors(connection.execute(_edges_query(connection)).fetchall())


def _edges_query(connection: Connection) -> bytes:
    keeps_options = connection.info.server_version >= EDGE_OPTIONS_VERSION
    return catalog_query("memberships_16" if keeps_options else "memberships_14")


def _read(connection: Connection, queries: Iterable[bytes], timeout_s: int) -> list[list[Row]]:
    """The rows of each query. Nothing is fetched before all is sent: fetching would wait for it."""
    with connection.pipeline():
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL search_path TO pg_catalog")
        connection.execute(f"SET LOCAL statement_timeout TO {timeout_s * 1000:d}".encode())
        cursors = [connection.execute(query) for query in queries]
        connection.execute("COMMIT")
    return [cursor.fetchall() for cursor in cursors]


def to_state(cluster: ClusterRows, databases: Iterable[DatabaseRows], scope: Scope) -> State:
    """The records of these rows within the scope."""
    watched = scope.accounts | scope.leavers | scope.groups | {path[-1] for path in scope.roles}
    records: dict[Key, Fields] = {}
    records.update(_principals(cluster.roles, scope))
    records.update(_memberships(cluster.memberships))
    records.update(_database_privileges(cluster.databases, scope, watched))
    for rows in databases:
        records.update(_inventory(rows))
        records.update(_schema_privileges(rows, watched))
        records.update(_object_privileges(rows, watched))
        records.update(_default_privileges(rows, watched))
    return State(records)


def grantors(edges: Iterable[Row]) -> Grantors:
    """Who granted each of these edges: a revoke must name them."""
    result: dict[tuple[str, str], tuple[str, ...]] = {}
    shared: dict[str, tuple[str, ...]] = {}
    for role, member, grantor, *_ in edges:
        edge, name = (str(role), str(member)), str(grantor)
        known = result.get(edge)
        one = shared.setdefault(name, (name,))
        result[edge] = one if known is None else tuple(sorted({*known, name}))
    return result


def delegations(cluster: ClusterRows, databases: Iterable[DatabaseRows]) -> Delegations:
    """Who else than the owner granted something: what they granted can only be taken as them."""
    result: defaultdict[Held, set[str]] = defaultdict(set)
    for place, owner, acl, names in _acls(cluster, databases):
        for item in map(parse_item, _texts(acl)):
            if item.grantor != owner:
                for name in _texts(names):
                    result[Held(item.grantee, *place, name)].add(item.grantor)
    return {held: tuple(sorted(grantors)) for held, grantors in result.items()}


def _acls(
    cluster: ClusterRows, databases: Iterable[DatabaseRows]
) -> Iterator[tuple[tuple[str, str, str], object, object, object]]:
    """Every ACL: database, kind and schema of its objects, their owner, the ACL, their names."""
    for name, owner, acl in cluster.databases:
        yield (str(name), "database", ""), owner, acl, [name]
    for rows in databases:
        for name, owner, acl in rows.schemas:
            yield (rows.database, "schema", ""), owner, acl, [name]
        for schema, kind, owner, acl, names in rows.bundles:
            yield (rows.database, str(kind), str(schema)), owner, acl, names


def _principals(rows: Sequence[Row], scope: Scope) -> Iterator[tuple[Key, Fields]]:
    """The roles. Equal attributes are one mapping: most of thousands of accounts are alike."""
    shared: dict[Row, Fields] = {}
    accounts, roles = scope.accounts | scope.leavers, {path[-1] for path in scope.roles}
    names = [str(row[0]) for row in rows]
    yield PREDEFINED, {name: "" for name in names if name.startswith("pg_")}
    for row in rows:
        text, values = str(row[0]), row[1:]
        fields = shared.get(values)
        if fields is None:
            fields = shared[values] = dict(zip(_ATTRIBUTES, _values(values), strict=True))
        if text.startswith("pg_"):
            continue
        if text in accounts:
            yield Key("account", (text,)), fields
        elif text in scope.groups:
            yield Key("group", (text,)), fields
        else:
            is_account = bool(values[0]) and text not in roles
            yield Key("account" if is_account else "role", (text,)), fields


def _values(values: Row) -> Iterator[Value]:
    for value in values:
        assert isinstance(value, str | int)  # bool is an int
        yield value


def _memberships(rows: Iterable[Row]) -> Iterator[tuple[Key, Fields]]:
    """One record for each pair: an option holds if an edge of it, by whatever grantor, has it."""
    shared: dict[tuple[object, ...], Fields] = {}
    options: dict[Row, tuple[object, ...]] = {}
    for row in rows:  # tens of thousands: role, member, grantor, and the three options
        pair, own = row[:2], row[3:]
        known = options.get(pair)
        if known is not None:
            own = tuple(bool(one or other) for one, other in zip(known, own, strict=True))
        options[pair] = own
    for pair, flags in options.items():
        fields = shared.get(flags)
        if fields is None:
            admin, inherit, settable = map(bool, flags)
            fields = shared[flags] = {"admin": admin, "inherit": inherit, "set": settable}
        yield Key("membership", cast(tuple[str, str], pair)), fields


def _database_privileges(
    rows: Iterable[Row], scope: Scope, watched: Collection[str]
) -> Iterator[tuple[Key, Fields]]:
    for name, owner, acl in rows:
        database = str(name)
        yield Key("object", (database, "database", "")), {database: str(owner)}
        if database in scope.servers:
            for grantee, privileges in _granted(acl, str(owner), watched).items():
                yield Key("privilege", (grantee, database, "database", "")), {database: privileges}


def _schema_privileges(
    rows: DatabaseRows, watched: Collection[str]
) -> Iterator[tuple[Key, Fields]]:
    by_grantee: defaultdict[str, dict[str, Value]] = defaultdict(dict)
    for name, owner, acl in rows.schemas:
        for grantee, privileges in _granted(acl, str(owner), watched).items():
            by_grantee[grantee][str(name)] = privileges
    for grantee, fields in by_grantee.items():
        yield Key("privilege", (grantee, rows.database, "schema", "")), fields


def _inventory(rows: DatabaseRows) -> dict[Key, Fields]:
    objects: defaultdict[Key, dict[str, Value]] = defaultdict(dict)
    for name, owner, _ in rows.schemas:
        objects[Key("object", (rows.database, "schema", ""))][str(name)] = str(owner)
    for schema, kind, owner, _, names in rows.bundles:
        key = Key("object", (rows.database, str(kind), str(schema)))
        objects[key].update(dict.fromkeys(_texts(names), str(owner)))
    return dict(objects)


def _object_privileges(
    rows: DatabaseRows, watched: Collection[str]
) -> Iterator[tuple[Key, Fields]]:
    """What each watched role holds on the objects of each schema and kind. Equals share one."""
    held: dict[Key, Fields] = {}
    for schema, kind, owner, acl, names in rows.bundles:
        shared: dict[tuple[str, ...], Fields] = {}
        objects = _texts(names)
        for grantee, privileges in _granted(acl, str(owner), watched).items():
            fields = shared.get(privileges)
            if fields is None:
                fields = shared[privileges] = dict.fromkeys(objects, privileges)
            key = Key("privilege", (grantee, rows.database, str(kind), str(schema)))
            known = held.get(key)
            held[key] = fields if known is None else {**known, **fields}
    yield from held.items()


def _default_privileges(
    rows: DatabaseRows, watched: Collection[str]
) -> Iterator[tuple[Key, Fields]]:
    for creator, schema, kind, acl in rows.default_privileges:
        owner = str(creator)
        for grantee, privileges in _granted(acl, owner, watched).items():
            path = (grantee, rows.database, owner, str(kind), str(schema))
            yield Key("default_privilege", path), {"privileges": privileges}


def _granted(acl: object, owner: str, watched: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What the ACL gives to each watched role but the owner, whose rights need no grant."""
    result: dict[str, tuple[str, ...]] = {}
    for text in _texts(acl):
        item = parse_item(text)
        if item.grantee in watched and item.grantee != owner:
            known = result.get(item.grantee, ())
            both = tuple(sorted({*known, *item.privileges})) if known else item.privileges
            result[item.grantee] = both
    return result


def _texts(values: object) -> list[str]:
    assert isinstance(values, list)
    return values
