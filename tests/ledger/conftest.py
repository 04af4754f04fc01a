"""Fixtures of the ledger's tests: a clock that stands, and the two places."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix_postgres import PostgresServer
from tests.ledger.places import HandClock, PostgresPlace, SqlitePlace


@pytest.fixture
def clock() -> HandClock:
    """A clock that shows noon until it is turned."""
    return HandClock()


@pytest.fixture
def sqlite_place(tmp_path: Path) -> SqlitePlace:
    """A file that is not there yet, in a folder that is not there either."""
    return SqlitePlace(str(tmp_path / ".reconciler" / "ledger.sqlite3"))


@pytest.fixture
def postgres_place(postgres_cluster: PostgresServer) -> PostgresPlace:
    """A database without a ledger."""
    return PostgresPlace(postgres_cluster.dsn())
