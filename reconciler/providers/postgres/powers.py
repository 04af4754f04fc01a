"""Attributes that our role cannot give: said in the plan, before anything is sent.

On a managed service nobody is a superuser, so nobody there makes one. Here belongs which attributes
are out of reach; which other rights are lacking is `rights`. Source: PostgreSQL docs, "CREATE ROLE"
and "ALTER ROLE", for versions 14 to 18. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from reconciler.changes import Change
from reconciler.provider import Warned
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION
from reconciler.providers.postgres.services import reserved
from reconciler.state import PRINCIPAL_KINDS

_POWERS: Final = ("superuser", "replication", "bypassrls")
_COLUMNS: Final[Mapping[str, int]] = {"superuser": 3, "replication": 6, "bypassrls": 7}
"""Where they stand in a row of `catalog/roles.sql`."""


def out_of_reach(
    changes: Iterable[Change], roles: Sequence[Sequence[object]], me: str, version: int
) -> Iterator[Warned]:
    """What is to be told of changes that give, or take, what only others may.

    `roles` are the rows of all roles, `me` is ours.
    """
    asked = [(each, _powers(each)) for each in changes if each.key.kind in PRINCIPAL_KINDS]
    asked = [each for each in asked if each[1]]
    own = next((row for row in roles if row[0] == me), None) if asked else None
    if own is None or own[_COLUMNS["superuser"]]:
        return
    where = "".join(sorted({*reserved(str(row[0]) for row in roles).values()})[:1])
    for change, powers in asked:
        beyond = [each for each in powers if not _may_give(each, own, version)]
        if beyond:
            yield _warned(change, beyond, me, where)


def _powers(change: Change) -> list[str]:
    """The powers that a change gives or takes; nothing is asked of who is not to have them."""
    after, before = change.after or {}, change.before or {}
    if change.action == "create":
        return [each for each in _POWERS if after.get(each) is True]
    return [each for each in _POWERS if each in after and after[each] != before.get(each)]


def _may_give(power: str, own: Sequence[object], version: int) -> bool:
    """Whether a role that is no superuser may: from PostgreSQL 16 what it has, else nothing."""
    is_had = bool(own[_COLUMNS[power]])
    return power != "superuser" and version >= EDGE_OPTIONS_VERSION and is_had


def _warned(change: Change, powers: Sequence[str], me: str, service: str) -> Warned:
    words = " and ".join(each.upper() for each in powers)
    nobody = f"; on {service} no customer is one" if service else ""
    message = (
        f"{change.key.path[-1]} is given or loses {words}, and {me}, no superuser, may not do that"
        f"{nobody}. Let a superuser do it, or correct the manifest"
    )
    return Warned("out-of-reach", message, (change.key,), blocking=True)
