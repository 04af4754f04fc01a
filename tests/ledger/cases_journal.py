"""What every ledger promises about its journal: nothing is lost, and whatever was tampered with is
found.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from reconciler.changes import Action, Change, Status
from reconciler.errors import LedgerError
from reconciler.json_text import canonical_text
from reconciler.ledger import Entry, Ledger
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


def intent(change: Change, target: str = "flowdb", run_id: int = 1) -> Entry:
    return Entry("intent", run_id, target, change)


def result(change: Change, status: Status = "done", run_id: int = 1) -> Entry:
    return Entry("result", run_id, "flowdb", change, status, "what the target said")


def with_five_entries(ledger: Ledger) -> None:
    for change in (AMINA, KOFI):
        ledger.append(intent(change))
        ledger.append(result(change))
    ledger.append(Entry("accepted", 1, finding="S-1", by="Amina", plan_digest="a" * 64))


class JournalCases:
    """Appending, reading, open intents."""

    def test_entries_come_back_in_order_with_all_they_were_told_but_sources(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            with_five_entries(ledger)
            written = ledger.append(intent(AMINA), result(KOFI, "failed"))

        with open_at(place, clock) as ledger:
            entries = ledger.entries()

        assert entries[-2:] == written
        assert [each.number for each in entries] == [1, 2, 3, 4, 5, 6, 7]
        assert {each.at for each in entries} == {STARTED}
        assert entries[0].entry == intent(replace(AMINA, sources=()))
        assert entries[3].entry == result(KOFI)
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
            ledger.append(intent(AMINA), intent(AMINA, "flowauth"))
            clock.turn(60)
            ledger.append(intent(KOFI), intent(KOFI, "flowauth"))

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

    def test_an_intent_without_a_result_is_open(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(AMINA), result(AMINA), intent(KOFI), intent(KOPI, "flowauth"))

        with open_at(place, clock) as ledger:
            found = ledger.open_intents("flowdb")

        assert [each.entry for each in found] == [intent(KOFI)]

    @pytest.mark.parametrize("status", ["done", "failed", "skipped"])
    def test_a_later_run_s_result_settles_an_intent(
        self, place: Place, clock: HandClock, status: Status
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(KOFI))

            ledger.append(result(KOFI, status, run_id=2))

            assert ledger.open_intents("flowdb") == ()

    @pytest.mark.parametrize("action", ["update", "delete"])
    def test_a_result_of_another_action_or_an_unknown_one_settles_nothing(
        self, place: Place, clock: HandClock, action: Action
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(KOFI))

            ledger.append(result(replace(KOFI, action=action)), result(KOFI, "unknown"))
            ledger.append(result(KOPI))

            assert [each.number for each in ledger.open_intents("flowdb")] == [1]

    def test_an_intent_after_the_result_is_open_again(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(intent(KOFI), result(KOFI), intent(KOFI, run_id=2))

            assert [each.number for each in ledger.open_intents("flowdb")] == [3]


class TamperingCases:
    """Whatever is changed behind the ledger's back is found and named."""

    @pytest.mark.parametrize(
        "statement, said",
        [
            (
                "UPDATE journal SET content = replace(content, 'amina', 'admin') WHERE number = 2",
                ["entry 2 was edited: its content does not fit its hash"],
            ),
            (
                "UPDATE journal SET target = 'flowauth' WHERE number = 2",
                ["entry 2 was edited: its columns do not fit its content"],
            ),
            (
                "UPDATE journal SET status = 'failed' WHERE number = 4",
                ["entry 4 was edited: its columns do not fit its content"],
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

    def test_an_inserted_entry_is_found(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            with_five_entries(ledger)

            place.sql("UPDATE journal SET number = number + 10 WHERE number > 2")
            place.sql("UPDATE journal SET number = number - 9 WHERE number > 2")
            place.sql(
                "INSERT INTO journal SELECT 3, previous, hash, content, at, kind, target, run_id,"
                " subject, status FROM journal WHERE number = 2"
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
