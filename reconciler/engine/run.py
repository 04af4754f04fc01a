"""One run over a manifest and its targets: load, read, plan, and on request apply.

Here belongs calling the pure parts and the providers in the right order, targets side by side. What
a plan is made of is `planning`, how a target is read `reading`, carrying a plan out `applying`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache, cached_property, partial
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from reconciler import __version__
from reconciler.changes import Cause
from reconciler.desired import expand, has_ended, has_started, last_boundary, next_boundary
from reconciler.engine.inputs import Inputs, Limits, Progress
from reconciler.engine.inviting import remind, with_invited
from reconciler.engine.judging import findings_of
from reconciler.engine.memory import Memories, Memory
from reconciler.engine.obstructing import obstacles_of
from reconciler.engine.passwords import with_passwords
from reconciler.engine.planning import (
    Choice,
    Target,
    accepted,
    plan_target,
    selection_of,
)
from reconciler.engine.reading import Reading, read_target
from reconciler.engine.unread import as_applied
from reconciler.errors import (
    CannotHoldError,
    IncompleteReadError,
    ManifestError,
    TargetError,
    UsageError,
)
from reconciler.manifest.load import LoadedManifest, load_manifest
from reconciler.options import check_options, resolve_options, resolve_passwords
from reconciler.passwords import GivenPassword
from reconciler.plan import Plan
from reconciler.provider import (
    Identity,
    Options,
    Provider,
    ProviderType,
    Scripting,
)
from reconciler.providers import registry
from reconciler.safety.kept_back import work_of
from reconciler.scope import Capabilities, Desired
from reconciler.secret import Redactor
from reconciler.selection import Selection
from reconciler.source import Problem, suggest
from reconciler.state import Key, State
from reconciler.times import time_text

if TYPE_CHECKING:
    from reconciler.acknowledgements import Acknowledgements
    from reconciler.report import Report

_ORDINARY: Final = Choice()
_UNLIMITED: Final = Limits()


def _no_progress(_text: str) -> None:
    """The progress of a run that nobody watches."""


class Run:
    """One run over a manifest and its targets. Use it as a context manager: leaving closes all
    connections.

    Making it loads and checks the manifest and raises ManifestError with every fault. It touches no
    target before `plan` or `apply`.
    """

    def __init__(
        self,
        inputs: Inputs,
        progress: Progress = _no_progress,
        loaded: LoadedManifest | None = None,
    ) -> None:
        """Load the manifest, unless it is loaded already, and find what it asks of each target."""
        self.inputs = inputs
        self.progress = progress
        self.providers: dict[str, Provider] = {}
        self.loaded = loaded or load_manifest(inputs.files)
        self.desired = self._expanded()
        self.memories = Memories(inputs.origin.ledger)
        self.readings: Mapping[str, Reading] = {}
        self._passwords: dict[str, Mapping[str, GivenPassword]] = {}
        self._digesting = Lock()

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
        self.memories.close()

    def _expanded(self) -> dict[str, Desired]:
        desired = expand(self.loaded, self._capabilities, self.inputs.now)
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

    @property
    def _capabilities(self) -> dict[str, Capabilities]:
        return {name: kind.capabilities for name, kind in self._kinds.items()}

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
            secrets = [secret for each in self._options.values() for secret in each.secrets()]
        except ManifestError:
            return Redactor()
        with suppress(ManifestError):
            given = (each for name in self.desired for each in self.passwords_of(name).values())
            secrets += [each.value for each in given if each.value]
        return Redactor.of(secrets)

    @property
    def digest(self) -> str:
        """The digest of the manifest; made once, though several threads may ask."""
        with self._digesting:
            return self.loaded.digest

    # Reading

    def read(self) -> Mapping[str, Reading]:
        """Every target, read whole, side by side.

        Raises IncompleteReadError naming every target that could not be read, ManifestError for
        what does not fit what is there, LedgerError.
        """
        self._open()
        failures: list[TargetError] = []
        faults: list[Problem] = []
        readings: dict[str, Reading] = {}
        with ThreadPoolExecutor(max_workers=max(1, len(self.desired))) as pool:
            waiting = {name: pool.submit(self.read_one, name) for name in self.desired}
            _ = self.digest  # every plan needs it, and the targets take a while to answer
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
        self.readings = readings
        return readings

    def _open(self) -> None:
        for name in self.desired:
            self.passwords_of(name)
        for name, options in self._options.items():
            if name not in self.providers:
                kind = self._kinds[self.desired[name].provider]
                self.providers[name] = kind.open(name, options)

    def kind_of(self, name: str) -> ProviderType:
        """What is known of a target's kind."""
        return self._kinds[self.desired[name].provider]

    def open_one(self, name: str) -> Provider:
        """One target, opened whatever the others are like. Raises ManifestError for its options."""
        if name not in self.providers:
            kind = self.kind_of(name)
            options = resolve_options(self.loaded, name, kind, self.inputs.environment)
            self.providers[name] = kind.open(name, options)
        return self.providers[name]

    def read_one(self, name: str) -> Reading:
        """One target, read whole, with what is asked of it in its spelling. Raises TargetError."""
        self.progress(f"reading {name}")

        def recall(identity: Identity) -> Memory | None:
            remind(provider, self.memories, name, identity.place)
            asked = self.desired[name].state
            return self.memories.recall(name, identity.place, asked, self.expansion)

        provider, desired = self.providers[name], self.desired[name]
        read = read_target(provider, desired, recall, in_part=self.inputs.in_part)
        reading = with_invited(as_applied(read), provider)
        are_needed = self.capabilities_of(name).passwords == "always"
        given = self.passwords_of(name)
        return with_passwords(reading, provider, given, are_needed=are_needed)

    def passwords_of(self, name: str) -> Mapping[str, GivenPassword]:
        """The passwords from outside of a target's accounts. Raises ManifestError."""
        if name not in self._passwords:
            kind, environment = self.kind_of(name), self.inputs.environment
            found = resolve_passwords(self.loaded, self.desired[name], kind, environment)
            self._passwords[name] = found
        return self._passwords[name]

    @cached_property
    def expansion(self) -> str:
        """A text that two runs share whose desired states are the same: program, manifest, and the
        last time that a grant of it started or ended.
        """
        begun = last_boundary(self.loaded.manifest, self.inputs.now)
        return f"{__version__} {self.digest} {time_text(begun) if begun else ''}"

    def _located(self, target: str, error: CannotHoldError) -> Iterator[Problem]:
        provenance = self.desired[target].provenance
        for key, message in error.faults:
            places = provenance.of(key) or (self.loaded.source("targets", target),)
            yield Problem(places[0], f"{message} (target {target})")

    # Planning

    def plan(self, choice: Choice = _ORDINARY) -> Plan:
        """The plan for all targets of the run; see Choice."""
        readings = self.read()
        if choice.rotate:
            from reconciler.engine.rotating import rotated

            readings = rotated(self, readings, choice.rotate)
        chosen = {}
        for name, reading in readings.items():
            target = self.target(name, reading)
            chosen[name] = (target, selection_of(target, choice))
        findings = findings_of(self, chosen, choice)
        boundary = next_boundary(self.loaded.manifest, self.inputs.now)
        return Plan(
            at=time_text(self.inputs.now),
            valid_until=time_text(boundary) if boundary else "",
            manifest=self.loaded.files,
            manifest_digest=self.digest,
            targets=tuple(plan_target(*each) for each in chosen.values()),
            findings=accepted(findings, choice.accept, self._acknowledged_by),
        )

    def target(self, name: str, reading: Reading) -> Target:
        """What planning needs to know of a target."""
        return Target(
            name=name,
            reading=reading,
            capabilities=self.capabilities_of(name),
            new_passwords=self.providers[name].new_passwords,
            cause_of=self._causes(name, reading),
            first_seen=lambda: self.memories.first_seen(name),
            obstacles=partial(obstacles_of, self.providers[name]),
            offboarded=lambda: self.memories.offboarded(name),
            leaver=self._account_of(self.inputs.leaver, name),
        )

    def _account_of(self, user: str, target: str) -> str:
        """The name of a user's account on a target; empty for nobody's."""
        return self.loaded.manifest.users[user].account_name(user, target) if user else ""

    def _causes(self, name: str, reading: Reading) -> Callable[[Key], Cause]:
        """Names causes; the manifest at other windows is expanded only when somebody asks."""
        from reconciler.differences import Timeline

        @cache
        def timeline() -> Timeline:
            applied = reading.memory.state if reading.memory else State({})
            ended, unstarted = self._ended.get(name), self._unstarted.get(name)
            return Timeline(
                reading.asked,
                applied,
                ended.state if ended else None,
                unstarted.state if unstarted else None,
            )

        return lambda key: timeline().cause(key)

    @cached_property
    def _ended(self) -> Mapping[str, Desired]:
        """What would be asked had no grant ended; empty where none did."""
        manifest, now = self.loaded.manifest, self.inputs.now
        if not has_ended(manifest, now):
            return {}
        return expand(self.loaded, self._capabilities, now, "ended")

    @cached_property
    def _unstarted(self) -> Mapping[str, Desired]:
        """What would be asked had no grant with a beginning begun; empty where none did."""
        manifest, now = self.loaded.manifest, self.inputs.now
        if not has_started(manifest, now):
            return {}
        return expand(self.loaded, self._capabilities, now, "unstarted")

    @cached_property
    def acknowledgements(self) -> Acknowledgements:
        """What the reviewed file accepts and silences. Raises InputError for a file with faults."""
        from reconciler.acknowledgements import read_acknowledgements  # few plans ask for them

        return read_acknowledgements(self.inputs.acknowledged)

    def _acknowledged_by(self, finding_id: str) -> str:
        found = self.acknowledgements.accepting(finding_id, self.inputs.now)
        return "" if found is None else f"{found.by} ({found.reason})"

    def capabilities_of(self, target: str) -> Capabilities:
        """What this target can hold and do, with the options that it has."""
        kind = self._kinds[self.desired[target].provider]
        return kind.able(self._options[target]) if kind.able else kind.capabilities

    def selection(self, reading: Reading) -> Selection:
        """What the policy makes of the differences that a reading shows."""
        return selection_of(self.target(reading.desired.target, reading), _ORDINARY)

    def preview(self, plan: Plan) -> dict[str, tuple[str, ...]]:
        """The statements or requests each target would get, by target, without secrets."""
        self._open()
        work = work_of(plan)
        return {target: self.providers[target].preview(work[target]) for target in work}

    def scripts(self, plan: Plan) -> dict[str, tuple[str, ...]]:
        """What would be sent as lines of SQL, by target that takes SQL. Raises TargetError."""
        self._open()
        result = {}
        for target, changes in work_of(plan).items():
            provider = self.providers[target]
            if isinstance(provider, Scripting):
                result[target] = provider.script(changes)
        return result

    # Applying

    def apply(
        self,
        plan: Plan,
        *,
        accept: frozenset[str] = frozenset(),
        credentials_out: str = "",
        is_saved: bool = False,
        limits: Limits = _UNLIMITED,
    ) -> Report:
        """Carry out exactly this plan, less what its findings hold back, and read it all once more.

        Every target is read again first: StaleError if the manifest, the applied state or anything
        the plan touches differs from what was planned. UsageError if new accounts need a file for
        their passwords. A plan that was saved is applied once, and only while it is young:
        StaleError else. What was applied is remembered where there is a ledger.
        """
        from reconciler.engine.applying import Application  # with all that writing needs
        from reconciler.plan_file import plan_digest

        digest = plan_digest(plan) if is_saved else ""
        plan = replace(plan, findings=accepted(plan.findings, accept, self._acknowledged_by))
        return Application(self, plan, limits, digest).carry_out(credentials_out)
