"""Creates accounts: an invitation for one, and a registration that uses it at once.

There is no other way to make an account, and none to change a password afterwards. Registering is
never sent twice: on any doubt the invitation is taken back, after which the registration can no
longer happen, and then the accounts say whether it did. Source: KohakuRiver, POST /auth/register.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from reconciler.changes import Change, Journal
from reconciler.errors import TargetError, WriteError
from reconciler.providers.http_connection import AmbiguousError
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.directory import Directory, named
from reconciler.providers.kohakuriver.inviting import new_invitation
from reconciler.providers.kohakuriver.tokens import hand_over_token, revoke_inherited
from reconciler.providers.kohakuriver.words import API_TOKEN
from reconciler.providers.passwords import new_password
from reconciler.providers.settling import NotThereError, UnknownResultError
from reconciler.secret import Secret

_LIFE_HOURS: Final = 1


def create_user(directory: Directory, change: Change, journal: Journal) -> None:
    """Create an account, after its password was handed over, and its API token if it is to have
    one.
    """
    name, fields = change.key.path[0], change.after or {}
    if named(directory.users_at_first(), name) is not None:
        raise WriteError(directory.target, f'there is a user "{name}" already; plan again')
    level, shown = str(fields["level"]), fields.get("name")
    password = new_password()
    journal.hand_over(name, password, "")
    invitation = new_invitation(directory, level, hours=_LIFE_HOURS)
    body: dict[str, object] = {"username": name, "password": password}
    if shown:
        body["display_name"] = shown
    row, cookie = _registered(directory, invitation, body)
    try:
        if (row.username, row.role) != (name, level):
            text = f'"{name}" was registered as "{row.username}" with the level {row.role}'
            raise WriteError(directory.target, text)
        revoke_inherited(directory, row, cookie)
        if fields.get(API_TOKEN):
            hand_over_token(directory, row, cookie, journal)
    finally:
        with suppress(TargetError):  # its session ends by itself, after 30 days
            api.log_out(directory.client, cookie)


def _registered(
    directory: Directory, invitation: api.InvitationRow, body: dict[str, object]
) -> tuple[api.UserRow, Secret]:
    """The new account and a session of its own."""
    try:
        return api.register(directory.client, invitation.token, body)
    except AmbiguousError as doubt:
        return _looked_up(directory, invitation, body, doubt)
    except TargetError:
        with suppress(TargetError):  # then it ends by itself, soon
            api.delete_invitation(directory.client, invitation.id)
        raise


def _looked_up(
    directory: Directory,
    invitation: api.InvitationRow,
    body: dict[str, object],
    doubt: AmbiguousError,
) -> tuple[api.UserRow, Secret]:
    """The account of a registration whose answer was lost, if it came to be."""
    name, password = str(body["username"]), body["password"]
    assert isinstance(password, Secret)
    try:
        with suppress(NotThereError):
            api.delete_invitation(directory.client, invitation.id)
        row = directory.user(name)
        cookie = None if row is None else api.log_in(directory.client, name, password)
    except TargetError as error:
        text = f"{doubt.message}; it could not be read back: {error.message}"
        raise UnknownResultError(directory.target, text) from error
    if row is None:
        text = f'{doubt.message}; there is no user "{name}", and its invitation is revoked'
        raise WriteError(directory.target, text)
    if cookie is None:
        text = f'there is a user "{name}" now, with another password: somebody else made it'
        raise WriteError(directory.target, f"{text}; plan again")
    return row, cookie
