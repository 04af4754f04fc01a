"""Stands in for Graphistry's REST API: signing in and logging out, and nothing of users at all."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.sandbox.http.application import Edits, FaultyApplication
from reconciler.sandbox.http.clock import Clock
from reconciler.sandbox.http.messages import (
    RefusedError,
    Request,
    Response,
    json_reply,
    proxy_page,
)
from reconciler.sandbox.http.simulator import HttpSimulator

OWN, PASSWORD, KEY = "svc", "canary-rest-password", "AB12CD34EF:canary-rest-key-secret"
_LIFE_S = 3600
_LOGOUT = "/api/v2/logout-user/username/"


@dataclass(slots=True)
class Habits:
    """In what releases differ, and what is wrong with this one."""

    refuses_with: int = 400
    knows_organisations: bool = True
    key_by_get_only: bool = False
    has_logout: bool = True
    is_administrator: bool = True
    login_page: bool = False
    says_err: bool = False
    gives_token: bool = True


@dataclass(slots=True)
class Product:
    """Who is signed in, by token with the second in which that ends; and who was logged out."""

    clock: Clock
    habits: Habits = field(default_factory=Habits)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    logged_out: list[str] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def begin(self, user: str) -> str:
        """A new token."""
        token = f"canary-token-{next(self.numbers)}"
        self.tokens[token] = (user, self.clock() + _LIFE_S)
        return token

    def user_of(self, request: Request) -> str:
        """Who asks; empty for somebody whose token is none, or has ended."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user, ends = self.tokens.get(token, ("", 0.0))
        return user if scheme == "Bearer" and ends > self.clock() else ""

    def end(self, user: str) -> None:
        """Log somebody out everywhere."""
        self.logged_out.append(user)
        self.tokens = {token: each for token, each in self.tokens.items() if each[0] != user}


class _Application(FaultyApplication):
    def __init__(self, product: Product, simulator: HttpSimulator) -> None:
        super().__init__(simulator.faults, simulator.stopping.wait)
        self._product = product

    def respond(self, request: Request, edits: Edits) -> Response:
        try:
            for edit in edits:
                edit()
            return self._answered(request)
        except RefusedError as refusal:
            return refusal.response
        except Exception as error:  # a bug here must not look like silence: tests read the list
            self._unplanned.append(error)
            return self.server_error()

    def _answered(self, request: Request) -> Response:
        routes: Mapping[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", "/api-token-auth/"): self._by_password,
            ("POST", "/api/v2/auth/pkey/jwt/"): self._by_key,
            ("GET", "/api/v2/auth/pkey/jwt/"): self._by_key,
        }
        if found := routes.get((request.method, request.path)):
            return found(request)
        if request.path.startswith(_LOGOUT) and self._product.habits.has_logout:
            return self._log_out(request)
        return proxy_page(404)  # /api/v2/users/, /api/v2/members/ and all that nobody published

    def _by_password(self, request: Request) -> Response:
        body = json.loads(request.body)
        if (body.get("username"), body.get("password")) != (OWN, PASSWORD):
            status = self._product.habits.refuses_with
            said = f"Unable to log in with {body.get('username')} {body.get('password')}."
            return json_reply({"non_field_errors": [said]}, status)
        return self._signed_in(body)

    def _by_key(self, request: Request) -> Response:
        if request.method == "POST" and self._product.habits.key_by_get_only:
            return json_reply({"detail": 'Method "POST" not allowed.'}, 405)
        if request.headers.get("authorization") != f"PersonalKey {KEY}":
            return json_reply({"detail": "Invalid key."}, 401)
        return self._signed_in({})

    def _signed_in(self, body: Mapping[str, object]) -> Response:
        habits = self._product.habits
        reply: dict[str, object] = {"token": self._product.begin(OWN)} if habits.gives_token else {}
        if habits.knows_organisations:
            slug = body.get("org_name", OWN)
            reply["active_organization"] = {"slug": slug, "is_found": True, "is_member": True}
        return json_reply(reply)

    def _log_out(self, request: Request) -> Response:
        habits = self._product.habits
        if habits.login_page:
            return Response(200, b"<html>sign in</html>", "text/html")
        if self._product.user_of(request) != OWN:
            return json_reply({"detail": "Signature has expired."}, 401)
        if not habits.is_administrator:
            return json_reply({"detail": "You do not have permission."}, 403)
        if habits.says_err:
            return json_reply({"status": "ERR", "message": "no such user", "data": {}})
        self._product.end(request.path.removeprefix(_LOGOUT).removesuffix("/"))
        return json_reply({"status": "OK", "message": "", "data": {}})


class RestService(HttpSimulator):
    """One Graphistry's REST API on a free port of 127.0.0.1, which can be started once."""

    def __init__(self, clock: Clock = time.time) -> None:
        super().__init__()
        self.product = Product(clock)
        self.serve(_Application(self.product, self))

    @property
    def habits(self) -> Habits:
        return self.product.habits

    def options(self, **changes: object) -> Mapping[str, object]:
        """The options that reach it."""
        return {"url": self.url, "service_account": OWN, "password": PASSWORD, **changes}

    def calls(self) -> list[tuple[str, str, int]]:
        """Each request with its status."""
        return [(each.method, each.path, each.status) for each in self.requests]
