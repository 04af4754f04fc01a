"""Finds things by name, with an id that is theirs at this moment.

Ids are never trusted: FlowAuth on sqlite gives the id of a deleted thing to the next one. So an id
found earlier in the run is used only after its thing was read again and still has the name.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from reconciler.errors import UnexpectedResponseError, WriteError
from reconciler.providers.flowauth import api
from reconciler.providers.flowauth.client import Client

_Name = TypeVar("_Name", bound=Hashable)
_Row = TypeVar("_Row")

_LISTINGS: Final = 2
"""How often a list is read for one name: it may go, or be made anew, between list and answer."""


class NameIndex(Generic[_Name, _Row]):
    """Ids by name, listed when first needed and listed again when one of them does not fit."""

    def __init__(
        self,
        target: str,
        list_ids: Callable[[], dict[_Name, int]],
        find: Callable[[int], _Row | None],
        name_of: Callable[[_Row], _Name],
    ) -> None:
        self._target = target
        self._list_ids = list_ids
        self._find = find
        self._name_of = name_of
        self._ids: dict[_Name, int] = {}

    def row(self, name: _Name) -> _Row | None:
        """The thing as it is now, or None if there is none of this name.

        Status 404 alone is no sign of that: a proxy says it too. Raises UnexpectedResponseError
        where a name stays in the list and cannot be read.
        """
        found = self._row_by_known_id(name)
        for _ in range(_LISTINGS):
            if found is None:
                self._ids = self._list_ids()
                if name not in self._ids:
                    return None
                found = self._row_by_known_id(name)
        if found is None:
            text = f"{name!r} is in the list of its kind, and GET for it gives status 404"
            raise UnexpectedResponseError(self._target, f"{text}; run again")
        return found

    def _row_by_known_id(self, name: _Name) -> _Row | None:
        number = self._ids.get(name)
        row = None if number is None else self._find(number)
        return row if row is not None and self._name_of(row) == name else None


class Directory:
    """Looks up users, servers and roles of one FlowAuth by name."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._users = NameIndex(
            client.target, self._user_ids, lambda n: api.find_user(client, n), lambda r: r.name
        )
        self._servers = NameIndex(
            client.target, self._server_ids, lambda n: api.find_server(client, n), lambda r: r.name
        )
        self._roles = NameIndex(
            client.target,
            self._role_ids,
            lambda n: api.find_role(client, n),
            lambda r: (r.server, r.name),
        )

    @property
    def target(self) -> str:
        """The name of the target, for errors."""
        return self.client.target

    def user(self, name: str) -> api.UserRow | None:
        """The user of this name, or None."""
        return self._users.row(name)

    def server(self, name: str) -> api.ServerRow | None:
        """The server of this name, or None."""
        return self._servers.row(name)

    def role(self, path: tuple[str, ...]) -> api.RoleRow | None:
        """The role at (server, name), or None."""
        server = self.server(path[0])
        return None if server is None else self._roles.row((server.id, path[1]))

    def need_user(self, name: str) -> api.UserRow:
        """The user of this name. Raises WriteError if there is none."""
        return self._needed(self.user(name), f'user "{name}"')

    def need_server(self, name: str) -> api.ServerRow:
        """The server of this name. Raises WriteError if there is none."""
        return self._needed(self.server(name), f'server "{name}"')

    def need_role(self, path: tuple[str, ...]) -> api.RoleRow:
        """The role at (server, name). Raises WriteError if there is none."""
        return self._needed(self.role(path), f'role "{path[1]}" on the server "{path[0]}"')

    def _needed(self, row: _Row | None, what: str) -> _Row:
        if row is None:
            raise WriteError(self.target, f"there is no {what} any more; plan again")
        return row

    def _user_ids(self) -> dict[str, int]:
        return {row.name: row.id for row in api.list_users(self.client)}

    def _server_ids(self) -> dict[str, int]:
        return {row.name: row.id for row in api.list_servers(self.client)}

    def _role_ids(self) -> dict[tuple[int, str], int]:
        return {(row.server, row.name): row.id for row in api.list_roles(self.client)}
