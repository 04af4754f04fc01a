"""Reads the catalog of a cluster into a State.

One pipelined round trip for each database, in one repeatable-read snapshot. What is read stands in
`catalog/*.sql`. Here belongs turning rows into records; nothing is compared or decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

from reconciler.providers.postgres.acl import granted, texts
from reconciler.providers.postgres.connect import Connection, snapshot
from reconciler.providers.postgres.edges import (
    EDGE_OPTIONS_VERSION,
    Grantors,
    grantors,
    membership_records,
)
from reconciler.providers.postgres.object_details import DETAIL_CATALOGS, object_records
from reconciler.providers.postgres.public import public_defaults, public_privileges
from reconciler.providers.postgres.role_details import (
    RoleDetails,
    detail_catalogs,
    setting_records,
)
from reconciler.providers.postgres.watch import HELD_CATALOGS, Watch, watch_of
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State, Value

PARAMETERS_VERSION: Final = 150000
"""From PostgreSQL 15 there are privileges on configuration parameters."""

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
"""The inventory of the roles that PostgreSQL itself brings, named `pg_...`, and of those that a
managed service brings, with its name: there to be inherited, never ours."""

_SHARED_CATALOGS: Final[Mapping[str, str]] = {
    "tablespace": "tablespaces",
    "parameter": "parameter_privileges",
}
_FURTHER_CATALOGS: Final[Mapping[str, str]] = {
    "type": "types",
    "column": "columns",
    "language": "languages",
    "foreign data wrapper": "foreign_data_wrappers",
    "foreign server": "foreign_servers",
    "large object": "large_objects",
    **DETAIL_CATALOGS,
    **HELD_CATALOGS,
}
"""The queries for kinds of object that are read only where somebody is given something on them."""

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ClusterRows:
    """The rows of the cluster's own catalogs: the same whichever database they are read in.

    `bundles` holds tablespaces and parameters, `details` what is read of roles on request.
    """

    roles: Sequence[Row]
    memberships: Sequence[Row]
    databases: Sequence[Row]
    bundles: Sequence[Row] = ()
    details: RoleDetails = field(default_factory=RoleDetails)


@dataclass(frozen=True, slots=True)
class DatabaseRows:
    """The rows of one database's catalogs. `bundles` holds whatever else has an ACL."""

    database: str
    schemas: Sequence[Row]
    bundles: Sequence[Row]
    default_privileges: Sequence[Row]


@cache
def catalog_query(name: str) -> bytes:
    """The text of `catalog/NAME.sql`."""
    return (resources.files(__package__) / "catalog" / f"{name}.sql").read_bytes()


def read_rows(
    connection: Connection, database: str, kinds: Collection[str], timeout_s: int
) -> tuple[ClusterRows, DatabaseRows | None]:
    """The rows of the cluster and of a database, in one round trip and one snapshot.

    `database` is the one we are connected to; empty to leave its catalogs out. `kinds` are kinds of
    object, and details of roles, that have to be read besides those that always are. Raises
    psycopg.Error.
    """
    details = detail_catalogs(kinds)
    shared = [*map(catalog_query, details), *_cluster_queries(connection, kinds)]
    queries = [*shared, *(_database_queries(kinds) if database else ())]
    tables = _read(connection, queries, timeout_s)
    roles, edges, databases, *bundles = tables[len(details) : len(shared)]
    found = RoleDetails(**dict(zip(details, tables, strict=False)))
    rest = [row for each in bundles for row in each]
    cluster = ClusterRows(roles, edges, databases, rest, found)
    return cluster, _database_rows(database, tables[len(shared) :]) if database else None


def read_database(
    connection: Connection, database: str, kinds: Collection[str], timeout_s: int
) -> DatabaseRows:
    """The rows of the database that we are connected to, likewise."""
    return _database_rows(database, _read(connection, _database_queries(kinds), timeout_s))


def _cluster_queries(connection: Connection, kinds: Collection[str]) -> list[bytes]:
    further = {kind: name for kind, name in _SHARED_CATALOGS.items() if kind in kinds}
    if connection.info.server_version < PARAMETERS_VERSION:
        further.pop("parameter", None)
    names = ("databases", *further.values())
    return [catalog_query("roles"), _edges_query(connection), *map(catalog_query, names)]


def _database_queries(kinds: Collection[str]) -> list[bytes]:
    further = [name for kind, name in _FURTHER_CATALOGS.items() if kind in kinds]
    names = ("schemas", "default_privileges", "relations", "functions", *further)
    return [catalog_query(name) for name in names]


def _database_rows(database: str, tables: Sequence[Sequence[Row]]) -> DatabaseRows:
    schemas, defaults, *bundles = tables
    return DatabaseRows(database, schemas, [row for each in bundles for row in each], defaults)


def read_grantors(connection: Connection) -> Grantors:
    """Who granted each edge that is there now. Raises psycopg.Error."""
    return grantors(connection.execute(_edges_query(connection)).fetchall())


def _edges_query(connection: Connection) -> bytes:
    keeps_options = connection.info.server_version >= EDGE_OPTIONS_VERSION
    return catalog_query("memberships_16" if keeps_options else "memberships_14")


def _read(connection: Connection, queries: Iterable[bytes], timeout_s: int) -> list[list[Row]]:
    """The rows of each query."""
    with snapshot(connection, timeout_s):
        cursors = [connection.execute(query) for query in queries]
    return [cursor.fetchall() for cursor in cursors]


def to_state(cluster: ClusterRows, databases: Sequence[DatabaseRows], scope: Scope) -> State:
    """The records of these rows within the scope."""
    watch = watch_of(scope, (str(row[0]) for row in cluster.roles))
    records: dict[Key, Fields] = {}
    records.update(_principals(cluster, watch))
    records.update(setting_records(cluster.details, watch.ours))
    records.update(watch.edges(membership_records(cluster.memberships).items()))
    records.update(_database_privileges(cluster.databases, watch))
    records.update(_inventory("", cluster.bundles))
    records.update(_object_privileges("", cluster.bundles, watch))
    for rows in databases:
        records.update(_schemas(rows))
        records.update(_inventory(rows.database, rows.bundles))
        records.update(_schema_privileges(rows, watch))
        records.update(_object_privileges(rows.database, rows.bundles, watch))
        records.update(_default_privileges(rows, watch))
        records.update(public_defaults(rows.database, rows.default_privileges, scope.public))
    records.update(public_privileges(access_lists(cluster, databases), scope.public))
    records.update(object_records(records, scope))
    return State(records)


def access_lists(
    cluster: ClusterRows, databases: Iterable[DatabaseRows]
) -> Iterator[tuple[tuple[str, str, str], object, object, object]]:
    """Every ACL: database, kind and schema of its objects, their owner, the ACL, their names."""
    for name, owner, acl in cluster.databases:
        yield (str(name), "database", ""), owner, acl, [name]
    for schema, kind, owner, acl, names in cluster.bundles:
        yield ("", str(kind), str(schema)), owner, acl, names
    for rows in databases:
        for name, owner, acl in rows.schemas:
            yield (rows.database, "schema", ""), owner, acl, [name]
        for schema, kind, owner, acl, names in rows.bundles:
            yield (rows.database, str(kind), str(schema)), owner, acl, names


def _principals(cluster: ClusterRows, watch: Watch) -> Iterator[tuple[Key, Fields]]:
    """The roles. Equal attributes are one mapping: most of thousands of accounts are alike."""
    rows, told, scope = cluster.roles, cluster.details.told, watch.scope
    shared: dict[Row, Fields] = {}
    accounts, roles = scope.accounts | scope.leavers, {path[-1] for path in scope.roles}
    yield PREDEFINED, watch.apart
    for row in rows:
        text, values = str(row[0]), row[1:]
        comment = () if told is None else (told.get(text, ""),)
        alike = values + comment
        fields = shared.get(alike)
        if fields is None:
            names_of = (*_ATTRIBUTES, "comment")[: len(alike)]
            fields = shared[alike] = dict(zip(names_of, _values(alike), strict=True))
        if text in watch.apart:
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


def _database_privileges(rows: Iterable[Row], watch: Watch) -> Iterator[tuple[Key, Fields]]:
    for name, owner, acl in rows:
        database = str(name)
        yield Key("object", (database, "database", "")), {database: str(owner)}
        for grantee, privileges in granted(acl, str(owner), watch.in_database(database)).items():
            yield Key("privilege", (grantee, database, "database", "")), {database: privileges}


def _schema_privileges(rows: DatabaseRows, watch: Watch) -> Iterator[tuple[Key, Fields]]:
    by_grantee: defaultdict[str, dict[str, Value]] = defaultdict(dict)
    for name, owner, acl in rows.schemas:
        watched = watch.in_schema(rows.database, str(name))
        for grantee, privileges in granted(acl, str(owner), watched).items():
            by_grantee[grantee][str(name)] = privileges
    for grantee, fields in by_grantee.items():
        yield Key("privilege", (grantee, rows.database, "schema", "")), fields


def _schemas(rows: DatabaseRows) -> dict[Key, Fields]:
    owners = {str(name): str(owner) for name, owner, _ in rows.schemas}
    return {Key("object", (rows.database, "schema", "")): owners} if owners else {}


def _inventory(database: str, bundles: Iterable[Row]) -> dict[Key, Fields]:
    objects: defaultdict[Key, dict[str, Value]] = defaultdict(dict)
    for schema, kind, owner, _, names in bundles:
        key = Key("object", (database, str(kind), str(schema)))
        objects[key].update(dict.fromkeys(texts(names), str(owner)))
    return dict(objects)


def _object_privileges(
    database: str, bundles: Iterable[Row], watch: Watch
) -> Iterator[tuple[Key, Fields]]:
    """What each watched role holds on the objects of each schema and kind. Equals share one."""
    held: dict[Key, Fields] = {}
    for schema, kind, owner, acl, names in bundles:
        shared: dict[tuple[str, ...], Fields] = {}
        objects, watched = texts(names), watch.in_schema(database, str(schema))
        for grantee, privileges in granted(acl, str(owner), watched).items():
            fields = shared.get(privileges)
            if fields is None:
                fields = shared[privileges] = dict.fromkeys(objects, privileges)
            key = Key("privilege", (grantee, database, str(kind), str(schema)))
            known = held.get(key)
            held[key] = fields if known is None else {**known, **fields}
    yield from held.items()


def _default_privileges(rows: DatabaseRows, watch: Watch) -> Iterator[tuple[Key, Fields]]:
    for creator, schema, kind, acl in rows.default_privileges:
        owner, watched = str(creator), watch.by_default(rows.database, str(schema))
        for grantee, privileges in granted(acl, owner, watched).items():
            path = (grantee, rows.database, owner, str(kind), str(schema))
            yield Key("default_privilege", path), {"privileges": privileges}
