"""The ledger's database in SQLite: transactions, and SQLite's errors in our words.

Here is the edge to sqlite3's errors. Where the file is, and making it, is `sqlite_file`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from reconciler.errors import LedgerError
from reconciler.ledger.database import DAMAGED, Row, RowValue

BUSY_TIMEOUT_S: Final = 30.0
CANNOT_WRITE: Final = (
    "it cannot be written; check the rights on the file and its folder, and that the disk is not "
    "mounted for reading only"
)

_FAILURES: Final = {
    "SQLITE_BUSY": "another process has been writing to it for a long time; run again",
    "SQLITE_LOCKED": "another process has been writing to it for a long time; run again",
    "SQLITE_READONLY": CANNOT_WRITE,
    "SQLITE_PERM": "it cannot be opened; check the rights on the file and its folder",
    "SQLITE_CANTOPEN": "it cannot be opened; check the rights on the file and its folder",
    "SQLITE_FULL": "the disk is full; make room and run again. What was recorded before is kept",
    "SQLITE_IOERR": "the disk reported an error; check the disk and its free space",
    "SQLITE_CORRUPT": f"it is damaged; {DAMAGED}",
    "SQLITE_NOTADB": f"it is not an SQLite database, or it is damaged; {DAMAGED}",
}
"""By the beginning of SQLite's name for the error (SQLite docs, "Result and Error Codes")."""


class SqliteTransaction:
    """An open transaction of an SQLite connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, *parameters: RowValue) -> int:
        """Run a statement that writes; how many rows it touched."""
        return self._connection.execute(statement, parameters).rowcount

    def rows(self, statement: str, *parameters: RowValue) -> list[Row]:
        """All rows that a query gives."""
        return self._connection.execute(statement, parameters).fetchall()

    def tables(self) -> frozenset[str]:
        """The names of all tables of the file."""
        rows = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        return frozenset(str(row[0]) for row in rows)

    def create_place(self) -> None:
        """Nothing: the file is the place."""


class SqliteDatabase:
    """An SQLite connection that several threads may use, one at a time."""

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], place: str, *, is_writable: bool
    ) -> None:
        """Open with `connect`, which is called once more for every further connection."""
        self._connect = connect
        self._mutex = threading.Lock()
        self.place = place
        self.is_writable = is_writable
        with translated(place):
            self.connection = connect()

    def __repr__(self) -> str:
        return f"<SqliteDatabase {self.place}>"

    @contextmanager
    def read(self) -> Iterator[SqliteTransaction]:
        """A transaction that sees one state of the file."""
        with self._transaction("BEGIN") as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """A transaction that is the only one that writes; on disk at the end of the block."""
        if not self.is_writable:
            raise LedgerError(self.place, "it was opened for reading only, so nothing is recorded")
        with self._transaction("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[SqliteTransaction]:
        with self._mutex, translated(self.place):
            self.connection.execute(begin)
            try:
                yield SqliteTransaction(self.connection)
                self.connection.execute("COMMIT")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")

    def another(self) -> SqliteDatabase:
        """A second connection to the same file."""
        return SqliteDatabase(self._connect, self.place, is_writable=self.is_writable)

    def close(self) -> None:
        """Close the connection; the last one to close leaves a single file."""
        with self._mutex:
            self.connection.close()


@contextmanager
def translated(place: str) -> Iterator[None]:
    """SQLite's errors inside this block become LedgerErrors."""
    try:
        yield
    except sqlite3.Error as error:
        raise _ledger_error(place, error) from error


def _ledger_error(place: str, error: sqlite3.Error) -> LedgerError:
    name = str(getattr(error, "sqlite_errorname", ""))
    for beginning, text in _FAILURES.items():
        if name.startswith(beginning):
            return LedgerError(place, text)
    return LedgerError(place, f"SQLite reports: {error}; {DAMAGED}")


def open_connection(name: str, *, is_uri: bool = False) -> sqlite3.Connection:
    """A connection that waits for other writers, and whose commits are on disk when they return."""
    connection = sqlite3.connect(
        name,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # transactions begin where we say so
        check_same_thread=False,  # the mutex keeps the threads apart
        uri=is_uri,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync stops at the drive's cache
    except BaseException:
        connection.close()  # of a damaged file: Python 3.13 warns of what is left open
        raise
    return connection


def empty_database(place: str) -> SqliteDatabase:
    """A database in memory that stands for a ledger that is not there."""
    return SqliteDatabase(lambda: open_connection(":memory:"), place, is_writable=True)
