"""A simulated MobiusFlow with a little in it, and the provider on it, for one test."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from reconciler.changes import Change, Outcome
from reconciler.providers.mobiusflow.options import MobiusFlowOptions
from reconciler.providers.mobiusflow.provider import MobiusFlowProvider, open_mobiusflow
from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.sandbox.mobiusflow import (
    Dialect,
    ManualClock,
    MobiusFlowSettings,
    MobiusFlowSimulator,
    Oddities,
)
from reconciler.scope import Scope
from reconciler.state import Fields, Key, State
from tests.conformance.bench import Bench, Notes
from tests.conformance.target import Option
from tests.mobiusflow.simulated import (
    OWN,
    OWN_PASSWORD,
    PREFIXES,
    VERIFIED,
    SimulatedTarget,
)

VIEWER, EDITOR, ADMINISTRATOR = (
    {"level": level} for level in ("viewer", "editor", "administrator")
)


class Lab:
    """Starts simulators and opens providers; closing it proves that no simulator had a bug."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.notes = Notes()
        self._stack = ExitStack()
        self._simulators: list[MobiusFlowSimulator] = []

    def start(
        self,
        dialect: Dialect = "v1",
        *,
        prefix: str = "",
        access_life_s: int = 3600,
        **oddities: object,
    ) -> MobiusFlowSimulator:
        """A simulator with our own administrator, amina (editor) and kofi (viewer)."""
        settings = MobiusFlowSettings(
            dialect=dialect,
            prefix=prefix or PREFIXES[dialect],
            admin_username=OWN,
            admin_password=OWN_PASSWORD,
            access_life_s=access_life_s,
        )
        simulator = MobiusFlowSimulator(settings, Oddities(**oddities), clock=self.clock)  # type: ignore[arg-type]  # from a test's words
        self._simulators.append(simulator)
        self._stack.enter_context(simulator)
        simulator.add("amina", "password of amina", "Editor")
        simulator.add("kofi", "password of kofi", "Viewer")
        return simulator

    @property
    def simulator(self) -> MobiusFlowSimulator:
        return self._simulators[-1]

    def bench(self, **changes: Option) -> Bench:
        """The conformance suite's workbench on the simulator that was started last."""
        target = SimulatedTarget(self.simulator)
        target.changes = changes
        return Bench(target, self.folder)

    def options(self, **changes: object) -> MobiusFlowOptions:
        """The options for the simulator that was started last, with these changed."""
        dialect = self.simulator.settings.dialect
        own = {"routes": VERIFIED} if dialect == "v3" else {}
        given = {
            "url": self.simulator.base,
            "dialect": dialect,
            "username": OWN,
            "password": OWN_PASSWORD,
            "timeout_s": 20,
            **own,
            **changes,
        }
        return MobiusFlowOptions.model_validate(given)

    def open(self, **changes: object) -> MobiusFlowProvider:
        """A provider on the simulator that was started last."""
        provider = open_mobiusflow("plant", self.options(**changes))
        self._stack.callback(provider.close)
        return provider

    def observe(self, **changes: object) -> State:
        """What a provider of its own reads."""
        provider = self.open(**changes)
        try:
            return provider.observe(Scope())
        finally:
            provider.close()

    def fields(self, name: str, **changes: object) -> Fields:
        """What a provider of its own reads of an account."""
        found = self.observe(**changes).get(Key("account", (name,)))
        assert found is not None, f"there is no account {name}"
        return found

    def apply(self, *given: Change, **changes: object) -> list[Outcome]:
        """What becomes of these changes with a provider of its own, which is closed then."""
        provider = self.open(**changes)
        try:
            return list(provider.apply(given, self.notes))
        finally:
            provider.close()

    def arm(self, kind: FaultKind, method: str, path: str, **settings: object) -> None:
        """Arm a fault for a path after the engine's prefix."""
        whole = f"{self.simulator.settings.prefix}{path}"
        self.simulator.faults.arm(Fault(kind, method, whole, **settings))  # type: ignore[arg-type]  # from a test's words

    def sent(self, method: str, path: str = "") -> int:
        """How many requests of this method arrived, and of this path where one is given."""
        prefix = self.simulator.settings.prefix
        return sum(
            each.method == method and path in ("", each.path.removeprefix(prefix))
            for each in self.simulator.requests
        )

    @property
    def writes(self) -> list[str]:
        """All writes that arrived, in their order, but for logging in and out."""
        prefix = self.simulator.settings.prefix
        sent = [(each.method, each.path.removeprefix(prefix)) for each in self.simulator.requests]
        session = ("/auth/login", "/auth/refresh", "/auth/logout")
        return [f"{m} {path}" for m, path in sent if m != "GET" and path not in session]

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()
        assert [error for each in self._simulators for error in each.unplanned_errors] == []


def create(name: str, /, **fields: str | bool) -> Change:
    """The change that creates an account."""
    return Change("create", Key("account", (name,)), None, {"level": "viewer", **fields})


def update(name: str, /, before: Fields, after: Fields) -> Change:
    """The change of an account."""
    return Change("update", Key("account", (name,)), before, after)


def delete(name: str, /) -> Change:
    """The change that deletes an account."""
    return Change("delete", Key("account", (name,)), {}, None)


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    """What became of each."""
    return [each.status for each in outcomes]
