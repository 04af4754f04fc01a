"""A simulated FlowAuth as the conformance suite wants a target: how to look at it and break it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from reconciler.sandbox.flowauth import (
    Fault as Armed,
)
from reconciler.sandbox.flowauth import (
    FaultKind,
    FlowAuthSettings,
    FlowAuthSimulator,
    Snapshot,
)
from reconciler.sandbox.flowauth.tables import Tables
from reconciler.sandbox.http.clock import Clock
from tests.conformance.target import ConformanceTarget, Entry, Fault, Servers

OWN = "reconciler"
OWN_PASSWORD = "canary-own-password"
WRONG_PASSWORD = "canary-wrong-password"
BOOTSTRAP = "bootstrap"
BOOTSTRAP_PASSWORD = "canary-bootstrap-password"
SERVER = "store"
EXPIRES = "2030-01-01T00:00:00Z"

_EVER = 10_000
"""More requests than a test sends: the fault lasts as long as it is armed."""

_ARMED: Mapping[Fault, Armed] = {
    "cut_read": Armed(FaultKind.BODY_CUT_SHORT, "GET", "/admin/users/*", count=_EVER),
    "failing_read": Armed(
        FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/admin/users/*", nth=2, count=_EVER
    ),
    "cut_apply": Armed(FaultKind.RESET_BEFORE_EFFECT, "POST", "/admin/users", nth=2),
    "failing_write": Armed(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", "/roles/", nth=2),
}


def flowauth_server(scopes: tuple[str, ...]) -> Entry:
    """The manifest's entry of a server with these scopes."""
    return {"token_expires": EXPIRES, "token_life": "2d", "scopes": list(scopes)}


def flowauth_servers_in_turn(scopes: tuple[str, ...]) -> tuple[Servers, Servers]:
    """One server that gains a scope and loses the last one and a day; one that goes, one that
    comes.
    """
    other = flowauth_server(scopes[:1])
    gained = "admin2:daily_location:daily_location"
    changed = {**flowauth_server((*scopes[:-1], gained)), "token_life": "1d"}
    before = {SERVER: flowauth_server(scopes), "old-server": other}
    return before, {SERVER: changed, "new-server": other}


class SimulatedTarget(ConformanceTarget):
    """A simulator with its bootstrap administrator and our own one, and nobody else."""

    provider = "flowauth"
    own_account = OWN
    server_name = SERVER
    rights = ("run", "get_result", "admin3:daily_location:daily_location")
    canaries = (OWN_PASSWORD, WRONG_PASSWORD, BOOTSTRAP_PASSWORD)
    faults: frozenset[Fault] = frozenset({*_ARMED, "wrong_credentials", "silent_write"})

    def __init__(self, simulator: FlowAuthSimulator) -> None:
        self.simulator = simulator
        self._password = OWN_PASSWORD
        simulator.store.add_user(OWN, OWN_PASSWORD, is_admin=True)

    def options(self) -> Mapping[str, str | int]:
        return {
            "url": self.simulator.url,
            "username": OWN,
            "password": self._password,
            "bootstrap_admin": BOOTSTRAP,
            "timeout_s": 20,
        }

    def server(self) -> Entry:
        return flowauth_server(self.rights)

    def servers_in_turn(self) -> tuple[Servers, Servers]:
        return flowauth_servers_in_turn(self.rights)

    def role(self, rights: tuple[str, ...]) -> Entry:
        return {"server": SERVER, "scopes": list(rights)}

    def witness(self) -> Mapping[str, object]:
        return facts(self.simulator.store.snapshot())

    def add_bystanders(self) -> None:
        store = self.simulator.store
        store.add_user("stranger", "of no use", is_admin=True)
        store.add_server("strangers-server", scopes=("run",))
        store.add_role("strangers-server", "strangers-role", scopes=("run",), users=("stranger",))

    def revoke_by_hand(self, account: str, role: str) -> None:
        store = self.simulator.store
        held = store.snapshot().users[account].roles
        kept = [each for each in held if each != (SERVER, role)]
        assert len(kept) == len(held) - 1
        store.set_user_roles(account, kept)

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        if name == "silent_write":
            with _committing_nothing(self.simulator):
                yield
            return
        if name == "wrong_credentials":
            self._password = WRONG_PASSWORD
        else:
            self.simulator.faults.arm(_ARMED[name])
        try:
            yield
        finally:
            self._password = OWN_PASSWORD
            self.simulator.faults.disarm()

    def sign_in(self, account: str, password: str) -> bool:
        return signs_in(self.simulator.url, account, password)


def start_simulator(
    *, clock: Clock = time.time, tls: ssl.SSLContext | None = None, **settings: Any
) -> FlowAuthSimulator:
    """A simulator that is to be entered."""
    chosen = FlowAuthSettings(
        admin_username=BOOTSTRAP, admin_password=BOOTSTRAP_PASSWORD, **settings
    )
    return FlowAuthSimulator(chosen, clock=clock, tls=tls)


def signs_in(url: str, account: str, password: str) -> bool:
    """Whether a FlowAuth lets this account in with this password."""
    body = {"username": account, "password": password}
    response = httpx.post(f"{url}/signin", json=body, timeout=20)
    assert response.status_code in (200, 401)
    return response.status_code == 200


def facts(snapshot: Snapshot) -> dict[str, object]:
    """The snapshot in small facts: each flag, link and limit by itself, with the ids."""
    found: dict[str, object] = {}
    for user, its in snapshot.users.items():
        flags = (its.is_admin, its.require_two_factor, its.has_two_factor)
        found[f"user {user}"] = (its.id, *flags, its.password_version)
        found |= {f"user {user} holds {role} on {server}": True for server, role in its.roles}
    for server, limits in snapshot.servers.items():
        expiry, life = limits.latest_token_expiry, limits.longest_token_life_minutes
        found[f"server {server}"] = (limits.id, expiry, life)
        found |= {f"scope {scope} of {server}": number for scope, number in limits.scopes}
    for (server, role), each in snapshot.roles.items():
        expiry, life = each.latest_token_expiry, each.longest_token_life_minutes
        found[f"role {role} on {server}"] = (each.id, expiry, life)
        found |= {f"role {role} on {server} has {scope}": True for scope in each.scopes}
    return found


@contextmanager
def _committing_nothing(simulator: FlowAuthSimulator) -> Iterator[None]:
    """Every write is answered as it should be, and its transaction is dropped."""
    store = simulator.store

    @contextmanager
    def transaction() -> Iterator[Tables]:
        yield store.view().copy()

    store.transaction = transaction  # type: ignore[method-assign]  # that is the fault
    try:
        yield
    finally:
        del store.transaction
