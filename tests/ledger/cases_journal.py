"""What every ledger promises about its journal: nothing is lost, and whatever was tampered with is
found.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from reconciler.changes import Change
from reconciler.errors import LedgerError
from reconciler.json_text import canonical_text
from reconciler.ledger import Ledger
from reconciler.ledger.values import Entry, OpenIntent, Result, ResultStatus
from reconciler.source import Source
from reconciler.state import Key
from tests.ledger.places import STARTED, HandClock, Place, open_at

AMINA = Change(
    "update",
    Key("account", ("amina",)),
    {"level": "user", "scopes": ("a", "b")},
    {"level": None, "scopes": ()},
    "config",
    (Source("access.yaml", 3, 1),),
)
KOFI = Change("create", Key("account", ("kofi\x00\ud800",)), None, {"enabled": True})
KOPI = replace(KOFI, key=Key("account", ("kopi",)))


def intent(*changes: Change, target: str = "flowdb", run_id: int = 1) -> Entry:
    return Entry("intent", run_id, target, changes)


def result(number: int, *results: Result, run_id: int = 1) -> Entry:
    return Entry("result", run_id, "flowdb", intent=number, results=results)


def done(number: int, *indexes: int) -> Entry:
    return result(number, *(Result(index, "done") for index in indexes))


def found(number: int, *results: Result) -> Entry:
    return replace(result(number, *results, run_id=2), kind="found")


def with_five_entries(ledger: Ledger) -> None:
    ledger.append(intent(AMINA, KOPI))
    ledger.append(result(1, Result(0, "done", "what the target said"), Result(1, "unknown")))
    ledger.append(intent(KOFI))
    ledger.append(result(3, Result(0, "done", "what the target said")))
    ledger.append(Entry("accepted", 1, finding="S-1", by="Amina", plan_digest="a" * 64))


def open_changes(ledger: Ledger, target: str = "flowdb") -> dict[int, list[int]]:
    """By number of the intent, the indexes of its open changes."""
    return {
        each.number: [index for index, _ in each.changes] for each in ledger.open_intents(target)
    }


class JournalCases:
    """Appending, reading, open intents."""

    def test_entries_come_back_in_order_with_all_they_were_told_but_sources(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            with_five_entries(ledger)
            written = ledger.append(intent(AMINA, KOFI), found(1, Result(1, "not_done")))

        with open_at(place, clock) as ledger:
            entries = ledger.entries()

        assert entries[-2:] == written
        assert [each.number for each in entries] == [1, 2, 3, 4, 5, 6, 7]
        assert {each.at for each in entries} == {STARTED}
        assert entries[0].entry == intent(replace(AMINA, sources=()), KOPI)
        assert entries[1].entry.results == (
            Result(0, "done", "what the target said"),
            Result(1, "unknown"),
        )
        assert entries[3].entry == result(3, Result(0, "done", "what the target said"))
        assert entries[4].entry.finding == "S-1"
        assert (entries[4].entry.by, entries[4].entry.plan_digest) == ("Amina", "a" * 64)

    def test_each_entry_holds_the_hash_of_the_one_before(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            with_five_entries(ledger)
            entries, head = ledger.entries(), ledger.head()

        assert [each.previous for each in entries] == ["", *(each.hash for each in entries[:-1])]
        assert (head.count, head.hash) == (5, entries[-1].hash)

    def test_entries_can_be_chosen_by_target_time_and_number(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA), intent(AMINA, target="flowauth"))
            clock.turn(60)
            ledger.append(intent(KOFI), intent(KOFI, target="flowauth"))

            def numbers(**chosen: object) -> list[int]:
                return [each.number for each in ledger.entries(**chosen)]  # type: ignore[arg-type]  # one of three types

            assert numbers(target="flowdb") == [1, 3]
            assert numbers(since="2026-03-01T12:01:00Z") == [3, 4]
            assert numbers(since="2026-03-01T13:01:00+01:00") == [3, 4]
            assert numbers(limit=3) == [2, 3, 4]
            assert numbers(target="flowauth", since=STARTED, limit=1) == [4]

    def test_a_time_without_a_zone_is_refused(self, place: Place, clock: HandClock) -> None:
        with (
            open_at(place, clock) as ledger,
            pytest.raises(ValueError, match="without a zone"),
        ):
            ledger.entries(since="2026-03-01T12:00:00")

    def test_a_batch_with_an_entry_that_cannot_be_kept_is_not_kept_at_all(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            broken = replace(KOFI, after={"x": object()})  # type: ignore[dict-item]  # on purpose
            with pytest.raises(TypeError):
                ledger.append(intent(AMINA), intent(broken))

            assert ledger.entries() == ()
            assert ledger.append(intent(AMINA))[0].number == 1

    def test_runs_stand_in_the_journal(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            run_id = ledger.begin_run("apply", plan_digest="a" * 64, author="Amina")
            ledger.end_run(run_id, 0, "all well")

            started, ended = (each.entry for each in ledger.entries())

        assert started == Entry("run_started", 1, message="apply", by="Amina", plan_digest="a" * 64)
        assert ended == Entry("run_ended", 1, message="exit code 0: all well")

    def test_an_intent_without_a_result_is_open_with_all_its_changes(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA), intent(KOFI, KOPI), intent(KOPI, target="flowauth"))
            ledger.append(done(1, 0))

        with open_at(place, clock) as ledger:
            opened = ledger.open_intents("flowdb")

        assert opened == (OpenIntent(2, STARTED, 1, ((0, KOFI), (1, KOPI))),)

    def test_results_settle_the_changes_that_they_name_and_no_others(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA, KOFI, KOPI))
            ledger.append(done(1, 2))
            assert open_changes(ledger) == {1: [0, 1]}

            ledger.append(intent(KOFI), result(1, Result(0, "failed", "no"), Result(1, "unknown")))
            assert open_changes(ledger) == {1: [1], 3: [0]}

            ledger.append(result(1, Result(1, "skipped")), done(3, 0))
            assert open_changes(ledger) == {}

    @pytest.mark.parametrize("status", ["done", "failed", "skipped"])
    def test_a_later_run_s_result_settles_an_intent(
        self, place: Place, clock: HandClock, status: ResultStatus
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(KOFI))

            ledger.append(result(1, Result(0, status), run_id=2))

            assert open_changes(ledger) == {}

    @pytest.mark.parametrize("status", ["done", "not_done", "changed"])
    def test_what_a_later_run_found_settles_an_unknown_change(
        self, place: Place, clock: HandClock, status: ResultStatus
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA, KOFI))
            ledger.append(result(1, Result(0, "unknown"), Result(1, "unknown")))
            assert open_changes(ledger) == {1: [0, 1]}

            ledger.append(found(1, Result(1, status)))

            assert open_changes(ledger) == {1: [0]}

    def test_a_change_that_was_settled_stays_so(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA, KOFI))
            ledger.append(done(1, 0), result(1, Result(0, "unknown")), done(1, 0))

            assert open_changes(ledger) == {1: [1]}
            assert ledger.verify() == ()

    def test_the_same_intent_again_is_another_intent(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(KOFI))
            ledger.append(done(1, 0), intent(KOFI, run_id=2))

            assert open_changes(ledger) == {3: [0]}

    @pytest.mark.parametrize(
        "entry, said",
        [
            (done(2, 0), "there is no intent 2 of flowdb"),
            (replace(done(1, 0), target="flowauth"), "there is no intent 1 of flowauth"),
            (done(1, 2), "a result for a change that intent 1 does not have"),
            (done(1, -1), "a result for a change that intent 1 does not have"),
            (done(1, 0, 0), "two results for one change"),
            (result(1, Result(0, "not_done")), "no result is not_done"),
            (found(1, Result(0, "failed")), "no found is failed"),
        ],
        ids=["number", "target", "index", "negative", "twice", "result", "found"],
    )
    def test_a_result_that_fits_no_intent_is_refused(
        self, place: Place, clock: HandClock, entry: Entry, said: str
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA, KOFI))

            with pytest.raises(ValueError, match=said):
                ledger.append(entry)

            assert ledger.head().count == 1

    def test_thousands_of_changes_that_were_done_are_settled_in_a_few_bytes(
        self, place: Place, clock: HandClock
    ) -> None:
        changes = [replace(KOPI, key=Key("account", (f"kopi-{n}",))) for n in range(2000)]
        with open_at(place, clock) as ledger:
            ledger.append(intent(*changes))
            entry = done(1, *range(1000), *range(1001, 2000))

            ledger.append(entry)

            (row,) = place.sql("SELECT content FROM journal WHERE number = 2")
            assert len(str(row[0])) < 400
            assert ledger.entries()[1].entry == entry
            assert ledger.open_intents("flowdb")[0].changes == ((1000, changes[1000]),)


class TamperingCases:
    """Whatever is changed behind the ledger's back is found and named."""

    @pytest.mark.parametrize(
        "statement, said",
        [
            (
                "UPDATE journal SET content = replace(content, 'amina', 'admin') WHERE number = 1",
                ["entry 1 was edited: its content does not fit its hash"],
            ),
            (
                "UPDATE journal SET target = 'flowauth' WHERE number = 2",
                ["entry 2 was edited: its columns do not fit its content"],
            ),
            *(
                (
                    f"UPDATE journal SET {column} = {value} WHERE number = {number}",
                    [f"entry {number} was edited: its columns do not fit its content"],
                )
                for number, column, value in (
                    (4, "status", "'failed'"),
                    (4, "subject", "'x'"),
                    (4, "intent", 1),
                    (1, "still_open", 0),
                    (2, "still_open", 0),
                    (5, "still_open", 1),
                )
            ),
            (
                "UPDATE journal SET content = replace(content, '\"last\":0', '\"last\":1')"
                " WHERE number = 2",
                ["entry 2 was edited: its content does not fit its hash"],
            ),
            ("DELETE FROM journal WHERE number = 3", ["entry 3 is missing"]),
            ("DELETE FROM journal WHERE number < 4", ["entries 1 to 3 are missing"]),
            (
                "DELETE FROM journal WHERE number > 3",
                ["the journal ends too early: entries 4 to 5 are missing"],
            ),
            ("DELETE FROM journal", ["the journal ends too early: entries 1 to 5 are missing"]),
            (
                "UPDATE journal_head SET number = 4",
                ["the journal goes on behind its end, entry 4"],
            ),
            (
                "UPDATE journal_head SET hash = 'x'",
                ["the journal's end, entry 5, is not the one that was written"],
            ),
            (
                "DELETE FROM journal_head",
                ["the journal's head is missing: nobody can say where the journal ends"],
            ),
            (
                "UPDATE journal SET number = 0 WHERE number = 1",
                ["there is an entry 0, which reconciler never wrote"],
            ),
        ],
    )
    def test_tampering_is_found_and_named(
        self, place: Place, clock: HandClock, statement: str, said: list[str]
    ) -> None:
        with open_at(place, clock) as ledger:
            with_five_entries(ledger)
            assert ledger.verify() == ()

            place.sql(statement)

            assert list(ledger.verify())[: len(said)] == said

    def test_an_entry_edited_together_with_its_hash_is_found(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            with_five_entries(ledger)

            for number in (3, 5):
                forge(place, number)

            assert ledger.verify() == (
                "entry 4 does not follow entry 3: one of the two was edited",
                "the journal's end, entry 5, is not the one that was written",
            )

    def test_a_removed_result_does_not_make_later_ones_look_edited(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA, KOFI))
            ledger.append(done(1, 0), done(1, 1))

            place.sql("DELETE FROM journal WHERE number = 2")

            assert ledger.verify() == ("entry 2 is missing",)

    def test_an_inserted_entry_is_found(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            with_five_entries(ledger)

            place.sql("UPDATE journal SET number = number + 10 WHERE number > 2")
            place.sql("UPDATE journal SET number = number - 9 WHERE number > 2")
            place.sql(
                "INSERT INTO journal SELECT 3, previous, hash, content, at, kind, target, run_id,"
                " subject, status, intent, still_open FROM journal WHERE number = 2"
            )

            assert "entry 3 does not follow entry 2: one of the two was edited" in ledger.verify()

    def test_two_entries_that_changed_places_are_found(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            with_five_entries(ledger)

            for before, after in ((2, 99), (3, 2), (99, 3)):
                place.sql("UPDATE journal SET number = ? WHERE number = ?", after, before)

            assert "entry 2 does not follow entry 1: one of the two was edited" in ledger.verify()

    def test_content_that_fits_its_hash_and_is_no_entry_is_found(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA))
            content = canonical_text({"number": 1})
            digest = hashlib.sha256(content.encode()).hexdigest()

            place.sql("UPDATE journal SET content = ?, hash = ?", content, digest)
            place.sql("UPDATE journal_head SET hash = ?", digest)

            (said,) = ledger.verify()
            assert said.startswith("entry 1 was not written by reconciler: at is missing")
            with pytest.raises(LedgerError, match="it holds what reconciler never wrote"):
                ledger.entries()

    def test_a_ledger_without_a_head_takes_no_entries(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            place.sql("DELETE FROM journal_head")

            with pytest.raises(LedgerError, match="the journal's head is missing"):
                ledger.append(intent(AMINA))

    def test_a_long_journal_is_checked_to_its_end(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(*(Entry("accepted", 1, message=str(n)) for n in range(2001)))
            assert ledger.verify() == ()

            place.sql("DELETE FROM journal WHERE number = 2000")

            assert ledger.verify() == ("entry 2000 is missing",)


def forge(place: Place, number: int) -> None:
    """Edit an entry and make its hash fit."""
    rows = place.sql("SELECT previous, content FROM journal WHERE number = ?", number)
    previous, content = str(rows[0][0]), str(rows[0][1]).replace('"message":"', '"message":"no ')
    digest = hashlib.sha256((previous + content).encode()).hexdigest()
    place.sql("UPDATE journal SET content = ?, hash = ? WHERE number = ?", content, digest, number)
