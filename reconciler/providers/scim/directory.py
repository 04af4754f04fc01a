"""Finds users and groups by name, with the ids that the service gave them.

The service owns the ids, and they never change (RFC 7643, section 3.1). So the lists are read once,
what is created is noted, and each is looked at again by its id before it is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from reconciler.errors import UnexpectedResponseError, WriteError
from reconciler.providers.scim.client import (
    Client,
    ForbiddenError,
    NoSuchListError,
    Row,
    path_of,
)
from reconciler.providers.scim.features import Features, read_features
from reconciler.providers.scim.listing import read_all
from reconciler.providers.scim.marks import foreign_mark, strays
from reconciler.providers.scim.resources import members_of, text_of
from reconciler.providers.scim.shelf import Shelf


class Directory:
    """The users and groups of one service."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._users = Shelf("/Users", "userName")
        self._groups = Shelf("/Groups", "displayName")
        self._refused = ""

    @property
    def target(self) -> str:
        """The name of the target, for errors."""
        return self.client.target

    @cached_property
    def features(self) -> Features:
        """What the service can do; asked once."""
        return read_features(self.client)

    # Reading

    def read(self) -> tuple[Mapping[str, Row], Mapping[str, Row]]:
        """All users and groups by id, whole; members are in every group.

        There are no groups where the token may read none of them; `refused` says so then.
        """
        _ = self.features  # before the threads, so that it is asked once
        self._refused = ""
        with ThreadPoolExecutor(self.client.options.concurrency) as pool:
            users, groups = (
                pool.submit(self._listed, each) for each in (self._users, self._groups)
            )
            self._users.fill(users.result())
            try:
                self._groups.fill(pool.map(self._with_members, groups.result()))
            except (ForbiddenError, NoSuchListError) as error:
                self._groups.empty()
                self._refused = error.message
        return self.seen

    @property
    def refused(self) -> str:
        """Why no Groups could be read the last time, though Users could; empty where they were."""
        return self._refused

    def recognize(self, users: Set[str], groups: Set[str]) -> None:
        """Know those by their mark to whom somebody gave a name that no line declares.

        `users` and `groups` are the declared names. Raises UnexpectedResponseError where a declared
        name fits several: one of them is somebody else.
        """
        prefix = self.client.options.external_id_prefix
        for shelf, declared in ((self._users, users), (self._groups, groups)):
            found = strays(shelf.rows.values(), shelf.attribute, prefix, declared)
            for name, rows in sorted(found.items()):
                ids = {text_of(row, "id") for row in rows}
                own = [shelf.rows[key] for key in shelf.keys(name) if key not in ids]
                if len(rows) + len(own) > 1:
                    raise self._several(shelf, name, rows)
                shelf.mean(rows[0], name)

    def _several(self, shelf: Shelf, name: str, rows: Sequence[Row]) -> UnexpectedResponseError:
        others = ", ".join(sorted(f'"{text_of(row, shelf.attribute)}"' for row in rows))
        text = f'{shelf.path}: "{name}" may be several: {others} has its mark as externalId'
        hint = "take the mark from all who are not meant, or delete them there"
        return UnexpectedResponseError(self.target, f"{text}, and is not the only one; {hint}")

    def known_as(self, row: Row) -> str:
        """The name that the manifest knows a User or Group by."""
        return (self._users if text_of(row, "userName") else self._groups).name_of(row)

    @property
    def renamed(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Users and groups that are known by their mark: their own names, and those of the mark."""
        return self._users.renamed, self._groups.renamed

    @property
    def seen(self) -> tuple[Mapping[str, Row], Mapping[str, Row]]:
        """Users and groups by id, as far as they were read."""
        return self._users.rows, self._groups.rows

    def foreign_names(self) -> frozenset[str]:
        """Names of users and groups with the mark of another manifest, of those that were read."""
        prefix = self.client.options.external_id_prefix
        return frozenset(
            text_of(row, shelf.attribute)
            for shelf in (self._users, self._groups)
            for row in shelf.rows.values()
            if foreign_mark(row, prefix)
        )

    def members(self, group: Row) -> Mapping[str, str]:
        """The members of a group: the id of each, and what the group has as its `value`.

        That ought to be the id. Where it is none, `$ref` says who is meant: it is the address of
        the resource, which has it as `meta.location` (RFC 7643, sections 3.1 and 4.2; Canaille 0.3
        has userNames as values). Where that is nobody's address, the value stands for itself.
        """
        shelves = (self._filled(self._users), self._filled(self._groups))
        found: dict[str, str] = {}
        for value, place in members_of(group):
            key = value
            if not any(value in shelf.rows for shelf in shelves):
                key = next(filter(None, (shelf.at(place) for shelf in shelves)), value)
            found.setdefault(key, value)
        return found

    # Looking up

    def user(self, name: str) -> Row | None:
        """The User of this name as it is now, or None."""
        return self._found(self._filled(self._users), name)

    def group(self, name: str) -> Row | None:
        """The Group of this name as it is now, or None. Raises WriteError where there are two."""
        return self._found(self._filled(self._groups), name)

    def need_user(self, name: str) -> Row:
        """The User of this name. Raises WriteError if there is none, or it is not ours."""
        return self._needed(self.user(name), f'user "{name}"')

    def need_group(self, name: str) -> Row:
        """The Group of this name. Raises WriteError if there is none, or it is not ours."""
        return self._needed(self.group(name), f'group "{name}"')

    def spelling(self, name: str) -> str:
        """The userName of a user whose name differs from this in case only; empty if none does."""
        folded = name.casefold()
        names = self._filled(self._users).names()
        return next((each for each in names if each != name and each.casefold() == folded), "")

    def member(self, name: str) -> tuple[str, Row] | None:
        """The id and row of the member of this name: a user, or a group that somebody put there."""
        for shelf in (self._filled(self._users), self._filled(self._groups)):
            if keys := shelf.keys(name):
                return keys[0], shelf.rows[keys[0]]
        return None

    def refuse_foreign(self, row: Row) -> None:
        """Raise WriteError where a resource bears the mark of another manifest."""
        if mark := foreign_mark(row, self.client.options.external_id_prefix):
            name = text_of(row, "userName") or text_of(row, "displayName")
            text = f'"{name}" belongs to another manifest: its externalId is "{mark}"'
            raise WriteError(self.target, f"{text}; it is never touched")

    # Keeping up with what is written

    def note(self, row: Row | None, *, is_user: bool) -> None:
        """A resource that was just created; without it, or its id, the list is read again."""
        shelf = self._users if is_user else self._groups
        key = "" if row is None else text_of(row, "id")
        if row is None or not key or not shelf.is_filled:
            shelf.empty()
        else:
            shelf.put(row)

    def forget(self, key: str) -> None:
        """A resource that was deleted."""
        for shelf in (self._users, self._groups):
            shelf.drop(key)

    def _listed(self, shelf: Shelf) -> tuple[Row, ...]:
        if shelf is self._groups and self.client.options.groups == "no":
            return ()
        return read_all(self.client, self.features, shelf.path)

    def _filled(self, shelf: Shelf) -> Shelf:
        if not shelf.is_filled:
            shelf.fill(self._listed(shelf))
        return shelf

    def _with_members(self, row: Row) -> Row:
        """The group with its members: some services leave them out of lists."""
        if members_of(row, is_told=True) is not None:
            return row
        again = self.client.find(path_of("/Groups", text_of(row, "id")))
        if again is None:
            text = f'the group "{text_of(row, "displayName")}" went away while it was read'
            raise UnexpectedResponseError(self.target, f"{text}; run again")
        return again

    def _found(self, shelf: Shelf, name: str) -> Row | None:
        keys = shelf.keys(name)
        if len(keys) > 1:
            text = f'{len(keys)} resources have the {shelf.attribute} "{name}"'
            raise WriteError(self.target, f"{text}: rename or delete all but one there")
        row = self.client.find(path_of(shelf.path, keys[0])) if keys else None
        if row is None or shelf.name_of(row) != name:
            self.forget(keys[0] if keys else "")
            return None
        return row

    def _needed(self, row: Row | None, what: str) -> Row:
        if row is None:
            raise WriteError(self.target, f"there is no {what} any more; plan again")
        self.refuse_foreign(row)
        return row
