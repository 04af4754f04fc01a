"""A simulated KohakuRiver as the conformance suite wants a target: looked at, and broken."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import httpx

from reconciler.sandbox.http.clock import Clock
from reconciler.sandbox.http.faults import Fault as Armed
from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.kohakuriver import KohakuRiverSettings, KohakuRiverSimulator
from tests.conformance.target import (
    NASTY_NAMES,
    ConformanceTarget,
    Entry,
    Fault,
    Scalar,
    Servers,
)

ADMIN_SECRET = "canary-admin-secret"
WRONG_SECRET = "canary-wrong-secret"
VPS = "gpu"

_EVER = 10_000
"""More requests than a test sends: the fault lasts as long as it is armed."""

_ARMED: Mapping[Fault, Armed] = {
    "cut_read": Armed(FaultKind.BODY_CUT_SHORT, "GET", "/api/auth/invitations", count=_EVER),
    "failing_read": Armed(
        FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/api/auth/invitations", count=_EVER
    ),
    "cut_apply": Armed(FaultKind.RESET_BEFORE_EFFECT, "POST", "/api/auth/register", nth=2),
    "failing_write": Armed(
        FaultKind.ERROR_500_BEFORE_EFFECT, "POST", "/api/auth/invitations", nth=2
    ),
}


class Declarations(ConformanceTarget):
    """What is so of every KohakuRiver host."""

    provider = "kohakuriver"
    own_account = "_system"
    server_name = VPS
    rights = ("viewer", "user", "operator")
    holdable = frozenset(NASTY_NAMES) - {"63_bytes", "64_bytes"}
    attributes: Mapping[str, tuple[Scalar, Scalar]] = MappingProxyType({"api_token": (True, False)})
    has_role_attributes = False
    has_own_roles = False
    standing_role: Entry | None = MappingProxyType({"server": VPS, "name": "assignee"})

    def server(self) -> Entry:
        return {}

    def servers_in_turn(self) -> tuple[Servers, Servers]:
        return {VPS: {}}, {VPS: {}}

    def role(self, rights: tuple[str, ...]) -> Entry:
        order = ("anony", *self.rights)
        return {"target": "target", "level": max(("anony", *rights), key=order.index)}


class SimulatedTarget(Declarations):
    """A simulator with a VPS, and nobody."""

    canaries = (ADMIN_SECRET, WRONG_SECRET)
    faults: frozenset[Fault] = frozenset({*_ARMED, "wrong_credentials", "silent_write"})

    def __init__(self, simulator: KohakuRiverSimulator) -> None:
        self.simulator = simulator
        self._secret = ADMIN_SECRET
        simulator.store.add_vps(VPS)

    def options(self) -> Mapping[str, str | int]:
        return {"url": self.simulator.url, "admin_token": self._secret, "timeout_s": 20}

    def witness(self) -> Mapping[str, object]:
        return facts(self.simulator)

    def add_bystanders(self) -> None:
        store = self.simulator.store
        user = store.add_user("stranger", "admin")
        store.assign(store.add_vps("strangers").task_id, user.id)
        store.add_invitation("viewer", created_by=user.id)

    def revoke_by_hand(self, account: str, role: str) -> None:
        raise AssertionError("roles are levels here: no case revokes one")

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        if name == "silent_write":
            with self.simulator.store.dropping_writes():
                yield
            return
        if name == "wrong_credentials":
            self._secret = WRONG_SECRET
        else:
            self.simulator.faults.arm(_ARMED[name])
        try:
            yield
        finally:
            self._secret = ADMIN_SECRET
            self.simulator.faults.disarm()

    def sign_in(self, account: str, password: str) -> bool:
        return signs_in(self.simulator.url, account, password)


def signs_in(url: str, account: str, password: str) -> bool:
    """Whether a host lets this account in with this password."""
    body = {"username": account, "password": password}
    response = httpx.post(f"{url}/api/auth/login", json=body, timeout=60)
    assert response.status_code in (200, 401, 403)
    return response.status_code == 200


def facts(simulator: KohakuRiverSimulator) -> dict[str, object]:
    """What the host holds, in small facts: accounts, assignments, open invitations."""
    store = simulator.store
    with store.serial:
        tables = store.tables
        names = {row.id: row.username for row in tables.users.values()}
        found: dict[str, object] = {
            f"user {row.username}": (row.id, row.role, row.is_active, row.display_name)
            for row in tables.users.values()
        }
        for row in tables.assignments:
            who = names.get(row.user, f"id {row.user}")
            found[f"{who} on {tables.vps[row.task_id].name}"] = row.assigned_at
        for each in tables.invitations.values():
            if each.is_valid(store.now()):
                maker = names.get(each.created_by or 0, "nobody")
                found[f"invitation of {maker} for {each.role}"] = each.id
        return found


def start_simulator(*, clock: Clock = time.time, **settings: Any) -> KohakuRiverSimulator:
    """A simulator that is to be entered."""
    chosen = {"admin_secret": ADMIN_SECRET, **settings}
    return KohakuRiverSimulator(KohakuRiverSettings(**chosen), clock=clock)
