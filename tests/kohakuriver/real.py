"""A real KohakuRiver host as the conformance suite wants a target, reached by raw HTTP.

It is the one that RECONCILER_TEST_KOHAKURIVER_URL names. VPS are not made without a node: where
RECONCILER_TEST_KOHAKURIVER_VPS names one, assignments are tried on it too.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.conformance.target import Entry, Fault, Servers
from tests.kohakuriver.simulated import WRONG_SECRET, Declarations, signs_in

VARIABLES = tuple(f"RECONCILER_TEST_KOHAKURIVER_{each}" for each in ("URL", "ADMIN_TOKEN"))
VPS_VARIABLE = "RECONCILER_TEST_KOHAKURIVER_VPS"
MAY_ERASE = "RECONCILER_TEST_KOHAKURIVER_MAY_ERASE"
NOT_ASKED_FOR = f"no real KohakuRiver: set {' and '.join(VARIABLES)}"
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Host:
    """Where a real host is, the secret of its administrator, and the name of a VPS, if any."""

    url: str
    admin_token: str = field(repr=False)
    vps: str = ""


def is_asked_for() -> bool:
    """Whether this run is to have a real host; `NOT_ASKED_FOR` says how to ask."""
    return any(os.environ.get(name) for name in VARIABLES)


def real_host() -> Host:
    """The host that the environment names. Fails where it names half of one."""
    given = [os.environ.get(name, "") for name in VARIABLES]
    if not all(given):
        pytest.fail(f"set all of {', '.join(VARIABLES)}, or none")
    return Host(given[0].rstrip("/"), given[1], os.environ.get(VPS_VARIABLE, ""))


class RealTarget(Declarations):
    """A real host, emptied of all accounts."""

    faults: frozenset[Fault] = frozenset({"wrong_credentials"})

    def __init__(self, host: Host) -> None:
        self.host = host
        self.canaries = (host.admin_token, WRONG_SECRET)
        self._secret = host.admin_token
        self.standing_role: Entry | None = (
            {"server": host.vps, "name": "assignee"} if host.vps else None
        )
        self.server_name = host.vps or "gpu"

    def options(self) -> Mapping[str, str | int]:
        return {"url": self.host.url, "admin_token": self._secret, "timeout_s": _TIMEOUT_S}

    def servers_in_turn(self) -> tuple[Servers, Servers]:
        servers: Servers = {self.host.vps: {}} if self.host.vps else {}
        return servers, servers

    def witness(self) -> Mapping[str, object]:
        with self._admin() as http:
            users = {row["id"]: row for row in _read(http, "/auth/users")}
            found: dict[str, object] = {f"user {row['username']}": row for row in users.values()}
            for row in _read(http, "/auth/invitations"):
                if row["is_valid"]:
                    maker = users.get(row["created_by_id"], {}).get("username", "nobody")
                    found[f"invitation of {maker} for {row['role']}"] = row["id"]
            for vps in self._vps(http):
                for row in _read(http, f"/vps/{vps}/assignments")["assignments"]:
                    found[f"{row['username']} on {self.host.vps}"] = row["assigned_at"]
            return found

    def add_bystanders(self) -> None:
        with self._admin() as http:
            made = _write(http, "POST", "/auth/invitations", {"role": "admin"})
            body = {"username": "stranger", "password": secrets.token_urlsafe(24)}
            path = f"/auth/register?token={made['token']}"
            _write(http, "POST", path, body)
            _write(http, "POST", "/auth/invitations", {"role": "viewer"})

    def revoke_by_hand(self, account: str, role: str) -> None:
        raise AssertionError("roles are levels here: no case revokes one")

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        assert name == "wrong_credentials"
        self._secret = WRONG_SECRET
        try:
            yield
        finally:
            self._secret = self.host.admin_token

    def sign_in(self, account: str, password: str) -> bool:
        return signs_in(self.host.url, account, password)

    def strangers(self) -> list[str]:
        """The accounts that are there."""
        with self._admin() as http:
            return [row["username"] for row in _read(http, "/auth/users")]

    def erase(self) -> None:
        """Delete every account, after what refers to it."""
        with self._admin() as http:
            for row in _read(http, "/auth/invitations"):
                _write(http, "DELETE", f"/auth/invitations/{row['id']}", None)
            for vps in self._vps(http):
                for row in _read(http, f"/vps/{vps}/assignments")["assignments"]:
                    _write(http, "DELETE", f"/vps/{vps}/assign/{row['user_id']}", None)
            for row in _read(http, "/auth/users"):
                _write(http, "DELETE", f"/auth/users/{row['id']}", None)

    def _vps(self, http: httpx.Client) -> list[str]:
        if not self.host.vps:
            return []
        return [row["task_id"] for row in _read(http, "/vps") if row["name"] == self.host.vps]

    def _admin(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.host.url}/api",
            timeout=_TIMEOUT_S,
            headers={"X-Admin-Token": self.host.admin_token},
        )


@contextmanager
def emptied(host: Host) -> Iterator[RealTarget]:
    """The target, empty, and empty again afterwards. Fails the test where it may not erase."""
    target = RealTarget(host)
    if (there := target.strangers()) and os.environ.get(MAY_ERASE) != "yes":
        shown = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        pytest.fail(
            f"{host.url} has {len(there)} accounts that no test made ({shown}); the tests erase "
            f"all of them: use another host, or set {MAY_ERASE}=yes"
        )
    target.erase()
    try:
        yield target
    finally:
        target.erase()


def _read(http: httpx.Client, path: str) -> Any:
    response = http.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return response.json()


def _write(http: httpx.Client, method: str, path: str, body: object) -> Any:
    response = http.request(method, path, json=body)
    assert response.status_code == 200, (method, path.partition("?")[0], response.status_code)
    return response.json()
