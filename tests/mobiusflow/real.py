"""A real MobiusFlow engine as the conformance suite wants a target, reached by raw HTTP.

It is the one that RECONCILER_TEST_MOBIUSFLOW_URL names: an engine that nobody needs, whose users
may be deleted. Nothing here is of the provider under test.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conformance.target import ConformanceTarget, Entry, Fault, Option
from tests.mobiusflow.simulated import VERIFIED, WRONG_PASSWORD, signs_in

VARIABLES = tuple(
    f"RECONCILER_TEST_MOBIUSFLOW_{each}" for each in ("URL", "DIALECT", "USERNAME", "PASSWORD")
)
ROUTES = "RECONCILER_TEST_MOBIUSFLOW_ROUTES"
"""For v3: a JSON list, what the option `routes` is to be, each of them verified. Without it, what
is assumed is put to the test.
"""
MAY_ERASE = "RECONCILER_TEST_MOBIUSFLOW_MAY_ERASE"
NOT_ASKED_FOR = f"no real MobiusFlow: set {', '.join(VARIABLES)}"


def is_asked_for() -> bool:
    """Whether this run is to have a real engine; `NOT_ASKED_FOR` says how to ask."""
    return any(os.environ.get(name) for name in VARIABLES)


@contextmanager
def emptied() -> Iterator[RealTarget]:
    """The engine that the environment names, less all users but ours. Fails where it may not be."""
    given = [os.environ.get(name, "") for name in VARIABLES]
    if not all(given):
        pytest.fail(f"set all of {', '.join(VARIABLES)}, or none")
    if given[2] == "admin":
        pytest.fail("log in as another administrator: of the account admin each plan has a note")
    routes = json.loads(os.environ.get(ROUTES) or json.dumps(VERIFIED))
    target = RealTarget(*given, routes)
    if target.strangers() and os.environ.get(MAY_ERASE) != "yes":
        pytest.fail(f"the engine has users: {target.strangers()}; {MAY_ERASE}=yes deletes them")
    target.erase()
    yield target
    target.erase()


class RealTarget(ConformanceTarget):
    """An engine with the administrator of the environment, and nobody else."""

    provider = "mobiusflow"
    rights = ("viewer", "editor", "administrator")
    faults: frozenset[Fault] = frozenset({"wrong_credentials"})

    def __init__(
        self, url: str, dialect: str, username: str, password: str, routes: list[str]
    ) -> None:
        self.url = url.rstrip("/")
        self.dialect = dialect
        self.own_account = username
        self.routes = routes
        self._right = self._password = password
        self.canaries = (password, WRONG_PASSWORD)

    def options(self) -> Mapping[str, Option]:
        own: Mapping[str, Option] = (
            {"emulate_inactive": True} if self.dialect == "v1" else {"routes": self.routes}
        )
        return {
            "url": self.url,
            "dialect": self.dialect,
            "username": self.own_account,
            "password": self._password,
            "timeout_s": 60,
            **own,
        }

    def server(self) -> Entry:
        return {}

    def role(self, rights: tuple[str, ...]) -> Entry:
        highest = max(rights, key=self.rights.index, default=self.rights[0])
        return {"target": "target", "level": highest}

    def witness(self) -> Mapping[str, object]:
        with self._admin() as http:
            return {f"user {name}": facts for name, facts in self._users(http).items()}

    def add_bystanders(self) -> None:
        switches = {"admin": False, "flows": False, "configure": False, "read": True}
        roles = {**switches, "subscribe": True, "write": False}
        named = {"username": "stranger", "password": "canary-of-no-use"}
        with self._admin() as http:
            if self.dialect == "v1":
                http.post("auth/user", json={**named, "roles": roles}).raise_for_status()
            else:
                http.post("user", json={**named, "role": "Viewer"}).raise_for_status()

    def revoke_by_hand(self, account: str, role: str) -> None:
        raise AssertionError("a role is a level: no case of the suite takes one by hand")

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        assert name == "wrong_credentials"
        self._password = WRONG_PASSWORD
        try:
            yield
        finally:
            self._password = self._right

    def sign_in(self, account: str, password: str) -> bool:
        return signs_in(self.url, account, password)

    def strangers(self) -> list[str]:
        """Who is there besides the user that we log in as."""
        with self._admin() as http:
            return sorted(self._users(http).keys() - {self.own_account})

    def erase(self) -> None:
        """Delete every user but ours."""
        with self._admin() as http:
            for name, facts in self._users(http).items():
                if name != self.own_account:
                    path = "auth/user" if self.dialect == "v1" else "user"
                    http.delete(f"{path}/{facts[0]}").raise_for_status()

    def _users(self, http: httpx.Client) -> dict[str, tuple[str, str]]:
        """The id of each user, and all else that is told of him or her."""
        if self.dialect == "v3":
            answer: Any = http.get("user").raise_for_status().json()
            rows = answer if isinstance(answer, list) else answer["users"]
            keys = [str(row.get("id") or row["_id"]) for row in rows]
            return {
                row["username"]: (key, json.dumps(row, sort_keys=True))
                for key, row in zip(keys, rows, strict=True)
            }
        found = {}
        for name in http.get("auth/users").raise_for_status().json():
            answer = http.get(f"auth/user/{quote(name, safe='')}").raise_for_status().json()
            key = answer if isinstance(answer, str) else answer["_id"]
            roles = http.get(f"auth/user/roles/{key}").raise_for_status().json()
            found[name] = (key, json.dumps(roles, sort_keys=True))
        return found

    @contextmanager
    def _admin(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=f"{self.url}/", timeout=60) as http:
            body = {"username": self.own_account, "password": self._right}
            answer = http.post("auth/login", json=body).raise_for_status().json()
            token = answer["token" if self.dialect == "v1" else "sessionToken"]
            http.headers["Authorization"] = f"Bearer {token}"
            yield http
            if self.dialect == "v3":
                http.post("auth/logout").raise_for_status()
