"""A small FlowAuth client for the simulator's tests, and how to start simulators for one test."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import httpx

from reconciler.sandbox.flowauth import FlowAuthSettings, FlowAuthSimulator, ManualClock

ADMIN = "bootstrap"
ADMIN_PASSWORD = "bootstrap is no strong word"
STRONG = "correct horse battery staple"
EXPIRY = "2030-01-01T00:00:00.000000Z"


class Client:
    """An HTTP client with cookies that sends CSRF token and Referer with each write."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def sign_in(self, username: str, password: str, **extra: object) -> httpx.Response:
        body = {"username": username, "password": password, **extra}
        return self.http.post("/signin", json=body)

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def read(self, path: str) -> Any:
        """The JSON of a GET that must succeed."""
        response = self.http.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    def write(self, method: str, path: str, json: object = None) -> httpx.Response:
        token = self.http.cookies.get("X-CSRF", "")
        headers = {"X-CSRF-Token": token, "Referer": f"{self.http.base_url}"}
        if json is None:
            return self.http.request(method, path, headers=headers)
        return self.http.request(method, path, headers=headers, json=json)

    def post(self, path: str, json: object) -> httpx.Response:
        return self.write("POST", path, json)

    def patch(self, path: str, json: object) -> httpx.Response:
        return self.write("PATCH", path, json)

    def delete(self, path: str) -> httpx.Response:
        return self.write("DELETE", path)

    def create_server(self, name: str, scopes: list[str], **changes: object) -> int:
        body = {"name": name, "latest_token_expiry": EXPIRY, "longest_token_life_minutes": 60}
        response = self.post("/admin/servers", {**body, "scopes": scopes, **changes})
        assert response.status_code == 200, response.text
        return int(response.json()["id"])

    def create_role(self, server_id: int, name: str, **changes: object) -> dict[str, Any]:
        response = self.post("/roles/", role_body(server_id, name, **changes))
        assert response.status_code == 200, response.text
        role: dict[str, Any] = response.json()
        return role

    def create_user(self, name: str, **changes: object) -> int:
        response = self.post("/admin/users", {"username": name, "password": STRONG, **changes})
        assert response.status_code == 200, response.text
        return int(response.json()["id"])


def role_body(server_id: int, name: str, /, **changes: object) -> dict[str, object]:
    body: dict[str, object] = {
        "name": name,
        "server_id": server_id,
        "scopes": [],
        "latest_token_expiry": EXPIRY,
        "longest_token_life_minutes": 60,
    }
    return {**body, **changes}


class FlowAuthBench:
    """Simulators and clients of one test; closing it proves that no simulator ran into a bug."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._stack = ExitStack()
        self._simulators: list[FlowAuthSimulator] = []

    def start(self, **settings: Any) -> FlowAuthSimulator:
        chosen = {"admin_username": ADMIN, "admin_password": ADMIN_PASSWORD, **settings}
        simulator = FlowAuthSimulator(FlowAuthSettings(**chosen), clock=self.clock)
        self._simulators.append(simulator)
        return self._stack.enter_context(simulator)

    def anonymous(self, simulator: FlowAuthSimulator) -> Client:
        http = httpx.Client(base_url=simulator.url, timeout=20, trust_env=False)
        return Client(self._stack.enter_context(http))

    def admin(self, simulator: FlowAuthSimulator) -> Client:
        return self.signed_in(simulator, ADMIN, ADMIN_PASSWORD)

    def signed_in(self, simulator: FlowAuthSimulator, username: str, password: str) -> Client:
        client = self.anonymous(simulator)
        response = client.sign_in(username, password)
        assert response.status_code == 200, response.text
        return client

    def copy_of(self, client: Client, simulator: FlowAuthSimulator) -> Client:
        """Another client with the same cookies, as if they had been saved to a file."""
        copy = self.anonymous(simulator)
        for cookie in client.http.cookies.jar:
            copy.http.cookies.jar.set_cookie(cookie)
        return copy

    def close(self) -> None:
        self._stack.close()
        assert [error for each in self._simulators for error in each.unplanned_errors] == []
