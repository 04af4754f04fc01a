"""What every ledger promises about locks: one holder, and none for ever."""

from __future__ import annotations

import pytest

from reconciler.errors import LockHeldError
from reconciler.ledger.locks import Lock
from reconciler.ledger.values import Entry
from tests.ledger.places import STARTED, HandClock, Place, open_at

PATIENCE_S = 60


class LockCases:
    """Taking, renewing, losing and breaking a lock."""

    def test_a_lock_keeps_others_out_and_says_who_has_it_since_when_apl_04(
        self, place: Place, clock: HandClock
    ) -> None:
        with (
            open_at(place, clock) as ledger,
            open_at(place, clock) as other,
            ledger.lock("flowdb", "amina@host\ud800", run_id=3) as lock,
        ):
            clock.turn(5)
            lock.check()
            status = other.lock_status("flowdb")

            with pytest.raises(LockHeldError, match=f"by amina@host.*, run 3, since {STARTED}"):
                other.lock("flowdb", "kofi@host")

        assert status is not None
        assert (status.holder, status.since, status.run_id) == ("amina@host\ud800", STARTED, 3)
        assert (status.expires, status.is_expired) == ("2026-03-01T12:01:00.000Z", False)

    def test_targets_are_locked_apart(self, place: Place, clock: HandClock) -> None:
        with (
            open_at(place, clock) as ledger,
            ledger.lock("flowdb", "amina"),
            ledger.lock("flowauth", "kofi") as second,
        ):
            second.check()

            assert ledger.lock_status("other") is None

    def test_a_lock_is_free_at_the_end_of_its_block_and_in_the_journal(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            with pytest.raises(KeyError), ledger.lock("flowdb", "amina", run_id=1):
                raise KeyError

            assert ledger.lock_status("flowdb") is None
            with ledger.lock("flowdb", "kofi", run_id=2):
                pass
            assert [each.entry for each in ledger.entries()] == [
                Entry("lock_taken", 1, "flowdb", by="amina"),
                Entry("lock_taken", 2, "flowdb", by="kofi"),
            ]

    def test_the_heartbeat_renews_the_lease(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger, ledger.lock("flowdb", "amina", ttl_s=0.3):
            clock.turn(3600)

            for _ in range(3):  # the third look at the clock is behind the first whole renewal
                assert clock.beats.acquire(timeout=PATIENCE_S)

            status = ledger.lock_status("flowdb")
            assert status is not None
            assert not status.is_expired

    def test_the_lease_of_a_dead_holder_is_taken_over_with_a_line_in_the_journal_apl_04(
        self, place: Place, clock: HandClock
    ) -> None:
        with (
            open_at(place, clock) as dead,
            open_at(place, clock) as ledger,
            dead.lock("flowdb", "amina"),
        ):
            clock.turn(60)
            status = ledger.lock_status("flowdb")

            with ledger.lock("flowdb", "kofi", run_id=2) as lock:
                lock.check()

            assert status is not None
            assert status.is_expired
            assert ledger.entries()[-1].entry == Entry(
                "lock_taken_over",
                2,
                "flowdb",
                message=f"amina held it since {STARTED} and did not renew it",
                by="kofi",
            )

    def test_a_lease_is_not_taken_over_a_millisecond_before_its_end(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger, ledger.lock("flowdb", "amina", ttl_s=60):
            clock.turn(59.999)

            with pytest.raises(LockHeldError):
                ledger.lock("flowdb", "kofi")

    def test_a_holder_who_lost_the_lease_is_told_and_frees_nobody_else_s_lock(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as slow, open_at(place, clock) as ledger:
            lost = slow.lock("flowdb", "amina")
            clock.turn(61)
            with ledger.lock("flowdb", "kofi") as lock:
                with pytest.raises(LockHeldError, match=r"taken over by kofi at 2026-03-01T12:01"):
                    lost.check()
                assert not lost.renew()

                lost.release()

                lock.check()

    def test_a_holder_who_was_late_and_whom_nobody_replaced_keeps_the_lock(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger, ledger.lock("flowdb", "amina") as lock:
            clock.turn(3600)

            lock.check()

            with pytest.raises(LockHeldError):
                ledger.lock("flowdb", "kofi")

    def test_a_lock_can_be_broken_and_its_holder_finds_out(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            lock: Lock = ledger.lock("flowdb", "amina", run_id=1)

            broken = ledger.break_lock("flowdb", "kofi")

            assert broken is not None
            assert (broken.holder, broken.run_id) == ("amina", 1)
            assert ledger.lock_status("flowdb") is None
            assert ledger.entries()[-1].entry == Entry(
                "lock_broken", 0, "flowdb", message=f"amina held it since {STARTED}", by="kofi"
            )
            with pytest.raises(LockHeldError, match="broken or released"):
                lock.check()
            lock.release()

    def test_a_lock_that_somebody_else_took_meanwhile_is_not_broken(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger, ledger.lock("flowdb", "amina"):
            clock.turn(60)
            shown = ledger.lock_status("flowdb")
            with ledger.lock("flowdb", "kofi") as lock:
                with pytest.raises(LockHeldError, match="is held by kofi"):
                    ledger.break_lock("flowdb", "esi", shown=shown)

                lock.check()

    def test_a_lock_that_was_only_renewed_since_it_was_shown_is_broken(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger, ledger.lock("flowdb", "amina") as lock:
            shown = ledger.lock_status("flowdb")
            clock.turn(30)
            assert lock.renew()

            assert ledger.break_lock("flowdb", "esi", shown=shown)

            assert ledger.lock_status("flowdb") is None

    def test_all_locks_that_are_held_are_listed_by_target(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            assert ledger.locks() == ()
            with ledger.lock("flowdb", "amina", run_id=3), ledger.lock("flowauth", "kofi", ttl_s=5):
                with ledger.lock("other", "esi"):
                    pass
                clock.turn(10)

                held = ledger.locks()

                assert held == (ledger.lock_status("flowauth"), ledger.lock_status("flowdb"))
                assert [each.is_expired for each in held] == [True, False]

    def test_breaking_a_free_lock_does_nothing(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            assert ledger.break_lock("flowdb", "kofi") is None
            assert ledger.entries() == ()

    @pytest.mark.parametrize("holder, ttl_s", [("", 60.0), ("amina", 0.0)])
    def test_a_lock_needs_a_holder_and_a_time(
        self, place: Place, clock: HandClock, holder: str, ttl_s: float
    ) -> None:
        with open_at(place, clock) as ledger, pytest.raises(ValueError, match="a lock needs"):
            ledger.lock("flowdb", holder, ttl_s=ttl_s)
