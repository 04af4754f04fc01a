"""The ledger's database in PostgreSQL: the schema `reconciler` of the database that a dsn names.

Here is the edge to psycopg and its errors. Import it late: psycopg takes long to load. No message
repeats the dsn, nor anything that may be a part of its password.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, cast

import psycopg
from psycopg import conninfo

from reconciler.errors import LedgerError
from reconciler.ledger.database import Row, RowValue, damaged
from reconciler.secret import Redactor, Secret

SCHEMA: Final = "reconciler"
PLACE: Final = "the ledger in PostgreSQL"

_LOCK_KEY: Final = 0x7265636F6E6C6467  # "reconldg"
_READ: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_SETTINGS: Final = """
    SELECT pg_catalog.set_config('search_path', 'reconciler', true),
           pg_catalog.set_config('lock_timeout', '30s', true),
           pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', true),
           pg_catalog.set_config('synchronous_commit',
               CASE pg_catalog.current_setting('synchronous_commit')
                   WHEN 'off' THEN 'on'
                   ELSE pg_catalog.current_setting('synchronous_commit') END, true)
"""
"""For one transaction, so that they hold behind a pooler too. A commit must be on disk."""

_TABLES: Final = """
    SELECT tables.relname FROM pg_catalog.pg_class tables
      JOIN pg_catalog.pg_namespace schemas ON schemas.oid = tables.relnamespace
     WHERE schemas.nspname = 'reconciler' AND tables.relkind = 'r'
"""
_MAY_WRITE: Final = """
    SELECT 1 WHERE NOT pg_catalog.pg_is_in_recovery()
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class tables
             JOIN pg_catalog.pg_namespace schemas ON schemas.oid = tables.relnamespace
            WHERE schemas.nspname = 'reconciler' AND tables.relname = 'journal'
              AND NOT pg_catalog.has_table_privilege(tables.oid, 'INSERT'))
"""
_HIDDEN: Final = """
    SELECT 1 FROM pg_catalog.pg_namespace schemas WHERE schemas.nspname = 'reconciler'
       AND NOT pg_catalog.has_schema_privilege(schemas.oid, 'USAGE')
"""
_RIGHTS: Final = (
    "it needs USAGE on the schema and SELECT, INSERT, UPDATE and DELETE on its tables, or CREATE "
    "on the database to make them; an older ledger is updated by the role that owns the tables"
)
_SECRETS: Final = ("password", "sslpassword", "oauth_client_secret")
_DEFAULTS: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 30,  # so that a firewall which forgot us does not leave us waiting for hours
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

_Connection = psycopg.Connection[tuple[object, ...]]


class PostgresTransaction:
    """An open transaction of a PostgreSQL connection."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, *parameters: RowValue) -> int:
        """Run a statement that writes; how many rows it touched."""
        return _run(self._connection, statement, parameters).rowcount

    def rows(self, statement: str, *parameters: RowValue) -> list[Row]:
        """All rows that a query gives."""
        found = _run(self._connection, statement, parameters).fetchall()
        return cast(list[Row], found)  # the ledger's columns are text and bigint alone

    def tables(self) -> frozenset[str]:
        """The names of all tables in the schema."""
        if self.rows(_HIDDEN):  # the search path would pass over it, as if it were not there
            raise LedgerError(PLACE, f"the role may not use the schema {SCHEMA}; {_RIGHTS}")
        return frozenset(str(row[0]) for row in self.rows(_TABLES))

    def create_place(self) -> None:
        """Make the schema; asked first, since IF NOT EXISTS needs the right to make one anyway."""
        if not self.rows("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ?", SCHEMA):
            self.execute("CREATE SCHEMA reconciler")


def _run(
    connection: _Connection, statement: str, parameters: Sequence[RowValue] = ()
) -> psycopg.Cursor[tuple[object, ...]]:
    return connection.execute(statement.replace("?", "%s").encode(), parameters)


class PostgresDatabase:
    """A PostgreSQL connection that several threads may use, one at a time.

    One that was cut between two transactions is opened anew.
    """

    place: Final = PLACE

    def __init__(self, dsn: Secret) -> None:
        """Connect. Raises LedgerError where that is not possible."""
        self._dsn = dsn
        self._mutex = threading.Lock()
        self._connection, self._redact = _connect(dsn)
        try:
            with self.read() as transaction:
                self.is_writable = bool(transaction.rows(_MAY_WRITE))
        except LedgerError:
            self.close()
            raise

    def __repr__(self) -> str:
        return "<PostgresDatabase>"

    @contextmanager
    def read(self) -> Iterator[PostgresTransaction]:
        """A transaction that sees one state of all tables."""
        with self._transaction(_READ) as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[PostgresTransaction]:
        """A transaction that is the only one of a ledger that writes; on disk at the end."""
        if not self.is_writable:
            raise LedgerError(self.place, "it may only be read with this dsn; nothing is recorded")
        with self._transaction(_WRITE) as transaction:
            transaction.rows("SELECT pg_catalog.pg_advisory_xact_lock(?)", _LOCK_KEY)
            yield transaction

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[PostgresTransaction]:
        with self._mutex, self._translated():
            self._begin(begin)
            try:
                yield PostgresTransaction(self._connection)
                _run(self._connection, "COMMIT")
            except BaseException:
                with suppress(psycopg.Error):
                    _run(self._connection, "ROLLBACK")
                raise

    def _begin(self, begin: str) -> None:
        """Begin, on a new connection where this one was cut: nothing was said on it yet."""
        try:
            _run(self._connection, begin)
        except psycopg.OperationalError:
            self._connection.close()
            self._connection, self._redact = _connect(self._dsn)
            _run(self._connection, begin)
        _run(self._connection, _SETTINGS)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise LedgerError(self.place, self._redact(_reason(error))) from error

    def another(self) -> PostgresDatabase:
        """A second connection to the same database."""
        return PostgresDatabase(self._dsn)

    def close(self) -> None:
        """Close the connection."""
        with self._mutex:
            self._connection.close()


# Connecting


def _connect(dsn: Secret) -> tuple[_Connection, Redactor]:
    given = _parts(dsn)
    redact = Redactor.of([dsn, *(Secret(given[name]) for name in _SECRETS if name in given)])
    try:
        text = conninfo.make_conninfo(
            dsn.reveal(),
            client_encoding="utf8",
            application_name="reconciler ledger",
            **{name: value for name, value in _DEFAULTS.items() if name not in given},
        )
        connection = psycopg.connect(
            text,
            autocommit=True,  # transactions begin where we say so
            prepare_threshold=None,  # poolers do not keep prepared statements
        )
    except psycopg.Error as error:
        text = redact(" ".join(str(error).split()))
        raise LedgerError(PLACE, f"it cannot be reached: {text}") from None
    return connection, redact


def _parts(dsn: Secret) -> dict[str, str]:
    """What the dsn says. LedgerError where it cannot be read, or is cut in the wrong places."""
    try:
        found = conninfo.conninfo_to_dict(dsn.reveal())
    except psycopg.Error:
        raise _not_a_dsn() from None  # the error would repeat the text
    parts = {name: str(value) for name, value in found.items() if value is not None}
    port = parts.get("port", "").replace(",", "")
    if any("@" in parts.get(name, "") for name in ("host", "dbname")) or not (
        port == "" or port.isdecimal()
    ):
        raise _not_a_dsn()  # a part of the password was taken for something that is shown
    return parts


def _not_a_dsn() -> LedgerError:
    return LedgerError(
        PLACE,
        "the dsn cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE or "
        "host=... dbname=... user=..., with special characters of a URL's password "
        "percent-encoded (@ as %40, / as %2F, : as %3A)",
    )


# Errors


def _reason(error: psycopg.Error) -> str:
    text = _message(error)
    match error:
        case psycopg.errors.InsufficientPrivilege():
            return f"a right is missing: {text}; {_RIGHTS}"
        case psycopg.errors.LockNotAvailable():
            return "another process has been writing to it for a long time; run again"
        case psycopg.errors.DiskFull():
            return f"the disk of the server is full: {text}; make room and run again"
        case psycopg.errors.ReadOnlySqlTransaction():
            return f"the server may only be read: {text}; name the one that can be written"
        case psycopg.errors.DataCorrupted() | psycopg.errors.IndexCorrupted():
            return damaged(PLACE, text).message
        case _ if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
            return f"the connection was lost: {text}; run again"
    return f"PostgreSQL reports: {text}"


def _message(error: psycopg.Error) -> str:
    """The server's message and detail in one line; never the statement."""
    diagnostic = error.diag
    parts = (diagnostic.message_primary, diagnostic.message_detail)
    return "; ".join(" ".join(part.split()) for part in parts if part) or " ".join(
        str(error).split()
    )
