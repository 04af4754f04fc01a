"""What every ledger promises about applied states, runs, used plans and drift."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from reconciler.errors import LedgerError, StaleError
from reconciler.ledger import Applied, AppliedHead
from reconciler.ledger.applied_documents import applied_texts
from reconciler.ledger.values import Entry, SeenDrift
from reconciler.passwords import PasswordMark
from reconciler.state import EMPTY, Key, State
from tests.ledger.places import STARTED, HandClock, Place, open_at

ODD = State(
    {
        Key("account", ('böse "name"\n\x00\ud800',)): {
            "enabled": False,
            "quota": 2**70,
            "comment": None,
            "scopes": (),
        },
        Key("membership", ("reader", "amina")): {},
        Key("privilege", ("reader", "db", "table", "")): {"admin3": ("INSERT", "SELECT")},
    }
)


def applied(state: State, target: str = "flowdb", run_id: int = 1) -> Applied:
    return Applied(
        target,
        state,
        "d" * 64,
        "c0ffee",
        "Amina <a@example.org>",
        STARTED,
        run_id,
        protected=("root*", "admin"),
        ends_sessions=frozenset({Key("membership", ("reader", "amina"))}),
        stands_for="manifest d, window w, version v",
        place="cluster 7",
        passwords={
            "amina": PasswordMark("c2FsdA==", "2027-01-22T12:00:00Z"),
            'böse "name"': PasswordMark("c2FsdA==", fingerprint="scrypt$c2FsdA==$aGFzaA=="),
        },
    )


class MemoryCases:
    """Applied states, runs, used plans, drift."""

    def test_a_new_ledger_remembers_nothing(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            assert ledger.applied("flowdb") is None
            assert ledger.runs() == ()
            assert ledger.entries() == ()
            assert ledger.open_intents("flowdb") == ()
            assert ledger.lock_status("flowdb") is None
            assert ledger.drift_seen("flowdb") == ()
            assert ledger.verify() == ()

    @pytest.mark.parametrize("state", [EMPTY, ODD], ids=["empty", "odd"])
    def test_an_applied_state_comes_back_as_it_was(
        self, place: Place, clock: HandClock, state: State
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.save_applied(applied(state))

        with open_at(place, clock) as ledger:
            assert ledger.applied("flowdb") == applied(state)

    def test_what_was_noted_of_accounts_after_a_run_comes_back_by_target(
        self, place: Place, clock: HandClock
    ) -> None:
        def told(run_id: int, account: str, note: str, target: str = "flowdb") -> Entry:
            return Entry("noted", run_id, target, subject=account, message=note)

        with open_at(place, clock) as ledger:
            ledger.append(told(1, "amina", "old"), told(2, "kofi", "a"), told(2, "kofi", "b"))
            ledger.append(told(3, "esi", ""), told(3, "yaw", "c", "river"))

        with open_at(place, clock, create=False) as ledger:
            assert ledger.noted("flowdb", 1) == {"kofi": "b", "esi": ""}
            assert ledger.verify() == ()

    def test_the_head_of_an_applied_state_has_all_of_it_but_the_state(
        self, place: Place, clock: HandClock
    ) -> None:
        told = applied(ODD)
        with open_at(place, clock) as ledger:
            assert ledger.applied_head("flowdb") is None
            digest = ledger.save_applied(told)
            place.sql("UPDATE applied SET records = 'not read'")

            head = ledger.applied_head("flowdb")

        assert head is not None
        assert digest == head.digest == applied_texts(told)[1]
        for field in dataclasses.fields(AppliedHead):
            assert field.name == "digest" or getattr(head, field.name) == getattr(told, field.name)

    def test_the_digest_says_what_is_applied_and_not_who_applied_it_when(
        self, place: Place, clock: HandClock
    ) -> None:
        told = applied(ODD)
        with open_at(place, clock) as ledger:
            digest = ledger.save_applied(told)

            def digest_with(**changed: object) -> str:
                return ledger.save_applied(dataclasses.replace(told, **changed))  # type: ignore[arg-type]  # of many types

            same = {
                "run_id": 2,
                "at": "2026-03-02T12:00:00.000Z",
                "commit": "x",
                "author": "x",
                "manifest_digest": "x",
                "stands_for": "x",
                "digest": "x",
                "protected": ("admin", "root*"),
            }
            other = {
                "state": EMPTY,
                "protected": ("root*",),
                "ends_sessions": frozenset[Key](),
            }
            assert {digest_with(**{name: value}) for name, value in same.items()} == {digest}
            digests = {digest_with(**{name: value}) for name, value in other.items()}
            assert len(digests - {digest}) == len(other)
            assert ledger.save_applied(told) == digest
            assert ledger.applied("flowdb") == told
            stored = ledger.applied("flowdb")
            assert stored is not None
            assert stored.digest == digest

    def test_the_next_applied_state_replaces_the_one_before_and_no_other_target_s(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.save_applied(applied(ODD))
            ledger.save_applied(applied(ODD, "flowauth"))

            ledger.save_applied(applied(EMPTY, run_id=2))

            assert ledger.applied("flowdb") == applied(EMPTY, run_id=2)
            assert ledger.applied("flowauth") == applied(ODD, "flowauth")

    def test_an_applied_state_that_was_cut_is_an_error_and_not_a_shorter_state(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.save_applied(applied(ODD))
            place.sql("UPDATE applied SET records = substr(records, 1, 100)")

            with pytest.raises(LedgerError, match="move it away: then nothing is deleted"):
                ledger.applied("flowdb")
            place.sql("UPDATE applied SET document = substr(document, 1, 100)")
            with pytest.raises(LedgerError, match="move it away: then nothing is deleted"):
                ledger.applied_head("flowdb")

    def test_an_applied_state_that_was_edited_is_an_error(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.save_applied(applied(ODD))
            place.sql("UPDATE applied SET records = replace(records, 'amina', 'admin')")

            with pytest.raises(LedgerError, match="does not fit its digest"):
                ledger.applied("flowdb")

    def test_an_applied_state_with_a_key_twice_is_an_error(
        self, place: Place, clock: HandClock
    ) -> None:
        record = '{"fields":{},"kind":"group","path":["a"]}'
        twice = f"[{record},{record}]"
        digest = hashlib.sha256(f"[[],[]]{twice}".encode()).hexdigest()
        told = dataclasses.replace(applied(EMPTY), protected=(), ends_sessions=frozenset())
        with open_at(place, clock) as ledger:
            before = ledger.save_applied(told)
            place.sql("UPDATE applied SET records = ?", twice)
            place.sql("UPDATE applied SET document = replace(document, ?, ?)", before, digest)

            with pytest.raises(LedgerError, match="two records for group a"):
                ledger.applied("flowdb")

    def test_runs_are_numbered_and_come_newest_first(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            first = ledger.begin_run("apply", commit="c0ffee", author="Amina\ud800", command="x")
            second = ledger.begin_run("drift")
            clock.turn(90)
            ledger.end_run(first, 8, "3 done, 1 failed")

            runs = ledger.runs()

        assert (first, second) == (1, 2)
        assert [run.run_id for run in runs] == [2, 1]
        assert (runs[0].ended, runs[0].exit_code) == ("", None)
        assert (runs[1].started, runs[1].ended) == (STARTED, "2026-03-01T12:01:30.000Z")
        assert (runs[1].exit_code, runs[1].summary) == (8, "3 done, 1 failed")
        assert (runs[1].commit, runs[1].author, runs[1].command) == ("c0ffee", "Amina\ud800", "x")

    def test_runs_can_be_limited(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            for kind in ("apply", "drift", "apply", "drift"):
                ledger.begin_run(kind)

            assert [run.run_id for run in ledger.runs(limit=1)] == [4]

    def test_the_last_success_of_a_target_is_the_newest_whole_apply_that_had_it(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            assert ledger.last_success("flowdb") is None
            for kind, targets, exit_code in (
                ("apply", ["flowdb"], 0),
                ("apply", ["flowauth", "flowdb"], 0),
                *[("apply", ["flowauth"], 0)] * 120,
                ("apply", ["flowdb"], 8),
                ("drift", ["flowdb"], 0),
                ("apply", [], 0),
            ):
                ledger.end_run(ledger.begin_run(kind, targets=targets), exit_code)
            ledger.begin_run("apply", targets=["flowdb"])

            run = ledger.last_success("flowdb")

            assert run is not None
            assert (run.run_id, run.targets) == (2, ("flowauth", "flowdb"))
            assert ledger.last_success("other") is None

    def test_a_run_of_which_no_targets_were_kept_has_none(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.begin_run("apply", targets=["flowdb"])
            place.sql("UPDATE runs SET document = replace(document, 'targets', 'others')")

            assert ledger.runs()[0].targets == ()

    def test_a_run_ends_once(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            ledger.end_run(ledger.begin_run("apply"), 0)

            with pytest.raises(LedgerError, match="run 1 has ended already"):
                ledger.end_run(1, 1)
            with pytest.raises(LedgerError, match="run 7 is not in the ledger"):
                ledger.end_run(7, 0)

    def test_a_plan_is_used_once_and_the_error_says_when_and_by_which_run(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.use_plan("a" * 64, 3)
            ledger.use_plan("b" * 64, 4)
            clock.turn(60)

            with pytest.raises(StaleError, match=f"by run 3 at {STARTED}"):
                ledger.use_plan("a" * 64, 5)

    def test_to_ask_whether_a_plan_was_used_does_not_use_it(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            ledger.check_unused("a" * 64)
            ledger.use_plan("a" * 64, 3)

            with pytest.raises(StaleError, match=f"by run 3 at {STARTED}"):
                ledger.check_unused("a" * 64)

    def test_drift_keeps_its_first_time_until_it_is_resolved_drf_05(
        self, place: Place, clock: HandClock
    ) -> None:
        later = "2026-03-01T13:00:00.000Z"
        with open_at(place, clock) as ledger:
            first = ledger.note_drift("flowdb", {"D-2": {"n": 1}, "D-1": {"n": 1}})
            clock.turn(3600)
            second = ledger.note_drift("flowdb", {"D-3": {"n": 2}, "D-1": {"n": 2}})

            assert (first.new, first.still, first.resolved) == (("D-1", "D-2"), (), ())
            assert second.first_seen == {"D-1": STARTED, "D-3": later}
            assert (second.new, second.still) == (("D-3",), ("D-1",))
            assert second.resolved == (SeenDrift("D-2", STARTED, {"n": 1}),)
            assert ledger.drift_seen("flowdb") == (
                SeenDrift("D-1", STARTED, {"n": 2}),
                SeenDrift("D-3", later, {"n": 2}),
            )

    def test_drift_that_was_widened_further_is_worse_and_keeps_its_first_time_drf_05(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            one, two = {"observed": ["SELECT"], "n": 1}, {"observed": ["INSERT", "SELECT"], "n": 1}
            ledger.note_drift("flowdb", {"D-1": one, "D-2": one, "D-3": {}})
            clock.turn(60)

            news = ledger.note_drift("flowdb", {"D-1": two, "D-2": {**one, "n": 2}, "D-3": {}})
            again = ledger.note_drift("flowdb", {"D-1": two, "D-2": one, "D-3": {}})

        assert (news.new, news.worse, news.still) == ((), ("D-1",), ("D-2", "D-3"))
        assert set(news.first_seen.values()) == {STARTED}
        assert (again.worse, again.still) == ((), ("D-1", "D-2", "D-3"))

    def test_drift_that_comes_back_is_new(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            ledger.note_drift("flowdb", {"D-1": {}})
            ledger.note_drift("flowdb", {})
            clock.turn(60)

            again = ledger.note_drift("flowdb", {"D-1": {}})

        assert again.new == ("D-1",)
        assert again.first_seen == {"D-1": "2026-03-01T12:01:00.000Z"}

    def test_drift_of_one_target_is_not_another_s(self, place: Place, clock: HandClock) -> None:
        with open_at(place, clock) as ledger:
            ledger.note_drift("flowdb", {"D-1": {}})

            assert ledger.note_drift("flowauth", {}).resolved == ()
            assert [each.id for each in ledger.drift_seen("flowdb")] == ["D-1"]
