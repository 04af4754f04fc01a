"""Warns where so many roles hold something on one object directly that its ACL becomes too long.

A table's ACL has to fit into one page: after about 1,500 to 2,400 grantees every further GRANT on
it fails (`row is too big`, SQLSTATE 54000), since pg_class has no TOAST table. Long before that,
each GRANT and each plan is slow. Here belongs counting; nothing is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from reconciler.changes import Change
from reconciler.provider import Warned
from reconciler.providers.postgres.acl import parse_item
from reconciler.providers.postgres.observe import ClusterRows, DatabaseRows, access_lists
from reconciler.state import Key
from reconciler.wording import counted

NEAR: Final = 300
"""So many direct grantees are worth a note."""
MOST: Final = 1000
"""With more, nothing is added: the wall may be near, and a group role would do."""
PEOPLE: Final = 50
"""So many accounts that sign in with direct grants on one object are worth a note."""

_ADVICE: Final = "grant to one role, and make them its members"

_Object = tuple[str, str, str, str]
"""Database, kind, schema and name."""


def long_lists(
    cluster: ClusterRows, databases: Sequence[DatabaseRows], changes: Sequence[Change]
) -> tuple[Warned, ...]:
    """What is to be told of long ACLs, as they are or as these changes would make them."""
    adding = _adding(changes)
    counts = dict(_counts(cluster, databases, adding))
    return tuple(_warnings(counts, adding))


def _adding(changes: Iterable[Change]) -> Mapping[_Object, list[Key]]:
    """By object: the records that give somebody something on it."""
    result: defaultdict[_Object, list[Key]] = defaultdict(list)
    for change in changes:
        if change.key.kind == "privilege" and change.action != "delete":
            _, database, kind, schema = change.key.path
            for name in change.after or {}:
                result[database, kind, schema, name].append(change.key)
    return result


def _counts(
    cluster: ClusterRows, databases: Sequence[DatabaseRows], adding: Mapping[_Object, list[Key]]
) -> Iterator[tuple[_Object, tuple[int, int]]]:
    """How many roles, and how many accounts among them, hold something on objects with many."""
    accounts: frozenset[str] | None = None
    least = min(NEAR, PEOPLE)
    most = max(map(len, adding.values()), default=0)
    seen: dict[int, frozenset[str]] = {}
    for place, owner, acl, names in access_lists(cluster, databases):
        assert isinstance(acl, list)
        assert isinstance(names, list)
        if len(acl) + most <= least:
            continue
        if accounts is None:
            accounts = frozenset(str(name) for name, signs_in, *_ in cluster.roles if signs_in)
        holders = seen.get(id(acl))
        if holders is None:
            holders = seen[id(acl)] = frozenset([parse_item(text).grantee for text in acl])
        present = holders - {"", owner}
        numbers = len(present), len(present & accounts)
        for name in names:
            if new := adding.get((*place, name)):
                everybody = present.union(key.path[0] for key in new) - {"", owner}
                if len(everybody) > least:
                    yield (*place, name), (len(everybody), len(everybody & accounts))
            elif numbers[0] > least:  # nearly all of hundreds of objects
                yield (*place, name), numbers


def _warnings(
    counts: Mapping[_Object, tuple[int, int]], adding: Mapping[_Object, list[Key]]
) -> Iterator[Warned]:
    full = [each for each, (number, _) in counts.items() if number > MOST]
    over = [each for each in full if each in adding]
    near = [each for each, (number, _) in counts.items() if number > NEAR and each not in over]
    people = [each for each, (_, number) in counts.items() if number > PEOPLE]
    if over:
        keys = tuple(sorted({key for each in over for key in adding[each]}))
        text = f"PostgreSQL soon refuses every grant on an object with so many: {_ADVICE}"
        yield Warned("grantees-full", f"{_shown(over, counts)}. {text}", keys, blocking=True)
    if near:
        text = f"From about 1,500 on PostgreSQL refuses every grant on an object: {_ADVICE}"
        yield Warned("grantees-many", f"{_shown(near, counts)}. {text}")
    if people:
        said = _shown(people, {each: (number, 0) for each, (_, number) in counts.items()})
        text = f"Direct grants to so many accounts are slow: {_ADVICE}"
        yield Warned("grantees-people", f"{said.replace(' roles', ' accounts', 1)}. {text}")


def _shown(objects: Sequence[_Object], counts: Mapping[_Object, tuple[int, int]]) -> str:
    """`1,204 roles hold something on geography.cells in flowdb and on 3 more`: most first."""
    ranked = sorted(objects, key=lambda each: (-counts[each][0], each))
    database, _, schema, name = ranked[0]
    what = ".".join(part for part in (schema, name) if part)
    where = f" in {database}" if database and database != name else ""
    more = len(ranked) - 1
    rest = f", and so many on {counted(more, 'more object')}" if more else ""
    return f"{counts[ranked[0]][0]} roles hold something on {what}{where}{rest}"
