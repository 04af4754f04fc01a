"""What the ledger needs of a database: transactions, one writer at a time, two kinds of row value.

Here belongs the contract that `sqlite_database` and `postgres_database` fulfil. Statements are
written once, in the part of SQL that both understand, with `?` for each parameter.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from reconciler.errors import LedgerError
from reconciler.json_node import WrongShapeError

RowValue = str | int
Row = tuple[RowValue, ...]

DAMAGED = (
    "restore it from a backup, or move it away: then nothing is deleted on any target until the "
    "next apply has made a new one"
)
"""What to do with a ledger that cannot be used; it goes behind a semicolon."""


class Transaction(Protocol):
    """What can be done inside a transaction."""

    def execute(self, statement: str, *parameters: RowValue) -> int:
        """Run a statement that writes; how many rows it touched."""

    def rows(self, statement: str, *parameters: RowValue) -> list[Row]:
        """All rows that a query gives."""

    def tables(self) -> frozenset[str]:
        """The names of all tables where the ledger's stand; empty for a ledger not made yet."""

    def create_place(self) -> None:
        """Make what the tables stand in, where there is such a thing and it is not there yet."""


class Database(Protocol):
    """An open database. Safe to use from several threads; they wait for each other.

    Every failure of the database is a LedgerError that says where, what and what to do.
    """

    @property
    def place(self) -> str:
        """What messages call it. No secret is in it."""

    @property
    def is_writable(self) -> bool:
        """Whether this connection may write."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that sees one state of all tables and writes nothing."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that no other writer, here or elsewhere, is in at the same time.

        What it wrote is on disk when the block ends; when the block raises, nothing is written.
        """

    def another(self) -> Database:
        """A second connection to the same place, for another thread."""

    def close(self) -> None:
        """Close the connection. Closing twice is fine."""


def damaged(place: str, what: str) -> LedgerError:
    """The error for a ledger whose content is not what was written there."""
    return LedgerError(place, f"{what}: it is damaged; {DAMAGED}")


def whole(value: RowValue) -> int:
    """The value of a bigint column. WrongShapeError for a text, which SQLite would keep there."""
    if not isinstance(value, int):
        raise WrongShapeError("a number must be a whole number")
    return value
