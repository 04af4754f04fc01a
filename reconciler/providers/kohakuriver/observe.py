"""Reads a host into a State: two lists; with VPS in the manifest a third, and one for each of them.

Here belongs turning answers into records; nothing is compared or decided. The host serves one
request after the other, so nothing is asked side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.directory import Directory, matching
from reconciler.providers.kohakuriver.words import ASSIGNEE, VPS
from reconciler.scope import Scope
from reconciler.state import INVITED, Fields, Key, Record, State


def observe(directory: Directory, scope: Scope) -> State:
    """All accounts, those to which somebody is invited too, and who is assigned to the VPS of the
    scope.

    A VPS is inventory: an `object` record of its task_id and owner, and several of them where the
    word of the manifest fits several; then the assignments of all of them are there.
    """
    users = directory.read_users()
    rows = directory.read_invitations()
    records: dict[Key, Fields] = {
        Key("account", (name,)): {INVITED: row.role}
        for name, row in directory.invited.open(rows, users).items()
    }
    invited = len(records)
    for row in users:
        records[Key("account", (row.username,))] = _account(row)
    if len(records) - invited != len(users):
        raise UnexpectedResponseError(directory.target, "GET /auth/users lists a name twice")
    if scope.servers:
        listed = api.list_vps(directory.client)
        for word in sorted(scope.servers):
            records.update(_on_server(directory, word, matching(listed, word)))
    return State(records)


def _account(row: api.UserRow) -> Fields:
    return {"active": row.is_active, "level": row.role, "name": row.display_name or ""}


def _on_server(directory: Directory, word: str, found: Sequence[api.VpsRow]) -> Iterator[Record]:
    if found:
        owners = {row.task_id: row.owner_username or "" for row in found}
        yield Record(Key("object", (word, VPS, "")), owners)
    names = {row.username for row in directory.users}
    for vps in found:
        for row in api.list_assignees(directory.client, vps.task_id):
            if row.username not in names:
                text = f'the user "{row.username}" came while KohakuRiver was read; run again'
                raise UnexpectedResponseError(directory.target, text)
            yield Record(Key("membership", (word, ASSIGNEE, row.username)), {})
