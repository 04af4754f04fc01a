"""Users as they were read, and what both generations of the API are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.errors import UnexpectedResponseError
from reconciler.secret import Secret
from reconciler.state import Fields, Value


@dataclass(frozen=True, slots=True)
class User:
    """One user. `level` is None where all rights were taken as a way to deactivate.

    `active` is None where the engine does not say. `may_administer` also where the level is no
    administrator's, but a combination with that right in it. `switches` are v1's own.
    """

    id: str
    name: str
    level: str | None
    active: bool | None = None
    may_administer: bool = False
    switches: Mapping[str, bool] = field(default_factory=dict)

    @property
    def fields(self) -> Fields:
        """The fields of the account."""
        found: dict[str, Value] = {}
        if self.level is not None:
            found["level"] = self.level
        if self.active is not None:
            found["active"] = self.active
        return found

    def has(self, fields: Fields) -> bool:
        """Whether the user is as these fields say.

        Whom the engine does not tell to be active may be: new users are. That somebody is not has
        to be seen.
        """
        own = {"active": True, **self.fields}
        return all(own.get(name) == value for name, value in fields.items())


class Engine(Protocol):
    """One engine by one generation of its API."""

    def version(self) -> str:
        """Which version answers; raises for an engine whose users are not managed here."""

    def users(self) -> Mapping[str, User]:
        """All users by name: whole, or an error."""

    def user(self, name: str) -> User | None:
        """The user of this name as it is now, or None."""

    def look(self, name: str) -> User | None:
        """The same right before a write, where what was read after the last one may do."""

    def forget(self) -> None:
        """Nothing that was read so far may do any more."""

    def create(self, name: str, password: Secret, level: str) -> None:
        """Create a user, who is active."""

    def set_level(self, user: User, level: str) -> None:
        """Give a user this level and no other rights."""

    def set_password(self, user: User, password: Secret) -> None:
        """Give a user another password."""

    def lets_in(self, name: str, password: Secret) -> bool:
        """Whether a user can log in with this password. Leaves no session behind."""

    def set_active(self, user: User, *, is_active: bool) -> None:
        """Let a user log in, or not."""

    def delete(self, user: User) -> None:
        """Delete a user for good."""


def by_name(target: str, own: str, users: Iterable[User]) -> Mapping[str, User]:
    """The users by name.

    Raises UnexpectedResponseError where two have one name, for nobody could tell them apart, and
    where we are not among them, for then it is not the whole list.
    """
    found: dict[str, User] = {}
    for user in users:
        if user.name in found:
            text = f'two users are called "{user.name}": delete or rename one of them there'
            raise UnexpectedResponseError(target, text)
        found[user.name] = user
    check_own(target, own, found)
    return found


def check_own(target: str, own: str, names: Iterable[str]) -> None:
    """Raises UnexpectedResponseError where our own account is not among these names."""
    if own.casefold() not in (name.casefold() for name in names):
        text = f'the list of users lacks "{own}", whom we logged in as, so it is not all of it'
        raise UnexpectedResponseError(target, text)
