"""Whom a plan shuts out of a database by taking CONNECT from everybody (PUBLIC).

Nearly everybody connects by that privilege alone, and we may be among them. Here belongs saying who
has it in no other way after the changes; nothing is read. PostgreSQL docs, "Privileges".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.changes import Change
from reconciler.privilege_words import words_in
from reconciler.provider import Warned
from reconciler.providers.postgres.acl import parse_item
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION, membership_records
from reconciler.providers.postgres.observe import ClusterRows
from reconciler.wording import counted, listed

_CONNECT: Final = "CONNECT"


@dataclass(frozen=True, slots=True)
class Callers:
    """Who connects: we, and the accounts that the manifest declares."""

    me: str
    accounts: frozenset[str]


def shut_out(
    cluster: ClusterRows, changes: Sequence[Change], callers: Callers, version: int
) -> Iterator[Warned]:
    """Who can no longer connect, for each database that everybody may no longer connect to.

    That we could not is blocking: we would never be able to put it right.
    """
    shut = [change for change in changes if _shuts(change)]
    if not shut:
        return
    roles_of = _roles_of(cluster, changes, version)
    powerful = {str(row[0]) for row in cluster.roles if row[3]}
    callers_left = sorted(_signing_in(cluster, changes, callers.accounts))
    for change in shut:
        database = change.key.path[0]
        holders = powerful | _holders(cluster, changes, database)

        def may(name: str, holders: Collection[str] = holders) -> bool:
            return not _with_containers(name, roles_of).isdisjoint(holders)

        if not may(callers.me):
            yield Warned("own-access", _our_own(callers.me, database), (change.key,), True)
        lost = [name for name in callers_left if not may(name)]
        if lost:
            yield Warned("lost-connect", _lost(lost, database), (change.key,))


def _our_own(me: str, database: str) -> str:
    return (
        f'everybody (PUBLIC) would lose CONNECT on database {database}, and "{me}", the account '
        "that reconciler uses, has it in no other way: it could not connect any more; grant it "
        "CONNECT first"
    )


def _lost(accounts: Sequence[str], database: str) -> str:
    return (
        f"{counted(len(accounts), 'account')} could not connect to database {database} any more: "
        f"{listed(accounts)}. Everybody (PUBLIC) loses it there, and no role gives it to them: "
        f"write {{database: {database}, allow: [connect]}} into a role that they hold"
    )


def _shuts(change: Change) -> bool:
    """Whether everybody loses CONNECT by this change."""
    if change.key.kind != "public_privilege" or change.key.path[1] != "database":
        return False
    before, after = change.before or {}, change.after or {}
    return any(
        _CONNECT in words_in(before.get(name)) and _CONNECT not in words_in(after[name])
        for name in after
    )


def _holders(cluster: ClusterRows, changes: Iterable[Change], database: str) -> set[str]:
    """The roles that have CONNECT themselves after the changes."""
    found: set[str] = set()
    for name, _, acl in cluster.databases:
        if name == database:
            assert isinstance(acl, list)
            items = map(parse_item, acl)
            found = {each.grantee for each in items if _CONNECT in each.privileges} - {""}
    for change in changes:
        grantee, *place = change.key.path
        if change.key.kind == "privilege" and place == [database, "database", ""]:
            found.discard(grantee)
            if _CONNECT in words_in((change.after or {}).get(database)):
                found.add(grantee)
    return found


def _roles_of(
    cluster: ClusterRows, changes: Iterable[Change], version: int
) -> Mapping[str, set[str]]:
    """By role, the roles whose privileges it has without asking, after the changes.

    Before PostgreSQL 16 the member says whether it inherits, from then on each edge does.
    """
    inheriting = {str(row[0]) for row in cluster.roles if row[2]}
    edges = dict(membership_records(cluster.memberships))
    for change in changes:
        if change.key.kind == "membership":
            before = edges.pop(change.key, {})
            if change.after is not None:
                edges[change.key] = {**before, **change.after}
        elif change.action == "create":
            inheriting.add(change.key.path[-1])
    result: defaultdict[str, set[str]] = defaultdict(set)
    for key, options in edges.items():
        role, member = key.path
        is_asked = options.get("inherit") is not False
        if is_asked if version >= EDGE_OPTIONS_VERSION else member in inheriting:
            result[member].add(role)
    return result


def _with_containers(name: str, roles_of: Mapping[str, set[str]]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        new = roles_of.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _signing_in(
    cluster: ClusterRows, changes: Iterable[Change], accounts: frozenset[str]
) -> set[str]:
    """The declared accounts that may sign in after the changes."""
    found = {str(row[0]) for row in cluster.roles if row[1]} & accounts
    for change in changes:
        if change.key.kind == "account":
            name, login = change.key.path[-1], (change.after or {}).get("login")
            if change.action == "delete" or login is False:
                found.discard(name)
            elif change.action == "create" or login is True:
                found.add(name)
    return found
