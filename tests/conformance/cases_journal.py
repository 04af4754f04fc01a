"""What every provider promises of the journal: nothing is written that it was not told of before.

The suite they belong to is `tests.conformance.suite`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from reconciler.changes import Change, Outcome
from reconciler.errors import LedgerError
from reconciler.provider import Provider
from reconciler.state import EXACT_KINDS, State
from tests.conformance.bench import TARGET, Access, Bench, Notes
from tests.conformance.checks import requires
from tests.conformance.target import WRITE_FAULTS, ConformanceTarget, Fault
from tests.conformance.turns import before_and_after, kinds_of_change


@dataclass(slots=True)
class Watching(Notes):
    """A journal that looks at the target whenever it is told what comes next."""

    look: Callable[[], State] = State
    batches: list[tuple[Change, ...]] = field(default_factory=list)
    seen: list[State] = field(default_factory=list)

    def intend(self, changes: Sequence[Change]) -> None:
        self.seen.append(self.look())
        self.batches.append(tuple(changes))
        Notes.intend(self, changes)


@dataclass(slots=True)
class Filling(Notes):
    """A journal whose disk is full after so many intents: it cannot keep the next one."""

    room: int = 0
    batches: list[tuple[Change, ...]] = field(default_factory=list)

    def intend(self, changes: Sequence[Change]) -> None:
        if len(self.batches) == self.room:
            raise LedgerError("the ledger of this test", "no space left on device")
        self.batches.append(tuple(changes))
        Notes.intend(self, changes)


@dataclass(slots=True)
class Stopping(Notes):
    """A journal that asks to stop once it was told of something."""

    def is_stopping(self) -> bool:
        return bool(self.intended)


def is_made(change: Change, state: State) -> bool:
    """Whether a target in this state is as the change wants it."""
    fields = state.get(change.key)
    if change.after is None or fields is None:
        return (change.after is None) == (fields is None)
    if change.key.kind in EXACT_KINDS:
        return fields == change.after
    return all(fields.get(name) == value for name, value in change.after.items())


def observed(bench: Bench, access: Access) -> State:
    """The target's state, read by a provider of its own."""
    with bench.run(access) as run:
        return run.read()[TARGET].observed


def planned(bench: Bench, before: Access, after: Access) -> tuple[Change, ...]:
    """What leads from one manifest, which is applied first, to the other."""
    bench.converge(before)
    changes = bench.changes(after)
    assert {(each.key.kind, each.action) for each in changes} >= kinds_of_change(
        bench.target, bench.capabilities
    )
    return changes


def carried_out(
    provider: Provider, changes: Sequence[Change], journal: Notes
) -> tuple[list[Outcome], BaseException | None]:
    """The outcomes that were told, and what ended them early, if anything did."""
    told: list[Outcome] = []
    try:
        for outcome in provider.apply(changes, journal):
            told.append(outcome)
    except LedgerError as error:
        return told, error
    return told, None


class JournalCases:
    """The journal is told first, of everything, once; what it cannot keep is not done."""

    def test_nothing_is_made_before_the_journal_was_told_of_it_apl_01(
        self, bench: Bench, target: ConformanceTarget
    ) -> None:
        before, after = before_and_after(target, bench.capabilities)
        changes = planned(bench, before, after)
        journal = Watching(look=lambda: observed(bench, after))

        with bench.provider() as provider:
            told, error = carried_out(provider, changes, journal)

        assert error is None
        assert {each.status for each in told} == {"done"}
        untold = list(changes)
        for batch, state in zip(journal.batches, journal.seen, strict=True):
            early = [str(each.key) for each in untold if is_made(each, state)]
            assert not early, f"made before the journal was told: {early}"
            untold = [each for each in untold if each not in batch]
        assert not untold, f"the journal was never told: {[str(each.key) for each in untold]}"

    def test_the_journal_is_told_of_each_change_once_and_of_no_other_apl_01(
        self, bench: Bench, target: ConformanceTarget
    ) -> None:
        changes = planned(bench, *before_and_after(target, bench.capabilities))
        journal = Notes()

        with bench.provider() as provider:
            told, _ = carried_out(provider, changes, journal)

        assert Counter(each.key for each in journal.intended) == Counter(c.key for c in changes)
        assert all(each in changes for each in journal.intended)
        assert Counter(each.change.key for each in told) == Counter(c.key for c in changes)

    @pytest.mark.parametrize("fault", WRITE_FAULTS)
    def test_what_the_journal_was_told_of_has_one_outcome_when_it_fails_too_apl_01(
        self, bench: Bench, target: ConformanceTarget, fault: Fault
    ) -> None:
        requires(fault in target.faults, f"the target does not offer the fault {fault}")
        access, _ = before_and_after(target, bench.capabilities)
        changes = bench.changes(access)
        journal = Notes()

        with bench.provider() as provider, target.fault(fault):
            told, _ = carried_out(provider, changes, journal)

        outcomes = Counter(each.change.key for each in told)
        assert outcomes == Counter(each.key for each in changes)
        assert max(Counter(each.key for each in journal.intended).values()) == 1
        assert {each.status for each in told} != {"done"}
        untold = {each.key for each in changes} - {each.key for each in journal.intended}
        assert {each.status for each in told if each.change.key in untold} <= {"skipped"}

    def test_what_a_stopped_apply_did_not_begin_the_journal_was_not_told_of_apl_02(
        self, bench: Bench, target: ConformanceTarget
    ) -> None:
        changes = planned(bench, *before_and_after(target, bench.capabilities))
        journal = Stopping()

        with bench.provider() as provider:
            told, _ = carried_out(provider, changes, journal)

        intended = {each.key for each in journal.intended}
        begun = {each.change.key for each in told if each.status != "skipped"}
        assert Counter(each.change.key for each in told) == Counter(c.key for c in changes)
        assert begun <= intended

    def test_without_room_in_the_journal_nothing_is_written_apl_01(
        self, bench: Bench, target: ConformanceTarget
    ) -> None:
        changes = planned(bench, *before_and_after(target, bench.capabilities))
        witness = target.witness()

        with bench.provider() as provider:
            told, error = carried_out(provider, changes, Filling(room=0))

        assert error is not None
        assert told == []
        assert target.witness() == witness

    def test_a_journal_that_fills_up_stops_the_writing_at_that_point_apl_01(
        self, bench: Bench, target: ConformanceTarget
    ) -> None:
        """Batch after batch, with room for one at a time, until nothing is left."""
        before, after = before_and_after(target, bench.capabilities)
        changes = planned(bench, before, after)

        room = 1
        error: BaseException | None = LedgerError("the ledger of this test", "it was not tried")
        while error is not None:
            journal = Filling(room=room)
            with bench.provider() as provider:
                told, error = carried_out(provider, changes, journal)
            with bench.run(after) as run:
                left = run.plan().changes
                state = run.readings[TARGET].observed
            begun = [change for batch in journal.batches for change in batch]
            early = [c.key for c in changes if c not in begun and is_made(c, state)]
            assert not early, f"written without the journal: {early}"
            for outcome in told:
                assert is_made(outcome.change, state) == (outcome.status == "done"), outcome
            # What is written in two steps, such as a server that is narrowed last, is left again.
            room += len(left) == len(changes)
            changes = left
        assert changes == ()

    def test_an_apply_whose_journal_failed_gives_up_its_lock_apl_04(
        self, bench: Bench, target: ConformanceTarget
    ) -> None:
        before, after = before_and_after(target, bench.capabilities)
        changes = planned(bench, before, after)

        with bench.provider() as provider:
            _, error = carried_out(provider, changes, Filling(room=0))
            told, _ = carried_out(provider, changes, Notes())

        assert error is not None
        assert {each.status for each in told} == {"done"}
        assert bench.changes(after) == ()
