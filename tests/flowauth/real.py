"""A real FlowAuth as the conformance suite wants a target, reached by raw HTTP.

It is the one that RECONCILER_TEST_FLOWAUTH_URL names, or a throw-away one in the image that
FlowKit publishes, for runs that ask for it by RECONCILER_TEST_FLOWAUTH=docker.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.conformance.target import ConformanceTarget, Entry, Fault, Servers
from tests.flowauth.simulated import (
    SERVER,
    WRONG_PASSWORD,
    flowauth_server,
    flowauth_servers_in_turn,
)
from tests.postgres_container import NoContainerEngineError, check_engine

VARIABLES = tuple(f"RECONCILER_TEST_FLOWAUTH_{each}" for each in ("URL", "USERNAME", "PASSWORD"))
NOT_ASKED_FOR = f"no real FlowAuth: set {', '.join(VARIABLES)}, or RECONCILER_TEST_FLOWAUTH=docker"
MAY_ERASE = "RECONCILER_TEST_FLOWAUTH_MAY_ERASE"
IMAGE = os.environ.get("RECONCILER_TEST_FLOWAUTH_IMAGE", "flowminder/flowauth:latest")
STRANGER = "stranger"

_PORT = 80
_START_UP_S = 120


@dataclass(frozen=True, slots=True)
class Instance:
    """Where a real FlowAuth is, and the administrator to sign in as."""

    url: str
    username: str
    password: str = field(repr=False)


def is_asked_for() -> bool:
    """Whether this run is to have a real FlowAuth; `NOT_ASKED_FOR` says how to ask."""
    return any(os.environ.get(name) for name in (*VARIABLES, "RECONCILER_TEST_FLOWAUTH"))


@contextmanager
def real_instance() -> Iterator[Instance]:
    """The FlowAuth that the environment asks for. Fails where it asks for half of one."""
    given = [os.environ.get(name, "") for name in VARIABLES]
    if all(given):
        yield Instance(given[0].rstrip("/"), given[1], given[2])
    elif any(given):
        pytest.fail(f"set all of {', '.join(VARIABLES)}, or none")
    elif os.environ.get("RECONCILER_TEST_FLOWAUTH") == "docker":
        with _container() as instance:
            yield instance
    else:
        pytest.fail("RECONCILER_TEST_FLOWAUTH may be docker, and nothing else")


@contextmanager
def _container() -> Iterator[Instance]:
    """A fresh FlowAuth on sqlite, removed afterwards. Raises NoContainerEngineError."""
    try:
        check_engine()
    except NoContainerEngineError as error:
        text = "RECONCILER_TEST_FLOWAUTH=docker, but no container engine answers"
        raise NoContainerEngineError(text) from error
    # Here and not above: it takes 0.15 s, and a plain run has no container.
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import HttpWaitStrategy

    password = secrets.token_urlsafe(24)
    container = DockerContainer(IMAGE).with_envs(**_environment("bootstrap", password))
    ready = HttpWaitStrategy(_PORT, "/version").with_startup_timeout(_START_UP_S)
    with container.with_exposed_ports(_PORT).waiting_for(ready) as started:
        host, port = started.get_container_host_ip(), started.get_exposed_port(_PORT)
        yield Instance(f"http://{host}:{port}", "bootstrap", password)


def _environment(username: str, password: str) -> dict[str, str]:
    """What FlowAuth demands at its start. Source: FlowKit documentation, FlowAuth deployment."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=4096)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {
        "FLOWAUTH_ADMIN_USERNAME": username,
        "FLOWAUTH_ADMIN_PASSWORD": password,
        "FLOWAUTH_FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "PRIVATE_JWT_SIGNING_KEY": base64.b64encode(pem).decode(),
        "SECRET_KEY": secrets.token_urlsafe(32),
        "FLOWAUTH_CACHE_BACKEND": "FILE",
        "FLOWAUTH_CACHE_FILE": "/dev/shm/flowauth_last_used_cache",
        "DB_URI": "sqlite:////tmp/flowauth.db",
        "TZ": "UTC",  # FlowAuth compares times with the local clock
    }


class RealTarget(ConformanceTarget):
    """A real FlowAuth, emptied of all but the account we sign in with."""

    provider = "flowauth"
    server_name = SERVER
    rights = ("run", "get_result", "admin3:daily_location:daily_location")
    faults: frozenset[Fault] = frozenset({"wrong_credentials"})

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.own_account = instance.username
        self.canaries = (instance.password, WRONG_PASSWORD)
        self._password = instance.password
        # A client for each look: the session of one that waits ends after 20 minutes.
        self._timeout_s = 60

    def options(self) -> Mapping[str, str | int]:
        return {
            "url": self.instance.url,
            "username": self.instance.username,
            "password": self._password,
            "timeout_s": self._timeout_s,
        }

    def server(self) -> Entry:
        return flowauth_server(self.rights)

    def servers_in_turn(self) -> tuple[Servers, Servers]:
        return flowauth_servers_in_turn(self.rights)

    def role(self, rights: tuple[str, ...]) -> Entry:
        return {"server": SERVER, "scopes": list(rights)}

    def witness(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        with self._admin() as http:
            servers = {row["id"]: row["name"] for row in _read(http, "/admin/servers")}
            scopes = {}
            for number, name in servers.items():
                found[f"server {name}"] = _read(http, f"/admin/servers/{number}")
                for scope in _read(http, f"/admin/servers/{number}/scopes"):
                    scopes[scope["id"]] = scope["name"]
                    found[f"scope {scope['name']} of {name}"] = scope["id"]
            for row in _read(http, "/admin/users"):
                user = _read(http, f"/admin/users/{row['id']}")
                user.pop("roles")
                found[f"user {row['name']}"] = user
            users = {row["id"]: row["name"] for row in _read(http, "/admin/users")}
            for role in _read(http, "/roles/"):
                name = f"role {role['name']} on {servers[role['server']]}"
                found |= {f"{users[each]} holds {name}": True for each in role.pop("users")}
                found |= {f"{name} has {scopes[each]}": True for each in role.pop("scopes")}
                found[name] = role
        return found

    def add_bystanders(self) -> None:
        with self._admin() as http:
            limits = {
                "latest_token_expiry": "2030-01-01T00:00:00.000000Z",
                "longest_token_life_minutes": 60,
            }
            server = {"name": "strangers-server", "scopes": ["run"], **limits}
            number = _write(http, "POST", "/admin/servers", server)["id"]
            scopes = [row["id"] for row in _read(http, f"/admin/servers/{number}/scopes")]
            role = {"name": "strangers-role", "server_id": number, "scopes": scopes, **limits}
            held = _write(http, "POST", "/roles/", role)["id"]
            password = secrets.token_urlsafe(24)
            user = {"username": STRANGER, "password": password, "roles": [held]}
            _write(http, "POST", "/admin/users", user)

    def revoke_by_hand(self, account: str, role: str) -> None:
        with self._admin() as http:
            (number,) = (r["id"] for r in _read(http, "/admin/users") if r["name"] == account)
            held = _read(http, f"/admin/users/{number}")["roles"]
            kept = [each["id"] for each in held if each["name"] != role]
            assert len(kept) == len(held) - 1
            _write(http, "PATCH", f"/admin/users/{number}", {"roles": kept})

    @contextmanager
    def fault(self, name: Fault) -> Iterator[None]:
        assert name == "wrong_credentials"
        self._password = WRONG_PASSWORD
        try:
            yield
        finally:
            self._password = self.instance.password

    def sign_in(self, account: str, password: str) -> bool:
        body = {"username": account, "password": password}
        url = f"{self.instance.url}/signin"
        response = httpx.post(url, json=body, timeout=self._timeout_s)
        assert response.status_code in (200, 401)
        return response.status_code == 200

    def strangers(self) -> list[str]:
        """What is there besides the account that we sign in with."""
        with self._admin() as http:
            users = [row["name"] for row in _read(http, "/admin/users")]
            servers = [row["name"] for row in _read(http, "/admin/servers")]
        return [f"user {each}" for each in users if each != self.own_account] + [
            f"server {each}" for each in servers
        ]

    def erase(self) -> None:
        """Delete every server, with its roles, and every user but ourselves."""
        with self._admin() as http:
            for row in _read(http, "/admin/servers"):
                _write(http, "DELETE", f"/admin/servers/{row['id']}", None)
            for row in _read(http, "/admin/users"):
                if row["name"] != self.own_account:
                    _write(http, "DELETE", f"/admin/users/{row['id']}", None)

    @contextmanager
    def _admin(self) -> Iterator[httpx.Client]:
        referer = {"Referer": f"{self.instance.url}/"}
        with httpx.Client(
            base_url=self.instance.url, timeout=self._timeout_s, headers=referer
        ) as http:
            body = {"username": self.instance.username, "password": self.instance.password}
            response = http.post("/signin", json=body)
            assert response.status_code == 200, response.status_code
            yield http


@contextmanager
def emptied(instance: Instance) -> Iterator[RealTarget]:
    """The target, empty, and empty again afterwards. Fails the test where it may not erase."""
    target = RealTarget(instance)
    if (there := target.strangers()) and os.environ.get(MAY_ERASE) != "yes":
        shown = ", ".join(there[:5]) + (", ..." if len(there) > 5 else "")
        pytest.fail(
            f"{instance.url} holds {len(there)} things that no test made ({shown}); the tests "
            f"erase everything there: use another FlowAuth, or set {MAY_ERASE}=yes"
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
    headers = {"X-CSRF-Token": http.cookies.get("X-CSRF", "")}
    response = http.request(method, path, json=body, headers=headers)
    assert response.status_code == 200, (method, path, response.status_code)
    return response.json()
