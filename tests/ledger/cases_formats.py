"""What every ledger promises about its own tables: it is made, found, updated or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import LedgerError
from reconciler.ledger import Entry, is_dsn
from reconciler.ledger.database import Database
from reconciler.ledger.postgres_database import PostgresDatabase
from reconciler.ledger.schema import STEPS, prepare
from reconciler.ledger.sqlite_file import open_file
from reconciler.secret import Secret
from tests.ledger.cases_memory import ODD, applied
from tests.ledger.places import HandClock, Place, open_at

NEXT = (*STEPS, ("CREATE TABLE added (name TEXT)", "INSERT INTO added VALUES ('kept')"))


def database_at(place: Place) -> Database:
    if is_dsn(place.location):
        return PostgresDatabase(Secret(place.location))
    database = open_file(Path(place.location), create=True)
    assert database is not None
    return database


class FormatCases:
    """Making, updating and refusing."""

    def test_a_ledger_of_a_newer_reconciler_is_refused(
        self, place: Place, clock: HandClock
    ) -> None:
        open_at(place, clock).close()
        place.sql("UPDATE meta SET value = '2'")

        for create in (True, False):
            with pytest.raises(LedgerError, match="made by a newer reconciler: its format is 2"):
                open_at(place, clock, create=create)

    def test_an_older_ledger_is_updated_once_and_keeps_what_it_holds(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(Entry("run_ended", 1))
        database = database_at(place)

        for _ in range(2):
            assert prepare(database, NEXT, create=False)

        database.close()
        assert place.sql("SELECT value FROM meta") == [("2",)]
        assert place.sql("SELECT name FROM added") == [("kept",)]
        assert len(place.sql("SELECT number FROM journal")) == 1

    def test_an_update_that_fails_leaves_the_older_ledger_as_it_was(
        self, place: Place, clock: HandClock
    ) -> None:
        open_at(place, clock).close()
        database = database_at(place)

        with pytest.raises(LedgerError):
            prepare(database, (*NEXT[:-1], (*NEXT[-1], "SELECT nonsense")), create=True)

        database.close()
        with open_at(place, clock) as ledger:
            assert ledger.verify() == ()
        assert place.sql("SELECT value FROM meta") == [("1",)]

    @pytest.mark.parametrize(
        "statement, said",
        [
            ("DROP TABLE journal", "the table journal is missing"),
            ("DROP TABLE meta", "not a ledger of reconciler"),
            ("DELETE FROM meta", "not a ledger of reconciler"),
            ("UPDATE meta SET value = 'one'", "not a ledger of reconciler"),
        ],
    )
    def test_tables_that_are_no_ledger_s_are_refused(
        self, place: Place, clock: HandClock, statement: str, said: str
    ) -> None:
        open_at(place, clock).close()
        place.sql(statement)

        for create in (True, False):
            with pytest.raises(LedgerError, match=f"{said}: it is damaged; restore it"):
                open_at(place, clock, create=create)

    def test_a_reading_command_makes_no_ledger_and_finds_an_empty_one(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock, create=False) as ledger:
            assert not ledger.is_writable
            assert ledger.applied("flowdb") is None
            assert ledger.entries() == ()
            assert ledger.verify() == ()
            with pytest.raises(LedgerError, match="reading only"):
                ledger.begin_run("plan")

        with open_at(place, clock, create=False) as ledger:
            assert not ledger.is_writable

    def test_a_reading_command_records_in_a_ledger_that_is_there(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.save_applied(applied(ODD))

        with open_at(place, clock, create=False) as ledger:
            assert ledger.is_writable
            assert ledger.applied("flowdb") == applied(ODD)
            assert ledger.note_drift("flowdb", {"D-1": {}}).new == ("D-1",)
