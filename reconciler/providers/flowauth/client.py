"""The session with FlowAuth: sign-in, CSRF, and telling its answers apart.

Here belongs how to talk to it. What to say stands in `api`, what became of a write in `settle`.
Source: FlowAuth 1.18 to 1.34; Flask-WTF, CSRF.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
from httpx_retries import Retry, RetryTransport

from reconciler.errors import (
    RefusedError,
    TargetError,
    UnexpectedResponseError,
    UnreachableError,
    WriteError,
)
from reconciler.providers.flowauth.options import FlowAuthOptions
from reconciler.secret import Redactor, Secret

_READ_RETRIES: Final = Retry(
    total=3,
    allowed_methods=["GET"],  # a write is never sent twice blindly
    status_forcelist=[429, 502, 503, 504],
    retry_on_exceptions=[httpx.NetworkError, httpx.RemoteProtocolError],  # timeout_s is waited once
    backoff_factor=0.2,
    max_backoff_wait=10,
    total_timeout=30,
)
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CSRF_COOKIE: Final = "X-CSRF"
_SIGN_IN: Final = "/signin"
_RECOVERIES = 2
"""How often one request is sent again after a 401. Of parallel requests, one that began in the old
session may be answered after another has signed in, and brings the old session's cookie back.
"""

_MIN_VERSION: Final = (1, 18)
_LONGEST_QUOTE: Final = 200
_HALF: Final = re.compile("[\ud800-\udfff]")
"""What Python reads from the environment where bytes are not UTF-8; it cannot be sent."""

Body = Mapping[str, object]
"""What is sent. A `Secret` in it is revealed to FlowAuth, and hidden in whatever is answered."""


class AmbiguousError(TargetError):
    """A write got status 500 or no answer: it may have been carried out, or not. Read first."""


class NotThereError(WriteError):
    """A write was refused with status 404: what it was about is not there any more."""


class _Transport(httpx.BaseTransport):
    """Reads share connections and are tried again; a write has a connection of its own.

    A connection that is kept may be closed by the other side at any moment: a write that meets this
    moment fails, and may not be sent again.
    """

    def __init__(self, verify: ssl.SSLContext | bool) -> None:
        kept = httpx.HTTPTransport(verify=verify)
        self._reads = RetryTransport(transport=kept, retry=_READ_RETRIES)
        self._writes = httpx.HTTPTransport(
            verify=verify, limits=httpx.Limits(max_keepalive_connections=0)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on the way that fits its method."""
        transport = self._reads if request.method == "GET" else self._writes
        return transport.handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        self._reads.close()
        self._writes.close()


class Client:
    """One signed-in session, safe to share between threads.

    It connects and signs in at the first request that needs it.
    """

    def __init__(self, target: str, options: FlowAuthOptions) -> None:
        self.target = target
        self._options = options
        self._lock = threading.RLock()
        self._is_signed_in = False
        self._opened: httpx.Client | None = None
        self._sent: set[Secret] = set(options.secrets())

    def __repr__(self) -> str:
        return f"Client({self.target!r}, {self._options.url!r})"

    def close(self) -> None:
        """Close the connections. The session ends by itself: FlowAuth cannot revoke it."""
        if self._opened is not None:
            self._opened.close()

    # Requests

    def version(self) -> str:
        """The version FlowAuth reports, such as `1.34.0`. Needs no sign-in.

        Raises UnexpectedResponseError where something else answers, or a release before 1.18.
        """
        response = self._send("GET", "/version")
        if response.status_code != 200:
            raise self._not_flowauth(f"GET /version gave {self._described(response)}")
        answer = self._json(response)
        version = answer.get("version") if isinstance(answer, dict) else None
        if not isinstance(version, str):
            raise self._not_flowauth('its answer to GET /version has no "version"')
        digits = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
        if len(digits) == 2 and digits < _MIN_VERSION:
            text = f"FlowAuth {version[:20]} has no roles: reconciler manages releases from 1.18 on"
            raise UnexpectedResponseError(self.target, f"{text}; upgrade FlowAuth")
        return version

    def clock(self) -> datetime:
        """The time of FlowAuth's machine, to the second. Needs no sign-in.

        Source: RFC 9110, "Date": a server that has a clock sends it with each answer.
        """
        text = self._send("GET", "/version").headers.get("date", "")
        try:
            return parsedate_to_datetime(text)
        except ValueError:
            why = "it sends no time with its answers"
            raise UnexpectedResponseError(self.target, f"{self._options.url}: {why}") from None

    def get(self, path: str) -> object:
        """The JSON behind an admin route. Raises UnexpectedResponseError where it is not there."""
        response = self._authorized("GET", path, None)
        return self._body_of(response)

    def find(self, path: str) -> object | None:
        """The JSON behind an admin route, or None where FlowAuth says that it is not there."""
        response = self._authorized("GET", path, None)
        return None if response.status_code == 404 else self._body_of(response)

    def write(self, method: str, path: str, body: Body | None = None) -> None:
        """Send a change. No message repeats the body.

        Raises AmbiguousError where it may have been carried out, NotThereError for status 404,
        WriteError where it was refused otherwise.
        """
        response = self._authorized(method, path, body)
        said = f"{method} {path} gave {self._described(response)}"
        if response.status_code >= 500:
            raise AmbiguousError(self.target, said)
        if response.status_code == 404:
            raise NotThereError(self.target, said)
        if response.status_code != 200:
            raise WriteError(self.target, said)

    # Session

    def sign_in(self) -> None:
        """Sign in. Raises RefusedError saying which of the credentials or rights is wrong."""
        body = {"username": self._options.username, "password": self._options.password}
        if any(_HALF.search(str(value)) for value in _revealed(body).values()):
            text = "the option username or password is not valid text: it has half a character"
            raise RefusedError(self.target, text)
        response = self._send("POST", _SIGN_IN, body)
        answer = self._json(response) if _is_json(response) else None
        who = f'"{self._options.username}"'
        if not isinstance(answer, dict):
            raise self._not_flowauth(f"signing in gave {self._described(response)}")
        if answer.get("need_two_factor") is True:
            text = f"{who} has two-factor authentication, which a program cannot answer"
            raise RefusedError(self.target, f"{text}; use an administrator without it")
        if response.status_code == 401:
            text = f"FlowAuth refused the user name or password of {who}"
            raise RefusedError(self.target, f"{text}; check the options username and password")
        if response.status_code != 200 or "is_admin" not in answer:
            raise self._not_flowauth(f"signing in gave {self._described(response)}")
        if answer["is_admin"] is not True:
            text = f"{who} is not an administrator of FlowAuth"
            raise RefusedError(self.target, f"{text}; only administrators may use its admin routes")
        self._is_signed_in = True

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
            answer = self._body_of(response)
            if isinstance(answer, dict) and answer.get("is_admin") is False:
                text = f'"{self._options.username}" is no longer an administrator of FlowAuth'
                raise RefusedError(self.target, text)

    # Connection

    def _http(self) -> httpx.Client:
        with self._lock:
            if self._opened is None:
                # At DEBUG, httpcore logs the headers of each answer: the session cookie is there.
                logging.getLogger("httpcore").setLevel(logging.INFO)
                self._opened = httpx.Client(
                    base_url=self._options.url,
                    timeout=self._options.timeout_s,
                    # Over https, FlowAuth takes a write for forged unless it has a Referer.
                    headers={"Referer": f"{self._options.url}/", "Accept": "application/json"},
                    transport=_Transport(self._tls()),
                )
            return self._opened

    def _tls(self) -> ssl.SSLContext | bool:
        if self._options.url.startswith("http://"):
            return False  # no certificates to load: that alone takes 45 ms
        ca_file = self._options.ca_file
        if not ca_file:
            return httpx.create_ssl_context()
        try:
            return ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            is_bad = isinstance(error, ssl.SSLError)
            reason = "it holds no certificate" if is_bad else error.strerror
            text = f"the option ca_file, {ca_file}, is not usable: {reason}"
            raise UnreachableError(self.target, text) from None

    def _send(self, method: str, path: str, body: Body | None = None) -> httpx.Response:
        http = self._http()
        headers = {}
        if method != "GET":
            headers["X-CSRF-Token"] = http.cookies.get(_CSRF_COOKIE) or ""
        kind: type[TargetError]
        self._sent.update(each for each in (body or {}).values() if isinstance(each, Secret))
        sent = None if body is None else _revealed(body)
        try:
            return http.request(method, path, json=sent, headers=headers)
        except httpx.HTTPError as error:
            reason = self._hidden(str(error)) or type(error).__name__
            text = f"{method} {path} at {self._options.url} got no answer: {reason}"
            is_read = method == "GET" or path == _SIGN_IN
            kind = UnreachableError if is_read or isinstance(error, _NEVER_SENT) else AmbiguousError
            # Not `from error`: it holds the request, and with it a password.
            raise kind(self.target, text) from None

    # Answers

    def _body_of(self, response: httpx.Response) -> object:
        if response.status_code != 200:
            asked = f"{response.request.method} {response.request.url.path}"
            raise UnexpectedResponseError(self.target, f"{asked} gave {self._described(response)}")
        return self._json(response)

    def _json(self, response: httpx.Response) -> object:
        if not _is_json(response):
            raise self._not_flowauth(f"it gave {self._described(response)}, not JSON")
        try:
            found: object = response.json()
        except ValueError:
            asked = f"{response.request.method} {response.request.url.path}"
            text = f"{asked}: the JSON is cut or broken; run again"
            raise UnexpectedResponseError(self.target, text) from None
        return found

    def _described(self, response: httpx.Response) -> str:
        """Status and, where FlowAuth gives one, its own message, which may repeat what we sent."""
        text = f"status {response.status_code}"
        if response.is_redirect:
            where = self._hidden(response.headers.get("location", "nowhere"), response.request)
            return f"{text}, a redirect to {where[:_LONGEST_QUOTE]}"
        try:
            body = response.json() if _is_json(response) else None
        except ValueError:
            return text
        message = (body.get("message") or body.get("statusText")) if isinstance(body, dict) else ""
        if not message:
            return text
        return f'{text}: "{self._hidden(str(message), response.request)[:_LONGEST_QUOTE]}"'

    def _hidden(self, text: str, request: httpx.Request | None = None) -> str:
        """The text without passwords that were sent, and without what gives the session away.

        Whole, before it is shortened: half a password would not be found any more.
        """
        session = () if request is None else _session_secrets(request)
        cookies = (Secret(each.value or "") for each in self._http().cookies.jar)
        return Redactor.of([*self._sent, *session, *cookies])(text)

    def _not_flowauth(self, why: str) -> UnexpectedResponseError:
        text = f"{self._options.url} does not answer as FlowAuth does: {why}; check the option url"
        return UnexpectedResponseError(self.target, text)


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def _revealed(body: Body) -> dict[str, object]:
    return {
        name: value.reveal() if isinstance(value, Secret) else value for name, value in body.items()
    }


def _session_secrets(request: httpx.Request) -> Iterator[Secret]:
    """What a request showed of its session: each cookie, and the CSRF token."""
    for pair in request.headers.get("cookie", "").split(";"):
        yield Secret(pair.partition("=")[2].strip())
    yield Secret(request.headers.get("x-csrf-token", ""))
