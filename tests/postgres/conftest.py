"""Fixtures of the PostgreSQL provider's tests: a desk at a server of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fix_postgres import PostgresServer
from tests.postgres.desk import Desk
from tests.postgres.vault import SECRET

GEOGRAPHY = """
    CREATE SCHEMA geography;
    CREATE TABLE geography.cells (id int);
    CREATE TABLE geography.sites (id int);
"""


@pytest.fixture
def desk(postgres_cluster: PostgresServer, tmp_path: Path) -> Desk:
    """An empty server."""
    return Desk(postgres_cluster, tmp_path)


@pytest.fixture
def geography(desk: Desk) -> Desk:
    """A server with two tables in the schema geography."""
    desk.sql(GEOGRAPHY)
    return desk


@pytest.fixture
def office(geography: Desk) -> Desk:
    """A server with two tables, and a password for amina in the environment."""
    geography.environment["AMINA_PASSWORD"] = SECRET
    return geography
