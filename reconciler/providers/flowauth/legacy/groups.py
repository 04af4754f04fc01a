"""Writes roles as groups of FlowAuth up to 1.17: what a group may do on one server.

FlowAuth takes what a group may do on all servers as one complete list: what others gave it on other
servers is sent again as it is. A user's own group comes and goes with the user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from reconciler.changes import Change
from reconciler.errors import TargetError, WriteError
from reconciler.providers.flowauth.legacy import api
from reconciler.providers.flowauth.legacy.directory import Directory, Group, Limits
from reconciler.providers.flowauth.legacy.servers import wanted_limits
from reconciler.providers.flowauth.legacy.words import (
    Rights,
    minimal,
    rights_of,
    with_polls,
)
from reconciler.providers.settling import UnknownResultError, settle
from reconciler.state import Fields, Key

_Entries = Mapping[int, Mapping[str, object]]
"""What a group may do, by server, as FlowAuth takes it."""


def create(ids: Directory, change: Change) -> None:
    """Create a group without members and give it its rights, or give them to a user's own group."""
    key, fields = change.key, change.after or {}
    server = ids.need_server(key.path[0])
    group = ids.group(key.path[1])
    if group is not None and server in group.server_ids:
        raise WriteError(ids.target, f"there is a {key} already; plan again")
    if group is None:
        group = _created(ids, key.path[1])
    elif group.row.members and not group.is_own:
        text = f'there is a group "{key.path[1]}" already, and somebody is in it; plan again'
        raise WriteError(ids.target, text)
    _give(ids, key, group, fields)


def update(ids: Directory, change: Change) -> None:
    """Change what a group may do on a server, or the limits of its tokens there."""
    _give(ids, change.key, ids.need_role(change.key.path), change.after or {})


def delete(ids: Directory, change: Change) -> None:
    """Take a group's rights on a server, and the group where it has no others.

    It may be gone already; a user's own group stays.
    """
    key = change.key
    group = ids.role(key.path)
    if group is None:
        return
    server = ids.need_server(key.path[0])
    if group.is_own or group.server_ids != {server}:
        take_rights(ids, group, server, str(key))
        return
    settle(
        ids.target,
        str(key),
        lambda: api.delete_group(ids.client, group.id),
        lambda: ids.role(key.path) is None,
    )


def take_rights(ids: Directory, group: Group, server: int, what: str) -> None:
    """Take all that a group may do on a server."""
    kept = {number: entry for number, entry in _entries(ids, group).items() if number != server}
    with _no_harm(ids, group, server):
        settle(
            ids.target,
            what,
            lambda: api.set_group_servers(ids.client, group.id, list(kept.values())),
            lambda: ids.group_limits(group.id, server) is None,
        )


def _created(ids: Directory, name: str) -> Group:
    settle(
        ids.target,
        f'group "{name}"',
        lambda: api.create_group(ids.client, name),
        lambda: ids.group(name) is not None,
    )
    group = ids.group(name)
    if group is None:
        raise WriteError(ids.target, f'there is no group "{name}" any more; plan again')
    return group


def _give(ids: Directory, key: Key, group: Group, fields: Fields) -> None:
    """Give a group what the fields say on a server; what they do not say stays."""
    server = ids.need_server(key.path[0])
    limits = wanted_limits(fields, _kept_limits(ids, group, server))
    rights = _wanted_rights(ids, group, server, fields)
    entries = {**_entries(ids, group), server: _entry(ids, server, limits, rights)}

    def is_done() -> bool:
        has_limits = ids.group_limits(group.id, server) == limits
        held = ids.dialect.held(ids.client, group.id, server)
        return has_limits and minimal(held) == minimal(rights)

    with _no_harm(ids, group, server):
        settle(
            ids.target,
            str(key),
            lambda: api.set_group_servers(ids.client, group.id, list(entries.values())),
            is_done,
        )


def _kept_limits(ids: Directory, group: Group, server: int) -> Limits | None:
    """The limits of a group on a server, where they are within the server's: others are refused.

    A server's limits may have been lowered since; tokens never outlive either.
    """
    there, longest = ids.group_limits(group.id, server), ids.server_limits(server)
    if there is None or longest is None:
        return there
    return Limits(min(there.expiry, longest.expiry), min(there.life_minutes, longest.life_minutes))


def _wanted_rights(ids: Directory, group: Group, server: int, fields: Fields) -> Rights:
    """The rights of the fields, with what they imply as far as the server offers it."""
    scopes = fields.get("scopes")
    if not isinstance(scopes, tuple):
        is_there = server in group.server_ids
        return ids.dialect.held(ids.client, group.id, server) if is_there else frozenset()
    offered = ids.dialect.offered(ids.client, server)
    wanted = rights_of(scopes)
    if missing := sorted(wanted - offered):
        text = f"the server does not offer {', '.join(missing)}"
        raise WriteError(ids.target, f"{text}; plan again, or add run or get_result to the role")
    return wanted | (with_polls(wanted) & offered)


def _entries(ids: Directory, group: Group) -> _Entries:
    found: dict[int, Mapping[str, object]] = {}
    for server in sorted(group.server_ids):
        limits = ids.group_limits(group.id, server)
        if limits is not None:
            held = ids.dialect.held(ids.client, group.id, server)
            found[server] = _entry(ids, server, limits, held)
    return found


def _entry(ids: Directory, server: int, limits: Limits, rights: Rights) -> Mapping[str, object]:
    if why := ids.dialect.obstacle(rights):
        raise WriteError(
            ids.target, f"nothing is written, for it could not be written whole: {why}"
        )
    return {
        "id": server,
        "latest_expiry": limits.expiry,
        "max_life": limits.life_minutes,
        "rights": ids.dialect.body(rights),
    }


@contextmanager
def _no_harm(ids: Directory, group: Group, server: int) -> Iterator[None]:
    """In some of these releases, writing one group's rights takes those of others: that is told."""
    if not ids.dialect.may_touch_others:
        yield
        return
    before = ids.known_holders(server)
    yield
    try:
        after = ids.known_holders(server)
    except TargetError as error:
        text = "it is written; whether FlowAuth took rights from other groups with it could not be"
        raise UnknownResultError(ids.target, f"{text} read: {error.message}") from error
    harmed = sorted(
        f'"{name}"'
        for number, (name, held) in before.items()
        if number != group.id and number in after and not held <= after[number][1]
    )
    if harmed:
        names = ", ".join(harmed)
        text = f"it is written, but FlowAuth took rights from other groups with it: {names}"
        hint = "a defect of this release: give them back in its web interface, or upgrade FlowAuth"
        raise WriteError(ids.target, f"{text}; {hint}")
