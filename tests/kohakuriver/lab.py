"""What the tests of the provider do with a host: open it, read it, change it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from reconciler.changes import Change, Outcome
from reconciler.providers.kohakuriver.options import KohakuRiverOptions
from reconciler.providers.kohakuriver.provider import KohakuRiverProvider, open_kohakuriver
from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.sandbox.kohakuriver import KohakuRiverSimulator, Store
from reconciler.scope import Scope
from reconciler.state import Fields, Key, Kind, State
from tests.conformance.bench import Notes
from tests.kohakuriver.simulated import ADMIN_SECRET, start_simulator

USERS = "/api/auth/users"
INVITATIONS = "/api/auth/invitations"
REGISTER = "/api/auth/register"


class Lab:
    """Starts simulators and opens providers."""

    def __init__(self) -> None:
        self.notes = Notes()
        self._stack = ExitStack()
        self._simulators: list[KohakuRiverSimulator] = []

    def start(self, **settings: Any) -> Store:
        """An empty host; its rows."""
        simulator = start_simulator(**settings)
        self._simulators.append(simulator)
        self._stack.enter_context(simulator)
        return simulator.store

    @property
    def simulator(self) -> KohakuRiverSimulator:
        return self._simulators[-1]

    @property
    def store(self) -> Store:
        return self.simulator.store

    def open(self, **changes: Any) -> KohakuRiverProvider:
        """A provider on the simulator that was started last, with these options changed."""
        options = {
            "url": self.simulator.url,
            "admin_token": ADMIN_SECRET,
            "timeout_s": 20,
            **changes,
        }
        provider = open_kohakuriver("river", KohakuRiverOptions.model_validate(options))
        self._stack.callback(provider.close)
        return provider

    def read(self, *servers: str) -> State:
        """What a new provider reads, where these VPS are declared."""
        return self.open().observe(Scope(servers=frozenset(servers)))

    def apply(self, *changes: Change) -> list[Outcome]:
        """What becomes of these changes with a new provider."""
        return list(self.open().apply(changes, self.notes))

    def arm(self, kind: FaultKind, method: str, path: str, **settings: Any) -> None:
        self.simulator.faults.arm(Fault(kind, method, path, **settings))

    def sent(self, method: str, path: str) -> int:
        """How many requests of this method and path arrived."""
        return sum((each.method, each.path) == (method, path) for each in self.simulator.requests)

    @property
    def writes(self) -> list[str]:
        """Method and path of each request that was no read."""
        requests = self.simulator.requests
        return [f"{each.method} {each.path}" for each in requests if each.method != "GET"]

    @property
    def open_invitations(self) -> int:
        rows = self.store.tables.invitations.values()
        return sum(row.is_valid(self.store.now()) for row in rows)

    def close(self) -> None:
        self._stack.close()
        assert [error for each in self._simulators for error in each.unplanned_errors] == []


def account(name: str, /, level: str = "user", **fields: str | bool) -> Change:
    """The change that creates an account."""
    after: Fields = {"active": True, "level": level, **fields}
    return Change("create", Key("account", (name,)), None, after)


def altered(name: str, before: Fields, after: Fields) -> Change:
    """The change of an account's fields."""
    return Change("update", Key("account", (name,)), before, after)


def demoted(name: str, before: str, after: str) -> Change:
    """The change of an account's level."""
    return altered(name, {"level": before}, {"level": after})


def disabled(name: str) -> Change:
    """The change that keeps an account from signing in."""
    return altered(name, {"active": True}, {"active": False})


def seat(vps: str, name: str) -> Change:
    """The change that assigns a VPS."""
    return Change("create", Key("membership", (vps, "assignee", name)), None, {})


def gone(kind: Kind, *path: str) -> Change:
    """The change that takes a record away."""
    return Change("delete", Key(kind, path), {}, None)


def statuses(outcomes: Sequence[Outcome]) -> list[str]:
    """What became of each."""
    return [each.status for each in outcomes]
