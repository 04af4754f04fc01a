"""Fills a throw-away server with a database that behaves like FlowDB as far as access is concerned.

Here belong the database, its service roles and the fixture roles of demo and tests. The grants are
in `flowdb.sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.sandbox.postgres.initdb import generate_password
from reconciler.secret import Secret

if TYPE_CHECKING:
    import psycopg

DATABASE = "flowdb"
SUPERUSER = "flowdb"
"""The conventional name of FlowDB's administrator (POSTGRES_USER); `flowdb.sql` relies on it."""

_LOGINS = ("analyst1", "analyst2", "orphan1", "owner1", "stuck1", "viewer1")


@dataclass(frozen=True, slots=True)
class ServicePasswords:
    """The passwords of FlowDB's two service roles, which FlowDB takes from its environment."""

    flowmachine: Secret
    flowapi: Secret

    @classmethod
    def generate(cls) -> ServicePasswords:
        """New random passwords."""
        return cls(generate_password(), generate_password())


def create_flowdb(maintenance_dsn: str, flowdb_dsn: str, passwords: ServicePasswords) -> None:
    """Make the database `flowdb` with schemas, tables, service roles, grants and the event trigger.

    Both DSNs are the superuser's, who must be called `flowdb`: one to any other database of an
    empty cluster, one to the database `flowdb`, which does not exist yet unless the image made it.
    Needs PostgreSQL 15 or later, since before everybody could create tables in `public`. psycopg's
    errors pass through.
    """
    import psycopg  # here and not above: it takes 0.1 s, and nothing else of the sandbox needs it

    with psycopg.connect(maintenance_dsn, autocommit=True) as connection:
        _create_database(connection)
    with psycopg.connect(flowdb_dsn) as connection:
        connection.execute(_script("flowdb.sql"))
        _set_passwords(
            connection, {"flowmachine": passwords.flowmachine, "flowapi": passwords.flowapi}
        )


def create_fixture_roles(flowdb_dsn: str) -> Mapping[str, Secret]:
    """Make analyst1, analyst2, group_a, orphan1, owner1, stuck1 and viewer1; gives the logins'
    passwords by name.

    The DSN is the superuser's to the database `flowdb`. What each role is for stands in
    `flowdb_roles.sql`.
    """
    import psycopg  # as in create_flowdb

    passwords = {name: generate_password() for name in _LOGINS}
    with psycopg.connect(flowdb_dsn) as connection:
        connection.execute(_script("flowdb_roles.sql"))
        _set_passwords(connection, passwords)
    return passwords


def _create_database(connection: psycopg.Connection) -> None:
    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
    if found.fetchone() is None:
        connection.execute("CREATE DATABASE flowdb OWNER flowdb")


def _set_passwords(connection: psycopg.Connection, passwords: Mapping[str, Secret]) -> None:
    """Set passwords as SCRAM verifiers, so that no password reaches the server in clear."""
    from psycopg import sql  # as in create_flowdb

    for name, password in sorted(passwords.items()):
        verifier = connection.pgconn.encrypt_password(
            password.reveal().encode(), name.encode(), b"scram-sha-256"
        )
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(name), sql.Literal(verifier.decode())
            )
        )


def _script(name: str) -> bytes:
    """A SQL file of this package, as bytes: psycopg takes text only where it is a literal."""
    return Path(__file__).with_name(name).read_bytes()
