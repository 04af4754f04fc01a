"""Writes who is in which group of FlowAuth up to 1.17, from the user's side.

A user's own group holds that user alone: being in it is having rights of one's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.flowauth.legacy import api, groups
from reconciler.providers.flowauth.legacy.directory import Directory, Group
from reconciler.providers.settling import settle


def give(ids: Directory, change: Change) -> None:
    """Put a user into a group; what other groups the user is in stays."""
    user = ids.need_user(change.key.path[2])
    group = ids.need_role(change.key.path[:2])
    if _is_in(ids, user, group):
        return
    if group.is_own:
        text = f'the group "{group.row.name}" is that of a user, and for nobody else; plan again'
        raise WriteError(ids.target, text)
    there = [each.id for each in api.list_user_groups(ids.client, user.id)]
    _write(ids, user, [*there, group.id], lambda: _is_in(ids, ids.user(user.name), group))


def take(ids: Directory, change: Change) -> None:
    """Take a user out of a group; user or group may be gone already."""
    user = ids.user(change.key.path[2])
    group = ids.role(change.key.path[:2])
    if user is None or group is None or not _is_in(ids, user, group):
        return
    server = ids.need_server(change.key.path[0])
    if group.is_own:
        groups.take_rights(ids, group, server, str(change.key))
        return
    if group.server_ids != {server}:
        text = f'the group "{group.row.name}" has rights on other servers too'
        hint = "who leaves it loses these as well: take the user out of it by hand"
        raise WriteError(ids.target, f"{text}; {hint}")
    there = [each.id for each in api.list_user_groups(ids.client, user.id)]
    kept = [number for number in there if number != group.id]
    _write(ids, user, kept, lambda: not _is_in(ids, ids.user(user.name), group))


def _is_in(ids: Directory, user: api.UserRow | None, group: Group) -> bool:
    if user is None:
        return False
    if group.is_own:
        return any(each.id == user.id for each in group.row.members)
    mine = api.list_user_groups(ids.client, user.id)
    return any((each.id, each.name) == (group.id, group.row.name) for each in mine)


def _write(
    ids: Directory, user: api.UserRow, wanted: Sequence[int], is_done: Callable[[], bool]
) -> None:
    settle(
        ids.target,
        f'the list of groups of "{user.name}"',
        lambda: api.set_user_groups(ids.client, user.id, sorted(wanted)),
        is_done,
    )
