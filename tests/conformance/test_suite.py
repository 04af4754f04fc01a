"""The conformance suite finds broken providers: each defect here fails its case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.changes import Change, Journal, Outcome
from reconciler.errors import LedgerError, ReconcilerError, TargetError, UnreachableError
from reconciler.provider import Identity
from reconciler.providers import registry
from reconciler.providers.memory import PROVIDER
from reconciler.providers.memory.document import parse, render
from reconciler.providers.memory.provider import MemoryProvider
from reconciler.scope import Scope
from reconciler.state import EMPTY, Fields, Key, State
from tests.conformance.bench import Bench, Notes, small_access
from tests.conformance.checks import whole_text
from tests.conformance.suite import ProviderConformance
from tests.conformance.test_memory import BrokenStore, MemoryTarget

Case = Callable[..., None]


class Edited(MemoryProvider):
    """Something to change the state behind the back of the provider's own code."""

    def edit(self, change: Callable[[dict[Key, Any]], None]) -> None:
        document = parse(self._target, self._store.read())
        records = dict(document.state.records)
        change(records)
        self._store.write(render(replace(document, state=State(records))))


class ReadsAnOutageAsEmpty(MemoryProvider):
    def observe(self, scope: Scope) -> State:
        try:
            return super().observe(scope)
        except TargetError:
            return EMPTY


class TakesEveryFaultForARefusal(MemoryProvider):
    def observe(self, scope: Scope) -> State:
        try:
            return super().observe(scope)
        except UnreachableError as error:
            raise TargetError(error.target, error.message) from error


class WritesWhileReading(Edited):
    def observe(self, scope: Scope) -> State:
        self.edit(lambda records: records.update({Key("group", (f"seen {len(records)}",)): {}}))
        return super().observe(scope)


class ReadsOutOfThinAir(MemoryProvider):
    reads = 0

    def observe(self, scope: Scope) -> State:
        self.reads += 1
        extra: dict[Key, Fields] = {Key("group", (f"read {self.reads}",)): {}}
        return State({**super().observe(scope).records, **extra})


class DoesNotKnowItself(MemoryProvider):
    def identify(self) -> Identity:
        return replace(super().identify(), account="somebody")


class SpellsItDifferentlyEachTime(MemoryProvider):
    def normalize(self, desired: State, observed: State) -> State:
        records = super().normalize(desired, observed).records
        return State({k: {**f, "seen": f.get("seen", 0) + 1} for k, f in records.items()})  # type: ignore[operator]  # a number that nothing else sets


class Applying(Edited):
    """A provider that does something else with a change."""

    def instead(self, change: Change) -> Change:
        return change

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        altered = [self.instead(change) for change in changes]
        for change, outcome in zip(changes, super().apply(altered, journal), strict=True):
            yield replace(outcome, change=change)


class FoldsNames(Applying):
    def instead(self, change: Change) -> Change:
        folded = tuple(part.lower() for part in change.key.path)
        return replace(change, key=Key(change.key.kind, folded))


class OnlyAddsRights(Edited):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for change in changes:
            if change.action == "delete":
                yield Outcome(change, "done")
            else:
                yield from super().apply((change,), journal)


class RewritesEveryAccount(Edited):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        def touch(records: dict[Key, Any]) -> None:
            for key in records:
                if key.kind == "account":
                    records[key] = {**records[key], "touched": records[key].get("touched", 0) + 1}

        yield from super().apply(changes, journal)
        self.edit(touch)


class RemovesStrangers(Edited):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        yield from super().apply(changes, journal)
        self.edit(lambda records: records.pop(Key("account", ("stranger",)), None))


class HidesFailures(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for outcome in super().apply(changes, journal):
            yield replace(outcome, status="done", message="")


class FailsWhereAlreadyGone(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for outcome in super().apply(changes, journal):
            yield replace(outcome, status="failed") if outcome.message else outcome


class TellsTheOutcomesBackwards(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        yield from reversed(list(super().apply(changes, journal)))


class TakesNoLock(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        self._store.locked = nullcontext  # type: ignore[method-assign,assignment]  # that is the defect
        yield from super().apply(changes, journal)


class TellsTheJournalAfterwards(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for outcome in super().apply(changes, Deaf(journal)):
            journal.intend([outcome.change])
            yield outcome


class TellsTheJournalOfOneAndWritesTwo(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for number in range(0, len(changes), 2):
            journal.intend(changes[number : number + 1])
            yield from super().apply(changes[number : number + 2], Deaf(journal))


class TellsTheJournalTwice(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for change in changes:
            journal.intend([change])
            yield from super().apply([change], journal)


class WritesWithoutRoomInTheJournal(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for change in changes:
            with suppress(LedgerError):
                journal.intend([change])
            yield from super().apply([change], Deaf(journal))


class CallsAFullJournalAFailureOfTheChange(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        try:
            yield from super().apply(changes, journal)
        except LedgerError as error:
            yield Outcome(changes[0], "failed", str(error))


class TellsTwoOutcomes(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for outcome in super().apply(changes, journal):
            yield outcome
            if outcome.status != "done":
                yield outcome


class IsSilentOnceItIsToStop(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        for outcome in super().apply(changes, journal):
            if outcome.status != "skipped":
                yield outcome


class KeepsItsLockWhenTheJournalFails(MemoryProvider):
    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        lock = self._store.locked()
        lock.__enter__()
        self._store.locked = nullcontext  # type: ignore[method-assign,assignment]  # it is held
        self.kept = lock
        try:
            yield from super().apply(changes, journal)
        finally:
            del self._store.locked
        lock.__exit__(None, None, None)


class Deaf(Notes):
    """A journal that passes nothing on but the wish to stop."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.is_stopping = journal.is_stopping  # type: ignore[method-assign]  # passed on


class PreviewsNothing(MemoryProvider):
    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        return ()


S = ProviderConformance
DEFECTS: tuple[tuple[type[MemoryProvider], Case, Mapping[str, str]], ...] = (
    (
        ReadsAnOutageAsEmpty,
        S.test_a_read_that_fails_is_an_error_and_never_a_shorter_state_prv_08_del_05,
        {"fault": "cut_read"},
    ),
    (
        ReadsAnOutageAsEmpty,
        S.test_a_read_that_fails_is_an_error_and_never_a_shorter_state_prv_08_del_05,
        {"fault": "failing_read"},
    ),
    (TakesEveryFaultForARefusal, S.test_a_cut_connection_is_told_from_a_refusal_prv_08, {}),
    (
        WritesWhileReading,
        S.test_reading_twice_gives_the_same_state_and_writes_nothing_prv_01,
        {},
    ),
    (
        ReadsOutOfThinAir,
        S.test_reading_twice_gives_the_same_state_and_writes_nothing_prv_01,
        {},
    ),
    (DoesNotKnowItself, S.test_identify_names_the_system_and_our_account_prv_09, {}),
    (
        SpellsItDifferentlyEachTime,
        S.test_normalizing_what_is_normalized_changes_nothing_prv_02,
        {},
    ),
    (FoldsNames, S.test_nasty_names_go_in_and_come_back_apl_12, {"place": "account"}),
    (FoldsNames, S.test_nasty_names_go_in_and_come_back_apl_12, {"place": "role"}),
    (OnlyAddsRights, S.test_a_grant_that_ends_is_taken_away_and_the_others_stay_dif_05, {}),
    (OnlyAddsRights, S.test_any_set_of_rights_becomes_any_other_by_one_change_dif_08, {}),
    (RewritesEveryAccount, S.test_what_does_not_change_is_not_written_dif_09, {}),
    (RewritesEveryAccount, S.test_applying_nothing_writes_nothing, {}),
    (RemovesStrangers, S.test_what_the_manifest_does_not_name_is_left_alone, {}),
    (
        HidesFailures,
        S.test_a_failure_in_the_middle_of_apply_is_told_and_a_later_run_converges_apl_09,
        {"fault": "failing_write"},
    ),
    (FailsWhereAlreadyGone, S.test_removing_what_is_absent_already_succeeds_prv_04, {}),
    (TellsTheOutcomesBackwards, S.test_one_outcome_for_each_change_in_their_order, {}),
    (TakesNoLock, S.test_two_do_not_apply_at_once_apl_04, {}),
    (
        TellsTheJournalAfterwards,
        S.test_nothing_is_made_before_the_journal_was_told_of_it_apl_01,
        {},
    ),
    (
        TellsTheJournalOfOneAndWritesTwo,
        S.test_nothing_is_made_before_the_journal_was_told_of_it_apl_01,
        {},
    ),
    (
        TellsTheJournalOfOneAndWritesTwo,
        S.test_a_journal_that_fills_up_stops_the_writing_at_that_point_apl_01,
        {},
    ),
    (
        TellsTheJournalTwice,
        S.test_the_journal_is_told_of_each_change_once_and_of_no_other_apl_01,
        {},
    ),
    (
        WritesWithoutRoomInTheJournal,
        S.test_without_room_in_the_journal_nothing_is_written_apl_01,
        {},
    ),
    (
        CallsAFullJournalAFailureOfTheChange,
        S.test_without_room_in_the_journal_nothing_is_written_apl_01,
        {},
    ),
    (
        WritesWithoutRoomInTheJournal,
        S.test_a_journal_that_fills_up_stops_the_writing_at_that_point_apl_01,
        {},
    ),
    (
        TellsTwoOutcomes,
        S.test_what_the_journal_was_told_of_has_one_outcome_when_it_fails_too_apl_01,
        {"fault": "failing_write"},
    ),
    (
        IsSilentOnceItIsToStop,
        S.test_what_a_stopped_apply_did_not_begin_the_journal_was_not_told_of_apl_02,
        {},
    ),
    (
        KeepsItsLockWhenTheJournalFails,
        S.test_an_apply_whose_journal_failed_gives_up_its_lock_apl_04,
        {},
    ),
    (PreviewsNothing, S.test_a_preview_has_something_for_every_plan_and_writes_nothing, {}),
)


@pytest.mark.parametrize(
    "broken, case, given",
    [
        pytest.param(*each, id="-".join([each[0].__name__, *each[2].values(), each[1].__name__]))
        for each in DEFECTS
    ],
)
def test_a_broken_provider_fails_its_case(
    broken: type[MemoryProvider],
    case: Case,
    given: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = MemoryTarget(tmp_path / "state.json")
    kind = replace(PROVIDER, open=lambda name, _options: broken(name, BrokenStore(target)))
    monkeypatch.setattr(registry, "provider_type", {"memory": kind}.__getitem__)
    arguments = {"bench": Bench(target, tmp_path), "small": small_access(target), "target": target}
    arguments |= given
    names = case.__code__.co_varnames[1 : case.__code__.co_argcount]

    with pytest.raises((AssertionError, ReconcilerError, pytest.fail.Exception)):
        case(ProviderConformance(), **{name: arguments[name] for name in names})


def test_a_secret_is_found_in_the_cause_of_a_cause() -> None:
    try:
        try:
            raise OSError("password=canary")
        except OSError:
            raise ValueError("hidden") from None
    except ValueError as error:
        found = whole_text(error)

    assert "canary" in found
