"""Signing in to MobiusFlow, and staying signed in.

v1 gives a token that says when it ends, and another to renew it; its life is 10 minutes in the
vendor's text and an hour in all its examples, so it is read from the token. v3 gives a token that
says nothing, and no way to renew it; it is logged out at the end.
Source: API description 1.2.3, "auth/login" and "auth/refresh"; request collection v3, "Auth".
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import httpx

from reconciler.errors import RefusedError, TargetError
from reconciler.providers.http_connection import HttpConnection, is_json
from reconciler.providers.mobiusflow.options import MobiusFlowOptions
from reconciler.secret import Secret

_EARLY_S: Final = 10.0
"""How long before its end a token is renewed: a request takes a while to arrive."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a request is signed with. `ends_s` is by the clock of the session; None if not told."""

    secret: Secret
    ends_s: float | None = None


class Session:
    """One login, renewed when it ends. Safe to share between threads."""

    def __init__(
        self,
        connection: HttpConnection,
        options: MobiusFlowOptions,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._options = options
        self._now_s = now_s
        self._lock = threading.RLock()
        self._token: Token | None = None
        self._refresh: Token | None = None

    @property
    def _is_v1(self) -> bool:
        return self._options.dialect == "v1"

    def token(self) -> Token:
        """The token to send; logs in where there is none, and renews one that ends by itself."""
        with self._lock:
            if self._token is None:
                self._log_in()
            elif self._has_ended(self._token):
                self._renew()
            assert self._token is not None
            return self._token

    def renewed(self, refused: Token) -> Token:
        """Another token than this one, which was refused: maybe one that somebody got meanwhile."""
        with self._lock:
            if self._token is refused:
                self._renew()
            return self.token()

    def end(self) -> None:
        """Log out, where that can be done. Whether it worked is of no more use to anybody."""
        with self._lock:
            token, self._token, self._refresh = self._token, None, None
            if token is not None:
                self._log_out(token)

    def lets_in(self, name: str, password: Secret) -> bool:
        """Whether somebody can log in with this password. Whoever can is logged out again.

        Source: API description 1.2.3, "auth/login": 401 is a wrong password, or an inactive user.
        """
        response = self._post("/auth/login", {"username": name, "password": password})
        if response.status_code == 401:
            return False
        self._log_out(self._read(self._token_in(response)))
        return True

    def _log_in(self) -> None:
        name = self._options.username
        response = self._post("/auth/login", {"username": name, "password": self._options.password})
        if response.status_code == 401:
            text = f'MobiusFlow refused the user name or password of "{name}", or it is inactive'
            raise RefusedError(
                self._connection.target, f"{text}; check the options username and password"
            )
        self._take(response)

    def _renew(self) -> None:
        """A fresh token: from the other one where v1 gave it, else by logging in again."""
        refresh, old = self._refresh, self._token
        if refresh is not None and not self._has_ended(refresh):
            response = self._post("/auth/refresh", {"refreshToken": refresh.secret})
            if response.status_code == 200:
                self._take(response)
                return
        self._log_in()
        if old is not None:
            self._log_out(old)

    def _take(self, response: httpx.Response) -> None:
        self._token = self._read(self._token_in(response))
        answer = self._connection.json(response)
        refresh = answer.get("refreshToken") if isinstance(answer, dict) else None
        is_given = self._is_v1 and isinstance(refresh, str) and refresh
        self._refresh = self._read(str(refresh)) if is_given else None

    def _token_in(self, response: httpx.Response) -> str:
        answer = self._connection.json(response) if is_json(response) else None
        name = "token" if self._is_v1 else "sessionToken"
        text = answer.get(name) if isinstance(answer, dict) else None
        if response.status_code != 200 or not isinstance(text, str) or not text:
            said = self._connection.described(response)
            raise self._connection.foreign(f'logging in gave {said} and no "{name}"')
        return text

    def _read(self, text: str) -> Token:
        secret = Secret(text)
        self._connection.conceal([secret])
        life = life_s(text) if self._is_v1 else None
        return Token(secret, None if life is None else self._now_s() + life)

    def _has_ended(self, token: Token) -> bool:
        return token.ends_s is not None and self._now_s() >= token.ends_s - _EARLY_S

    def _log_out(self, token: Token) -> None:
        if not self._is_v1:
            bearer = Secret(f"Bearer {token.secret.reveal()}")
            with suppress(TargetError):
                self._connection.send("POST", "/auth/logout", None, {"Authorization": bearer})

    def _post(self, path: str, body: dict[str, object]) -> httpx.Response:
        return self._connection.send("POST", path, body, is_read=True)


def life_s(token: str) -> float | None:
    """How long a token lives, by its own times, so that no clock has to agree with another.

    None where it does not say. Source: RFC 7519, "exp" and "iat".
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
    except ValueError:
        return None
    if not isinstance(claims, dict):
        return None
    begin, end = claims.get("iat"), claims.get("exp")
    if not isinstance(begin, int | float) or not isinstance(end, int | float):
        return None
    return float(end - begin)
