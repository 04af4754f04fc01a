"""A simulated MobiusFlow as the conformance suite wants one: how to look at it and break it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from reconciler.sandbox.http.faults import Fault as Armed
from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.mobiusflow import Dialect, MobiusFlowSettings, MobiusFlowSimulator, Oddities
from reconciler.sandbox.mobiusflow.store import SWITCHES_OF
from tests.conformance.target import NASTY_NAMES, ConformanceTarget, Entry, Fault, Option

OWN = "reconciler"
OWN_PASSWORD = "canary-own-password"
WRONG_PASSWORD = "canary-wrong-password"
PREFIXES: Mapping[Dialect, str] = {"v1": "/api/v1", "v3": "/api/engine/v3"}
VERIFIED = (
    "list GET user verified",
    "create POST user verified",
    "set_role PATCH user/role/{id} verified",
    "set_active PATCH user/active/{id} verified",
    "delete DELETE user/{id} verified",
)
"""The assumed routes, as somebody has them who has tried them all."""

_EVER = 10_000


def start_simulator(
    dialect: Dialect = "v1", oddities: Oddities | None = None, **settings: object
) -> MobiusFlowSimulator:
    """A simulator that is to be entered, with our own administrator alone."""
    chosen: dict[str, object] = {
        "dialect": dialect,
        "prefix": PREFIXES[dialect],
        "admin_username": OWN,
        "admin_password": OWN_PASSWORD,
        **settings,
    }
    return MobiusFlowSimulator(MobiusFlowSettings(**chosen), oddities)  # type: ignore[arg-type]  # from a test's words


class SimulatedTarget(ConformanceTarget):
    """An engine with our own administrator, and nobody else."""

    provider = "mobiusflow"
    own_account = OWN
    rights = ("viewer", "editor", "administrator")
    canaries = (OWN_PASSWORD, WRONG_PASSWORD)
    holdable = frozenset(NASTY_NAMES)

    def __init__(self, simulator: MobiusFlowSimulator) -> None:
        self.simulator = simulator
        self._password = OWN_PASSWORD
        self.changes: Mapping[str, Option] = {}
        self._armed = _armed(simulator)
        self.faults: frozenset[Fault] = frozenset(  # type: ignore[misc]  # of one target, not of all
            {*self._armed, "wrong_credentials", "silent_write"}
        )

    def options(self) -> Mapping[str, Option]:
        dialect = self.simulator.settings.dialect
        own: Mapping[str, Option] = (
            {"emulate_inactive": True} if dialect == "v1" else {"routes": list(VERIFIED)}
        )
        return {
            "url": self.simulator.base,
            "dialect": dialect,
            "username": OWN,
            "password": self._password,
            "timeout_s": 20,
            **own,
            **self.changes,
        }

    def server(self) -> Entry:
        return {}

    def role(self, rights: tuple[str, ...]) -> Entry:
        highest = max(rights, key=self.rights.index, default=self.rights[0])
        return {"target": "target", "level": highest}

    def witness(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for row in self.simulator.store.rows():
            facts = (row.id, sorted(row.roles), row.is_active, row.writes)
            found[f"user {row.username}"] = facts
        return found

    def add_bystanders(self) -> None:
        self.simulator.add("stranger", "of no use", "Editor")

    def revoke_by_hand(self, account: str, role: str) -> None:
        raise AssertionError("a role is a level: no case of the suite takes one by hand")

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        if name == "wrong_credentials":
            self._password = WRONG_PASSWORD
        elif name == "silent_write":
            self.simulator.oddities.silent_writes = True
        else:
            self.simulator.faults.arm(self._armed[name])
        try:
            yield
        finally:
            self._password = OWN_PASSWORD
            self.simulator.oddities.silent_writes = False
            self.simulator.faults.disarm()

    def sign_in(self, account: str, password: str) -> bool:
        return signs_in(self.simulator.base, account, password)


def signs_in(base: str, account: str, password: str) -> bool:
    """Whether an engine lets this account in with this password."""
    body = {"username": account, "password": password}
    response = httpx.post(f"{base}/auth/login", json=body, timeout=20)
    assert response.status_code in (200, 401)
    return response.status_code == 200


def roles_of(simulator: MobiusFlowSimulator, name: str) -> set[str]:
    """What a user is allowed, as the engine keeps it."""
    row = simulator.store.named(name)
    assert row is not None, f"there is no user {name}"
    return set(row.roles)


def switches(role: str) -> set[str]:
    """The switches of v1 that a role of the manual stands for."""
    return set(SWITCHES_OF[role])


def _armed(simulator: MobiusFlowSimulator) -> Mapping[Fault, Armed]:
    prefix = simulator.settings.prefix
    if simulator.settings.dialect == "v1":
        read, create = f"{prefix}/auth/user/roles/*", f"{prefix}/auth/user"
    else:
        read, create = f"{prefix}/user", f"{prefix}/user"
    return {
        "cut_read": Armed(FaultKind.BODY_CUT_SHORT, "GET", read, count=_EVER),
        "failing_read": Armed(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", read, count=_EVER),
        "cut_apply": Armed(FaultKind.RESET_BEFORE_EFFECT, "POST", create, nth=2),
        "failing_write": Armed(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", create, nth=2),
    }
