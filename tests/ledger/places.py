"""Where a ledger of a test is: a file or a database, with a way in behind the ledger's back."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import psycopg

from reconciler.ledger import Clock, Ledger, open_ledger

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STARTED = "2026-03-01T12:00:00.000Z"


class HandClock:
    """A clock that stands until somebody turns it; counts how often locks' threads looked at it."""

    def __init__(self) -> None:
        self.now = START
        self.beats = threading.Semaphore(0)

    def __call__(self) -> datetime:
        if threading.current_thread().name.startswith("lock of"):
            self.beats.release()
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Place(Protocol):
    """A place for one ledger."""

    @property
    def location(self) -> str: ...
    def sql(self, statement: str, *parameters: object) -> Sequence[tuple[object, ...]]:
        """Run a statement behind the ledger's back; `?` stands for a parameter."""


def open_at(place: Place, clock: Clock, *, create: bool = True) -> Ledger:
    return open_ledger(place.location, clock=clock, create=create)


@dataclass(frozen=True)
class SqlitePlace:
    """A file."""

    location: str

    def sql(self, statement: str, *parameters: object) -> Sequence[tuple[object, ...]]:
        with closing(sqlite3.connect(self.location, isolation_level=None)) as connection:
            return connection.execute(statement, parameters).fetchall()


@dataclass(frozen=True)
class PostgresPlace:
    """A database of the test's own."""

    location: str

    def sql(self, statement: str, *parameters: object) -> Sequence[tuple[object, ...]]:
        options = "-c search_path=reconciler"
        with psycopg.connect(self.location, autocommit=True, options=options) as connection:
            text = statement.replace("?", "%s").encode()
            cursor = connection.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []
