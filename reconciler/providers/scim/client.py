"""Requests to a SCIM service, and its answers told apart.

Here belongs how to talk to it. What the service can do is `features`, what is sent `resources`.
Source: RFC 7644, sections 2, 3.1, 3.8, 3.12 and 3.14.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

import httpx

from reconciler.errors import RefusedError, TargetError, UnexpectedResponseError, WriteError
from reconciler.providers.http_connection import (
    THROTTLED,
    AmbiguousError,
    Habits,
    HttpConnection,
    is_json,
    is_open,
    is_page,
)
from reconciler.providers.scim.options import ScimOptions
from reconciler.providers.settling import NotThereError
from reconciler.secret import Secret

_MEDIA_TYPE: Final = "application/scim+json"
_HABITS: Final = Habits(
    "a SCIM 2.0 service",
    {"Accept": f"{_MEDIA_TYPE}, application/json"},
    said=("detail", "scimType"),
    throttled=THROTTLED,
)

Row = Mapping[str, object]
"""A resource as the service sends it."""


def path_of(collection: str, key: str) -> str:
    """Where a resource is: its id may be any text (RFC 7643, section 3.1)."""
    return f"{collection}/{quote(key, safe='')}"


class NotSupportedError(WriteError):
    """The service says that it does not do this at all (status 501, or 405)."""


class InvalidError(WriteError):
    """The service says that what was sent is not as it wants it (status 400)."""


class BrokenError(AmbiguousError):
    """The service itself failed (status 500): it may have carried out the write, or not."""


class NoSuchListError(UnexpectedResponseError):
    """The service says that it has no such list (status 404, or 501)."""


class ForbiddenError(RefusedError):
    """The token is good, and lacks the right to this (status 403)."""


class Client:
    """Sends requests with our token. Safe to share between threads."""

    def __init__(self, target: str, options: ScimOptions) -> None:
        self.target = target
        self.options = options
        self._connection = HttpConnection(target, options, _HABITS)
        self._authorization = options.token.behind("Bearer ")
        self._connection.conceal(options.secrets())

    def __repr__(self) -> str:
        return f"Client({self.target!r}, {self.options.url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def get(self, path: str) -> httpx.Response:
        """The answer to a GET with any status but 401 and 403, for which RefusedError is raised."""
        return self._sent("GET", path)

    def find(self, path: str) -> Row | None:
        """One resource, or None where the service says that it is not there."""
        response = self.get(path)
        if response.status_code == 404 and not is_page(response):
            return None
        row = self.row(self._connection.body_of(response), f"GET {path}")
        return _with_version(row, response.headers.get("etag", ""))

    def write(self, method: str, path: str, body: Row | None, version: str = "") -> Row | None:
        """Send a change; the resource as it is then, where the service says so.

        `version` is sent as If-Match. Raises AmbiguousError where it may have been carried out,
        NotThereError for status 404, NotSupportedError for 501 and 405, InvalidError for 400, and
        WriteError otherwise. A page of a proxy says none of this of the service.
        """
        headers = {"If-Match": version} if version else {}
        response = self._sent(method, path, body, headers)
        said = f"{method} {path} gave {self._connection.described(response)}"
        kinds: dict[int, type[TargetError]] = {
            400: InvalidError,
            404: NotThereError,
            405: NotSupportedError,
            501: NotSupportedError,
        }
        status = response.status_code
        if status == 412:
            text = f"{method} {path}: it was changed meanwhile by somebody else; plan again"
            raise WriteError(self.target, text)
        if status in kinds and not is_page(response):
            raise kinds[status](self.target, said)
        if is_open(status):
            raise (BrokenError if status == 500 else AmbiguousError)(self.target, said)
        if not response.is_success:
            raise WriteError(self.target, said)
        if not response.content or not is_json(response):
            return None
        try:
            return self.row(response.json(), said)
        except ValueError:
            raise AmbiguousError(self.target, f"{method} {path}: half an answer") from None

    def clock(self) -> datetime:
        """The time of the service's machine, to the second."""
        return self._connection.clock("/ServiceProviderConfig")

    def row(self, value: object, said: str) -> Row:
        """A resource. Raises UnexpectedResponseError for any other JSON."""
        if not isinstance(value, dict):
            raise UnexpectedResponseError(self.target, f"{said}: it is no object")
        return value

    def json(self, response: httpx.Response) -> object:
        """The JSON of an answer with status 200."""
        return self._connection.body_of(response)

    def described(self, response: httpx.Response) -> str:
        """Status and the service's own text."""
        return self._connection.described(response)

    def _sent(
        self,
        method: str,
        path: str,
        body: Row | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent: dict[str, str | Secret] = {"Authorization": self._authorization, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = _MEDIA_TYPE
        response = self._connection.send(method, path, body, sent)
        if response.status_code == 401:
            text = "the service refused the token; check the option token"
            raise RefusedError(self.target, text)
        if response.status_code == 403:
            text = f"{method} {path.partition('?')[0]}: the token lacks the right to do this"
            raise ForbiddenError(self.target, f"{text} ({self._connection.described(response)})")
        return response


def _with_version(row: Row, tag: str) -> Row:
    """The resource with its version, which some services say in a header alone.

    Source: RFC 7644, section 3.14.
    """
    meta = row.get("meta")
    said = meta if isinstance(meta, dict) else {}
    return row if not tag or said.get("version") else {**row, "meta": {**said, "version": tag}}
