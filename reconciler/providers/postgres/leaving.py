"""Says before anybody agrees what roles own that a plan drops, who gets it, and why one would stay.

Here belongs the judgement of what `estates` reads. It writes nothing; dropping is `drops`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from psycopg import sql

from reconciler.changes import Change
from reconciler.errors import TargetError
from reconciler.provider import Warned
from reconciler.providers.postgres.drops import (
    IS_SUPERUSER,
    NAME_AN_HEIR,
    revoked_by,
    unsettled,
    unsettled_text,
)
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION
from reconciler.providers.postgres.estates import (
    Connect,
    Estate,
    Share,
    owned_text,
    read_estates,
)
from reconciler.providers.postgres.footing import Role, read_roles
from reconciler.providers.postgres.handed_on import with_handed_on
from reconciler.state import PRINCIPAL_KINDS
from reconciler.wording import counted

RULE: Final = "owned-objects"


@dataclass(frozen=True, slots=True)
class Leaving:
    """What is known of the roles that a plan drops.

    `standing` is that of these roles and their heirs, by name; `revoked` are the memberships that
    the same plan takes, `created` the roles that it makes.
    """

    dropped: tuple[Change, ...]
    estates: Mapping[str, Estate]
    standing: Mapping[str, Role]
    account: str
    version: int
    revoked: Collection[tuple[str, ...]] = field(default_factory=frozenset)
    created: Collection[str] = field(default_factory=frozenset)


def read_leaving(connect: Connect, changes: Sequence[Change]) -> Leaving | None:
    """What is to be known of those who leave by these changes; None where nobody does.

    Raises psycopg.Error.
    """
    dropped = [each for each in changes if _is_dropping(each)]
    if not dropped:
        return None
    connection = connect("")
    names = [each.key.path[-1] for each in dropped]
    estates = {
        name: replace(estate, shares=_left(estate, changes))
        for name, estate in read_estates(connection, names).items()
    }
    concerned = {*estates, *(each.heir for each in dropped if each.heir)} if estates else set()
    row = connection.execute("SELECT current_user::text").fetchone()
    return Leaving(
        dropped=tuple(dropped),
        estates={name: _reachable(connect, each, changes) for name, each in estates.items()},
        standing=read_roles(connection, concerned),
        account=str(row[0]) if row else "",
        version=connection.info.server_version,
        revoked=revoked_by(changes),
        created={
            c.key.path[-1]
            for c in changes
            if c.key.kind in PRINCIPAL_KINDS and c.action == "create"
        },
    )


def _left(estate: Estate, changes: Sequence[Change]) -> tuple[Share, ...]:
    """What a role owns, but for databases where this plan gives all of it to others before."""
    handed: Counter[str] = Counter()
    for change in changes:
        if change.key.kind == "ownership":
            owners, after = change.before or {}, change.after or {}
            place = "" if change.key.path[1] == "database" else change.key.path[0]
            lost = [n for n, o in owners.items() if o == estate.role != after.get(n)]
            handed[place] += len(lost)
    return tuple(
        replace(each, owned=0) if 0 < each.owned == handed[each.database] else each
        for each in estate.shares
    )


def _is_dropping(change: Change) -> bool:
    return change.key.kind in PRINCIPAL_KINDS and change.action == "delete"


def _reachable(connect: Connect, estate: Estate, changes: Sequence[Change]) -> Estate:
    shares = tuple(_tried(connect, each) for each in estate.shares)
    return with_handed_on(connect, replace(estate, shares=shares), changes)


def _tried(connect: Connect, share: Share) -> Share:
    """The share, not open where no connection can be had."""
    if share.is_open:
        with suppress(TargetError):
            connect(share.database)
            return share
    return replace(share, is_open=False)


def obstacles(connect: Connect, leaving: Leaving) -> Iterator[Warned]:
    """What is to be said of each role that is dropped and owns something, or cannot be dropped.

    Raises psycopg.Error and TargetError.
    """
    for change in leaving.dropped:
        estate = leaving.estates.get(change.key.path[-1])
        if estate is not None:
            yield from _of_one(connect, leaving, change, estate)


def _of_one(connect: Connect, leaving: Leaving, change: Change, estate: Estate) -> Iterator[Warned]:
    role = estate.role
    owns = f"{role} owns {_summary(connect, estate)}" if estate.owned else ""
    reason = _against(connect, leaving, change, estate)
    if reason:
        stays = "it may not sign in any more, but stays" if _signs_in(change) else "it stays"
        told = (
            f"{owns}; {stays}: {reason}" if owns else f"{role} cannot be dropped; {stays}: {reason}"
        )
        yield Warned(RULE, told, (change.key,), blocking=True)
    elif owns:
        ended = "its open sessions are ended, " if _signs_in(change) else ""
        gets = f"{ended}all of it is given to {change.heir}, and then {role} is dropped"
        yield Warned(RULE, f"{owns}; {gets}", (change.key,))


def _signs_in(change: Change) -> bool:
    return change.key.kind == "account"


def _summary(connect: Connect, estate: Estate) -> str:
    return f"{counted(estate.owned, 'object')}: {owned_text(connect, estate)}"


def _against(connect: Connect, leaving: Leaving, change: Change, estate: Estate) -> str:
    """Why a role cannot be dropped, with what to do about it; empty where nothing is known."""
    for share in estate.shares:
        if not share.is_open:
            return _closed(share.database, leaving.account)
    if estate.granted:
        edges = unsettled(connect, estate.role, leaving.revoked)
        if edges:
            return unsettled_text(edges)
    return _against_heir(leaving, change) if estate.owned else ""


def _closed(database: str, account: str) -> str:
    name, who = _quoted(database), _quoted(account)
    return (
        f"something in database {database} refers to it, and {account} cannot connect there; run "
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS true and GRANT CONNECT ON DATABASE {name} TO "
        f"{who}, or remove it there by hand (REASSIGN OWNED, DROP OWNED)"
    )


def _against_heir(leaving: Leaving, change: Change) -> str:
    role, heir = change.key.path[-1], change.heir
    going = {each.key.path[-1] for each in leaving.dropped}
    if not heir:
        return NAME_AN_HEIR
    if heir in going:
        return f"{heir}, its heir (policy.heir), is dropped itself by this plan; name another"
    standing = leaving.standing.get(heir)
    if standing is None:
        missing = f"there is no role {heir} (policy.heir); create it, or declare it as a role"
        return "" if heir in leaving.created else missing
    if standing.superuser:
        return f"{heir}, its heir (policy.heir), {IS_SUPERUSER}"
    foreign = [name for name in (role, heir) if not leaving.standing[name].has_all]
    return _no_member(leaving, foreign) if foreign else ""


def _no_member(leaving: Leaving, foreign: Sequence[str]) -> str:
    """The right that is missing, and the statement that gives it."""
    names = ", ".join(_quoted(name) for name in foreign)
    options = " WITH INHERIT TRUE, SET TRUE" if leaving.version >= EDGE_OPTIONS_VERSION else ""
    return (
        f"{leaving.account} may not give away what it owns: that takes membership in who owns it "
        f"and in who gets it; run GRANT {names} TO {_quoted(leaving.account)}{options}"
    )


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)
