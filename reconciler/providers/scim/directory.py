"""Finds users and groups by name, with the ids that the service gave them.

The service owns the ids, and they never change (RFC 7643, section 3.1). So the lists are read once,
what is created is noted, and each is looked at again by its id before it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from reconciler.errors import UnexpectedResponseError, WriteError
from reconciler.providers.scim.client import Client, Row
from reconciler.providers.scim.features import Features, read_features
from reconciler.providers.scim.listing import read_all
from reconciler.providers.scim.resources import member_ids, text_of


class _Shelf:
    """The resources of one path by id, as far as they were read or noted."""

    def __init__(self, path: str, attribute: str) -> None:
        self.path = path
        self.attribute = attribute
        self.rows: dict[str, Row] | None = None

    def fill(self, rows: Mapping[str, Row]) -> None:
        """Take a whole list."""
        self.rows = dict(rows)

    def keys(self, name: str) -> list[str]:
        """The ids of the resources of this name."""
        rows = self.rows or {}
        return [key for key, row in rows.items() if text_of(row, self.attribute) == name]


class Directory:
    """The users and groups of one service."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._users = _Shelf("/Users", "userName")
        self._groups = _Shelf("/Groups", "displayName")

    @property
    def target(self) -> str:
        """The name of the target, for errors."""
        return self.client.target

    @cached_property
    def features(self) -> Features:
        """What the service can do; asked once."""
        return read_features(self.client)

    def read(self) -> tuple[Mapping[str, Row], Mapping[str, Row]]:
        """All users and groups by id, whole; members are in every group."""
        users, groups = self._listed(self._users), self._listed(self._groups)
        groups = {key: self._with_members(row) for key, row in groups.items()}
        self._users.fill(users)
        self._groups.fill(groups)
        return users, groups

    def user(self, name: str) -> Row | None:
        """The User of this name as it is now, or None."""
        return self._found(self._users, name)

    def group(self, name: str) -> Row | None:
        """The Group of this name as it is now, or None. Raises WriteError where there are two."""
        return self._found(self._groups, name)

    def need_user(self, name: str) -> Row:
        """The User of this name. Raises WriteError if there is none."""
        return self._needed(self.user(name), f'user "{name}"')

    def need_group(self, name: str) -> Row:
        """The Group of this name. Raises WriteError if there is none."""
        return self._needed(self.group(name), f'group "{name}"')

    def member_id(self, name: str) -> str | None:
        """The id of the member of this name: a user, or a group that somebody put there."""
        for shelf in (self._users, self._groups):
            if shelf.rows is None:
                shelf.fill(self._listed(shelf))
            if keys := shelf.keys(name):
                return keys[0]
        return None

    def note(self, row: Row | None, *, is_user: bool) -> None:
        """A resource that was just created; without it, or its id, the list is read again."""
        shelf = self._users if is_user else self._groups
        key = "" if row is None else text_of(row, "id")
        if row is None or not key or shelf.rows is None:
            shelf.rows = None
        else:
            shelf.rows[key] = row

    def forget(self, key: str) -> None:
        """A resource that was deleted."""
        for shelf in (self._users, self._groups):
            if shelf.rows is not None:
                shelf.rows.pop(key, None)

    def _listed(self, shelf: _Shelf) -> dict[str, Row]:
        rows = read_all(self.client, self.features, shelf.path)
        return {text_of(row, "id"): row for row in rows}

    def _with_members(self, row: Row) -> Row:
        """The group with its members: some services leave them out of lists."""
        if member_ids(row) is not None:
            return row
        again = self.client.find(f"/Groups/{text_of(row, 'id')}")
        if again is None:
            text = f'the group "{text_of(row, "displayName")}" went away while it was read'
            raise UnexpectedResponseError(self.target, f"{text}; run again")
        return again

    def _found(self, shelf: _Shelf, name: str) -> Row | None:
        if shelf.rows is None:
            shelf.fill(self._listed(shelf))
        keys = shelf.keys(name)
        if len(keys) > 1:
            text = f'{len(keys)} resources have the {shelf.attribute} "{name}"'
            raise WriteError(self.target, f"{text}: rename or delete all but one there")
        row = self.client.find(f"{shelf.path}/{keys[0]}") if keys else None
        if row is None or text_of(row, shelf.attribute) != name:
            self.forget(keys[0] if keys else "")
            return None
        return row

    def _needed(self, row: Row | None, what: str) -> Row:
        if row is None:
            raise WriteError(self.target, f"there is no {what} any more; plan again")
        return row
