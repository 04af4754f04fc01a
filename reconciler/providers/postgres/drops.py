"""What stands in the way of dropping a role: what it owns, and what it holds in any database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import psycopg
from psycopg import sql

from reconciler.errors import TargetError
from reconciler.providers.postgres.connect import Connection, describe
from reconciler.providers.postgres.statements import Statement
from reconciler.providers.postgres.statements.roles import disabling
from reconciler.providers.postgres.transactions import FailedStatement, run

_NAMED: Final = 3
"""How many objects are named for each database; the others are counted."""

_OWNED: Final = """
    SELECT COALESCE(databases.datname::text, ''), count(*)
      FROM pg_catalog.pg_shdepend AS dependencies
      JOIN pg_catalog.pg_roles AS roles ON roles.oid = dependencies.refobjid
      LEFT JOIN pg_catalog.pg_database AS databases ON databases.oid = dependencies.dbid
     WHERE dependencies.refclassid = 'pg_catalog.pg_authid'::regclass
       AND dependencies.deptype = 'o' AND roles.rolname = %s
     GROUP BY 1 ORDER BY 1
"""
"""How many objects a role owns, by database; empty for what belongs to the cluster. PostgreSQL
docs, pg_shdepend: SHARED_DEPENDENCY_OWNER."""

_DESCRIBED: Final = """
    SELECT pg_catalog.pg_describe_object(dependencies.classid, dependencies.objid, 0) COLLATE "C"
           AS described
      FROM pg_catalog.pg_shdepend AS dependencies
      JOIN pg_catalog.pg_roles AS roles ON roles.oid = dependencies.refobjid
     WHERE dependencies.refclassid = 'pg_catalog.pg_authid'::regclass
       AND dependencies.deptype = 'o' AND roles.rolname = %s
       AND dependencies.dbid IN (0, (SELECT oid FROM pg_catalog.pg_database
                                      WHERE datname = pg_catalog.current_database()))
     ORDER BY dependencies.dbid, described LIMIT %s
"""
_DEPENDENT: Final = """
    SELECT DISTINCT databases.datname::text
      FROM pg_catalog.pg_shdepend AS dependencies
      JOIN pg_catalog.pg_roles AS roles ON roles.oid = dependencies.refobjid
      JOIN pg_catalog.pg_database AS databases
        ON databases.oid = dependencies.dbid
        OR (dependencies.dbid = 0 AND dependencies.classid = 'pg_catalog.pg_database'::regclass
            AND databases.oid = dependencies.objid)
     WHERE dependencies.refclassid = 'pg_catalog.pg_authid'::regclass AND roles.rolname = %s
     ORDER BY 1
"""
"""The databases in which something refers to a role, such as a privilege that it holds."""

_IS_THERE: Final = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s"

Connect = Callable[[str], Connection]
"""Gives the prepared connection to a database; the dsn's own for the empty name."""


def drop_role(connect: Connect, statement: Statement) -> FailedStatement | None:
    """Drop a role that owns nothing: first its privileges in every database, then the role.

    What it owns is never dropped or given away here.
    """
    role = statement.keys[0].path[-1]
    try:
        owned = owned_objects(connect, role)
        if owned:
            advice = "give them away first (REASSIGN OWNED BY it TO another role, in each database)"
            return FailedStatement(statement.keys, f"it owns {'; '.join(owned)}; {advice}")
        for database in _dependent_databases(connect(""), role):
            query = sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role))
            failure = run(connect(database), [Statement(query, statement.keys)])
            if failure:
                return failure
        return run(connect(""), [statement])
    except TargetError as error:
        return FailedStatement(statement.keys, error.message)
    except psycopg.Error as error:
        return FailedStatement(statement.keys, describe(error))


def disable_role(connect: Connect, statement: Statement) -> FailedStatement | None:
    """Keep the role that this statement drops from signing in. One that is gone already cannot."""
    role = statement.keys[0].path[-1]
    try:
        if connect("").execute(_IS_THERE, [role]).fetchone() is None:
            return None
        return run(connect(""), [Statement(disabling(role), statement.keys)])
    except psycopg.Error as error:
        return FailedStatement(statement.keys, describe(error))


def owned_objects(connect: Connect, role: str) -> tuple[str, ...]:
    """What a role owns, by database: `table geography.mine and 3 more in database flowdb`."""
    rows = connect("").execute(_OWNED, [role]).fetchall()
    return tuple(_described(connect, role, str(name), int(str(count))) for name, count in rows)


def _described(connect: Connect, role: str, database: str, count: int) -> str:
    rows = connect(database).execute(_DESCRIBED, [role, _NAMED]).fetchall()
    more = f" and {count - len(rows)} more" if count > len(rows) else ""
    where = f" in database {database}" if database else ""
    return ", ".join(str(text) for (text,) in rows) + more + where


def _dependent_databases(connection: Connection, role: str) -> tuple[str, ...]:
    return tuple(str(name) for (name,) in connection.execute(_DEPENDENT, [role]).fetchall())
