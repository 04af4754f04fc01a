"""Requests to a KohakuRiver host, and its answers told apart.

Here belongs as whom we speak and what a status means. What to say stands in `api`.
A wrong credential is no error to the host: it makes the caller anonymous, who gets status 200 in
many places. Source: KohakuRiver, host API, authentication and errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import httpx

from reconciler.errors import RefusedError, UnexpectedResponseError, WriteError
from reconciler.providers.http_connection import (
    THROTTLED,
    AmbiguousError,
    Habits,
    HttpConnection,
    Json,
    is_open,
    is_page,
)
from reconciler.providers.kohakuriver.options import KohakuRiverOptions
from reconciler.providers.settling import NotThereError
from reconciler.secret import Secret

_PREFIX: Final = "/api"
_COOKIE: Final = "kohakuriver_session"
_HABITS: Final = Habits(
    "KohakuRiver",
    said=("detail",),
    throttled=THROTTLED,
    # Registering answers with a cookie: with a jar we would go on as whom we registered last.
    keeps_cookies=False,
    refused=frozenset({401, 403}),  # the routes of invitations say 403 to nobody too
)

Headers = Mapping[str, str | Secret]


class Client:
    """Speaks as the administrator, or for one request as an account."""

    def __init__(self, target: str, options: KohakuRiverOptions) -> None:
        self.target = target
        self.options = options
        self._connection = HttpConnection(target, options, _HABITS)
        self._connection.conceal(options.secrets())
        self._admin: Headers = {"X-Admin-Token": options.admin_token}

    def __repr__(self) -> str:
        return f"Client({self.target!r}, {self.options.url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def conceal(self, secrets: Iterable[Secret]) -> None:
        """Hide these in every message from now on."""
        self._connection.conceal(secrets)

    def clock(self) -> datetime:
        """The time of the host's machine, to the second."""
        return self._connection.clock(f"{_PREFIX}/auth/status")

    # Reading

    def version(self) -> str:
        """The version that the host tells of itself; `unknown` where it tells none."""
        response = self._connection.send("GET", "/openapi.json")
        try:
            document = self._connection.body_of(response)
        except UnexpectedResponseError:
            return "unknown"
        info = document.get("info") if isinstance(document, dict) else None
        version = info.get("version") if isinstance(info, dict) else None
        return version if isinstance(version, str) and version else "unknown"

    def answer(self, path: str, headers: Headers | None = None) -> httpx.Response:
        """The answer to a GET, as the administrator unless `headers` say who; never 401 or 403."""
        sent = self._admin if headers is None else headers
        response = self._connection.send("GET", f"{_PREFIX}{path}", headers=sent)
        self._check_rights(response, f"GET {path}")
        return response

    def get(self, path: str, headers: Headers | None = None) -> object:
        """The JSON behind a GET."""
        return self._connection.body_of(self.answer(path, headers))

    def json(self, response: httpx.Response) -> object:
        """The JSON of an answer with status 200."""
        return self._connection.body_of(response)

    def foreign(self, why: str) -> UnexpectedResponseError:
        """The error for a service that is no KohakuRiver."""
        return self._connection.foreign(why)

    # Writing

    def write(
        self,
        method: str,
        path: str,
        body: Json = None,
        headers: Headers | None = None,
        *,
        timeout_s: float | None = None,
    ) -> tuple[object, Secret]:
        """Send a change; what was answered, and the session cookie that came with it, if any.

        Raises RefusedError for status 401 and 403, NotThereError for 404, AmbiguousError where it
        may have been carried out, WriteError where it was refused.
        """
        sent = self._admin if headers is None else headers
        address = f"{_PREFIX}{path}"
        response = self._connection.send(method, address, body, sent, timeout_s=timeout_s)
        shown = f"{method} {path.partition('?')[0]}"
        self._check_rights(response, shown)
        status = response.status_code
        if not response.is_success:
            is_absent = status == 404 and not is_page(response)
            refused = NotThereError if is_absent else WriteError
            kind = AmbiguousError if is_open(status) else refused
            raise kind(self.target, f"{shown} gave {self._told(response)}")
        cookie = Secret(response.cookies.get(_COOKIE) or "")
        self.conceal([cookie])
        try:
            return self._connection.json(response), cookie
        except UnexpectedResponseError as error:
            raise AmbiguousError(self.target, f"{shown}: {error.message}") from None

    def _check_rights(self, response: httpx.Response, shown: str) -> None:
        if response.status_code in (401, 403):
            text = f"{shown} gave {self._told(response)}"
            hint = "the option admin_token is not the host's ADMIN_SECRET, or is not any more"
            raise RefusedError(self.target, f"{text}: {hint}")

    def _told(self, response: httpx.Response) -> str:
        """Status and text. That of a 422 repeats what was sent, so only its kinds are told."""
        if response.status_code != 422:
            return self._connection.described(response)
        try:
            details = response.json()["detail"]
            faults = [f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in details]
        except (ValueError, KeyError, TypeError):
            return "status 422"
        return f"status 422 ({'; '.join(faults)})"


def as_session(cookie: Secret) -> Headers:
    """The headers of whoever has this session."""
    return {"Cookie": Secret(f"{_COOKIE}={cookie.reveal()}")}


def as_bearer(token: Secret) -> Headers:
    """The headers of whoever has this API token."""
    return {"Authorization": Secret(f"Bearer {token.reveal()}")}
