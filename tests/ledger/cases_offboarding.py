"""What every ledger remembers of offboardings: part of the journal, until somebody decides."""

from __future__ import annotations

from reconciler.ledger.offboarding import Offboarded
from reconciler.ledger.values import Entry
from tests.ledger.places import STARTED, HandClock, Place, open_at


class OffboardingCases:
    """Cases of the suite."""

    def test_whoever_was_offboarded_is_remembered_by_target(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(
                Entry("offboarded", 0, "db", subject="kofi", by="esi@desk", message="HR-12"),
                Entry("offboarded", 0, "dw", subject="amina", by="esi@desk"),
            )

        with open_at(place, clock, create=False) as ledger:
            found = ledger.offboarded("db")

        assert found == (Offboarded("kofi", STARTED, "esi@desk", "HR-12"),)
        assert str(found[0]) == f"at {STARTED} by esi@desk (HR-12)"

    def test_a_decision_ends_it_and_another_offboarding_begins_it_anew(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(Entry("offboarded", 0, "db", subject="kofi", by="esi", message="one"))
            ledger.append(Entry("offboarding_over", 1, "db", subject="kofi"))
            over = ledger.offboarded("db")
            ledger.append(Entry("offboarded", 0, "db", subject="kofi", by="esi", message="two"))

            again = ledger.offboarded("db")

        assert over == ()
        assert [each.reason for each in again] == ["two"]

    def test_an_offboarding_that_was_edited_breaks_the_chain(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.append(Entry("offboarded", 0, "db", subject="kofi", by="esi"))
            place.sql("UPDATE journal SET content = replace(content, 'kofi', 'amina')")

            assert ledger.verify() == ("entry 1 was edited: its content does not fit its hash",)

    def test_a_ledger_that_is_not_there_knows_of_nobody(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock, create=False) as ledger:
            assert ledger.offboarded("db") == ()
