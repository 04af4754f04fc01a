"""The file of an SQLite ledger: making it so that nobody else reads it, and opening what is there.

Here is the edge to the file system. Transactions and SQLite's errors are `sqlite_database`.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from reconciler.errors import LedgerError
from reconciler.ledger.database import damaged
from reconciler.ledger.sqlite_database import (
    CANNOT_WRITE,
    SqliteDatabase,
    open_connection,
    translated,
)

FOLDER: Final = ".reconciler"
_IGNORED: Final = "*\n!.gitignore\n!acknowledge.yaml\n"
"""Of that folder git keeps what people review, and nothing that the program writes."""
_APPLICATION_ID: Final = int.from_bytes(b"rcnl", "big")
"""Stands in the file's header, so that programs such as `file` can tell what it is."""


def open_file(path: Path, *, create: bool) -> SqliteDatabase | None:
    """The database in this file; None where there is no file and `create` is not given.

    With `create` a file that is not there is made, and one that cannot be written is an error.
    Without, such a file is read as it is now.
    """
    place = str(path)
    try:
        if not _is_there(path):
            if not create:
                return None
            _make_folder(path.parent)
            _make_file(path)
        return _opened(path, must_write=create)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise LedgerError(
            place, f"it cannot be opened: {error.strerror or error}{where}"
        ) from error


def _is_there(path: Path) -> bool:
    """Whether the file is there. Raises LedgerError for what cannot be a ledger."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        _refuse_remains(path)
        return False
    if not path.is_file():
        raise LedgerError(str(path), "it is not a file; name the file that holds the ledger")
    if size == 0:
        raise damaged(str(path), "the file is empty, and a ledger never is")
    return True


def _refuse_remains(path: Path) -> None:
    """What SQLite had not yet put into the main file would get into a new one."""
    if _has_log(path):
        raise LedgerError(
            str(path),
            f"the file is gone, but {_log(path)} is there and holds what was recorded last; put "
            "the file back beside it, or move that away too: then nothing is deleted on any "
            "target until the next apply",
        )


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _has_log(path: Path) -> bool:
    log = _log(path)
    return log.exists() and log.stat().st_size > 0


# Making


def _make_folder(folder: Path) -> None:
    """Make the folder for the ledger alone, for nobody else's eyes, and keep it out of git.

    A folder that was there is somebody's: nothing is put into it, unless it has our name.
    """
    was_there = folder.exists()
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if (not was_there or folder.name == FOLDER) and not ignore.exists():
        ignore.write_text(_IGNORED, encoding="utf-8")


def _make_file(path: Path) -> None:
    """Make the file whole or not at all: a file without content can then only be a damaged one."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    os.close(descriptor)
    try:
        with translated(str(path)), closing(open_connection(name)) as connection:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        _publish(Path(name), path)
    finally:
        for suffix in ("", "-wal", "-shm"):
            Path(name + suffix).unlink(missing_ok=True)


def _publish(new: Path, path: Path) -> None:
    """Give the new file its name, unless somebody else was faster."""
    try:
        os.link(new, path)
    except FileExistsError:
        return
    except OSError as error:
        raise LedgerError(
            str(path),
            f"the file system of its folder has no hard links ({error.strerror}), so it is not "
            "one that a ledger is safe on; keep the ledger on a local disk or in PostgreSQL",
        ) from error
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # so that the name, too, survives a power cut
    finally:
        os.close(descriptor)


# Opening


def _opened(path: Path, *, must_write: bool) -> SqliteDatabase:
    place = str(path)
    is_writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if must_write and not is_writable:
        raise LedgerError(place, CANNOT_WRITE)
    connect = _writing(path) if is_writable else _reading(path)
    database = SqliteDatabase(connect, place, is_writable=is_writable)
    try:
        with translated(place):
            _check(database, place)
    except LedgerError:
        database.close()
        raise
    return database


def _writing(path: Path) -> Callable[[], sqlite3.Connection]:
    address = f"{path.absolute().as_uri()}?mode=rw"
    return lambda: open_connection(address, is_uri=True)


def _reading(path: Path) -> Callable[[], sqlite3.Connection]:
    """Without a log, a copy in memory: to read a file in WAL mode SQLite makes files beside it, and
    where we made them its owner could not write any more (SQLite docs, "Write-Ahead Logging").
    """
    if not _has_log(path):
        return lambda: _copy(path)
    address = f"{path.absolute().as_uri()}?mode=ro"
    return lambda: open_connection(address, is_uri=True)


def _copy(path: Path) -> sqlite3.Connection:
    """The file's content in memory; sqlite3.OperationalError where it was changed meanwhile."""
    before = path.stat()
    address = f"{path.absolute().as_uri()}?immutable=1"
    copy = open_connection(":memory:")
    try:
        with closing(open_connection(address, is_uri=True)) as source:
            source.backup(copy)
        after = path.stat()
    except BaseException:
        copy.close()
        raise
    if _has_log(path) or (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        copy.close()
        raise LedgerError(str(path), "somebody wrote to it while it was read; run again")
    return copy


def _check(database: SqliteDatabase, place: str) -> None:
    """Raise LedgerError where SQLite finds the file damaged."""
    connection = database.connection
    found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)").fetchall()]
    if found != ["ok"]:
        raise damaged(place, f"SQLite finds in it: {' '.join(found[0].split())}")
    if database.is_writable and connection.execute("PRAGMA journal_mode").fetchall() != [("wal",)]:
        with suppress(sqlite3.OperationalError):  # somebody else is at work: as safe, but slower
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
