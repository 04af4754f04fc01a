"""Whatever is done to the two ledgers, both answer as a simple model of a memory does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.changes import Change
from reconciler.errors import LedgerError, LockHeldError, StaleError
from reconciler.ledger import Applied, Ledger
from reconciler.ledger.applied import time_text
from reconciler.ledger.applied_documents import applied_texts
from reconciler.ledger.locks import Lock
from reconciler.ledger.values import Entry, EntryKind, Result, ResultStatus
from reconciler.state import Key, State
from tests.ledger.cases_memory import applied
from tests.ledger.places import HandClock, PostgresPlace, SqlitePlace, open_at
from tests.properties.states import states

TTL_S = 60

Operation = tuple[str, tuple[object, ...]]


@dataclass
class Model:
    """What a ledger remembers, in dictionaries."""

    clock: HandClock
    applied: dict[str, Applied] = field(default_factory=dict)
    runs: list[bool] = field(default_factory=list)
    run_targets: list[tuple[str, ...]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    plans: set[str] = field(default_factory=set)
    holders: dict[str, tuple[str, float]] = field(default_factory=dict)
    drift: dict[str, dict[str, tuple[str, bool]]] = field(default_factory=dict)

    def save_applied(self, target: str, state: State) -> object:
        told = self.applied[target] = applied(state, target)
        return applied_texts(told)[1]

    def begin_run(self, targets: tuple[str, ...]) -> object:
        self.runs.append(True)
        self.run_targets.append(targets)
        self.entries.append(Entry("run_started", len(self.runs), message="apply"))
        return len(self.runs)

    def end_run(self, run_id: int) -> object:
        if run_id > len(self.runs) or not self.runs[run_id - 1]:
            return "LedgerError"
        self.runs[run_id - 1] = False
        self.entries.append(Entry("run_ended", run_id, message="exit code 0"))
        return None

    def append(self, entries: tuple[Entry, ...]) -> object:
        self.entries += entries
        return [len(self.entries) - len(entries) + n + 1 for n in range(len(entries))]

    def use_plan(self, digest: str) -> object:
        if digest in self.plans:
            return "StaleError"
        self.plans.add(digest)
        return None

    def lock(self, target: str, holder: str) -> object:
        now = self.clock.now.timestamp()
        before, until = self.holders.get(target, ("", 0.0))
        if before and until > now:
            return "LockHeldError"
        self.holders[target] = (holder, now + TTL_S)
        message = ""
        if before:
            since = time_text(self.clock.now.fromtimestamp(until - TTL_S, self.clock.now.tzinfo))
            message = f"{before} held it since {since} and did not renew it"
        kind = "lock_taken_over" if before else "lock_taken"
        self.entries.append(Entry(kind, 0, target, message=message, by=holder))  # type: ignore[arg-type]  # one of two kinds
        return holder

    def break_lock(self, target: str) -> object:
        before, until = self.holders.pop(target, ("", 0.0))
        if not before:
            return None
        since = time_text(self.clock.now.fromtimestamp(until - TTL_S, self.clock.now.tzinfo))
        message = f"{before} held it since {since}"
        self.entries.append(Entry("lock_broken", 0, target, message=message, by="kofi"))
        return before

    def note_drift(self, target: str, findings: dict[str, bool]) -> object:
        seen, now = self.drift.get(target, {}), time_text(self.clock.now)
        first = {id: seen[id][0] if id in seen else now for id in sorted(findings)}
        self.drift[target] = {id: (time, findings[id]) for id, time in first.items()}
        worse = [id for id in first if id in seen and seen[id][1] != findings[id]]
        still = [id for id in first if id in seen and id not in worse]
        new = [id for id in first if id not in seen]
        return (first, new, still, worse, sorted(set(seen) - set(findings)))

    def result_for(
        self, pick: int, kind: EntryKind, picked: tuple[tuple[int, ResultStatus], ...]
    ) -> Entry | None:
        """A result for one of the intents, or None where there is none."""
        numbers = [n for n, each in enumerate(self.entries, 1) if each.kind == "intent"]
        if not numbers:
            return None
        intent = self.entries[numbers[pick % len(numbers)] - 1]
        last = dict(picked)  # one result for one change
        results = [Result(i, last[i]) for i in last if i < len(intent.changes)]
        number = numbers[pick % len(numbers)]
        return Entry(kind, 2, intent.target, intent=number, results=tuple(results))

    def open_changes(self, target: str) -> dict[int, list[tuple[int, Change]]]:
        """Forwards, by hand: an intent opens its changes, what is known of them closes them."""
        found: dict[int, dict[int, Change]] = {}
        for number, entry in enumerate(self.entries, 1):
            if entry.kind == "intent" and entry.target == target:
                found[number] = dict(enumerate(entry.changes))
            for each in entry.results:
                if each.status != "unknown" and entry.intent in found:
                    found[entry.intent].pop(each.index, None)
        return {number: [*left.items()] for number, left in found.items() if left}

    def last_success(self, target: str) -> int:
        """The number of the run, or 0."""
        ended = [
            number
            for number, (runs, targets) in enumerate(
                zip(self.runs, self.run_targets, strict=True), 1
            )
            if not runs and target in targets
        ]
        return ended[-1] if ended else 0


class Real:
    """A ledger that answers in the words of the model."""

    def __init__(self, ledger: Ledger, locks: list[Lock]) -> None:
        self.ledger = ledger
        self.locks = locks

    def save_applied(self, target: str, state: State) -> object:
        return self.ledger.save_applied(applied(state, target))

    def begin_run(self, targets: tuple[str, ...]) -> object:
        return self.ledger.begin_run("apply", targets=targets)

    def end_run(self, run_id: int) -> object:
        return told(partial(self.ledger.end_run, run_id, 0))

    def append(self, entries: tuple[Entry, ...]) -> object:
        return [each.number for each in self.ledger.append(*entries)]

    def use_plan(self, digest: str) -> object:
        return told(partial(self.ledger.use_plan, digest, 1))

    def lock(self, target: str, holder: str) -> object:
        def take() -> str:
            self.locks.append(self.ledger.lock(target, holder, ttl_s=TTL_S))
            status = self.ledger.lock_status(target)
            return status.holder if status else ""

        return told(take)

    def break_lock(self, target: str) -> object:
        broken = self.ledger.break_lock(target, "kofi")
        return broken.holder if broken else None

    def note_drift(self, target: str, findings: dict[str, bool]) -> object:
        news = self.ledger.note_drift(
            target, {id: {"observed": observed} for id, observed in findings.items()}
        )
        resolved = [each.id for each in news.resolved]
        return (news.first_seen, [*news.new], [*news.still], [*news.worse], resolved)


def told(act: Callable[[], object]) -> object:
    """What this gives, or the name of the error."""
    try:
        return act()
    except (LedgerError, LockHeldError, StaleError) as error:
        return type(error).__name__


_targets = st.sampled_from(["flowauth", "flowdb"])
_changes = st.builds(
    Change,
    st.just("create"),
    st.builds(Key, st.just("account"), st.sampled_from([("amina",), ("kofi",)])),
    st.none(),
    st.just({"enabled": True}),
)
_intents = st.builds(
    Entry,
    st.just("intent"),
    st.just(1),
    _targets,
    st.lists(_changes, min_size=1, max_size=3).map(tuple),
    message=st.text(max_size=5),
)


def _results(kind: EntryKind, statuses: list[ResultStatus]) -> st.SearchStrategy[Operation]:
    """A result for one of the intents so far, whichever there are then."""
    picked = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(statuses)), max_size=3)
    return st.tuples(
        st.just("settle"), st.tuples(st.integers(0, 9), st.just(kind), picked.map(tuple))
    )


_operations: st.SearchStrategy[list[Operation]] = st.lists(
    st.one_of(
        st.tuples(st.just("turn"), st.tuples(st.integers(1, 50))),
        st.tuples(st.just("save_applied"), st.tuples(_targets, states())),
        st.tuples(
            st.just("begin_run"), st.tuples(st.lists(_targets, unique=True, max_size=2).map(tuple))
        ),
        st.tuples(st.just("end_run"), st.tuples(st.integers(1, 3))),
        st.tuples(
            st.just("append"), st.tuples(st.lists(_intents, min_size=1, max_size=3).map(tuple))
        ),
        _results("result", ["done", "failed", "skipped", "unknown"]),
        _results("found", ["done", "not_done", "changed"]),
        st.tuples(st.just("use_plan"), st.tuples(st.sampled_from("abc"))),
        st.tuples(st.just("lock"), st.tuples(_targets, st.sampled_from(["amina", "kofi"]))),
        st.tuples(st.just("break_lock"), st.tuples(_targets)),
        st.tuples(
            st.just("note_drift"),
            st.tuples(
                _targets, st.dictionaries(st.sampled_from(["D-1", "D-2", "D-3"]), st.booleans())
            ),
        ),
    ),
    max_size=20,
)


@settings(
    max_examples=40,
    # the server is shared by all examples; each begins by dropping the schema
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(_operations)
def test_both_ledgers_do_as_the_model_does(
    postgres_place: PostgresPlace, operations: list[Operation]
) -> None:
    clock = HandClock()
    model = Model(clock)
    postgres_place.sql("DROP SCHEMA IF EXISTS reconciler CASCADE")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        ledgers = [
            stack.enter_context(open_at(place, clock))
            for place in (SqlitePlace(f"{folder}/ledger"), postgres_place)
        ]
        locks: list[Lock] = []
        stack.callback(release, locks)

        for name, arguments in operations:
            if name == "turn":
                clock.turn(int(str(arguments[0])))
                continue
            if name == "settle":
                entry = model.result_for(*arguments)  # type: ignore[arg-type]  # as drawn
                name, arguments = "append", (() if entry is None else (entry,),)
            wanted = getattr(model, name)(*arguments)
            for ledger in ledgers:
                assert getattr(Real(ledger, locks), name)(*arguments) == wanted

        for ledger in ledgers:
            agrees(ledger, model)


def release(locks: list[Lock]) -> None:
    for lock in locks:
        lock.release()


def agrees(ledger: Ledger, model: Model) -> None:
    """The ledger answers every question as the model does, and its chain is whole."""
    assert [each.entry for each in ledger.entries()] == model.entries
    assert [not run.ended for run in reversed(ledger.runs())] == model.runs
    assert ledger.verify() == ()
    for target in ("flowauth", "flowdb"):
        applied, head = ledger.applied(target), ledger.applied_head(target)
        assert applied == model.applied.get(target)
        assert (head.digest if head else "") == (applied.digest if applied else "")
        opened = {each.number: [*each.changes] for each in ledger.open_intents(target)}
        assert opened == model.open_changes(target)
        success = ledger.last_success(target)
        assert (success.run_id if success else 0) == model.last_success(target)
        seen = {
            each.id: (each.first_seen, each.document["observed"])
            for each in ledger.drift_seen(target)
        }
        assert seen == model.drift.get(target, {})
        status = ledger.lock_status(target)
        assert (status.holder if status else "") == model.holders.get(target, ("", 0.0))[0]
    assert [each.target for each in ledger.locks()] == sorted(model.holders)
