"""The ledger's tables, and the way from each format to the next.

Here belongs what makes and updates the tables, and the refusal of a ledger this program cannot use.
A new format is one more step in `STEPS`; step 1 makes format 1 out of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.errors import LedgerError
from reconciler.ledger.database import Database, Transaction, damaged

Step = tuple[str, ...]

NO_HASH: Final = ""
"""What stands for the hash of the entry before the first one."""

STEPS: Final[tuple[Step, ...]] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        "CREATE TABLE applied (target TEXT PRIMARY KEY, document TEXT NOT NULL)",
        "CREATE TABLE runs (run_id BIGINT PRIMARY KEY, kind TEXT NOT NULL, document TEXT NOT NULL)",
        # content is what counts; the columns behind it repeat parts of it, to be searched
        "CREATE TABLE journal (number BIGINT PRIMARY KEY, previous TEXT NOT NULL,"
        " hash TEXT NOT NULL, content TEXT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL,"
        " target TEXT NOT NULL, run_id BIGINT NOT NULL, subject TEXT NOT NULL,"
        " status TEXT NOT NULL)",
        "CREATE INDEX journal_subject ON journal (target, subject, number)",
        "CREATE TABLE journal_head (only_row BIGINT PRIMARY KEY CHECK (only_row = 1),"
        " number BIGINT NOT NULL, hash TEXT NOT NULL)",
        "INSERT INTO journal_head VALUES (1, 0, '')",
        "CREATE TABLE used_plans (digest TEXT PRIMARY KEY, run_id BIGINT NOT NULL,"
        " at TEXT NOT NULL)",
        # holder is empty for a lock that nobody holds; fence counts how often it was taken
        "CREATE TABLE locks (target TEXT PRIMARY KEY, fence BIGINT NOT NULL, holder TEXT NOT NULL,"
        " since TEXT NOT NULL, expires TEXT NOT NULL, run_id BIGINT NOT NULL)",
        "CREATE TABLE drift (target TEXT NOT NULL, id TEXT NOT NULL, first_seen TEXT NOT NULL,"
        " document TEXT NOT NULL, PRIMARY KEY (target, id))",
    ),
    (
        # columns and not tables: rights that other roles have on the tables of PostgreSQL stay
        "ALTER TABLE applied ADD COLUMN records TEXT NOT NULL DEFAULT ''",
        # which intent a result speaks of, and how many of its changes are open behind the entry
        "ALTER TABLE journal ADD COLUMN intent BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE journal ADD COLUMN still_open BIGINT NOT NULL DEFAULT 0",
        # in format 1 an intent had one change, and its result was found by action and key
        "UPDATE journal SET still_open = 1 WHERE kind = 'intent' AND subject <> ''"
        " AND NOT EXISTS (SELECT 1 FROM journal later WHERE later.target = journal.target"
        " AND later.subject = journal.subject AND later.kind = 'result'"
        " AND later.status <> 'unknown' AND later.number > journal.number)",
        "DROP INDEX journal_subject",
        "CREATE INDEX journal_intent ON journal (intent, still_open)",
        "CREATE INDEX journal_open ON journal (target, kind, number, still_open)",
    ),
)
_TABLES: Final = frozenset(
    {"meta", "applied", "runs", "journal", "journal_head", "used_plans", "locks", "drift"}
)


def prepare(database: Database, steps: Sequence[Step] = STEPS, *, create: bool) -> bool:
    """Check that the tables are there in this program's format; make or update them if need be.

    False where there are none and `create` is not given; nothing is made then. Raises LedgerError
    for a ledger of a newer format, for an older one that cannot be updated because it may only be
    read, and for tables that are not a ledger's.
    """
    with database.read() as transaction:
        version = _version(database.place, transaction)
    if version == len(steps) or (version == 0 and not create):
        return version != 0
    _check_version(database.place, version, steps)
    if not database.is_writable:
        raise LedgerError(
            database.place,
            f"it has the older format {version} and may only be read here; run a command of this "
            "version once where it can be written",
        )
    with database.write() as transaction:
        _update(database.place, transaction, steps)
    return True


def _check_version(place: str, version: int, steps: Sequence[Step]) -> None:
    if version > len(steps):
        raise LedgerError(
            place,
            f"it was made by a newer reconciler: its format is {version}, this one knows "
            f"{len(steps)}; use the version that made it, or a newer one",
        )


def _update(place: str, transaction: Transaction, steps: Sequence[Step]) -> None:
    """Take the steps that are missing; somebody else may have taken them a moment ago."""
    version = _version(place, transaction)
    _check_version(place, version, steps)
    if version == 0:
        transaction.create_place()
    for statement in (statement for step in steps[version:] for statement in step):
        transaction.execute(statement)
    transaction.execute(
        "INSERT INTO meta VALUES ('format', ?) ON CONFLICT (name) DO UPDATE SET value = ?",
        str(len(steps)),
        str(len(steps)),
    )


def _version(place: str, transaction: Transaction) -> int:
    """The format of the ledger; 0 where there is nothing at all."""
    tables = transaction.tables()
    if not tables:
        return 0
    rows: list[object] = []
    if "meta" in tables:
        rows = [row[0] for row in transaction.rows("SELECT value FROM meta WHERE name = 'format'")]
    text = str(rows[0]) if rows else ""
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise damaged(place, "it is a database, but not a ledger of reconciler")
    missing = sorted(_TABLES - tables)
    if missing and int(text) <= len(STEPS):  # all formats known here have the same tables
        raise damaged(place, f"the table {missing[0]} is missing")
    return int(text)
