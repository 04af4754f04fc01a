"""What every ledger promises about its own tables: it is made, found, updated or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import LedgerError
from reconciler.ledger import is_dsn
from reconciler.ledger.applied_documents import applied_texts
from reconciler.ledger.database import Database
from reconciler.ledger.postgres_database import PostgresDatabase
from reconciler.ledger.schema import STEPS, prepare
from reconciler.ledger.sqlite_file import open_file
from reconciler.ledger.values import Entry, OpenIntent, Result
from reconciler.secret import Secret
from reconciler.state import EMPTY
from tests.ledger.cases_memory import ODD, applied
from tests.ledger.format_1 import AMINA, APPLIED, KOFI, make_format_1
from tests.ledger.places import STARTED, HandClock, Place, open_at

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
        place.sql("UPDATE meta SET value = '3'")

        for create in (True, False):
            with pytest.raises(LedgerError, match="made by a newer reconciler: its format is 3"):
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
        assert place.sql("SELECT value FROM meta") == [("3",)]
        assert place.sql("SELECT name FROM added") == [("kept",)]
        assert len(place.sql("SELECT number FROM journal")) == 1

    @pytest.mark.parametrize("create", [True, False])
    def test_a_ledger_of_format_1_is_updated_and_all_of_it_is_readable(
        self, place: Place, clock: HandClock, create: bool
    ) -> None:
        make_format_1(database_at(place))

        with open_at(place, clock, create=create) as ledger:
            assert place.sql("SELECT value FROM meta") == [("2",)]
            assert ledger.verify() == ()
            entries = [each.entry for each in ledger.entries()]
            assert [each.changes for each in entries] == [(AMINA,), (AMINA,), (KOFI,), (KOFI,), ()]
            assert [each.results for each in entries] == [
                (),
                (Result(0, "done"),),
                (),
                (Result(0, "unknown"),),
                (),
            ]
            assert entries[4].finding == "S-1"
            assert ledger.runs()[0].targets == ()
            assert ledger.applied("flowdb") == APPLIED
            head = ledger.applied_head("flowdb")
            assert head is not None
            assert head.digest == applied_texts(APPLIED)[1]

    def test_an_open_intent_of_format_1_is_open_until_somebody_found_out(
        self, place: Place, clock: HandClock
    ) -> None:
        make_format_1(database_at(place))

        with open_at(place, clock) as ledger:
            assert ledger.open_intents("flowdb") == (OpenIntent(3, STARTED, 1, ((0, KOFI),)),)

            ledger.append(Entry("found", 2, "flowdb", intent=3, results=(Result(0, "not_done"),)))

            assert ledger.open_intents("flowdb") == ()
            assert ledger.verify() == ()

    @pytest.mark.parametrize("column", ["subject", "status", "intent"])
    def test_tampering_with_an_entry_of_format_1_is_found(
        self, place: Place, clock: HandClock, column: str
    ) -> None:
        make_format_1(database_at(place))

        with open_at(place, clock) as ledger:
            place.sql(f"UPDATE journal SET {column} = '7' WHERE number = 2")

            assert ledger.verify() == ("entry 2 was edited: its columns do not fit its content",)

    def test_an_applied_state_of_format_1_is_replaced_like_any_other(
        self, place: Place, clock: HandClock
    ) -> None:
        make_format_1(database_at(place))

        with open_at(place, clock) as ledger:
            ledger.save_applied(applied(EMPTY))

            assert ledger.applied("flowdb") == applied(EMPTY)

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
        assert place.sql("SELECT value FROM meta") == [("2",)]

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
