"""Users by Engine API v1, all of which is published.

The list has only names, so reading N users takes 1 + 2N requests, a few of them at a time.
Source: API description "MobiusFlow API" 1.2.3, paths under /auth and /mobius/admin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from reconciler.errors import UnexpectedResponseError, WriteError
from reconciler.providers.mobiusflow.client import Client
from reconciler.providers.mobiusflow.levels import (
    ADMIN,
    KNOWN,
    level_of_switches,
    switches_of_level,
)
from reconciler.providers.mobiusflow.routes import path_part
from reconciler.providers.mobiusflow.rows import User, by_name, check_own
from reconciler.providers.side_by_side import side_by_side
from reconciler.secret import Secret

USERS: Final = "/auth/users"
_SETTINGS: Final = "/mobius/admin/settings"


class V1Engine:
    """An engine of generation 1."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._names: frozenset[str] = frozenset()

    def version(self) -> str:
        """The engine's version. Raises UnexpectedResponseError unless it keeps users itself."""
        answer = self.client.read(_SETTINGS)
        data = answer.get("data") if isinstance(answer, dict) else None
        settings = data.get("mobiusFlow") if isinstance(data, dict) else None
        if not isinstance(settings, dict):
            raise self.client.foreign(f"GET {_SETTINGS} has no data.mobiusFlow")
        provider = settings.get("engineApiAuthProvider")
        if provider != "local":
            text = f"its engineApiAuthProvider is {provider!r}, so its users are kept elsewhere"
            hint = "manage them there; only the provider local keeps users in MobiusFlow"
            raise UnexpectedResponseError(self.client.target, f"{text}; {hint}")
        return str(settings.get("version") or "1")

    def users(self) -> Mapping[str, User]:
        """All users; who goes away meanwhile is left out, once the list says so too."""
        names = self._listed()
        rows = side_by_side(self.user, names, self.client.options.concurrency)
        gone = {name for name, row in zip(names, rows, strict=True) if row is None}
        if gone and (kept := sorted(gone.intersection(self._listed()))):
            text = f'"{kept[0]}" is in the list of users, and GET for that user gives status 404'
            raise UnexpectedResponseError(self.client.target, f"{text}; run again")
        found = (row for row in rows if row is not None)
        return by_name(self.client.target, self.client.options.username, found)

    def user(self, name: str) -> User | None:
        """The user of this name as it is now, or None."""
        answer = self.client.find(f"/auth/user/{path_part(name)}")
        if answer is None:
            return None
        key = answer.get("_id") if isinstance(answer, dict) else answer
        if not isinstance(key, str) or not key:
            raise self.client.foreign(f'its answer for the user "{name}" has no _id')
        switches = self._switches(name, key)
        if switches is None:
            return None
        if self.client.options.emulate_inactive:
            is_active = any(switches.values())
            left = level_of_switches(switches) if is_active else None
            return User(key, name, left, is_active, switches.get(ADMIN, False), switches)
        level = level_of_switches(switches)
        return User(key, name, level, None, switches.get(ADMIN, False), switches)

    def look(self, name: str) -> User | None:
        """The user right before a write: asked again, since roles are written whole."""
        return self.user(name)

    def forget(self) -> None:
        """Nothing is kept."""

    def create(self, name: str, password: Secret, level: str) -> None:
        """Create a user with the switches that this engine has."""
        if not self._names:  # engines differ in it, and refuse what they do not know
            self.user(self.client.options.username)
        roles = switches_of_level(level, self._names or KNOWN)
        body = {"username": name, "password": password, "roles": roles}
        self.client.write("POST", "/auth/user", body)

    def set_level(self, user: User, level: str) -> None:
        """Write all switches, those that the engine gave and no others."""
        self._write(user, switches_of_level(level, user.switches))

    def set_password(self, user: User, password: Secret) -> None:
        """Give a user another password."""
        path = f"/auth/user/password/{path_part(user.id)}"
        self.client.write("PATCH", path, {"password": password})

    def lets_in(self, name: str, password: Secret) -> bool:
        """Whether a user can log in with this password."""
        return self.client.session.lets_in(name, password)

    def set_active(self, user: User, *, is_active: bool) -> None:
        """Take every switch, where the options say that this stands for being inactive."""
        if is_active or not self.client.options.emulate_inactive:
            text = f'MobiusFlow v1 cannot {"" if is_active else "de"}activate "{user.name}"'
            raise WriteError(self.client.target, text)
        self._write(user, dict.fromkeys(sorted(user.switches), False))

    def delete(self, user: User) -> None:
        """Delete a user for good."""
        self.client.write("DELETE", f"/auth/user/{path_part(user.id)}", None)

    def _write(self, user: User, switches: Mapping[str, bool]) -> None:
        self.client.write("PATCH", f"/auth/user/roles/{path_part(user.id)}", {"roles": switches})

    def _listed(self) -> Sequence[str]:
        answer = self.client.read(USERS)
        if not isinstance(answer, list) or not _are_names(answer):
            raise self.client.foreign(f"GET {USERS} is no list of names")
        if len(set(answer)) < len(answer):
            twice = next(name for name in answer if answer.count(name) > 1)
            text = f'two users are called "{twice}": delete or rename one of them there'
            raise UnexpectedResponseError(self.client.target, text)
        check_own(self.client.target, self.client.options.username, answer)
        return answer

    def _switches(self, name: str, key: str) -> Mapping[str, bool] | None:
        """The switches of a user, or None where there is no such user any more."""
        answer = self.client.find(f"/auth/user/roles/{path_part(key)}")
        if answer is None:
            return None
        if not isinstance(answer, dict) or not answer or not _are_switches(answer.values()):
            raise self.client.foreign(f'the roles of "{name}" are not switches')
        self._names = frozenset(answer)
        return answer


def _are_names(values: Iterable[object]) -> bool:
    return all(isinstance(each, str) and each for each in values)


def _are_switches(values: Iterable[object]) -> bool:
    return all(isinstance(each, bool) for each in values)
