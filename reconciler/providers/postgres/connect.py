"""Opens connections to a cluster and puts PostgreSQL's errors into our words.

Here is the edge to psycopg's errors: no other module of the provider catches them, but for `apply`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from psycopg import conninfo

from reconciler.errors import RefusedError, TargetError, UnexpectedResponseError, UnreachableError
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.secret import Redactor

_REFUSALS: Final = (
    "FATAL:",  # the server answered, and let nobody in
    "no password supplied",
    "SCRAM authentication",
    "SCRAM-SHA-256 authentication",
    "server does not support SSL",
    "certificate verify failed",
)
_MAY_PASS: Final = (
    "too many clients already",
    "remaining connection slots are reserved",
    "the database system is",  # starting up, shutting down, in recovery mode
    "terminating connection",
)
"""What a server that could let us in says when it cannot just now."""

_NOT_POSTGRESQL: Final = (
    "invalid response to SSL negotiation",
    "expected authentication request from server",
)
_OLDEST: Final = 140000
_KEEPALIVES: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""So that a firewall which forgot us does not leave us waiting for hours."""

_VERIFIER: Final = re.compile(r"SCRAM-SHA-256\$[^\s'\"]*|\bmd5[0-9a-f]{32}\b")
_PASSWORD: Final = re.compile(r"(\bPASSWORD\s+)[A-Z&]*'(?:[^']|'')*'?", re.IGNORECASE)
"""What a server may repeat of a statement or of pg_authid: a stored password, a literal (PostgreSQL
docs, pg_authid, rolpassword; "CREATE ROLE", PASSWORD)."""

Connection = psycopg.Connection[tuple[object, ...]]


def connect(target: str, options: PostgresOptions, database: str = "") -> Connection:
    """An open connection in autocommit mode, to `database` or the one the dsn names.

    Raises RefusedError for credentials, rights and names the server refuses, UnreachableError where
    there is no answer, UnexpectedResponseError for a server that is not PostgreSQL 14 or later. No
    message repeats the dsn.
    """
    text = _connection_string(options, database)
    if not text:
        raise RefusedError(
            target,
            "the option dsn is not a connection string; write "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE or host=... dbname=... user=..., with "
            "special characters of a URL's password percent-encoded (@ as %40, / as %2F, : as %3A)",
        )
    try:
        connection = psycopg.connect(text, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise _connect_error(target, error, Redactor.of(options.secrets())) from None
    version = connection.info.server_version
    if version < _OLDEST:
        connection.close()
        raise UnexpectedResponseError(target, f"PostgreSQL {version // 10000} is older than 14")
    return connection


def _connection_string(options: PostgresOptions, database: str) -> str:
    """What libpq is given; empty where the dsn cannot be read, or libpq cuts it in wrong places.

    Its errors would repeat the text, or the part of a password that it takes for the host.
    """
    with suppress(psycopg.ProgrammingError):
        given = options.dsn.reveal()
        said = conninfo.conninfo_to_dict(given)
        if _is_cut_wrongly(said):
            return ""
        return conninfo.make_conninfo(
            given,
            application_name="reconciler",
            client_encoding="utf8",
            connect_timeout=options.connect_timeout_s,
            dbname=database or None,
            **{name: value for name, value in _KEEPALIVES.items() if name not in said},
        )
    return ""


def _is_cut_wrongly(said: Mapping[str, object]) -> bool:
    ports = str(said.get("port") or "").replace(",", "")
    shown = (str(said.get(name) or "") for name in ("host", "dbname"))
    return any("@" in each for each in shown) or not (ports == "" or ports.isdecimal())


def _connect_error(target: str, error: psycopg.Error, hide: Redactor) -> TargetError:
    text = " ".join(str(error).split())
    shown = hide(text)
    if any(each in text for each in _NOT_POSTGRESQL):
        return UnexpectedResponseError(target, f"what answers there is not PostgreSQL: {shown}")
    if any(each in text for each in _REFUSALS) and not any(each in text for each in _MAY_PASS):
        return RefusedError(target, f"PostgreSQL refused the connection: {shown}")
    return UnreachableError(target, f"PostgreSQL cannot be reached: {shown}")


def is_lost(connection: Connection, error: psycopg.Error) -> bool:
    """Whether an error means that the connection is gone, and not that the server said no."""
    return connection.closed or error.sqlstate is None or error.sqlstate.startswith(("08", "57P"))


@contextmanager
def pipeline(connection: Connection) -> Iterator[None]:
    """A pipeline that raises the first error of what is sent in it, and logs nothing.

    psycopg would log to stderr that one which ends with an error also ends with others.
    """
    failures: list[psycopg.Error] = []
    try:
        with connection.pipeline():
            try:
                yield
            except psycopg.Error as error:
                failures.append(error)
    except psycopg.Error as error:
        failures.append(error)
    if failures:
        raise failures[0]


@contextmanager
def snapshot(connection: Connection, timeout_s: int) -> Iterator[None]:
    """A pipeline of queries of the catalogs alone, all of the same moment.

    Nothing is to be fetched before its end: fetching would wait for what was sent.
    """
    with pipeline(connection):
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL search_path TO pg_catalog")
        connection.execute(f"SET LOCAL statement_timeout TO {timeout_s * 1000:d}".encode())
        yield
        connection.execute("COMMIT")


def read_error(target: str, error: psycopg.Error) -> TargetError:
    """A failure while reading, as one of our errors."""
    text = describe(error)
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return RefusedError(target, f"reading the catalog was refused: {text}")
    if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable):
        return UnreachableError(target, f"reading the catalog took too long: {text}")
    if error.sqlstate is None or isinstance(error, psycopg.OperationalError):
        return UnreachableError(target, f"the connection failed while reading: {text}")
    return UnexpectedResponseError(target, f"reading the catalog failed: {text}")


def describe(error: psycopg.Error) -> str:
    """The server's message with detail and hint, in one line, without passwords.

    Never the statement: it may hold a verifier.
    """
    diagnostic = error.diag
    if not diagnostic.message_primary:
        return masked(str(error)) or type(error).__name__
    parts = (diagnostic.message_primary, diagnostic.message_detail, diagnostic.message_hint)
    return "; ".join(masked(part) for part in parts if part)


def masked(text: str) -> str:
    """What a server says, in one line, without the passwords and verifiers that it may repeat.

    A parser quotes the statement near a fault, and a trigger can say what it likes.
    """
    return _PASSWORD.sub(r"\1'***'", _VERIFIER.sub("***", " ".join(text.split())))
