"""A simulated FlowAuth with a little in it, and the provider on it, for one test."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import trustme

from reconciler.changes import Change, Outcome
from reconciler.providers.flowauth.options import FlowAuthOptions
from reconciler.providers.flowauth.provider import FlowAuthProvider, open_flowauth
from reconciler.sandbox.flowauth import Fault, FaultKind, FlowAuthSimulator, ManualClock
from reconciler.scope import Scope
from reconciler.state import Fields, Key, Kind, State
from tests.conformance.bench import Bench, Notes
from tests.flowauth.simulated import (
    BOOTSTRAP,
    OWN,
    OWN_PASSWORD,
    SERVER,
    SimulatedTarget,
    start_simulator,
)

LIMITS: Fields = {"token_expires": "2030-01-01T00:00:00Z", "token_life_minutes": 60}
READER = (SERVER, "reader")
WRITER = (SERVER, "writer")


class Lab:
    """Starts simulators and opens providers; closing it proves that no simulator had a bug."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.notes = Notes()
        self.scope = Scope()
        self.ca_file = folder / "ca.pem"
        self._stack = ExitStack()
        self._simulators: list[FlowAuthSimulator] = []
        self._target: SimulatedTarget | None = None

    def start(self, **settings: Any) -> FlowAuthSimulator:
        """An empty simulator with our own administrator and the bootstrap one."""
        simulator = start_simulator(clock=self.clock, **settings)
        self._simulators.append(simulator)
        self._stack.enter_context(simulator)
        self._target = SimulatedTarget(simulator)
        return simulator

    def start_filled(self, **settings: Any) -> FlowAuthSimulator:
        """One with a server, the roles reader and writer, and the users amina and kofi."""
        simulator = self.start(**settings)
        store = simulator.store
        store.add_server(SERVER, scopes=("run", "get_result", "dates"))
        store.add_user("amina", "no password")
        store.add_user("kofi", "no password")
        store.add_role(*READER, scopes=("run",), users=("kofi",))
        store.add_role(*WRITER, scopes=("run", "get_result"))
        return simulator

    def tls(self) -> ssl.SSLContext:
        """What a server with a certificate of our own authority needs; `ca_file` trusts it."""
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(self.ca_file)
        return context

    @property
    def simulator(self) -> FlowAuthSimulator:
        return self._simulators[-1]

    @property
    def bench(self) -> Bench:
        """The conformance suite's workbench on the simulator that was started last."""
        assert self._target is not None
        return Bench(self._target, self.folder)

    def open(self, **changes: Any) -> FlowAuthProvider:
        """A provider on the simulator that was started last, with these options changed."""
        options = {
            "url": self.simulator.url if self._simulators else "",
            "username": OWN,
            "password": OWN_PASSWORD,
            "bootstrap_admin": BOOTSTRAP,
            "timeout_s": 20,
            **changes,
        }
        provider = open_flowauth("flowauth", FlowAuthOptions(**options))
        self._stack.callback(provider.close)
        return provider

    def observe(self, **changes: Any) -> State:
        """What a new provider reads."""
        return self.open(**changes).observe(self.scope)

    def apply(self, *changes: Change) -> list[Outcome]:
        """What becomes of these changes with a new provider."""
        return list(self.open().apply(changes, self.notes))

    def arm(self, kind: FaultKind, method: str, path: str, **settings: Any) -> None:
        self.simulator.faults.arm(Fault(kind, method, path, **settings))

    def sent(self, method: str, path: str = "") -> int:
        """How many requests of this method, and path where one is given, arrived."""
        return sum(
            each.method == method and path in ("", each.path) for each in self.simulator.requests
        )

    @property
    def writes(self) -> list[str]:
        """The paths of all writes that arrived, in their order."""
        requests = self.simulator.requests
        return [
            f"{r.method} {r.path}" for r in requests if r.method != "GET" and "sign" not in r.path
        ]

    def close(self) -> None:
        self._stack.close()
        assert [error for each in self._simulators for error in each.unplanned_errors] == []


def create(kind: Kind, *path: str, **fields: Any) -> Change:
    return Change("create", Key(kind, path), None, fields)


def update(kind: Kind, *path: str, before: Fields, after: Fields) -> Change:
    return Change("update", Key(kind, path), before, after)


def delete(kind: Kind, *path: str) -> Change:
    return Change("delete", Key(kind, path), {}, None)


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    return [each.status for each in outcomes]
