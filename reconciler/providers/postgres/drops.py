"""Drops roles: what one owns is given away, what it holds is taken in each database, then it goes.

Every step is a transaction of its own and can be done again: after a crash the next run goes on
where this one was. Here belongs running the steps; what there is to do is read by `estates`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import psycopg
from psycopg import sql

from reconciler.changes import Change
from reconciler.errors import TargetError
from reconciler.providers.postgres.connect import Connection, describe
from reconciler.providers.postgres.estates import (
    Connect,
    Estate,
    owned_text,
    read_estates,
    read_granted,
)
from reconciler.providers.postgres.footing import read_roles
from reconciler.providers.postgres.handed_on import read_handed_on
from reconciler.providers.postgres.statements import Statement
from reconciler.providers.postgres.statements.estates import clearing, reassigning
from reconciler.providers.postgres.statements.handed_on import settling
from reconciler.providers.postgres.statements.roles import disabling
from reconciler.providers.postgres.statements.sessions import ending
from reconciler.providers.postgres.transactions import FailedStatement, collected_warnings, run
from reconciler.wording import listed

_LEFT: Final = """
    SELECT count(*)
      FROM pg_catalog.pg_shdepend AS dependencies
      JOIN pg_catalog.pg_roles AS roles ON roles.oid = dependencies.refobjid
     WHERE dependencies.refclassid = 'pg_catalog.pg_authid'::regclass
       AND dependencies.deptype = 'o' AND roles.rolname = %s
       AND dependencies.classid NOT IN ('pg_catalog.pg_default_acl'::regclass,
                                        'pg_catalog.pg_user_mapping'::regclass)
       AND dependencies.dbid = (SELECT oid FROM pg_catalog.pg_database
                                 WHERE datname = pg_catalog.current_database())
"""
"""What DROP OWNED would drop and nobody was given. REASSIGN OWNED leaves default privileges and
user mappings where they are: they are nothing without their role."""

_IS_THERE: Final = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s"


def drop_role(connect: Connect, statement: Statement) -> FailedStatement | None:
    """Drop a role; without an heir only one that owns nothing.

    What it owns is never dropped.
    """
    role = statement.keys[0].path[-1]
    try:
        estate = read_estate(connect, role)
        if reason := refusal(connect, estate, statement.heir):
            return FailedStatement(statement.keys, reason)
        for database in estate.databases:
            heir = statement.heir if estate.owned else ""
            if reason := _clear(connect(database), role, heir):
                where = f" in database {database}" if database else ""
                return FailedStatement(statement.keys, f"it is not dropped: {reason}{where}")
        return run(connect(""), [statement])
    except TargetError as error:
        return FailedStatement(statement.keys, error.message)
    except psycopg.Error as error:
        return FailedStatement(statement.keys, describe(error))


def read_estate(connect: Connect, role: str) -> Estate:
    """What refers to a role. Raises psycopg.Error."""
    return read_estates(connect(""), [role]).get(role, Estate(role))


def shutting_out(statement: Statement, estate: Estate, *, is_named: bool) -> Iterator[sql.Composed]:
    """What is sent before an account is dropped: it may not sign in, and its sessions end.

    Nothing where a single statement drops it. Sessions end where the change names the account, and
    where they could make more of what an heir is given.
    """
    role = statement.keys[0].path[-1]
    ends = is_named or bool(statement.heir and estate.owned)
    if ends or estate.shares:
        yield disabling(role)
    if ends:
        yield ending((role,))


def clearings(statement: Statement, estate: Estate) -> Iterator[tuple[str, sql.Composed]]:
    """What is sent before a role is dropped, each with the database in which it runs."""
    for database in estate.databases:
        if estate.owned and statement.heir:
            yield database, reassigning(estate.role, statement.heir)
        for query in settling(estate.role, estate.handed_on.get(database, ())):
            yield database, query
        yield database, clearing(estate.role)


def refusal(
    connect: Connect, estate: Estate, heir: str, revoked: Collection[tuple[str, ...]] = ()
) -> str:
    """Why a role is not to be dropped as things are; empty where nothing speaks against it.

    `revoked` are memberships, as (role, member), that will have been taken by then.
    """
    if estate.granted and (edges := unsettled(connect, estate.role, revoked)):
        return unsettled_text(edges)
    if not estate.owned:
        return ""
    if not heir:
        return f"it owns {owned_text(connect, estate)}; {NAME_AN_HEIR}"
    standing = read_roles(connect(""), [heir]).get(heir)
    if standing is not None and standing.superuser:
        return f"{heir}, its heir, {IS_SUPERUSER}"
    return ""


NAME_AN_HEIR: Final = (
    "name who gets it in policy.heir, or give it away (REASSIGN OWNED BY it TO another role, in "
    "each database)"
)
IS_SUPERUSER: Final = (
    "is a superuser: views and functions made by somebody who left would run with all its rights. "
    "Name a role without LOGIN that is there for nothing else"
)


def unsettled(
    connect: Connect, role: str, revoked: Collection[tuple[str, ...]]
) -> tuple[tuple[str, str], ...]:
    """The memberships that a role granted and that would end with it.

    Not those that are revoked, nor those in what it loses itself: they are granted in our name.
    """
    granted = read_granted(connect(""), role)
    return tuple(e for e in granted if e not in revoked and (e[0], role) not in revoked)


def unsettled_text(edges: Sequence[tuple[str, str]]) -> str:
    """Which memberships end with the role that granted them, the first few, and what to do."""
    shown = listed([f"{role} to {member}" for role, member in edges], 3)
    role, member = edges[0]
    return (
        f"it granted {shown}; these would end with it: grant them in another name first "
        f'(GRANT "{role}" TO "{member}", as another role), then revoke these'
    )


def revoked_by(changes: Iterable[Change]) -> frozenset[tuple[str, ...]]:
    """The memberships that these changes take, as (role, member)."""
    memberships = (each for each in changes if each.key.kind == "membership")
    return frozenset(each.key.path for each in memberships if each.action == "delete")


def _clear(connection: Connection, role: str, heir: str) -> str:
    """Give the heir what a role owns in a database, and take what it holds there: both or nothing.

    Why that was not done, or empty. Without an heir nothing may be owned there. Raises
    psycopg.Error.
    """
    reason = ""
    with collected_warnings(connection) as warnings, connection.transaction() as work:
        if heir:
            connection.execute(reassigning(role, heir))
        row = connection.execute(_LEFT, [role]).fetchone()
        if row is None or row[0]:  # made meanwhile, by a session that is still open
            reason = "it came to own more meanwhile"
            raise psycopg.Rollback(work)
        for query in settling(role, read_handed_on(connection, role)):
            connection.execute(query)
        connection.execute(clearing(role))
        if warnings:
            reason = f"PostgreSQL only warned: {warnings[0]}"
            raise psycopg.Rollback(work)
    return reason


def disable_role(connect: Connect, statement: Statement) -> FailedStatement | None:
    """Keep the role that this statement drops from signing in. One that is gone already cannot."""
    role = statement.keys[0].path[-1]
    try:
        if connect("").execute(_IS_THERE, [role]).fetchone() is None:
            return None
        return run(connect(""), [Statement(disabling(role), statement.keys)])
    except psycopg.Error as error:
        return FailedStatement(statement.keys, describe(error))
