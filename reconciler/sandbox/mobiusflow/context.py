"""What a handler of the simulator is given: one request, and the engine behind it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from reconciler.sandbox.http.clock import Clock
from reconciler.sandbox.http.messages import RefusedError, Request, Response, json_reply
from reconciler.sandbox.mobiusflow.settings import MobiusFlowSettings, Oddities
from reconciler.sandbox.mobiusflow.store import Store, UserRow
from reconciler.sandbox.mobiusflow.tokens import Sessions, Signer

MIN_PASSWORD = 8


@dataclass(frozen=True, slots=True)
class Services:
    """One engine: its settings, oddities, users and sessions."""

    settings: MobiusFlowSettings
    oddities: Oddities
    store: Store
    signer: Signer
    sessions: Sessions
    clock: Clock

    def error(self, status: int, message: str) -> Response:
        """An error in the engine's shape; no other shape is documented."""
        body: dict[str, object] = {
            "statusCode": status,
            "error": HTTPStatus(status).phrase,
            "message": message,
        }
        if not self.oddities.terse_errors:
            body |= {"ts": "2026-01-01T00:00:00.000Z", "code": status}
        return json_reply(body, status)


@dataclass(frozen=True, slots=True)
class Context:
    """One request with the parts of its path, after the engine's prefix."""

    services: Services
    request: Request
    parts: tuple[str, ...]

    @property
    def store(self) -> Store:
        """The users."""
        return self.services.store

    @property
    def oddities(self) -> Oddities:
        """In what this engine differs."""
        return self.services.oddities

    @property
    def bearer(self) -> str:
        """The token of the request; empty if there is none."""
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else ""

    def refused(self, status: int, message: str) -> RefusedError:
        """What ends a request with an error."""
        return RefusedError(self.services.error(status, message))

    def body(self, *keys: str) -> Mapping[str, object]:
        """The JSON object that was sent; these keys are required, and no others are allowed."""
        try:
            found = json.loads(self.request.body)
        except ValueError:
            raise self.refused(400, "Body is not valid JSON") from None
        if not isinstance(found, dict):
            raise self.refused(400, "body must be object")
        for key in keys:
            if key not in found:
                raise self.refused(400, f"body must have required property '{key}'")
        if set(found) - set(keys) and self.oddities.refuses_extra_keys:
            raise self.refused(400, "body must NOT have additional properties")
        return {key: found[key] for key in keys}

    def text(self, body: Mapping[str, object], key: str, shortest: int = 1) -> str:
        """A value that has to be a text of this length."""
        value = body[key]
        if not isinstance(value, str) or len(value) < shortest:
            raise self.refused(400, f"body/{key} must NOT have fewer than {shortest} characters")
        return value

    def needed(self, key: str) -> UserRow:
        """The user of this id."""
        row = self.store.get(key)
        if row is None:
            raise self.refused(404, "User not found")
        return row

    def signed_in(self, username: str, password: str) -> UserRow:
        """The user of this name and password, who is active."""
        row = self.store.named(username)
        if row is None or row.password != password or not row.is_active:
            raise self.refused(401, "Invalid username or password")
        return row
