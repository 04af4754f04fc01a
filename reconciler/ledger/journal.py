"""The journal: a chain of entries, each of which holds the hash of the one before.

Here belong appending, reading and checking entries inside a transaction. The chain shows damage and
careless edits. Whoever can write the database can write a whole new chain: against that, keep the
head elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from reconciler.changes import Change
from reconciler.json_node import WrongShapeError
from reconciler.json_text import canonical_text
from reconciler.ledger.database import Row, Transaction, whole
from reconciler.ledger.documents import Content, entry_text, read_entry
from reconciler.ledger.intents import Count, still_open
from reconciler.ledger.schema import NO_HASH
from reconciler.ledger.values import Entry, Head, JournalEntry
from reconciler.record_documents import key_document

_PAGE_SIZE: Final = 50  # an entry with thousands of changes has megabytes
_BEFORE_ALL: Final = -(2**63)

_SELECT: Final = (
    "SELECT number, previous, hash, content, at, kind, target, run_id, intent, subject, status,"
    " still_open FROM journal"
)
_INSERT: Final = (
    "INSERT INTO journal (number, previous, hash, content, at, kind, target, run_id, intent,"
    " subject, status, still_open) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', ?)"
)
_PAGE: Final = " WHERE number > ? ORDER BY number LIMIT ?"


def append(transaction: Transaction, at: str, entries: Iterable[Entry]) -> tuple[JournalEntry, ...]:
    """Put entries at the end of the journal. ValueError for results that fit no intent there."""
    return tuple(
        JournalEntry(number, at, _as_kept(entry), previous, digest)
        for number, entry, previous, digest in write(transaction, at, entries)
    )


def write(
    transaction: Transaction, at: str, entries: Iterable[Entry]
) -> list[tuple[int, Entry, str, str]]:
    """The same; gives each entry as it was told, between its number and the two hashes."""
    last = head(transaction)
    number, previous = last.count, last.hash
    written: list[tuple[int, Entry, str, str]] = []
    for entry in entries:
        number += 1
        count = still_open(transaction, entry)
        content = entry_text(number, at, entry)
        digest = _hash(previous, content)
        columns = (number, previous, digest, content, *_searched(at, entry), count)
        transaction.execute(_INSERT, *columns)
        written.append((number, entry, previous, digest))
        previous = digest
    transaction.execute("UPDATE journal_head SET number = ?, hash = ?", number, previous)
    return written


def _as_kept(entry: Entry) -> Entry:
    if not any(change.sources for change in entry.changes):
        return entry
    return replace(entry, changes=tuple(replace(each, sources=()) for each in entry.changes))


def head(transaction: Transaction) -> Head:
    """The head record. WrongShapeError where somebody removed it."""
    rows = transaction.rows("SELECT number, hash FROM journal_head")
    if not rows:
        raise WrongShapeError("the journal's head is missing")
    return Head(whole(rows[0][0]), str(rows[0][1]))


def _hash(previous: str, content: str) -> str:
    return hashlib.sha256((previous + content).encode()).hexdigest()


def _searched(at: str, entry: Entry) -> tuple[str, str, str, int, int]:
    """The columns that repeat parts of the content."""
    return (at, entry.kind, entry.target, entry.run_id, entry.intent)


def _searched_once(content: Content) -> tuple[str, str]:
    """The columns by which format 1 found the result of an intent; later ones leave them empty."""
    changes, results = content.entry.changes, content.entry.results
    if content.format > 1:
        return ("", "")
    return (_subject(changes[0]) if changes else "", results[0].status if results else "")


def _subject(change: Change) -> str:
    """What an intent and its result had in common in format 1: the action and the key."""
    document = {"action": change.action, **key_document(change.key)}
    return hashlib.sha256(canonical_text(document).encode()).hexdigest()


# Reading


def entries(
    transaction: Transaction,
    target: str | None,
    since: str,
    limit: int | None,
) -> tuple[JournalEntry, ...]:
    """The entries of a target (None: all) from a time on, oldest first; of many, the last ones."""
    where, parameters = " WHERE at >= ?", [since]
    if target is not None:
        where, parameters = where + " AND target = ?", [since, target]
    newest_first = _SELECT + where + " ORDER BY number DESC"
    if limit is None:
        rows = transaction.rows(newest_first, *parameters)
    else:
        rows = transaction.rows(newest_first + " LIMIT ?", *parameters, limit)
    return tuple(_read(row) for row in reversed(rows))


def _read(row: Row) -> JournalEntry:
    number, at, entry, _ = read_entry(str(row[3]))
    return JournalEntry(number, at, entry, str(row[1]), str(row[2]))


# Checking


def problems(transaction: Transaction) -> Iterator[str]:
    """What is wrong with the journal, in order of the entries."""
    number, previous = 0, NO_HASH
    count: Count | None = Count()
    for row in _all(transaction):
        gap = [*_gap(row, number, previous)]
        faults = [*gap, *_faults(row, None if gap else count)]
        if faults:
            count = None  # what is missing or edited may be what it would have counted
        yield from faults
        number, previous = whole(row[0]), str(row[2])
    try:
        yield from _end(head(transaction), Head(number, previous))
    except WrongShapeError as error:
        yield f"{error}: nobody can say where the journal ends"


def _all(transaction: Transaction) -> Iterator[Row]:
    """All rows in order, some at a time."""
    page = transaction.rows(_SELECT + _PAGE, _BEFORE_ALL, _PAGE_SIZE)
    while page:
        yield from page
        page = transaction.rows(_SELECT + _PAGE, page[-1][0], _PAGE_SIZE)


def _gap(row: Row, number: int, previous: str) -> Iterator[str]:
    """What is wrong between the entry of this number and hash and the one of the row."""
    found = whole(row[0])
    if found != number + 1:
        yield _missing(number + 1, found - 1)
    elif row[1] != previous:
        yield f"entry {found} does not follow entry {number}: one of the two was edited"


def _missing(first: int, last: int) -> str:
    if last < first:
        return f"there is an entry {last + 1}, which reconciler never wrote"
    if first == last:
        return f"entry {first} is missing"
    return f"entries {first} to {last} are missing"


def _faults(row: Row, count: Count | None) -> Iterator[str]:
    """What is wrong with the entry itself; without `count`, not whether it counts rightly."""
    number, previous, digest, content = whole(row[0]), str(row[1]), str(row[2]), str(row[3])
    if _hash(previous, content) != digest:
        yield f"entry {number} was edited: its content does not fit its hash"
        return
    try:
        told = read_entry(content)
    except WrongShapeError as error:
        yield f"entry {number} was not written by reconciler: {error}"
        return
    columns = (told.number, *_searched(told.at, told.entry), *_searched_once(told))
    still = count.behind(number, told.entry) if count else None
    is_counted = told.format > 1 and still is not None
    if columns != (number, *row[4:-1]) or (is_counted and still != row[-1]):
        yield f"entry {number} was edited: its columns do not fit its content"


def _end(told: Head, found: Head) -> Iterator[str]:
    if told.count > found.count:
        yield f"the journal ends too early: {_missing(found.count + 1, told.count)}"
    elif told.count < found.count:
        yield f"the journal goes on behind its end, entry {told.count}"
    elif told.hash != found.hash:
        yield f"the journal's end, entry {found.count}, is not the one that was written"
