"""Writes who is assigned to a VPS: added with one request, taken away one by one.

What is answered proves nothing, so the list is read after each.
Source: KohakuRiver, POST and DELETE /vps/ID/assign.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.directory import Directory, named
from reconciler.providers.settling import NotThereError, following, settle


def assign(directory: Directory, changes: Sequence[Change]) -> None:
    """Assign one VPS to all of these."""
    vps = directory.need_vps(changes[0].key.path[0])
    users, wanted = directory.read_users(), [change.key.path[2] for change in changes]
    ids = []
    for name in wanted:
        row = named(users, name)
        if row is None:
            raise WriteError(directory.target, f'there is no user "{name}" any more; plan again')
        ids.append(row.id)
    settle(
        directory.target,
        f'assignees of "{changes[0].key.path[0]}"',
        lambda: api.assign(directory.client, vps.task_id, ids),
        lambda: set(wanted) <= _names(directory, vps),
    )


def unassign(directory: Directory, changes: Sequence[Change]) -> None:
    """Take one VPS from all of these, who may be gone already."""
    vps = directory.need_vps(changes[0].key.path[0])
    unwanted = {change.key.path[2] for change in changes}
    found = [
        row for row in api.list_assignees(directory.client, vps.task_id) if row.username in unwanted
    ]

    what = f'assignees of "{changes[0].key.path[0]}"'

    def write() -> None:
        for row in found:
            is_first = row is found[0]
            with following(directory.target, what, is_first=is_first), suppress(NotThereError):
                api.unassign(directory.client, vps.task_id, row.user_id)

    if found:
        settle(directory.target, what, write, lambda: not unwanted & _names(directory, vps))


def unassign_everywhere(directory: Directory, user: api.UserRow) -> None:
    """Take every VPS from an account that is to be deleted: whoever got its id would have them.

    The list of VPS is wrong where it says that nobody is assigned.
    """
    for vps in api.list_vps(directory.client):
        if vps.assignees and all(each.id != user.id for each in vps.assignees):
            continue
        if user.username in _names(directory, vps):
            with suppress(NotThereError):
                api.unassign(directory.client, vps.task_id, user.id)


def _names(directory: Directory, vps: api.VpsRow) -> set[str]:
    return {row.username for row in api.list_assignees(directory.client, vps.task_id)}
