"""Requests to MobiusFlow, and its answers told apart. What is asked stands in `v1` and `v3`.

Neither generation has a status 403: 401 is an ended session, and maybe a missing right.
Source: API description 1.2.3: the statuses of all paths, and the shape of errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import httpx

from reconciler.errors import RefusedError, UnexpectedResponseError, WriteError
from reconciler.providers.http_connection import (
    THROTTLED,
    AmbiguousError,
    Habits,
    HttpConnection,
    is_json,
    is_open,
)
from reconciler.providers.mobiusflow.options import MobiusFlowOptions
from reconciler.providers.mobiusflow.sessions import Session
from reconciler.providers.settling import NotThereError
from reconciler.secret import Secret

HABITS: Final = Habits("MobiusFlow", said=("message", "error"), throttled=THROTTLED)


class Client:
    """Sends requests as the user of the options. Safe to share between threads."""

    def __init__(self, target: str, options: MobiusFlowOptions) -> None:
        self.target = target
        self.options = options
        self._connection = HttpConnection(target, options, HABITS)
        self.session = Session(self._connection, options)

    def __repr__(self) -> str:
        return f"Client({self.target!r}, {self.options.url!r})"

    def close(self) -> None:
        """Log out and close the connections. Safe to call twice."""
        self.session.end()
        self._connection.close()

    def clock(self, path: str) -> datetime:
        """The time of the engine's machine, to the second. Needs no sign-in."""
        return self._connection.clock(path)

    def get(self, path: str) -> httpx.Response:
        """The answer to a GET, whatever its status but 401 and 403."""
        return self._sent("GET", path, None)

    def read(self, path: str) -> object:
        """The JSON of an answer with status 200. Raises UnexpectedResponseError for any other."""
        return self._connection.body_of(self.get(path))

    def find(self, path: str) -> object | None:
        """The same, or None where the engine itself says that there is no such thing.

        A page of a proxy with status 404 says nothing of the kind.
        """
        response = self.get(path)
        if response.status_code == 404 and is_json(response):
            answer = self._connection.json(response)
            if isinstance(answer, dict) and answer.get("statusCode") == 404:
                return None
        return self._connection.body_of(response)

    def json(self, response: httpx.Response) -> object:
        """The JSON of an answer with status 200."""
        return self._connection.body_of(response)

    def described(self, response: httpx.Response) -> str:
        """Status and the engine's own text."""
        return self._connection.described(response)

    def foreign(self, why: str) -> UnexpectedResponseError:
        """The error for an answer that is not MobiusFlow's."""
        return self._connection.foreign(why)

    def write(self, method: str, path: str, body: Mapping[str, object] | None) -> None:
        """Send a change. What is answered with success is not believed: read it back.

        Raises AmbiguousError where it may have been carried out, NotThereError for status 404,
        WriteError where it was refused otherwise.
        """
        response = self._sent(method, path, body)
        status = response.status_code
        said = f"{method} {path} gave {self.described(response)}"
        if is_open(status):
            raise AmbiguousError(self.target, said)
        if status == 404:
            raise NotThereError(self.target, said)
        if not response.is_success:
            raise WriteError(self.target, said)

    def _sent(self, method: str, path: str, body: Mapping[str, object] | None) -> httpx.Response:
        token = self.session.token()
        response = self._signed(token.secret, method, path, body)
        if response.status_code == 401:
            token = self.session.renewed(token)
            response = self._signed(token.secret, method, path, body)
        if response.status_code == 401:
            who = self.options.username
            text = f'{method} {path} is refused (status 401), though "{who}" has just logged in'
            why = "it may also mean: not allowed. Is this user an administrator of MobiusFlow?"
            raise RefusedError(self.target, f"{text}; {why}")
        if response.status_code == 403:
            text = f"{method} {path} gave {self.described(response)}"
            raise RefusedError(self.target, f"{text}; a proxy in front of MobiusFlow refuses it")
        return response

    def _signed(
        self, token: Secret, method: str, path: str, body: Mapping[str, object] | None
    ) -> httpx.Response:
        headers = {"Authorization": Secret(f"Bearer {token.reveal()}")}
        return self._connection.send(method, path, body, headers)
