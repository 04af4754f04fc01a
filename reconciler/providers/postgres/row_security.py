"""Reads row-level security of the tables that the manifest manages, and no others.

Here belong its records, and what does not fit what is there. How a server spells an expression is
`policy_spelling`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.providers.postgres.connect import Connection, snapshot
from reconciler.providers.postgres.observe import catalog_query
from reconciler.scope import Scope
from reconciler.source import suggest
from reconciler.state import Fields, Key, State

_COMMANDS: Final = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}
"""PostgreSQL docs, pg_policy, polcmd."""

Table = tuple[str, ...]
"""Database, schema and name of a table, as in the path of its record."""


@dataclass(frozen=True, slots=True)
class RowSecurity:
    """What was read: the records, and who owns each table."""

    records: Mapping[Key, Fields] = field(default_factory=dict)
    owners: Mapping[Table, str] = field(default_factory=dict)


def read_row_security(
    connect: Callable[[str], Connection],
    databases: Collection[str],
    scope: Scope,
    timeout_s: int,
) -> RowSecurity:
    """The row-level security of the tables of this scope in these databases: one round trip each.

    A table that is not there has no record. Raises psycopg.Error.
    """
    records: dict[Key, Fields] = {}
    owners: dict[Table, str] = {}
    for database in sorted({path[0] for path in scope.row_security}.intersection(databases)):
        tables = sorted(path for path in scope.row_security if path[0] == database)
        switches, policies = _read(connect(database), tables, timeout_s)
        for schema, name, owner, enabled, forced in switches:
            table = (database, str(schema), str(name))
            owners[table] = str(owner)
            records[Key("row_security", table)] = {"enabled": bool(enabled), "forced": bool(forced)}
        records.update(_policies(database, policies, scope.policy_tables))
    return RowSecurity(records, owners)


_Rows = list[tuple[object, ...]]


def _read(connection: Connection, tables: list[Table], timeout_s: int) -> tuple[_Rows, _Rows]:
    names = {"schemas": [path[1] for path in tables], "names": [path[2] for path in tables]}
    with snapshot(connection, timeout_s):
        switches = connection.execute(catalog_query("row_security"), names)
        policies = connection.execute(catalog_query("policies"), names)
    return switches.fetchall(), policies.fetchall()


def _policies(
    database: str, rows: _Rows, managed: Collection[Table]
) -> Iterator[tuple[Key, Fields]]:
    for schema, table, name, command, permissive, roles, using, check in rows:
        if (database, str(schema), str(table)) in managed:
            assert isinstance(roles, list)
            yield (
                Key("policy", (database, str(schema), str(table), str(name))),
                {
                    "command": _COMMANDS[str(command)],
                    "permissive": bool(permissive),
                    "roles": tuple(sorted(str(each) for each in roles)),
                    "using": str(using),
                    "check": str(check),
                },
            )


def misfits(
    key: Key, fields: Fields, observed: State, roles: Collection[str]
) -> Iterator[tuple[Key, str]]:
    """Why a table's row security or a policy cannot be as asked: no such table, no such role."""
    database, schema, table = key.path[:3]
    if key.kind == "row_security" and key not in observed:
        known = observed.get(Key("object", (database, "table", schema))) or {}
        text = f"there is no table {schema}.{table} in {database} that can have row security"
        hint = suggest(table, [each for each in known if each != table])
        yield key, f"{text}; {hint}" if hint else text
    named = fields.get("roles")
    for role in named if isinstance(named, tuple) else ():
        if role and role not in roles:
            hint = suggest(role, roles)
            yield key, f'there is no role "{role}"' + (f"; {hint}" if hint else "")
