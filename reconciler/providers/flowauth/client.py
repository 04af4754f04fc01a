"""The session with FlowAuth: sign-in, CSRF, and telling its answers apart.

Here belongs how to talk to it. What to say stands in `api`.
Source: FlowAuth 1.0 to 1.34; Flask-WTF, CSRF.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

import httpx

from reconciler.errors import RefusedError, UnexpectedResponseError, WriteError
from reconciler.providers.flowauth.options import FlowAuthOptions
from reconciler.providers.http_connection import (
    THROTTLED,
    AmbiguousError,
    Habits,
    HttpConnection,
    is_json,
    is_open,
)
from reconciler.providers.settling import NotThereError
from reconciler.secret import Secret

_CSRF_COOKIE: Final = "X-CSRF"
_SIGN_IN: Final = "/signin"
_RECOVERIES = 2
"""How often one request is sent again after a 401. Of parallel requests, one that began in the old
session may be answered after another has signed in, and brings the old session's cookie back.
"""

_HALF: Final = re.compile("[\ud800-\udfff]")
"""What Python reads from the environment where bytes are not UTF-8; it cannot be sent."""

Body = Mapping[str, object]
"""What is sent. A `Secret` in it is revealed to FlowAuth, and hidden in whatever is answered."""


class Client:
    """One signed-in session, safe to share between threads.

    It connects and signs in at the first request that needs it.
    """

    def __init__(self, target: str, options: FlowAuthOptions) -> None:
        self.target = target
        self._options = options
        self._lock = threading.RLock()
        self._is_signed_in = False
        # Over https, FlowAuth takes a write for forged unless it has a Referer.
        headers = {"Referer": f"{options.url}/"}
        habits = Habits("FlowAuth", headers, ("message", "statusText"), throttled=THROTTLED)
        self._connection = HttpConnection(target, options, habits)
        self._others = HttpConnection(target, options, replace(habits, keeps_cookies=False))

    def __repr__(self) -> str:
        return f"Client({self.target!r}, {self._options.url!r})"

    def close(self) -> None:
        """Close the connections. The session ends by itself: FlowAuth cannot revoke it."""
        self._connection.close()
        self._others.close()

    # Requests

    def version(self) -> str | None:
        """The version FlowAuth reports, such as `1.34.0`. Needs no sign-in.

        None where there is no such route: the first releases had none. Raises
        UnexpectedResponseError where something else answers.
        """
        response = self._send("GET", "/version")
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            said = self._connection.described(response)
            raise self._connection.foreign(f"GET /version gave {said}")
        answer = self._connection.json(response)
        version = answer.get("version") if isinstance(answer, dict) else None
        if not isinstance(version, str):
            raise self._connection.foreign('its answer to GET /version has no "version"')
        return version

    def has_route(self, path: str) -> bool:
        """Whether this FlowAuth has an admin route. Needs no sign-in: without one it says 401."""
        response = self._send("GET", path)
        if response.status_code not in (200, 401, 404):
            said = self._connection.described(response)
            raise self._connection.foreign(f"GET {path} gave {said}")
        return response.status_code != 404

    def foreign(self, why: str) -> UnexpectedResponseError:
        """The error for something that is not FlowAuth."""
        return self._connection.foreign(why)

    def clock(self) -> datetime:
        """The time of FlowAuth's machine, to the second. Needs no sign-in."""
        return self._connection.clock("/version")

    def get(self, path: str) -> object:
        """The JSON behind an admin route. Raises UnexpectedResponseError where it is not there."""
        return self._connection.body_of(self._authorized("GET", path, None))

    def find(self, path: str) -> object | None:
        """The JSON behind an admin route, or None where FlowAuth says that it is not there."""
        response = self._authorized("GET", path, None)
        return None if response.status_code == 404 else self._connection.body_of(response)

    def write(self, method: str, path: str, body: Body | None = None) -> None:
        """Send a change. No message repeats the body.

        Raises AmbiguousError where it may have been carried out, NotThereError for status 404,
        WriteError where it was refused otherwise.
        """
        response = self._authorized(method, path, body)
        said = f"{method} {path} gave {self._connection.described(response)}"
        if is_open(response.status_code):
            raise AmbiguousError(self.target, said)
        if response.status_code == 404:
            raise NotThereError(self.target, said)
        if response.status_code != 200:
            raise WriteError(self.target, said)

    # Session

    def sign_in(self) -> None:
        """Sign in. Raises RefusedError saying which of the credentials or rights is wrong."""
        name, password = self._options.username, self._options.password
        if _HALF.search(name) or _HALF.search(password.reveal()):
            text = "the option username or password is not valid text: it has half a character"
            raise RefusedError(self.target, text)
        response = self._send("POST", _SIGN_IN, {"username": name, "password": password})
        answer = self._connection.json(response) if is_json(response) else None
        who = f'"{name}"'
        if not isinstance(answer, dict):
            said = self._connection.described(response)
            raise self._connection.foreign(f"signing in gave {said}")
        if answer.get("need_two_factor") is True:
            text = f"{who} has two-factor authentication, which a program cannot answer"
            raise RefusedError(self.target, f"{text}; use an administrator without it")
        if response.status_code == 401:
            text = f"FlowAuth refused the user name or password of {who}"
            raise RefusedError(self.target, f"{text}; check the options username and password")
        if response.status_code != 200 or "is_admin" not in answer:
            said = self._connection.described(response)
            raise self._connection.foreign(f"signing in gave {said}")
        if answer["is_admin"] is not True:
            text = f"{who} is not an administrator of FlowAuth"
            raise RefusedError(self.target, f"{text}; only administrators may use its admin routes")
        self._is_signed_in = True

    def lets_in(self, name: str, password: Secret) -> bool:
        """Whether somebody can sign in with this password, in a session that is not ours.

        Who is asked for a code has given the right password. Source: FlowAuth, POST /signin, in
        this order; it counts no failures.
        """
        body = {"username": name, "password": password}
        response = self._others.send("POST", _SIGN_IN, body, is_read=True)
        answer = self._others.json(response) if is_json(response) else None
        found = answer if isinstance(answer, dict) else {}
        if response.status_code == 200 and "is_admin" in found:
            return True
        if response.status_code == 401 and found:
            return False
        if found.get("need_two_factor") is True:
            return True
        said = self._others.described(response)
        raise self._others.foreign(f"signing in gave {said}")

    def _authorized(self, method: str, path: str, body: Body | None) -> httpx.Response:
        with self._lock:
            if not self._is_signed_in:
                self.sign_in()
        for _ in range(_RECOVERIES):
            response = self._send(method, path, body)
            if response.status_code != 401:
                return response
            self._recover()
        response = self._send(method, path, body)
        if response.status_code == 401:
            text = f"{method} {path} is refused even after signing in again"
            raise RefusedError(self.target, text)
        return response

    def _recover(self) -> None:
        """Find out what a 401 means, and sign in again where the session is over.

        To FlowAuth an ended session, lost rights and an old CSRF token are all 401. The request
        was not executed. Every answer brings a new CSRF token.
        """
        with self._lock:
            response = self._send("GET", "/is_signed_in")
            if response.status_code == 401:
                self.sign_in()
                return
            answer = self._connection.body_of(response)
            if isinstance(answer, dict) and answer.get("is_admin") is False:
                text = f'"{self._options.username}" is no longer an administrator of FlowAuth'
                raise RefusedError(self.target, text)

    def _send(self, method: str, path: str, body: Body | None = None) -> httpx.Response:
        csrf = {"X-CSRF-Token": self._connection.cookie(_CSRF_COOKIE)} if method != "GET" else {}
        is_read = method == "GET" or path == _SIGN_IN
        return self._connection.send(method, path, body, csrf, is_read=is_read)
