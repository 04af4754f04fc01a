"""One HTTP service as providers reach it: what is read may be asked again, what is written not.

Here belong connections, certificates, trying again, and putting an answer into words that show no
secret. Signing in, routes and what answers mean belong to each provider.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx
from httpx_retries import Retry, RetryTransport

from reconciler.errors import TargetError, UnexpectedResponseError, UnreachableError
from reconciler.providers.http_options import HttpOptions
from reconciler.secret import Redactor, Secret

_READ_RETRIES: Final = Retry(
    total=3,
    allowed_methods=["GET"],  # a write is never sent twice blindly
    status_forcelist=[408, 429, 502, 503, 504],
    retry_on_exceptions=[httpx.NetworkError, httpx.RemoteProtocolError],  # timeout_s is waited once
    backoff_factor=0.2,
    max_backoff_wait=10,
    total_timeout=30,
)
THROTTLED: Final = Retry(
    total=5,
    allowed_methods=["POST", "PUT", "PATCH", "DELETE"],
    status_forcelist=[429],
    retry_on_exceptions=[],
    backoff_factor=0.5,
    max_backoff_wait=60,
    total_timeout=180,
)
"""For services with a rate limit: a write that met it was not carried out, so it may be sent again.
"""

_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LONGEST_QUOTE: Final = 200

Json = Mapping[str, object] | list[object] | str | int | None
"""What is sent. A `Secret` in a mapping, however deep, is revealed to the service, and hidden in
whatever is answered."""


class AmbiguousError(TargetError):
    """A write got status 500 or no answer: it may have been carried out, or not. Read first."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How one product speaks: its name, headers of every request, and where an error's text is.

    `said` are the keys of a JSON answer that may hold a text for people. `throttled` says how often
    a write is sent again that met a rate limit; None where a product has none. Without
    `keeps_cookies` what an answer sets is not sent with later requests. `refused` are the statuses
    of a request that was not carried out for what it was sent with: secrets of the options that
    were renewed meanwhile are read again then, and the request is sent once more.
    """

    system: str
    headers: Mapping[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ("message", "detail", "error")
    throttled: Retry | None = None
    keeps_cookies: bool = True
    refused: frozenset[int] = frozenset({401})


class _WithoutQueries(logging.Filter):
    """Takes the queries out of logged addresses: some services want a secret there."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the queries in it."""
        record.msg, record.args = _QUERY.sub("?***", record.getMessage()), ()
        return True


_QUERY: Final = re.compile(r"\?[^\s'\")>]+")
_LOGS_ADDRESSES: Final = ("httpx", "httpx_retries.transport")
_WITHOUT_QUERIES: Final = _WithoutQueries()


class _Transport(httpx.BaseTransport):
    """Reads share connections and are tried again; a write has a connection of its own.

    A connection that is kept may be closed by the other side at any moment: a write that meets this
    moment fails, and may not be sent again.
    """

    def __init__(self, verify: ssl.SSLContext | bool, throttled: Retry | None) -> None:
        self._reads = RetryTransport(httpx.HTTPTransport(verify=verify), _READ_RETRIES)
        alone = httpx.Limits(max_keepalive_connections=0)
        writes = httpx.HTTPTransport(verify=verify, limits=alone)
        self._writes = RetryTransport(writes, throttled) if throttled else writes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on the way that fits its method."""
        transport = self._reads if request.method == "GET" else self._writes
        return transport.handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        self._reads.close()
        self._writes.close()


class HttpConnection:
    """The connections to one service, safe to share between threads; opened when first needed."""

    def __init__(self, target: str, options: HttpOptions, habits: Habits) -> None:
        self.target = target
        self.url = options.url
        self._options = options
        self._habits = habits
        self._lock = threading.RLock()
        self._opened: httpx.Client | None = None
        self._sent: set[Secret] = set(options.secrets())

    def __repr__(self) -> str:
        return f"HttpConnection({self.target!r}, {self.url!r})"

    def close(self) -> None:
        """Close the connections. Safe to call twice."""
        if self._opened is not None:
            self._opened.close()

    def conceal(self, secrets: Iterable[Secret]) -> None:
        """Hide these too in whatever is answered: what was learned on the way, such as tokens."""
        self._sent.update(secrets)

    def cookie(self, name: str) -> str:
        """The value of a cookie; empty if there is none."""
        return self._http().cookies.get(name) or ""

    # Requests

    def send(
        self,
        method: str,
        path: str,
        body: Json = None,
        headers: Mapping[str, str | Secret] | None = None,
        *,
        is_read: bool | None = None,
        timeout_s: float | None = None,
    ) -> httpx.Response:
        """The answer, whatever its status. No message repeats body or headers.

        A GET is a read, and so is what `is_read` says. Raises UnreachableError where a read got no
        answer or a write was never sent, AmbiguousError where a write got no answer.
        """
        timeout = self._options.timeout_s if timeout_s is None else timeout_s
        kind: type[TargetError]
        try:
            return self._answer(method, path, body, headers or {}, timeout_s=timeout)
        except httpx.HTTPError as error:
            reason = self.hidden(str(error)) or type(error).__name__
            text = f"{method} {self.hidden(path)} at {self.url} got no answer: {reason}"
            reads = method == "GET" if is_read is None else is_read
            kind = UnreachableError if reads or isinstance(error, _NEVER_SENT) else AmbiguousError
            # Not `from error`: it holds the request, and with it a password.
            raise kind(self.target, text) from None
        except UnicodeEncodeError:
            text = f"{method} {self.hidden(path)} at {self.url} cannot be sent: a header of it"
            hint = "if it is a secret of the options, correct where it comes from"
            text = f"{text} has other characters than ASCII; {hint}"
            raise UnreachableError(self.target, text) from None  # as above

    def _answer(
        self,
        method: str,
        path: str,
        body: Json,
        headers: Mapping[str, str | Secret],
        *,
        timeout_s: float,
    ) -> httpx.Response:
        """The answer; to a second request where the first was refused, and a secret in it was
        renewed meanwhile.
        """
        secrets = (*_secrets_in(body), *_secrets_in(headers))
        self._sent.update(secrets)

        def ask() -> httpx.Response:
            sent = None if body is None else _revealed(body)
            plain = {name: _plain(value) for name, value in headers.items()}
            http = self._http()
            return http.request(method, path, json=sent, headers=plain, timeout=timeout_s)

        values = _values(secrets)
        response = ask()
        if response.status_code in self._habits.refused and _read_again(secrets) != values:
            return ask()
        return response

    def clock(self, path: str) -> datetime:
        """The time of the service's machine, to the second.

        Source: RFC 9110, "Date": a server that has a clock sends it with each answer.
        """
        text = self.send("GET", path).headers.get("date", "")
        try:
            return parsedate_to_datetime(text)
        except ValueError:
            why = "it sends no time with its answers"
            raise UnexpectedResponseError(self.target, f"{self.url}: {why}") from None

    def _http(self) -> httpx.Client:
        with self._lock:
            if self._opened is None:
                # At DEBUG, httpcore logs the headers of each answer: the session cookie is there.
                logging.getLogger("httpcore").setLevel(logging.INFO)
                for name in _LOGS_ADDRESSES:
                    logging.getLogger(name).addFilter(_WITHOUT_QUERIES)
                self._opened = httpx.Client(
                    base_url=self.url,
                    timeout=self._options.timeout_s,
                    headers={"Accept": "application/json", **self._habits.headers},
                    transport=_Transport(self._tls(), self._habits.throttled),
                    cookies=None if self._habits.keeps_cookies else _no_cookies(),
                )
            return self._opened

    def _tls(self) -> ssl.SSLContext | bool:
        if self.url.startswith("http://"):
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

    # Answers

    def body_of(self, response: httpx.Response) -> object:
        """The JSON of an answer with status 200. Raises UnexpectedResponseError for any other."""
        if response.status_code != 200:
            text = f"{_asked(response)} gave {self.described(response)}"
            raise UnexpectedResponseError(self.target, text)
        return self.json(response)

    def json(self, response: httpx.Response) -> object:
        """The JSON of an answer, whatever its status. Raises UnexpectedResponseError."""
        if not is_json(response):
            raise self.foreign(f"it gave {self.described(response)}, not JSON")
        try:
            found: object = response.json()
        except ValueError:
            text = f"{_asked(response)}: the JSON is cut or broken; run again"
            raise UnexpectedResponseError(self.target, text) from None
        return found

    def described(self, response: httpx.Response) -> str:
        """Status and, where there is one, the service's own text, which may repeat what we sent."""
        text = f"status {response.status_code}"
        if response.is_redirect:
            where = self.hidden(response.headers.get("location", "nowhere"), response.request)
            return f"{text}, a redirect to {where[:_LONGEST_QUOTE]}"
        try:
            body = response.json() if is_json(response) else None
        except ValueError:
            return text
        found = body if isinstance(body, dict) else {}
        message = next((found[key] for key in self._habits.said if found.get(key)), "")
        if not message:
            return text
        return f'{text}: "{self.hidden(str(message), response.request)[:_LONGEST_QUOTE]}"'

    def hidden(self, text: str, request: httpx.Request | None = None) -> str:
        """The text without secrets that were sent, and without what gives the session away.

        Whole, before it is shortened: half a password would not be found any more.
        """
        session = () if request is None else _session_secrets(request)
        cookies = (Secret(each.value or "") for each in self._http().cookies.jar)
        return Redactor.of([*self._sent, *session, *cookies])(text)

    def foreign(self, why: str) -> UnexpectedResponseError:
        """The error for a service that is not the product it should be."""
        system = self._habits.system
        text = f"{self.url} does not answer as {system} does: {why}; check the option url"
        return UnexpectedResponseError(self.target, text)


def is_open(status: int) -> bool:
    """Whether a write that was answered so may have been carried out all the same.

    408 too: what stands in front of a service, or a part of it, gave up waiting.
    """
    return status >= 500 or status == 408


def is_page(response: httpx.Response) -> bool:
    """Whether an answer is a page for people: where a service sends none, a proxy has said it."""
    return "html" in response.headers.get("content-type", "").lower()


def is_json(response: httpx.Response) -> bool:
    """Whether an answer says that it is JSON, or says nothing and looks so."""
    said = response.headers.get("content-type", "").lower()
    return "json" in said or (not said and response.content[:1] in (b"{", b"["))


def _no_cookies() -> CookieJar:
    """A jar that takes none."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


def _asked(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url.path}"


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _revealed(value: object) -> object:
    match value:
        case Secret():
            return value.reveal()
        case Mapping():
            return {name: _revealed(each) for name, each in value.items()}
        case list():
            return [_revealed(each) for each in value]
    return value


def _values(secrets: Iterable[Secret]) -> list[str]:
    return [secret.reveal() for secret in secrets]


def _read_again(secrets: Sequence[Secret]) -> list[str]:
    """The values of these secrets as their sources have them now."""
    for secret in secrets:
        secret.read_again()
    return _values(secrets)


def _secrets_in(value: object) -> Iterator[Secret]:
    match value:
        case Secret():
            yield value
        case Mapping():
            for each in value.values():
                yield from _secrets_in(each)
        case list():
            for each in value:
                yield from _secrets_in(each)


def _session_secrets(request: httpx.Request) -> Iterator[Secret]:
    """What a request showed of its session: each cookie, and the CSRF token."""
    for pair in request.headers.get("cookie", "").split(";"):
        yield Secret(pair.partition("=")[2].strip())
    yield Secret(request.headers.get("x-csrf-token", ""))
