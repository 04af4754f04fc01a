"""Users by Engine API v3, by the rows of a table: most of its routes are not published.

Nothing is believed of an assumed route: a list has to look like one, and what was written counts
once the list shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.errors import UnexpectedResponseError, WriteError
from reconciler.providers.mobiusflow.client import Client
from reconciler.providers.mobiusflow.levels import TOP, level_of_names
from reconciler.providers.mobiusflow.routes import Route
from reconciler.providers.mobiusflow.rows import User, by_name
from reconciler.secret import Secret

_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "items": ("", "/users"),
    "id": ("/id", "/_id"),
    "name": ("/username",),
    "role": ("/roles", "/role"),
    "active": ("/isActive",),
}
"""Where something is looked for that the row of `list` has no pointer for."""
_COUNTS: Final = ("total", "totalCount", "count")
_NOTHING: Final = object()


class V3Engine:
    """An engine of generation 3."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.table = client.options.table()
        self._names = client.options.level_names()
        self._seen: Mapping[str, User] | None = None

    def version(self) -> str:
        """The generation: no published route says more. Signs in."""
        self.client.session.token()
        return "v3"

    def users(self) -> Mapping[str, User]:
        """All users."""
        route = self.table["list"]
        users = self.users_at(route)
        self._seen = by_name(self.client.target, self.client.options.username, users)
        return self._seen

    def user(self, name: str) -> User | None:
        """The user of this name as it is now, or None."""
        return self.users().get(name)

    def look(self, name: str) -> User | None:
        """The user by what was read after the last write: only lists can be asked for."""
        return self.users().get(name) if self._seen is None else self._seen.get(name)

    def forget(self) -> None:
        """What was read so far is too old."""
        self._seen = None

    def create(self, name: str, password: Secret, level: str) -> None:
        """Create a user."""
        role = self._names[level]
        self._write("create", {"username": name, "password": password, "role": role})

    def set_level(self, user: User, level: str) -> None:
        """Give a user another role."""
        role = self._names[level]
        self._write("set_role", {"id": user.id, "username": user.name, "role": role})

    def set_password(self, user: User, password: Secret) -> None:
        """Give a user another password."""
        values = {"id": user.id, "username": user.name, "password": password}
        self._write("set_password", values)

    def lets_in(self, name: str, password: Secret) -> bool:
        """Whether a user can log in with this password."""
        return self.client.session.lets_in(name, password)

    def set_active(self, user: User, *, is_active: bool) -> None:
        """Let a user log in, or not."""
        self._write("set_active", {"id": user.id, "username": user.name, "active": is_active})

    def delete(self, user: User) -> None:
        """Delete a user for good."""
        self._write("delete", {"id": user.id, "username": user.name})

    def users_at(self, route: Route) -> list[User]:
        """The users of a list. Raises UnexpectedResponseError where it is none, or not whole."""
        response = self.client.get(f"/{route.path}")
        try:
            answer = self.client.json(response)
        except UnexpectedResponseError as error:
            raise self._no_list(route, f"gives no list of users ({error.message})") from None
        items = _found(answer, route.pointers, "items")
        if not isinstance(items, list):
            raise self._no_list(route, "is no list of users")
        if isinstance(answer, dict):
            counts = [answer[name] for name in _COUNTS if isinstance(answer.get(name), int)]
            if any(count > len(items) for count in counts):
                raise self._no_list(route, f"has {len(items)} of {max(counts)} users, and no more")
        return [self._user(route, row) for row in items]

    def _user(self, route: Route, row: object) -> User:
        texts = [_found(row, route.pointers, name) for name in ("id", "name")]
        if not all(isinstance(each, str) and each for each in texts):
            raise self._no_list(route, "has a row without an id, or without a name")
        roles = _found(row, route.pointers, "role")
        names = [roles] if isinstance(roles, str) else roles
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise self._no_list(route, "has a row without a role")
        active = _found(row, route.pointers, "active")
        if active is not _NOTHING and not isinstance(active, bool | None):
            raise self._no_list(route, "has a row that is neither active nor inactive")
        is_active = active if isinstance(active, bool) else None
        level, is_top = level_of_names(names, self._names), self._names[TOP] in names
        return User(str(texts[0]), str(texts[1]), level, is_active, is_top)

    def _no_list(self, route: Route, why: str) -> UnexpectedResponseError:
        hint = "reconciler doctor looks where else it may be; see the option routes"
        return UnexpectedResponseError(self.client.target, f"{route} {why}; {hint}")

    def _write(self, verb: str, values: Mapping[str, object]) -> None:
        route, options = self.table[verb], self.client.options
        if not (route.is_verified or options.accept_unpublished_routes):
            text = f"{route} is not published and nobody has verified it: nothing was sent"
            raise WriteError(self.client.target, text)
        self._seen = None
        self.client.write(route.method, route.path_for(values), route.body_for(values))


def _found(value: object, pointers: Mapping[str, str], name: str) -> object:
    """What is at the pointer of this name, or else at the first usual place that has something."""
    places = (pointers[name],) if name in pointers else _USUAL[name]
    answers = [_at(value, place) for place in places]
    if name == "items":
        answers = [each for each in answers if isinstance(each, list)] or answers
    return next((each for each in answers if each is not _NOTHING), _NOTHING)


def _at(value: object, pointer: str) -> object:
    """Source: RFC 6901; into lists it does not lead here."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, dict) or name not in value:
            return _NOTHING
        value = value[name]
    return value
