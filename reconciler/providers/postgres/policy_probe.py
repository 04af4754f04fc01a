"""Asks a server how it spells the expressions of policies, in transactions that are rolled back.

An expression is put into a policy on a temporary table that has the name and the columns of the
real one, and read back as `observe` reads policies. So the real table is not locked, and nothing
stays. Before, the server reads it as a condition on the real table: the temporary one hides the
real one where no schema is named, and there what it refuses is a fault of the expression.
Sources: PostgreSQL docs, CREATE POLICY, PREPARE, CREATE TABLE; "The Schema Search Path".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import psycopg
from psycopg import sql

from reconciler.providers.postgres.connect import Connection, describe, is_lost, pipeline
from reconciler.providers.postgres.statements.policies import condition
from reconciler.providers.postgres.statements.statement import quoted


class Asked(NamedTuple):
    """An expression about the rows of a table."""

    database: str
    schema: str
    table: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The server's spelling; or why it refuses the expression; or why nobody can tell."""

    spelled: str = ""
    refused: str = ""
    untold: str = ""


def probe(connection: Connection, asked: Sequence[Asked], timeout_s: int) -> Mapping[Asked, Answer]:
    """What the server says of these expressions, all of the database that we are connected to.

    One round trip where it takes all of them. Raises psycopg.Error where it does not answer.
    """
    ordered = sorted(set(asked))
    try:
        return _spellings(connection, ordered, timeout_s)
    except psycopg.Error as error:
        _raise_if_no_answer(connection, error)
    return {each: _one(connection, each, timeout_s) for each in ordered}


def _one(connection: Connection, asked: Asked, timeout_s: int) -> Answer:
    """The answer for one expression: first whether it is one at all, then its spelling."""
    try:
        with _rolled_back(connection, timeout_s):
            connection.execute(_reading("reconciler", asked))
    except psycopg.Error as error:
        _raise_if_no_answer(connection, error)
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            return Answer(untold=describe(error))
        return Answer(refused=describe(error))
    try:
        return _spellings(connection, [asked], timeout_s)[asked]
    except psycopg.Error as error:
        _raise_if_no_answer(connection, error)
        return Answer(untold=describe(error))


def _raise_if_no_answer(connection: Connection, error: psycopg.Error) -> None:
    """Raise what is no answer to the question: a connection that is lost, a timeout."""
    timeouts = psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable
    if is_lost(connection, error) or isinstance(error, timeouts):
        raise error


def _spellings(
    connection: Connection, asked: Sequence[Asked], timeout_s: int
) -> dict[Asked, Answer]:
    cursors: list[tuple[Asked, psycopg.Cursor[tuple[object, ...]]]] = []
    with _rolled_back(connection, timeout_s):
        for number, each in enumerate(asked):
            connection.execute(_reading(f"reconciler_{number}", each))
        for (_, schema, table), group in groupby(asked, key=lambda each: each[:3]):
            connection.execute(_copy(schema, table))
            for each in group:
                connection.execute(_policy(table, each.text))
                cursors.append((each, connection.execute(_spelling(table))))
                connection.execute(_without_policy(table))
            connection.execute(sql.SQL("DROP TABLE pg_temp.{}").format(quoted(table)))
    answers = {}
    for each, cursor in cursors:
        ((spelled,),) = cursor.fetchall()
        answers[each] = Answer(spelled=str(spelled))
    return answers


@contextmanager
def _rolled_back(connection: Connection, timeout_s: int) -> Iterator[None]:
    """A transaction that is never committed, in a pipeline: there, a text is one statement at most.

    Prepared statements would stay; they are forgotten.
    """
    try:
        with pipeline(connection):
            connection.execute("BEGIN")
            connection.execute("SET LOCAL search_path TO pg_catalog")
            connection.execute("SET LOCAL standard_conforming_strings TO on")  # as we read them
            connection.execute(f"SET LOCAL statement_timeout TO {timeout_s * 1000:d}".encode())
            yield
    finally:
        if not connection.closed:
            with suppress(psycopg.OperationalError):  # then what was raised says so
                connection.execute("ROLLBACK")
                connection.execute("DEALLOCATE ALL")


def _reading(name: str, asked: Asked) -> sql.Composed:
    """Lets the server read the expression where it will stand, and run nothing of it."""
    template = sql.SQL("PREPARE {} AS SELECT FROM {}.{} WHERE {}")
    parts = (quoted(asked.schema), quoted(asked.table), condition(asked.text))
    return template.format(quoted(name), *parts)


def _copy(schema: str, table: str) -> sql.Composed:
    template = sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}.{})")
    return template.format(quoted(table), quoted(schema), quoted(table))


def _policy(table: str, text: str) -> sql.Composed:
    create = sql.SQL("CREATE POLICY probe ON pg_temp.{} USING {}")
    return create.format(quoted(table), condition(text))


def _spelling(table: str) -> sql.Composed:
    name = sql.Literal(f"pg_temp.{quoted(table).as_string(None)}")
    return sql.SQL(
        "SELECT pg_catalog.pg_get_expr(polqual, polrelid) FROM pg_catalog.pg_policy"
        " WHERE polrelid = {}::regclass"
    ).format(name)


def _without_policy(table: str) -> sql.Composed:
    return sql.SQL("DROP POLICY probe ON pg_temp.{}").format(quoted(table))
