"""Who holds roles that nobody may hold together, over all targets.

Here belongs finding these people and the grants that make it so. Which records of a target these
grants stand for is `rules`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.desired.reach import Reach
from reconciler.desired.view import Clock
from reconciler.manifest.models import Manifest, NeverTogether


@dataclass(frozen=True, slots=True)
class Holding:
    """A user who holds several roles of one set, and the numbers of the grants that give them."""

    user: str
    roles: tuple[str, ...]
    grants: tuple[int, ...]


def exempt_users(apart: NeverTogether, at: datetime) -> frozenset[str]:
    """The users to whom this set does not apply at this instant."""
    return frozenset(each.user for each in apart.except_ if at < each.until)


def held_together(manifest: Manifest, clock: Clock, reach: Reach) -> tuple[Holding, ...]:
    """Every active user who holds roles that nobody may hold together, in order of name."""
    found = [
        holding
        for apart in manifest.policies.separations
        for holding in _of_set(manifest, apart, (clock, reach))
    ]
    return tuple(sorted(found, key=lambda each: (each.user, each.roles)))


def _of_set(
    manifest: Manifest, apart: NeverTogether, how: tuple[Clock, Reach]
) -> Iterator[Holding]:
    clock, reach = how
    given = {role: reach.roles(role) & frozenset(apart.roles) for role in manifest.roles}
    roles: defaultdict[str, set[str]] = defaultdict(set)
    grants: defaultdict[str, list[int]] = defaultdict(list)
    for index, grant in enumerate(manifest.grants):
        if given[grant.role] and clock.counts(grant):
            for user in reach.holders(index):
                roles[user] |= given[grant.role]
                grants[user].append(index)
    exempt = exempt_users(apart, clock.at)
    for user, held in roles.items():
        if len(held) > 1 and manifest.users[user].state == "active" and user not in exempt:
            yield Holding(user, tuple(sorted(held)), tuple(grants[user]))
