"""What the records of row-level security have to do with others: roles, and their own table.

Here belongs what choosing and holding back changes both need to know. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Final

from reconciler.changes import Change
from reconciler.state import Fields, Key, Kind, Node

ROW_KINDS: Final[frozenset[Kind]] = frozenset({"row_security", "policy"})


def named_by_policy(key: Key, *sides: Fields | None) -> frozenset[Node]:
    """The accounts, groups and roles that these sides of a policy are for; none of another record.

    Everybody, the empty name, is none of them.
    """
    if key.kind != "policy":
        return frozenset()
    roles = (side.get("roles") for side in sides if side is not None)
    return frozenset((name,) for each in roles if isinstance(each, tuple) for name in each if name)


def same_tables(changes: Iterable[Change], without: Set[Key]) -> frozenset[Key]:
    """The changes of row-level security of the tables of which one is not made.

    Switched on without one of its policies, it would lock people out.
    """
    tables = {key.path[:3] for key in without if key.kind in ROW_KINDS}
    return frozenset(
        each.key for each in changes if each.key.kind in ROW_KINDS and each.key.path[:3] in tables
    )
