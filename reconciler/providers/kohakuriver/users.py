"""Changes and deletes accounts: after a look at all of them, and with what must go before."""

from __future__ import annotations

from contextlib import suppress

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.assignments import unassign_everywhere
from reconciler.providers.kohakuriver.directory import Directory
from reconciler.providers.kohakuriver.guards import refuse_highest_id, refuse_last_admin
from reconciler.providers.kohakuriver.invitations import revoke_of, takes_access
from reconciler.providers.settling import NotThereError, settle
from reconciler.state import Fields

_NAMES = {"active": "is_active", "level": "role", "name": "display_name"}


def update_user(directory: Directory, change: Change) -> None:
    """Change name, level or whether the account may sign in."""
    name, fields = change.key.path[0], change.after or {}
    row = directory.need_user(name)
    if takes_access(change):
        refuse_last_admin(directory.target, directory.users, row)
        if revoke_of(directory, row.id, only_open=True):
            row = directory.need_user(name)
    body = {_NAMES[field]: value for field, value in fields.items()}
    told: list[api.UserRow] = []

    def write() -> None:
        answer = api.change_user(directory.client, row.id, body)
        if answer.username != name:
            text = f'"{answer.username}" has had the id of "{name}" since a moment ago'
            raise WriteError(directory.target, f"{text}, and was changed instead: plan again")
        told.append(answer)

    def is_done() -> bool:
        there = told[0] if told else directory.user(name)
        return there is not None and _has(there, fields)

    settle(directory.target, f'user "{name}"', write, is_done)


def delete_user(directory: Directory, change: Change) -> None:
    """Delete an account, who may be gone already, after all that refers to it."""
    name = change.key.path[0]
    row = directory.user(name)
    if row is None:
        return
    _refuse(directory, row)
    revoke_of(directory, row.id, only_open=False)
    unassign_everywhere(directory, row)
    row = directory.user(name)
    if row is None:
        return
    _refuse(directory, row)
    number = row.id

    def write() -> None:
        with suppress(NotThereError):
            message = api.delete_user(directory.client, number)
            if f"'{name}'" not in message:
                text = f'"{name}" was to be deleted, and the host says: {message}'
                raise WriteError(directory.target, f"{text}; look at it and plan again")

    settle(directory.target, f'user "{name}"', write, lambda: directory.user(name) is None)


def _refuse(directory: Directory, row: api.UserRow) -> None:
    refuse_highest_id(directory.target, directory.users, row)
    refuse_last_admin(directory.target, directory.users, row)


def _has(row: api.UserRow, fields: Fields) -> bool:
    held = {"active": row.is_active, "level": row.role, "name": row.display_name}
    return all(held[name] == value for name, value in fields.items())
