"""What FlowAuth up to 1.17 holds besides users and servers: groups, and who may do what.

Rows, links and what goes with them. In era A a right is an API route with what may be done and at
which aggregation units; in era B it is one text. Both are kept as `Use`: era B uses no units, and
`ON` for what may be done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.sandbox.flowauth.settings import Backend
from reconciler.sandbox.flowauth.table import NAME_LIMIT, Sequence, Table

ON = frozenset({"on"})


@dataclass(frozen=True, slots=True)
class NamedRow:
    """An API route or an aggregation unit."""

    id: int
    name: str

    @property
    def unique_key(self) -> tuple[object, ...]:
        """Names are unique."""
        return (self.name,)

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """The name."""
        return ((self.name, NAME_LIMIT),)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group; `owner_id` is the user whose own group it is, which no list shows.

    Its name is unique among all groups, so that groups and users share one set of names.
    """

    id: int
    name: str
    owner_id: int | None = None

    @property
    def unique_key(self) -> tuple[object, ...]:
        """The name."""
        return (self.name,)

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """The name."""
        return ((self.name, NAME_LIMIT),)


@dataclass(frozen=True, slots=True)
class Use:
    """What may be done with one capability: `actions`, at aggregation units of these names."""

    actions: frozenset[str]
    units: frozenset[str] = frozenset()

    def within(self, other: Use) -> Use:
        """What both allow: a group can do no more than its server allows."""
        return Use(self.actions & other.actions, self.units & other.units)


@dataclass(frozen=True, slots=True)
class LimitsRow:
    """The limits of a group's tokens on a server."""

    latest_end: datetime
    longest_life: int


@dataclass(slots=True)
class GroupTables:
    """Everything about groups.

    `members` holds (user id, group id), `limits` is by (group id, server id), `offered` by (server
    id, capability), `held` by (group id, server id, capability), `secret_keys` by server id.
    """

    groups: Table[GroupRow]
    routes: Table[NamedRow]
    units: Table[NamedRow]
    members: set[tuple[int, int]] = field(default_factory=set)
    limits: dict[tuple[int, int], LimitsRow] = field(default_factory=dict)
    offered: dict[tuple[int, str], Use] = field(default_factory=dict)
    held: dict[tuple[int, int, str], Use] = field(default_factory=dict)
    secret_keys: dict[int, str] = field(default_factory=dict, repr=False)

    def copy(self) -> GroupTables:
        """A private copy of everything."""
        return GroupTables(
            self.groups.copy(),
            self.routes.copy(),
            self.units.copy(),
            set(self.members),
            dict(self.limits),
            dict(self.offered),
            dict(self.held),
            dict(self.secret_keys),
        )

    def own_group(self, user_id: int) -> GroupRow | None:
        """A user's own group, or None in eras without groups."""
        return next((row for row in self.groups.listed() if row.owner_id == user_id), None)

    def groups_of(self, user_id: int) -> tuple[GroupRow, ...]:
        """The groups that a user is in, the user's own among them, in list order."""
        return tuple(row for row in self.groups.listed() if (user_id, row.id) in self.members)

    def uses_of(self, group_id: int, server_id: int) -> dict[str, Use]:
        """What a group may do on a server, by capability."""
        return {
            name: use
            for (group, server, name), use in self.held.items()
            if (group, server) == (group_id, server_id)
        }

    def uses_on(self, server_id: int) -> dict[str, Use]:
        """What a server allows, by capability."""
        return {name: use for (server, name), use in self.offered.items() if server == server_id}

    def add_user(self, user_id: int, username: str) -> int:
        """The own group of a new user; returns its id."""
        group_id = self.groups.new_id()
        self.groups.insert(GroupRow(group_id, username, user_id))
        self.members.add((user_id, group_id))
        return group_id

    def set_groups(self, user_id: int, group_ids: Iterable[int]) -> None:
        """Make these the complete groups of a user; the user's own stays."""
        own = self.own_group(user_id)
        kept = {link for link in self.members if link[0] != user_id}
        mine = {*group_ids, *(() if own is None else (own.id,))}
        self.members = kept | {(user_id, group_id) for group_id in mine}

    def delete_group(self, group_id: int) -> None:
        """Remove a group with members, limits and rights."""
        self.members = {link for link in self.members if link[1] != group_id}
        self.limits = {key: row for key, row in self.limits.items() if key[0] != group_id}
        self.held = {key: use for key, use in self.held.items() if key[0] != group_id}
        self.groups.delete(group_id)

    def forget_user(self, user_id: int) -> None:
        """What goes with a user: the own group, and being in others."""
        own = self.own_group(user_id)
        if own is not None:
            self.delete_group(own.id)
        self.members = {link for link in self.members if link[0] != user_id}

    def forget_server(self, server_id: int) -> None:
        """What goes with a server: what it offers, and everybody's rights on it."""
        self.limits = {key: row for key, row in self.limits.items() if key[1] != server_id}
        self.offered = {key: use for key, use in self.offered.items() if key[0] != server_id}
        self.held = {key: use for key, use in self.held.items() if key[1] != server_id}
        self.secret_keys.pop(server_id, None)

    def forget_capability(self, name: str) -> None:
        """What goes with an API route: every right on it."""
        self.offered = {key: use for key, use in self.offered.items() if key[1] != name}
        self.held = {key: use for key, use in self.held.items() if key[2] != name}


def empty_group_tables(backend: Backend) -> GroupTables:
    """Tables without rows."""
    return GroupTables(
        Table(backend, Sequence()), Table(backend, Sequence()), Table(backend, Sequence())
    )
