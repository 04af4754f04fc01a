"""Reads FlowAuth up to 1.17 into the same records as its later releases.

Three lists, a request for each user and group, two for each server and for each server on which a
group has rights. Where a release does not say in a user's answer what the user's own group is, that
takes two more requests for each user.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.flowauth import api as shared
from reconciler.providers.flowauth.api import Named
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.era import Era
from reconciler.providers.flowauth.legacy import api
from reconciler.providers.flowauth.legacy.dialect import Dialect
from reconciler.providers.flowauth.legacy.directory import read_own_group
from reconciler.providers.flowauth.legacy.times import from_http_date
from reconciler.providers.flowauth.legacy.words import words_of
from reconciler.providers.side_by_side import side_by_side
from reconciler.state import Fields, Key, Record, State, state_of


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and what stands in the way of new things though no record shows it.

    `holders`: the groups with rights on a server, by the server's id: names by id. `idle_groups`:
    groups without rights on any server, by name, with the names of their members.
    `wants_secret_key`: a new server would need a key that the manifest does not hold.
    """

    state: State
    holders: Mapping[int, Mapping[int, str]]
    idle_groups: Mapping[str, tuple[str, ...]]
    wants_secret_key: bool


def read(client: Client, dialect: Dialect, era: Era) -> Reading:
    """All servers, groups, users and who is in which group.

    Raises a TargetError where anything is missing.
    """
    listed = shared.list_servers(client)
    users = side_by_side(lambda each: _user(client, each), shared.list_users(client))
    own = side_by_side(lambda user: _own(client, user), [u for u in users if u.servers != ()])
    groups = side_by_side(lambda each: _group(client, each), api.list_groups(client))
    every = [*groups, *own]
    _check_whole(client, listed, users, every)
    _check_both_sides(client, users, groups)
    records = [
        *side_by_side(lambda each: _server(client, dialect, each), listed),
        *(_account(user) for user in users),
        *side_by_side(lambda link: _role(client, dialect, *link), _links(every)),
        *_memberships(every),
    ]
    try:
        state = state_of(records)
    except ValueError as error:
        raise UnexpectedResponseError(client.target, f"FlowAuth lists {error}") from None
    idle = {g.name: tuple(m.name for m in g.members) for g in groups if not g.servers}
    wants_key = era is Era.ROUTES and any(
        api.wants_secret_key(client, each.id) for each in listed[:1]
    )
    return Reading(state, _holders(every), idle, wants_key)


def _user(client: Client, listed: Named) -> api.UserRow:
    row = api.find_user(client, listed.id)
    if row is None or row.name != listed.name:
        raise _changed_meanwhile(client, f'the user "{listed.name}"')
    return row


def _own(client: Client, user: api.UserRow) -> api.GroupRow:
    row = read_own_group(client, user)
    if row is None:
        raise _changed_meanwhile(client, f'the own group of the user "{user.name}"')
    return row


def _group(client: Client, listed: Named) -> api.GroupRow:
    row = api.find_group(client, listed.id)
    if row is None or row.name != listed.name:
        raise _changed_meanwhile(client, f'the group "{listed.name}"')
    return row


def _check_whole(
    client: Client,
    servers: Iterable[Named],
    users: Iterable[api.UserRow],
    groups: Iterable[api.GroupRow],
) -> None:
    """Whatever a group names was read too."""
    known = {(row.id, row.name) for row in servers}
    people = {(row.id, row.name) for row in users}
    for group in groups:
        its_servers = {(row.id, row.name) for row in group.servers}
        its_members = {(row.id, row.name) for row in group.members}
        if not (its_servers <= known and its_members <= people):
            raise _changed_meanwhile(client, f'the group "{group.name}"')


def _check_both_sides(
    client: Client, users: Iterable[api.UserRow], groups: Iterable[api.GroupRow]
) -> None:
    """What a user said of groups is what the groups say, where users tell it."""
    inside = {(member.id, group.id) for group in groups for member in group.members}
    shown = {group.id for group in groups}
    own = {user.group_id for user in users}
    for user in users:
        if user.groups is None:
            continue
        told = {group.id for group in user.groups}
        found = {number for number in shown if (user.id, number) in inside}
        if told & shown != found or not told <= shown | own:
            raise _changed_meanwhile(client, f'the user "{user.name}"')


def _links(groups: Iterable[api.GroupRow]) -> Iterator[tuple[api.GroupRow, Named]]:
    return ((group, server) for group in groups for server in group.servers)


def _holders(groups: Iterable[api.GroupRow]) -> Mapping[int, Mapping[int, str]]:
    found: dict[int, dict[int, str]] = {}
    for group, server in _links(groups):
        found.setdefault(server.id, {})[group.id] = group.name
    return found


def _account(user: api.UserRow) -> Record:
    return Record(Key("account", (user.name,)), {"level": "admin" if user.is_admin else "user"})


def _server(client: Client, dialect: Dialect, server: Named) -> Record:
    what = f'the server "{server.name}"'
    limits = _limits(client, api.find_server_limits(client, server.id), what)
    scopes = words_of(dialect.offered(client, server.id))
    return Record(Key("server", (server.name,)), {**limits, "scopes": scopes})


def _role(client: Client, dialect: Dialect, group: api.GroupRow, server: Named) -> Record:
    scopes = words_of(dialect.held(client, group.id, server.id))
    what = f'the group "{group.name}"'
    limits = _limits(client, api.find_group_limits(client, group.id, server.id), what)
    return Record(Key("role", (server.name, group.name)), {**limits, "scopes": scopes})


def _limits(client: Client, row: api.Limits | None, what: str) -> Fields:
    if row is None:
        raise _changed_meanwhile(client, what)
    expires = from_http_date(client.target, row.latest_token_expiry)
    return {"token_expires": expires, "token_life_minutes": row.longest_token_life}


def _memberships(groups: Iterable[api.GroupRow]) -> Iterator[Record]:
    for group, server in _links(groups):
        for member in group.members:
            yield Record(Key("membership", (server.name, group.name, member.name)), {})


def _changed_meanwhile(client: Client, what: str) -> UnexpectedResponseError:
    text = f"{what} was changed by somebody else while FlowAuth was read; run again"
    return UnexpectedResponseError(client.target, text)
