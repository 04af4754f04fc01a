"""Writes users and the roles they hold.

Memberships are written from the user's side only: the list of a role's users, which FlowAuth can
write too, loses updates when two write it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from reconciler.changes import Change, Journal
from reconciler.errors import WriteError
from reconciler.passwords import asked_password
from reconciler.providers.flowauth import api
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.directory import Directory
from reconciler.providers.password_keeping import PasswordKeeping
from reconciler.providers.passwords import text_fault
from reconciler.providers.settling import settle

_MAX_PASSWORD: Final = 72
"""FlowAuth answers longer ones with status 500: its judge of strength refuses them."""


class Account(Protocol):
    """A user of any release."""

    @property
    def id(self) -> int:
        """Its number now."""

    @property
    def is_admin(self) -> bool:
        """Whether it is an administrator."""


class Accounts(Protocol):
    """Finds the users of any release by name."""

    @property
    def client(self) -> Client:
        """The session."""

    @property
    def target(self) -> str:
        """The name of the target, for errors."""

    def user(self, name: str) -> Account | None:
        """The user of this name, or None."""

    def need_user(self, name: str) -> Account:
        """The user of this name. Raises WriteError if there is none."""


def password_fault(value: str) -> tuple[str, str] | None:
    """Why a password from outside cannot be used, and what to do. Repeats nothing of it.

    Whether it is strong enough is for FlowAuth to say: it demands the highest score of zxcvbn.
    """
    if len(value) > _MAX_PASSWORD:
        text = f"has more than {_MAX_PASSWORD} characters, which FlowAuth cannot take"
        return text, "make it shorter"
    return text_fault(value)


def create(ids: Accounts, change: Change, journal: Journal, passwords: PasswordKeeping) -> None:
    """Create a user without roles, after a password that is made was handed over."""
    name = change.key.path[0]
    if ids.user(name) is not None:
        raise WriteError(ids.target, f'there is a user "{name}" already; plan again')
    is_admin = _is_admin(change)
    password = passwords.chosen(change, journal)

    def write() -> None:
        api.create_user(ids.client, name, password, is_admin=is_admin)

    def is_done() -> bool:
        row = ids.user(name)
        return row is not None and row.is_admin == is_admin

    settle(ids.target, f'user "{name}"', write, is_done)


def update(ids: Accounts, change: Change, journal: Journal, passwords: PasswordKeeping) -> None:
    """Give a user the admin flag, or take it; set a password. One request does both.

    Whether a password is there is seen by signing in with it: FlowAuth locks nobody out, and keeps
    nothing of a session.
    """
    name, fields = change.key.path[0], change.after or {}
    number = ids.need_user(name).id
    wanted: dict[str, object] = {"is_admin": _is_admin(change)} if "level" in fields else {}
    password = passwords.chosen(change, journal) if asked_password(change) else None
    if password is not None:
        wanted["password"] = password

    def is_done() -> bool:
        row = ids.user(name)
        if row is None or wanted.get("is_admin", row.is_admin) != row.is_admin:
            return False
        return password is None or ids.client.lets_in(name, password)

    words = {"is_admin": "the admin flag", "password": "the password"}
    what = f'{" and ".join(words[each] for each in wanted)} of "{name}"'
    settle(ids.target, what, lambda: api.update_user(ids.client, number, wanted), is_done)


def delete(ids: Accounts, change: Change) -> None:
    """Delete a user, who may be gone already."""
    name = change.key.path[0]
    row = ids.user(name)
    if row is not None:
        settle(
            ids.target,
            f'user "{name}"',
            lambda: api.delete_user(ids.client, row.id),
            lambda: ids.user(name) is None,
        )


def give_role(ids: Directory, change: Change) -> None:
    """Add one role to the user's list; what else is in the list stays."""
    user = ids.need_user(change.key.path[2])
    role = ids.need_role(change.key.path[:2])
    if not _holds(user, role):
        wanted = [*(each.id for each in user.roles), role.id]
        _write_roles(ids, user, wanted, lambda: _holds(ids.user(user.name), role))


def take_role(ids: Directory, change: Change) -> None:
    """Take one role from the user's list; user or role may be gone already."""
    user = ids.user(change.key.path[2])
    role = ids.role(change.key.path[:2])
    if user is not None and role is not None and _holds(user, role):
        wanted = [each.id for each in user.roles if each.id != role.id]
        _write_roles(ids, user, wanted, lambda: not _holds(ids.user(user.name), role))


def _is_admin(change: Change) -> bool:
    return (change.after or {})["level"] == "admin"


def _holds(user: api.UserRow | None, role: api.RoleRow) -> bool:
    held = () if user is None else user.roles
    return any((each.id, each.name) == (role.id, role.name) for each in held)


def _write_roles(
    ids: Directory, user: api.UserRow, wanted: Sequence[int], is_done: Callable[[], bool]
) -> None:
    settle(
        ids.target,
        f'the list of roles of "{user.name}"',
        lambda: api.set_user_roles(ids.client, user.id, sorted(wanted)),
        is_done,
    )
