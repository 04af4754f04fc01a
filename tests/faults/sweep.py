"""One change of access, with trouble at one of its requests, and what must be true whatever comes.

Here belong the scenario, the run of a case, and the judgement. What goes wrong is in `troubles`,
with what in `systems`.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from reconciler.changes import Outcome
from reconciler.engine import Run
from reconciler.errors import ReconcilerError
from reconciler.plan import Plan
from reconciler.report import Report
from reconciler.sandbox.http.faults import Fault
from reconciler.state import Fields, State
from tests.conformance.bench import TARGET, Access, Bench
from tests.conformance.checks import whole_text
from tests.faults.systems import System
from tests.faults.troubles import Timeouts

_NEW = ("esi", "ama")


@dataclass(frozen=True, slots=True)
class Case:
    """Trouble from the nth request on, at so many of them."""

    trouble: str
    nth: int
    count: int

    def __str__(self) -> str:
        return f"{self.trouble}/{self.nth}/{self.count}"


@dataclass(frozen=True, slots=True)
class Clean:
    """How it goes without trouble: what was there, what is there then, and with how many requests.

    `facts` are raw; `untouched` those of before that the change leaves alone.
    """

    before: State
    after: State
    reads: int
    requests: int
    facts: frozenset[str]
    untouched: Mapping[str, object]


class _Log(logging.Handler):
    """All that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class Sweep:
    """One system with the scenario on it; each case begins with the same state and ledger."""

    def __init__(self, name: str, system: System, folder: Path, timeouts: Timeouts) -> None:
        self.name = name
        self.system = system
        self.faults = system.simulator.faults
        self.timeouts = timeouts
        self.bench = Bench(system.target, folder)
        self.earlier, self.later = _scenario(system, self.bench)
        self.log = _Log()
        self.bench.converge(self.earlier, accepts=True)
        system.target.add_bystanders()
        self._kept = system.keep()
        self._ledger = {path: path.read_bytes() for path in folder.glob("ledger*")}
        self.plan = self.bench.plan(self.later)
        self._accepted = frozenset(each.id for each in self.plan.findings if each.is_holding)
        self.clean = self._clean()

    # The scenario without trouble

    def _clean(self) -> Clean:
        before_facts = self.system.target.witness()
        with self.bench.run(self.later) as run:
            start = len(self.system.simulator.requests)
            before = run.read()[TARGET].observed
            reads = len(self.system.simulator.requests) - start
        start = len(self.system.simulator.requests)
        report = self._applied(self.plan, self.bench.new_file())
        requests = len(self.system.simulator.requests) - start
        assert report.targets[0].is_converged, report
        after_facts = self.system.target.witness()
        untouched = {k: v for k, v in before_facts.items() if after_facts.get(k) == v}
        facts = frozenset(after_facts) | frozenset(before_facts)
        clean = Clean(before, self._read(), reads, requests, facts, untouched)
        self.restore()
        return clean

    def restore(self) -> None:
        """Put system and ledger back to the beginning."""
        self.system.restore(self._kept)
        for path in self.bench.folder.iterdir():
            if path not in self._ledger:
                path.unlink()
        for path, content in self._ledger.items():
            path.write_bytes(content)

    def _applied(self, plan: Plan, credentials: str) -> Report:
        with self.bench.run(self.later) as run:
            return run.apply(plan, accept=self._accepted, credentials_out=credentials)

    def _read(self) -> State:
        with self.bench.run(self.later) as run:
            return run.read()[TARGET].observed

    # Trouble

    def end_rights(self) -> None:
        self.system.end_rights()

    def session_ends(self, nth: int, count: int) -> Fault:
        return self.system.session_ends(nth, count)

    def _arm(self, case: Case) -> None:
        self._fired = len(self.faults.fired)
        self.system.troubles()[case.trouble](self, case.nth, case.count)

    def _disarm(self) -> None:
        self._has_come = len(self.faults.fired) > self._fired or self.timeouts.fired > 0
        self.faults.disarm()
        self.timeouts.arm(None)
        self.system.mend()

    def read_faults(self, case: Case) -> Iterator[str]:
        """What is wrong with a read in this trouble."""
        self.restore()
        texts: list[str] = []
        with self._logged(), self.bench.run(self.later) as run:
            self._arm(case)
            try:
                found = run.read()[TARGET].observed
            except ReconcilerError as error:
                texts.append(whole_text(error))
            else:
                if found != self.clean.before:
                    yield f"another State was read: {_unlike(found, self.clean.before)}"
            finally:
                self._disarm()
        yield from self._shown(texts, {})
        if not self._has_come:
            yield "the trouble has not come"

    def apply_faults(self, case: Case) -> Iterator[str]:
        """What is wrong with an apply in this trouble, and with the one after it."""
        self.restore()
        texts, files = [], [self.bench.new_file(), self.bench.new_file()]
        outcomes: tuple[Outcome, ...] = ()
        self._arm(case)
        try:
            with self._logged():
                report = self._applied(self.plan, files[0])
            outcomes = report.outcomes
            texts.append(repr(report))
        except ReconcilerError as error:
            texts.append(whole_text(error))
        finally:
            self._disarm()
        if not self._has_come:
            yield "the trouble has not come"
        yield from self._raw_faults()
        given = _credentials(files[:1])
        yield from self._again(files[1], outcomes, given)
        yield from self._end_faults(_credentials(files))
        yield from self._shown(texts, given)

    def _again(
        self, file: str, outcomes: tuple[Outcome, ...], given: Mapping[str, list[str]]
    ) -> Iterator[str]:
        with self.bench.run(self.later) as run:
            plan = run.plan()
            observed = run.readings[TARGET].observed
            yield from self._untruths(outcomes, observed)
            yield from self._lockouts(observed, given)
            yield from self._converged(run, plan, file)

    def _converged(self, run: Run, plan: Plan, file: str) -> Iterator[str]:
        holding = frozenset(each.id for each in plan.findings if each.is_holding)
        report = run.apply(plan, accept=holding, credentials_out=file)
        (target,) = report.targets
        if not target.is_converged:
            said = [f"{o.change.key}: {o.message}" for o in target.outcomes if o.message]
            yield f"the next apply does not converge: {target.failure} {said} {target.remaining}"

    # The judgement

    def _untruths(self, outcomes: tuple[Outcome, ...], observed: State) -> Iterator[str]:
        """Where the report and what is there differ."""
        for outcome in outcomes:
            key, status = outcome.change.key, outcome.status
            names = set(outcome.change.after or {}) | set(outcome.change.before or {})
            found = _part(observed.get(key), names)
            if status == "done" and found != _part(self.clean.after.get(key), names):
                yield f"{key} is said to be {outcome.change.action}d, and is {found}"
            is_told = f'"{key.path[-1]}" is made' in outcome.message  # less than all of it
            is_as_before = found == _part(self.clean.before.get(key), names)
            is_as_before |= found is None and _went_with(outcome, outcomes)
            if status in ("failed", "skipped") and not is_as_before and not is_told:
                yield (
                    f"{outcome.change.action} of {key} is said to have {status} "
                    f"({outcome.message}), and it is {found}"
                )

    def _raw_faults(self) -> Iterator[str]:
        facts = self.system.target.witness()
        for name, fact in self.clean.untouched.items():
            if facts.get(name) != fact:
                yield f"{name} was {fact}, is {facts.get(name)}, and no line asked for it"
        for name in sorted(facts.keys() - self.clean.facts):
            if not name.startswith("invitation "):
                yield f"{name} appeared, and no line asked for it"
        for row, times in Counter(self.system.rows()).items():
            if times > 1:
                yield f"{row} is there {times} times"

    def _end_faults(self, given: Mapping[str, list[str]]) -> Iterator[str]:
        """What is wrong after all is done."""
        with self.bench.run(self.later) as run:
            plan = run.plan()
            observed = run.readings[TARGET].observed
        if plan.changes:
            yield f"the plan after all that is not empty: {[str(c.key) for c in plan.changes]}"
        if observed != self.clean.after:
            yield f"it ends otherwise: {_unlike(observed, self.clean.after)}"
        yield from self._raw_faults()
        yield from self._lockouts(observed, given)

    def _lockouts(self, observed: State, given: Mapping[str, list[str]]) -> Iterator[str]:
        """New accounts without exactly one password that was handed over and works."""
        if self.bench.capabilities.passwords == "never":
            return
        for name in _NEW:
            if name in observed.names("account"):
                working = [each for each in given.get(name, ()) if self.system.signs_in(name, each)]
                if len(working) != 1:
                    yield f"{name} has {len(working)} of {len(given.get(name, ()))} passwords"

    def _shown(self, texts: list[str], given: Mapping[str, list[str]]) -> Iterator[str]:
        """Secrets in what was said and logged."""
        secrets = [
            *self.system.target.canaries,
            *(each for some in given.values() for each in some),
        ]
        whole = "\n".join([*texts, *self.log.lines])
        for secret in secrets:
            if secret in whole:
                at = whole.index(secret)
                yield f"a secret is shown: {whole[max(0, at - 200) : at + 80]!r}"

    def _logged(self) -> _Logging:
        return _Logging(self.log)


class _Logging:
    """Takes all logs while it lasts."""

    def __init__(self, log: _Log) -> None:
        self._log = log

    def __enter__(self) -> None:
        self._log.lines.clear()
        root = logging.getLogger()
        self._before = root.level, root.handlers
        root.setLevel(logging.DEBUG)
        root.handlers = [self._log]  # nobody else: thousands of lines are of no interest

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        level, root.handlers = self._before
        root.setLevel(level)


def _scenario(system: System, bench: Bench) -> tuple[Access, Access]:
    """Two come, one goes, one stays; one changes, one gains and one loses something."""
    target = system.target
    seat = {} if target.standing_role is None else {"seat": target.standing_role}
    rights = target.rights
    text = {k: v for k, v in sorted(target.attributes.items()) if isinstance(v[0], str)}
    first = {name: pair[0] for name, pair in [*text.items()][:1]}
    second = {name: pair[1] for name, pair in [*text.items()][:1]}
    token = {"api_token": True} if "api_token" in target.attributes else {}
    policy: Mapping[str, object] = {"leavers": system.leavers}
    roles = {"reader": rights[:1], "writer": rights[:2]}
    earlier = Access(
        users=("amina", "kofi", "yaw", "abena"),
        roles={**roles, "old": rights[:1]} if bench.has_roles else roles,
        grants=(
            *(("amina", "reader"), ("kofi", "reader"), ("kofi", "writer")),
            *(("yaw", "reader"), ("abena", "reader")),
            *((each, name) for name in seat for each in ("kofi", "yaw")),
        ),
        standing=seat,
        attributes={"amina": first} if first else {},
        policy=policy,
    )
    later = Access(
        users=("amina", "kofi", "yaw", "abena", *_NEW),
        departed=frozenset({"yaw"}),
        roles={**roles, "auditor": rights[1:2]} if bench.has_roles else roles,
        grants=(
            *(("amina", "writer"), ("kofi", "writer"), ("abena", "reader"), ("yaw", "reader")),
            *(("esi", "writer"), ("ama", "auditor" if bench.has_roles else "reader")),
            *((each, name) for name in seat for each in ("amina", "esi")),
        ),
        standing=seat,
        attributes={**({"amina": second} if second else {}), **({"esi": token} if token else {})},
        policy=policy,
    )
    return earlier, later


def _credentials(files: list[str]) -> Mapping[str, list[str]]:
    """The passwords in these files by account."""
    found: dict[str, list[str]] = {}
    for file in files:
        if Path(file).exists():
            for line in Path(file).read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                if "password" in entry:
                    found.setdefault(entry["account"], []).append(entry["password"])
    return found


def _went_with(outcome: Outcome, outcomes: tuple[Outcome, ...]) -> bool:
    """Whether a membership is gone with its account or role, whatever became of itself."""
    path = outcome.change.key.path
    gone = (
        each.change.key
        for each in outcomes
        if (each.change.action, each.status) == ("delete", "done")
    )
    owners = {("account", path[-1:]), ("role", path[:-1])}
    return outcome.change.key.kind == "membership" and not owners.isdisjoint(gone)


def _part(fields: Fields | None, names: set[str]) -> Fields | None:
    return None if fields is None else {k: v for k, v in fields.items() if k in names}


def _unlike(found: State, wanted: State) -> str:
    keys = sorted({*found.records, *wanted.records})
    unlike = [k for k in keys if found.get(k) != wanted.get(k)]
    return "; ".join(f"{k}: {found.get(k)} instead of {wanted.get(k)}" for k in unlike)


def without_pauses(patch: pytest.MonkeyPatch) -> list[float]:
    """Let whoever tries again reckon as ever how long to wait, and not wait: gives how long."""
    waits: list[float] = []
    patch.setattr("httpx_retries.retry.time", SimpleNamespace(sleep=waits.append))
    return waits
