"""The workloads: N users, N/20 groups, 12 schemas of 20 tables, the same for every tool and run.

There are two kinds: all groups hold the same, or each holds what was drawn for it. Here belong
drawing them and counting their facts. How they are written for the product is `manifests`, and how
for a server `limits`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final, Literal

SCHEMAS: Final = tuple(f"s{number:02}" for number in range(12))
TABLES: Final = tuple(f"t{number:02}" for number in range(20))
SMALLEST: Final = 80
"""Users; with fewer there are less than four groups, and a user in three has none to swap to."""

_SEED: Final = 42
_MOST_GROUPS: Final = 3
_ALL_GROUPS: Final = 250
"""However many users there are: what all groups hold on a table stands in one row of the catalog,
which has to fit a page, since pg_class has no TOAST table (PostgreSQL docs, "TOAST")."""

_PRIVILEGES: Final = ("DELETE", "INSERT", "SELECT", "UPDATE")
_NEW_USER: Final = "usr_new"

Edge = tuple[str, str]
Rights = Mapping[str, Mapping[str, tuple[str, ...]]]
"""What a group holds: by schema that it may use, the privileges on tables, sorted, by table."""

Kind = Literal["equal rights", "random rights"]


@dataclass(frozen=True, slots=True)
class Workload:
    """Users, groups, who is in what, and what each group holds.

    `edges` are pairs of group and user, in the order in which they were drawn.
    """

    users: tuple[str, ...]
    groups: tuple[str, ...]
    edges: tuple[Edge, ...]
    rights: Mapping[str, Rights]

    @property
    def role_count(self) -> int:
        return len(self.users) + len(self.groups)

    @property
    def schema_acl_count(self) -> int:
        return sum(len(each) for each in self.rights.values())

    @property
    def table_acl_count(self) -> int:
        return sum("." in thing for thing, _, _ in self.privileges())

    @property
    def fact_count(self) -> int:
        return self.role_count + len(self.edges) + self.schema_acl_count + self.table_acl_count

    def privileges(self) -> Iterator[tuple[str, str, str]]:
        """Every right: the schema `s00` or table `s00.t00`, the privilege, and the group."""
        for group, rights in self.rights.items():
            for schema, tables in rights.items():
                yield schema, "USAGE", group
                for table, privileges in tables.items():
                    yield from ((f"{schema}.{table}", each, group) for each in privileges)

    def groups_by_user(self) -> dict[str, list[str]]:
        """The groups of each user, in order of drawing."""
        result: dict[str, list[str]] = {user: [] for user in self.users}
        for group, user in self.edges:
            result[user].append(group)
        return result


def draw(size: int, kind: Kind = "equal rights") -> Workload:
    """The workload of this many users. The same size and kind give the same one, everywhere.

    With equal rights every group may use all schemas and read all tables. With random ones it may
    use about half the schemas, and has on each of their tables any set of four privileges.
    """
    if size < SMALLEST:
        raise ValueError(f"a workload has at least {SMALLEST} users, not {size}")
    stream = random.Random(_SEED)
    users = tuple(f"usr_{number:05}" for number in range(size))
    groups = tuple(f"grp_{number:04}" for number in range(min(max(1, size // 20), _ALL_GROUPS)))
    edges: list[Edge] = []
    for user in users:
        count = stream.randint(1, min(_MOST_GROUPS, len(groups)))
        edges += [(groups[index], user) for index in stream.sample(range(len(groups)), count)]
    everything: Rights = {schema: dict.fromkeys(TABLES, ("SELECT",)) for schema in SCHEMAS}
    rights = {
        group: everything if kind == "equal rights" else _random_rights(stream) for group in groups
    }
    return Workload(users, groups, tuple(edges), rights)


def _random_rights(stream: random.Random) -> Rights:
    result: dict[str, dict[str, tuple[str, ...]]] = {}
    for schema in SCHEMAS:
        if stream.random() < 0.5:
            continue
        sets = {table: stream.getrandbits(len(_PRIVILEGES)) for table in TABLES}
        result[schema] = {table: _drawn(bits) for table, bits in sets.items() if bits}
    return result


def _drawn(bits: int) -> tuple[str, ...]:
    return tuple(name for number, name in enumerate(_PRIVILEGES) if bits >> number & 1)


@dataclass(frozen=True, slots=True)
class Change:
    """The workload after one percent of it changed, and what became different."""

    after: Workload
    new_user: str
    gained: tuple[Edge, ...]
    lost: tuple[Edge, ...]

    @property
    def statement_count(self) -> int:
        """How many statements carry it out: a new user comes with its group."""
        return 1 + len(self.gained) + len(self.lost)


def change_one_percent(before: Workload) -> Change:
    """One user of each hundred swaps a group for another, and one is new in the first group."""
    by_user = before.groups_by_user()
    count = len(before.groups)
    lost, gained = [], []
    for number in range(ceil(len(before.users) / 100)):
        user = before.users[number * 100]
        own = by_user[user]
        start = before.groups.index(own[0])
        others = (before.groups[(start + step) % count] for step in range(1, count))
        lost.append((own[0], user))
        gained.append((next(group for group in others if group not in own), user))
    swapped = dict(zip(lost, gained, strict=True))
    edges = tuple(swapped.get(edge, edge) for edge in before.edges)
    new_edge = (before.groups[0], _NEW_USER)
    after = replace(before, users=(*before.users, _NEW_USER), edges=(*edges, new_edge))
    return Change(after, _NEW_USER, tuple(gained), tuple(lost))
