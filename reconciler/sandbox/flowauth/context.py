"""What a route handler is given: the request, the signed-in user, and the simulator's parts."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.sandbox.flowauth import passwords
from reconciler.sandbox.flowauth.columns import parse_id
from reconciler.sandbox.flowauth.responses import crashed, not_found, page, refused
from reconciler.sandbox.flowauth.session import Session, Signer
from reconciler.sandbox.flowauth.settings import FlowAuthSettings
from reconciler.sandbox.flowauth.store import Store
from reconciler.sandbox.flowauth.table import DatabaseRefusedError
from reconciler.sandbox.flowauth.tables import UserRow
from reconciler.sandbox.http.clock import Clock
from reconciler.sandbox.http.messages import RefusedError, Request


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that live as long as the simulator; `wait` sleeps, but ends early at a stop."""

    settings: FlowAuthSettings
    store: Store
    signer: Signer
    clock: Clock
    wait: Callable[[float], object]


@dataclass(slots=True)
class Context:
    """One request on its way through a handler, which may exchange `session` for another.

    `outside_edits` run once, between what the handler reads and what it commits.
    """

    services: Services
    request: Request
    session: Session
    arguments: tuple[str, ...] = ()
    outside_edits: tuple[Callable[[], object], ...] = ()

    def user(self) -> UserRow | None:
        """The signed-in user, read anew: None when anonymous or when the row is gone."""
        if self.session.user_id is None:
            return None
        return self.services.store.view().users.get(self.session.user_id)

    def signed_in_user(self) -> UserRow:
        """The signed-in user; 401 when there is none."""
        user = self.user()
        if user is None:
            raise RefusedError(page(401))
        return user

    def json_object(self) -> dict[str, object]:
        """The body as an object: 415 and 400 as Flask answers them, 500 for any other JSON."""
        content_type = self.request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise RefusedError(page(415))
        try:
            value = json.loads(self.request.body)
        except ValueError:
            raise RefusedError(page(400)) from None
        if not isinstance(value, dict):
            raise crashed()
        return value

    def id_argument(self, position: int = 0) -> int:
        """An id of the path: what is no number is 404 on sqlite and a 500 on PostgreSQL."""
        number = parse_id(self.arguments[position])
        if number is not None:
            return number
        if self.services.settings.backend == "postgres":
            raise DatabaseRefusedError("the id in the path is no integer")
        raise not_found()

    def let_others_in(self, seconds: float = 0.0) -> None:
        """The gap between read and commit: outside edits run, other requests may commit."""
        edits, self.outside_edits = self.outside_edits, ()
        for edit in edits:
            edit()
        if seconds:
            self.services.wait(seconds)

    def check_strength(self, password: object, bad_field: str) -> str:
        """The password as text: 400 when zxcvbn finds it weak, 500 when zxcvbn cannot take it."""
        try:
            is_strong = passwords.is_strong(password)
        except (TypeError, ValueError):
            raise crashed() from None
        if not is_strong:
            raise refused("Password not complex enough.", bad_field=bad_field)
        return str(password)

    def spend_password_cost(self) -> None:
        """Take the time that argon2 takes for a password write."""
        if self.services.settings.password_cost_s:
            self.services.wait(self.services.settings.password_cost_s)
