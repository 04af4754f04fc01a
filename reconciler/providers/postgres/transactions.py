"""Runs statements: each transaction in one pipeline, with every warning of a GRANT taken seriously.

Here belong execution and finding out which statement failed. What the statements are is
`statements`, what becomes of changes is `apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from reconciler.providers.postgres.connect import Connection, describe, is_lost, masked, pipeline
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.statements import Statement
from reconciler.state import Key

_SHARE_OF_LOCKS: Final = 0.5
"""How much of the server's lock table one transaction may take: other sessions need some too."""


@dataclass(frozen=True, slots=True)
class FailedStatement:
    """Why a transaction was rolled back.

    `keys` are what its failing statement writes; empty if none is to blame. `is_unknown` says that
    the connection was lost when it may have been committed already.
    """

    keys: tuple[Key, ...]
    message: str
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server allows: locks for one transaction, and how it hashes passwords."""

    locks: int
    scram_iterations: str


def prepare(connection: Connection, options: PostgresOptions) -> None:
    """Set the session's timeouts and its search path. Raises psycopg.Error."""
    with pipeline(connection):
        for name, value in session_settings(options, connection).items():
            connection.execute("SELECT pg_catalog.set_config(%s, %s, false)", [name, value])


def session_settings(options: PostgresOptions, connection: Connection) -> Mapping[str, str]:
    """What a session that writes is set to, by setting.

    Who is no superuser may do nothing as a role that it creates but give it to others, unless it
    also makes itself a member (PostgreSQL docs, createrole_self_grant; from version 16).
    """
    is_superuser = connection.info.parameter_status("is_superuser") == "on"
    has_edges = connection.info.server_version >= EDGE_OPTIONS_VERSION
    own = {"createrole_self_grant": "set, inherit"} if has_edges and not is_superuser else {}
    return {
        "lock_timeout": f"{options.lock_timeout_s}s",
        "statement_timeout": f"{options.statement_timeout_s}s",
        "search_path": "pg_catalog",
        "client_min_messages": "warning",
        **own,
    }


def read_limits(connection: Connection) -> Limits:
    """The server's limits. `scram_iterations` is empty before PostgreSQL 16.

    Source: PostgreSQL docs, max_locks_per_transaction: the table has room for that many times
    (max_connections + max_prepared_transactions). From version 16 each role created takes an entry.
    """
    row = connection.execute(
        "SELECT current_setting('max_locks_per_transaction')::int"
        " * (current_setting('max_connections')::int"
        " + current_setting('max_prepared_transactions')::int),"
        " COALESCE(current_setting('scram_iterations', true), '')"
    ).fetchone()
    assert row is not None
    return Limits(max(1, int(int(str(row[0])) * _SHARE_OF_LOCKS)), str(row[1]))


def batches(statements: Sequence[Statement], locks: int) -> Iterator[tuple[Statement, ...]]:
    """The statements in runs that each fit a transaction. It is safe to stop after any run."""
    batch: list[Statement] = []
    used = 0
    for statement in statements:
        if batch and used + statement.locks > locks:
            yield tuple(batch)
            batch, used = [], 0
        batch.append(statement)
        used += statement.locks
    if batch:
        yield tuple(batch)


def run(connection: Connection, statements: Sequence[Statement]) -> FailedStatement | None:
    """Run the statements in one transaction. None if it was committed; else why it was not."""
    try:
        warnings = _send(connection, statements)
    except psycopg.Error as error:
        if is_lost(connection, error):
            text = f"the connection was lost before the commit: {describe(error)}"
            return FailedStatement((), text)
        return _failure(connection, statements, describe(error))
    if warnings:
        return _failure(connection, statements, warnings[0])
    try:
        connection.execute("COMMIT")
    except psycopg.Error as error:
        if not is_lost(connection, error):
            return FailedStatement((), describe(error))
        text = f"the connection was lost at the commit: {describe(error)}"
        return FailedStatement((), text, is_unknown=True)
    return None


def _send(connection: Connection, statements: Sequence[Statement]) -> list[str]:
    """Send all statements at once, in a transaction that stays open; the warnings there were."""
    with collected_warnings(connection) as warnings, pipeline(connection):
        connection.execute("BEGIN")
        cursor = connection.cursor()
        for statement in statements:
            for query in statement.queries:
                cursor.execute(query)
    return warnings


@contextmanager
def collected_warnings(connection: Connection) -> Iterator[list[str]]:
    """The warnings that GRANT and REVOKE give meanwhile: they did not do what they were told.

    A warning with a context was raised by somebody's code, such as an event trigger.
    """
    warnings: list[str] = []

    def collect(diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING" and not diagnostic.context:
            warnings.append(masked(diagnostic.message_primary or "a warning without text"))

    connection.add_notice_handler(collect)
    try:
        yield warnings
    finally:
        connection.remove_notice_handler(collect)


def _failure(
    connection: Connection, statements: Sequence[Statement], message: str
) -> FailedStatement:
    """Roll back, and find out which statement failed: the same again, one by one, for no effect."""
    keys: tuple[Key, ...] = ()
    try:
        connection.execute("ROLLBACK")
        with (
            collected_warnings(connection) as warnings,
            connection.transaction(force_rollback=True),
        ):
            for statement in statements:
                keys = statement.keys
                for query in statement.queries:
                    connection.execute(query)
                if warnings:
                    return FailedStatement(keys, f"PostgreSQL only warned: {warnings[0]}")
    except psycopg.Error as error:
        if is_lost(connection, error):
            return FailedStatement((), message)  # what was seen before stands
        return FailedStatement(keys, describe(error))
    return FailedStatement((), f"{message} (it did not happen a second time: run again)")
