"""The workload: N users, N/20 groups, 12 schemas of 20 tables, the same for every tool and run.

Here belong drawing it and counting its facts. How it is written for the product is `manifests`, and
how for a server `limits`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import ceil
from typing import Final

SCHEMAS: Final = tuple(f"s{number:02}" for number in range(12))
TABLES: Final = tuple(f"t{number:02}" for number in range(20))
SMALLEST: Final = 80
"""Users; with fewer there are less than four groups, and a user in three has none to swap to."""

_SEED: Final = 42
_MOST_GROUPS: Final = 3
_NEW_USER: Final = "usr_new"

Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Workload:
    """Users, groups and who is in what; every group may use all schemas and read all tables.

    `edges` are pairs of group and user, in the order in which they were drawn.
    """

    users: tuple[str, ...]
    groups: tuple[str, ...]
    edges: tuple[Edge, ...]

    @property
    def role_count(self) -> int:
        return len(self.users) + len(self.groups)

    @property
    def schema_acl_count(self) -> int:
        return len(self.groups) * len(SCHEMAS)

    @property
    def table_acl_count(self) -> int:
        return len(self.groups) * len(SCHEMAS) * len(TABLES)

    @property
    def fact_count(self) -> int:
        return self.role_count + len(self.edges) + self.schema_acl_count + self.table_acl_count

    def groups_by_user(self) -> dict[str, list[str]]:
        """The groups of each user, in order of drawing."""
        result: dict[str, list[str]] = {user: [] for user in self.users}
        for group, user in self.edges:
            result[user].append(group)
        return result


def draw(size: int) -> Workload:
    """The workload of this many users. The same size gives the same workload, everywhere."""
    if size < SMALLEST:
        raise ValueError(f"a workload has at least {SMALLEST} users, not {size}")
    stream = random.Random(_SEED)
    users = tuple(f"usr_{number:05}" for number in range(size))
    groups = tuple(f"grp_{number:04}" for number in range(max(1, size // 20)))
    edges: list[Edge] = []
    for user in users:
        count = stream.randint(1, min(_MOST_GROUPS, len(groups)))
        edges += [(groups[index], user) for index in stream.sample(range(len(groups)), count)]
    return Workload(users, groups, tuple(edges))


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
    after = Workload((*before.users, _NEW_USER), before.groups, (*edges, new_edge))
    return Change(after, _NEW_USER, tuple(gained), tuple(lost))
