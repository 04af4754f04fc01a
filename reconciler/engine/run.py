"""One run over a manifest and its targets: load, read, plan, and on request apply.

Here belongs calling the pure parts and the providers in the right order, targets side by side. It
decides nothing: what is to be done is in the plan, and what may not be done is in its findings.
Carrying a plan out is `applying`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Self

from reconciler import explain, safety
from reconciler.desired import expand, next_boundary
from reconciler.engine.applying import Application, accepted, released
from reconciler.engine.recording import Origin
from reconciler.errors import (
    CannotHoldError,
    IncompleteReadError,
    ManifestError,
    TargetError,
    UsageError,
)
from reconciler.manifest.load import load_manifest
from reconciler.options import check_options, resolve_options
from reconciler.plan import Finding, Plan, Selection, TargetPlan, select
from reconciler.provider import Identity, Options, Provider, ProviderType
from reconciler.providers import registry
from reconciler.report import Report
from reconciler.scope import Desired
from reconciler.secret import Redactor
from reconciler.source import Problem, suggest
from reconciler.state import State
from reconciler.times import time_text

Progress = Callable[[str], None]
"""Told in a few words what is being done; called from several threads."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a run starts from. `targets` limits it to these; empty means all. `now` has a zone.

    `origin` says where an apply is recorded, and for whom it is.
    """

    files: tuple[str, ...]
    targets: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    now: datetime
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class Reading:
    """One target as it was read: who we are there, what is asked (normalised) and what was
    observed.
    """

    identity: Identity
    desired: Desired
    observed: State

    @property
    def untouchable(self) -> frozenset[str]:
        """The names that no plan may touch: our own account, and what the provider adds."""
        return self.identity.untouchable | {self.identity.account}


def _no_progress(_text: str) -> None:
    """The progress of a run that nobody watches."""


class Run:
    """One run over a manifest and its targets. Use it as a context manager: leaving closes all
    connections.

    Making it loads and checks the manifest and raises ManifestError with every fault. It touches no
    target before `plan` or `apply`.
    """

    def __init__(self, inputs: Inputs, progress: Progress = _no_progress) -> None:
        self.inputs = inputs
        self.progress = progress
        self.providers: dict[str, Provider] = {}
        self.loaded = load_manifest(inputs.files)
        self.desired = self._expanded()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for provider in self.providers.values():
            provider.close()

    def _expanded(self) -> dict[str, Desired]:
        capabilities = {name: kind.capabilities for name, kind in self._kinds.items()}
        desired = expand(self.loaded, capabilities, self.inputs.now)
        problems: list[Problem] = []
        for name, each in sorted(desired.items()):
            kind = self._kinds[each.provider]
            problems += kind.check(each)
            problems += check_options(self.loaded, name, kind)
        if problems:
            raise ManifestError(sorted(problems, key=str))
        unknown = [name for name in self.inputs.targets if name not in desired]
        if unknown:
            hint = suggest(unknown[0], desired) or f"the targets are {', '.join(sorted(desired))}"
            raise UsageError(f"--target {unknown[0]}: the manifest has no such target; {hint}")
        wanted = self.inputs.targets or tuple(desired)
        return {name: each for name, each in sorted(desired.items()) if name in wanted}

    @cached_property
    def _kinds(self) -> dict[str, ProviderType]:
        asked = {target.provider for target in self.loaded.manifest.targets.values()}
        used = (
            asked.intersection(registry.NAMES) if asked <= set(registry.NAMES) else registry.NAMES
        )
        return {name: registry.provider_type(name) for name in sorted(used)}

    @cached_property
    def _options(self) -> dict[str, Options]:
        """The resolved options of every target of the run. Raises ManifestError with all faults."""
        result: dict[str, Options] = {}
        problems: list[Problem] = []
        for name, each in self.desired.items():
            kind = self._kinds[each.provider]
            try:
                result[name] = resolve_options(self.loaded, name, kind, self.inputs.environment)
            except ManifestError as error:
                problems += error.problems
        if problems:
            raise ManifestError(problems)
        return result

    def redactor(self) -> Redactor:
        """Hides every secret option of every target whose options can be resolved."""
        try:
            options = self._options
        except ManifestError:
            return Redactor()
        return Redactor.of(secret for each in options.values() for secret in each.secrets())

    # Reading and planning

    def read(self) -> dict[str, Reading]:
        """Every target, read whole, side by side.

        Raises IncompleteReadError naming every target that could not be read, ManifestError for
        what does not fit what is there.
        """
        self._open()
        failures: list[TargetError] = []
        faults: list[Problem] = []
        readings: dict[str, Reading] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(self.desired))) as pool:
            waiting = {name: pool.submit(self.read_one, name) for name in self.desired}
            _ = self.loaded.digest  # every plan needs it, and the targets take a while to answer
        for name, future in waiting.items():
            try:
                readings[name] = future.result()
            except CannotHoldError as error:
                faults += self._located(name, error)
            except TargetError as error:
                failures.append(error)
        if failures:
            raise IncompleteReadError(failures)
        if faults:
            raise ManifestError(sorted(faults, key=str))
        return readings

    def _open(self) -> None:
        for name, options in self._options.items():
            if name not in self.providers:
                kind = self._kinds[self.desired[name].provider]
                self.providers[name] = kind.open(name, options)

    def read_one(self, name: str) -> Reading:
        """One target, read whole, with what is asked of it in its spelling. Raises TargetError."""
        self.progress(f"reading {name}")
        provider, desired = self.providers[name], self.desired[name]
        identity = provider.identify()
        observed = provider.observe(desired.scope)
        normalized = replace(desired, state=provider.normalize(desired.state, observed))
        return Reading(identity, normalized, observed)

    def _located(self, target: str, error: CannotHoldError) -> Iterator[Problem]:
        provenance = self.desired[target].provenance
        for key, message in error.faults:
            places = provenance.of(key) or (self.loaded.source("targets", target),)
            yield Problem(places[0], f"{message} (target {target})")

    def plan(self, accept: frozenset[str] = frozenset()) -> Plan:
        """The plan for all targets of the run, without the findings whose ids are in `accept`."""
        return self._plan(self.read(), accept)

    def _plan(self, readings: Mapping[str, Reading], accept: frozenset[str]) -> Plan:
        targets: list[TargetPlan] = []
        findings: list[Finding] = []
        for name, reading in readings.items():
            target, found = self._plan_one(name, reading)
            targets.append(target)
            findings += found
        boundary = next_boundary(self.loaded.manifest, self.inputs.now)
        return Plan(
            at=time_text(self.inputs.now),
            valid_until=time_text(boundary) if boundary else "",
            manifest=self.loaded.files,
            manifest_digest=self.loaded.digest,
            targets=tuple(targets),
            findings=accepted(findings, accept),
        )

    def select(self, reading: Reading) -> Selection:
        """What the policy makes of the differences that a reading shows."""
        capabilities = self._kinds[reading.desired.provider].capabilities
        return select(reading.desired, reading.observed, capabilities, reading.untouchable)

    def _plan_one(self, name: str, reading: Reading) -> tuple[TargetPlan, tuple[Finding, ...]]:
        """One target's part of the plan, and the findings over it."""
        identity, desired = reading.identity, reading.desired
        capabilities = self._kinds[desired.provider].capabilities
        chosen = self.select(reading)
        target = TargetPlan(
            target=name,
            provider=desired.provider,
            system=f"{identity.system} {identity.version}".strip(),
            account=identity.account,
            changes=chosen.changes,
            unmanaged=chosen.unmanaged,
            access=explain.access_changes(desired, reading.observed, chosen.changes, capabilities),
            people=desired.people,
            new_passwords=self.providers[name].new_passwords(chosen.changes),
        )
        findings = (
            *safety.check(desired, chosen.changes, chosen.protected, reading.untouchable),
            *safety.unasked_levels(desired, reading.observed, chosen.unmanaged, capabilities),
        )
        return target, findings

    def preview(self, plan: Plan) -> dict[str, tuple[str, ...]]:
        """The statements or requests each target would get, by target, without secrets."""
        self._open()
        return {
            each.target: self.providers[each.target].preview(released(each, plan.findings))
            for each in plan.targets
        }

    # Applying

    def apply(
        self,
        plan: Plan,
        *,
        accept: frozenset[str] = frozenset(),
        credentials_out: str = "",
        is_saved: bool = False,
        stop: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Carry out exactly this plan, less what its findings hold back, and read it all once more.

        Every target is read again first: StaleError if the manifest or anything the plan touches
        differs from what was planned. UsageError if new accounts need a file for their passwords.
        A plan that was saved is applied once: StaleError the second time, where there is a ledger.
        `stop` is asked before each write.
        """
        plan = replace(plan, findings=accepted(plan.findings, accept))
        return Application(self, plan, stop).carry_out(credentials_out, is_saved=is_saved)
