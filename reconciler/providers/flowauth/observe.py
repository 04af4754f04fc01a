"""Reads a FlowAuth instance into a State: three lists, one request a user, and two a server.

Only a user's own answer says who is an administrator, so none of them can be left out. Here belongs
turning answers into records; nothing is compared or decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.flowauth import api
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.times import from_flowauth
from reconciler.providers.side_by_side import side_by_side
from reconciler.state import Fields, Key, Record, State, state_of


def observe(client: Client) -> State:
    """All servers, roles, users and memberships. Raises a TargetError where anything is missing."""
    rows = side_by_side(lambda each: _server_row(client, each), api.list_servers(client))
    servers = {row.id: row for row in rows}
    lists = side_by_side(lambda number: api.list_scopes(client, number), servers)
    scopes = dict(zip(servers, lists, strict=True))
    roles = api.list_roles(client)
    users = _user_rows(client)
    _check_whole(client, servers, scopes, roles, users)
    records = [
        *(_server(client, row, scopes[row.id]) for row in servers.values()),
        *_roles(client, servers, scopes, roles),
        *(_account(row) for row in users.values()),
        *_memberships(servers, roles, users),
    ]
    try:
        return state_of(records)
    except ValueError as error:
        raise UnexpectedResponseError(client.target, f"FlowAuth lists {error}") from None


def _server_row(client: Client, listed: api.Named) -> api.ServerRow:
    row = api.find_server(client, listed.id)
    if row is None or row.name != listed.name:
        raise _changed_meanwhile(client, f'the server "{listed.name}"')
    return row


def _user_rows(client: Client) -> dict[int, api.UserRow]:
    listed = api.list_users(client)
    rows = side_by_side(lambda each: api.find_user(client, each.id), listed)
    found: dict[int, api.UserRow] = {}
    for each, row in zip(listed, rows, strict=True):
        if row is None or row.name != each.name:
            raise _changed_meanwhile(client, f'the user "{each.name}"')
        found[each.id] = row
    return found


def _check_whole(
    client: Client,
    servers: Mapping[int, api.ServerRow],
    scopes: Mapping[int, tuple[api.Named, ...]],
    roles: tuple[api.RoleRow, ...],
    users: Mapping[int, api.UserRow],
) -> None:
    """Whatever a role names by id was read too."""
    scope_ids = {scope.id for each in scopes.values() for scope in each}
    for role in roles:
        if (
            role.server not in servers
            or not scope_ids.issuperset(role.scopes)
            or not users.keys() >= set(role.users)
        ):
            raise _changed_meanwhile(client, f'the role "{role.name}"')


def _account(user: api.UserRow) -> Record:
    return Record(Key("account", (user.name,)), {"level": "admin" if user.is_admin else "user"})


def _server(client: Client, server: api.ServerRow, scopes: tuple[api.Named, ...]) -> Record:
    expiry = server.latest_token_expiry
    fields: Fields = {
        "token_expires": from_flowauth(client.target, expiry) if expiry else None,
        "token_life_minutes": server.longest_token_life_minutes,
        "scopes": tuple(sorted(scope.name for scope in scopes)),
    }
    return Record(Key("server", (server.name,)), fields)


def _roles(
    client: Client,
    servers: Mapping[int, api.ServerRow],
    scopes: Mapping[int, tuple[api.Named, ...]],
    roles: tuple[api.RoleRow, ...],
) -> Iterator[Record]:
    scope_names = {scope.id: scope.name for each in scopes.values() for scope in each}
    for role in roles:
        expiry = role.latest_token_expiry
        fields: Fields = {
            "scopes": tuple(sorted(scope_names[scope] for scope in role.scopes)),
            "token_expires": from_flowauth(client.target, expiry) if expiry else None,
            "token_life_minutes": role.longest_token_life_minutes,
        }
        yield Record(Key("role", (servers[role.server].name, role.name)), fields)


def _memberships(
    servers: Mapping[int, api.ServerRow],
    roles: tuple[api.RoleRow, ...],
    users: Mapping[int, api.UserRow],
) -> Iterator[Record]:
    for role in roles:
        for user in role.users:
            path = (servers[role.server].name, role.name, users[user].name)
            yield Record(Key("membership", path), {})


def _changed_meanwhile(client: Client, what: str) -> UnexpectedResponseError:
    text = f"{what} was changed by somebody else while FlowAuth was read; run again"
    return UnexpectedResponseError(client.target, text)
