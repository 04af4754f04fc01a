"""The memory of the tool: what was applied, by whom and when, and what was about to be.

Here belongs opening a ledger. It stands in an SQLite file beside the manifest, or in PostgreSQL;
both are used through `Ledger`. Losing it can only make the tool less willing to delete. What only
recording needs is not imported here: a plan without changes reads one document of the ledger.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from reconciler.errors import LedgerError
from reconciler.ledger.applied import Applied, AppliedHead, Clock
from reconciler.ledger.database import Database
from reconciler.ledger.ledger import Ledger
from reconciler.ledger.schema import prepare
from reconciler.ledger.sqlite_database import empty_database
from reconciler.ledger.sqlite_file import FOLDER, open_file
from reconciler.secret import Secret

__all__ = [
    "DEFAULT_LOCATION",
    "Applied",
    "AppliedHead",
    "Clock",
    "Ledger",
    "is_dsn",
    "open_ledger",
]

DEFAULT_LOCATION: Final = f"{FOLDER}/ledger.sqlite3"
"""Where a ledger is unless something else is said, from the folder of the manifest."""

_DSN: Final = re.compile(r"\s*(postgres(ql)?://|\w+\s*=)", re.IGNORECASE)
_URL: Final = re.compile(r"\s*[a-z][a-z0-9+.-]*:/", re.IGNORECASE)


def is_dsn(location: str) -> bool:
    """Whether this names a PostgreSQL database, by URL or by `host=... dbname=...`: a secret."""
    return _DSN.match(location) is not None


def open_ledger(location: str, *, clock: Clock, create: bool = True) -> Ledger:
    """The ledger at a path, or in the PostgreSQL database of a dsn.

    With `create`, one that is not there is made, and one that cannot be written is an error.
    Without, nothing is made: one that is not there is an empty ledger, and one that cannot be
    written is read; `is_writable` says so. Raises LedgerError.
    """
    database = _database(location, create=create)
    if database is not None:
        try:
            if prepare(database, create=create):
                return Ledger(database, clock)
        except BaseException:
            database.close()
            raise
        database.close()
    return Ledger(_nothing(database.place if database else location), clock)


def _database(location: str, *, create: bool) -> Database | None:
    if is_dsn(location):
        return _postgres(Secret(location.strip()), must_write=create)
    if _URL.match(location) or not location.strip():
        raise LedgerError(
            "the ledger", "its location is neither a path nor a postgresql:// URL; correct it"
        )
    return open_file(Path(location), create=create)


def _postgres(dsn: Secret, *, must_write: bool) -> Database:
    from reconciler.ledger.postgres_database import PostgresDatabase  # psycopg loads slowly

    database = PostgresDatabase(dsn)
    if must_write and not database.is_writable:
        database.close()
        raise LedgerError(database.place, "it may only be read with this dsn; use one that writes")
    return database


def _nothing(place: str) -> Database:
    """An empty ledger that cannot be written."""
    database = empty_database(place)
    prepare(database, create=True)
    database.is_writable = False
    return database
