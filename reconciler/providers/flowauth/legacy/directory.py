"""Finds users, servers and groups of FlowAuth up to 1.17 by name, as they are at this moment.

A role (server, name) is the group of this name with rights on this server; where a user has the
name, it is that user's own group, which no list of groups shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.errors import UnexpectedResponseError, WriteError
from reconciler.providers.flowauth import api as shared
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.directory import NameIndex
from reconciler.providers.flowauth.legacy import api
from reconciler.providers.flowauth.legacy.dialect import Dialect
from reconciler.providers.flowauth.legacy.times import from_http_date
from reconciler.providers.flowauth.legacy.words import Rights
from reconciler.providers.flowauth.times import to_flowauth
from reconciler.providers.side_by_side import side_by_side


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of tokens; `expiry` as FlowAuth takes it."""

    expiry: str
    life_minutes: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group and what it may do, by the ids of servers. `is_own`: it is that of a user."""

    row: api.GroupRow
    is_own: bool

    @property
    def id(self) -> int:
        """Its number now."""
        return self.row.id

    @property
    def server_ids(self) -> frozenset[int]:
        """The servers on which it has rights."""
        return frozenset(server.id for server in self.row.servers)


class Directory:
    """Looks up users, servers and groups of one FlowAuth by name.

    `holders` are the groups that had rights on servers when all was read: see `Reading`.
    """

    def __init__(
        self,
        client: Client,
        dialect: Dialect,
        holders: Mapping[int, Mapping[int, str]] | None = None,
    ) -> None:
        self.client = client
        self.dialect = dialect
        self._holders = holders
        self._users = NameIndex(
            client.target, self._user_ids, lambda n: api.find_user(client, n), _name_of_user
        )
        self._groups = NameIndex(
            client.target, self._group_ids, lambda n: api.find_group(client, n), _name_of_group
        )

    @property
    def target(self) -> str:
        """The name of the target, for errors."""
        return self.client.target

    def user(self, name: str) -> api.UserRow | None:
        """The user of this name, or None."""
        return self._users.row(name)

    def need_user(self, name: str) -> api.UserRow:
        """The user of this name. Raises WriteError if there is none."""
        row = self.user(name)
        if row is None:
            raise self._missing(f'user "{name}"')
        return row

    def server(self, name: str) -> int | None:
        """The id of the server of this name, or None."""
        rows = shared.list_servers(self.client)
        return next((row.id for row in rows if row.name == name), None)

    def need_server(self, name: str) -> int:
        """The id of the server of this name. Raises WriteError if there is none."""
        number = self.server(name)
        if number is None:
            raise self._missing(f'server "{name}"')
        return number

    def group(self, name: str) -> Group | None:
        """The group of this name, which may be a user's own, or None."""
        row = self._groups.row(name)
        if row is not None:
            return Group(row, is_own=False)
        user = self.user(name)
        return None if user is None else self._own_group(user)

    def role(self, path: tuple[str, ...]) -> Group | None:
        """The group at (server, name), if it has rights on the server; else None."""
        group = self.group(path[1])
        return group if group is not None and self.server(path[0]) in group.server_ids else None

    def need_role(self, path: tuple[str, ...]) -> Group:
        """The group at (server, name). Raises WriteError if there is none."""
        group = self.role(path)
        if group is None:
            raise self._missing(f'group "{path[1]}" with rights on the server "{path[0]}"')
        return group

    def server_limits(self, server_id: int) -> Limits | None:
        """The limits of a server, or None if there is none of this id."""
        return self._limits(api.find_server_limits(self.client, server_id))

    def group_limits(self, group_id: int, server_id: int) -> Limits | None:
        """The limits of a group on a server, or None if it has no rights there."""
        return self._limits(api.find_group_limits(self.client, group_id, server_id))

    def groups_on(self, server_id: int) -> dict[int, tuple[str, Rights]]:
        """Name and rights of each group that has rights on a server, by id: users' own too."""
        rows = [
            row
            for row in self._groups_asked_about(server_id)
            if _has_rights(row.servers, server_id)
        ]
        held = side_by_side(lambda row: self.dialect.held(self.client, row.id, server_id), rows)
        return {row.id: (row.name, each) for row, each in zip(rows, held, strict=True)}

    def known_holders(self, server_id: int) -> dict[int, tuple[str, Rights]]:
        """As `groups_on`, but only of groups that had rights there when all was read.

        That is one request for each of them, where `groups_on` asks for every user and group.
        """
        if self._holders is None:
            return self.groups_on(server_id)
        found: dict[int, tuple[str, Rights]] = {}
        for number, name in self._holders.get(server_id, {}).items():
            held = self._held_if_there(number, server_id)
            if held is not None:
                found[number] = name, held
        return found

    def _held_if_there(self, group_id: int, server_id: int) -> Rights | None:
        """What a group is given on a server, or None if it is gone from there."""
        try:
            return self.dialect.held(self.client, group_id, server_id)
        except UnexpectedResponseError:
            if api.find_group_limits(self.client, group_id, server_id) is None:
                return None
            raise

    def _groups_asked_about(self, server_id: int) -> list[api.GroupRow]:
        """All groups, and users' own, of which some releases tell in users' answers whether they
        have rights on the server. Raises WriteError where one is listed and cannot be read.
        """
        groups, listed = api.list_groups(self.client), shared.list_users(self.client)
        rows = side_by_side(lambda each: api.find_group(self.client, each.id), groups)
        users = side_by_side(lambda each: api.find_user(self.client, each.id), listed)
        found = [row for row in rows if row is not None]
        people = [user for user in users if user is not None]
        if len(found) < len(rows) or len(people) < len(users):
            raise WriteError(self.target, "a group or user went away meanwhile; plan again")
        holders = [u for u in people if u.servers is None or _has_rights(u.servers, server_id)]
        return [*found, *side_by_side(lambda user: self._own_group(user).row, holders)]

    def _own_group(self, user: api.UserRow) -> Group:
        row = read_own_group(self.client, user)
        if row is None:
            raise self._missing(f'own group of the user "{user.name}"')
        return Group(row, is_own=True)

    def _limits(self, row: api.Limits | None) -> Limits | None:
        if row is None:
            return None
        expiry = to_flowauth(from_http_date(self.target, row.latest_token_expiry))
        return Limits(expiry, row.longest_token_life)

    def _missing(self, what: str) -> WriteError:
        return WriteError(self.target, f"there is no {what} any more; plan again")

    def _user_ids(self) -> dict[str, int]:
        return {row.name: row.id for row in shared.list_users(self.client)}

    def _group_ids(self) -> dict[str, int]:
        return {row.name: row.id for row in api.list_groups(self.client)}


def read_own_group(client: Client, user: api.UserRow) -> api.GroupRow | None:
    """A user's own group under the user's name, or None if it went meanwhile.

    FlowAuth leaves it the old name where a user is renamed.
    """
    number = user.group_id
    if number is None:
        number = api.own_group(client, user.id).id
    row = api.find_group(client, number)
    return None if row is None else row.model_copy(update={"name": user.name})


def _has_rights(servers: Iterable[shared.Named], server_id: int) -> bool:
    return any(server.id == server_id for server in servers)


def _name_of_user(row: api.UserRow) -> str:
    return row.name


def _name_of_group(row: api.GroupRow) -> str:
    return row.name
