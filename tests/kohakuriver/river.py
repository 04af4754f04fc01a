"""A host as tests speak to it by hand: raw requests, without cookies."""

from __future__ import annotations

from typing import Any

import httpx

from tests.kohakuriver.real import Host

COOKIE = "kohakuriver_session"
PASSWORD = "correct horse battery"


class River:
    """A host as it is spoken to."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.admin = {"X-Admin-Token": host.admin_token}
        transport = httpx.HTTPTransport(
            verify=False,  # there is nothing to verify, and it takes long to prepare
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._http = httpx.Client(transport=transport, timeout=60)

    def __enter__(self) -> River:
        return self

    def __exit__(self, *unused: object) -> None:
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """A request as the administrator, unless headers say as whom; without cookies."""
        sent = self.admin if headers is None else headers
        if body is not None:
            more["json"] = body
        url = f"{self.host.url}/api{path}"
        self._http.cookies.clear()
        return self._http.request(method, url, headers=sent, **more)

    def invited(self, role: str = "user", **more: object) -> dict[str, Any]:
        answer = self.ask("POST", "/auth/invitations", {"role": role, **more})
        assert answer.status_code == 200
        return dict(answer.json())

    def register(self, name: str, role: str = "user", **more: object) -> httpx.Response:
        token = self.invited(role)["token"]
        body = {"username": name, "password": PASSWORD, **more}
        return self.ask("POST", f"/auth/register?token={token}", body, {})

    def joined(self, name: str, role: str = "user") -> tuple[int, dict[str, str]]:
        """A new account: its id, and the headers of its session."""
        answer = self.register(name, role)
        assert answer.status_code == 200
        cookie = answer.cookies.get(COOKIE)
        return answer.json()["user"]["id"], {"Cookie": f"{COOKIE}={cookie}"}

    def token(self, session: dict[str, str]) -> dict[str, str]:
        """The headers of the bearer of a new API token."""
        answer = self.ask("POST", "/auth/tokens/create", {"name": "t"}, session)
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def who(self, headers: dict[str, str]) -> str:
        answer = self.ask("GET", "/auth/me", headers=headers)
        assert answer.status_code == 200
        return str(answer.json()["username"])

    def task(self) -> str:
        """The task_id of the VPS."""
        rows = self.ask("GET", "/vps").json()
        return next(str(row["task_id"]) for row in rows if row["name"] == self.host.vps)
