"""What roles own and hold in all databases of a cluster.

Here belongs reading that, and saying it to people. Giving it away and dropping roles is `drops`;
what a plan is told before is `leaving`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.observe import catalog_query
from reconciler.wording import counted

_NAMED: Final = 3
"""How many objects are named for each database; the others are counted."""

_DESCRIBED: Final = """
    SELECT pg_catalog.pg_describe_object(dependencies.classid, dependencies.objid, 0) COLLATE "C"
           AS described
      FROM pg_catalog.pg_shdepend AS dependencies
      JOIN pg_catalog.pg_roles AS roles ON roles.oid = dependencies.refobjid
     WHERE dependencies.refclassid = 'pg_catalog.pg_authid'::regclass
       AND dependencies.deptype = 'o' AND roles.rolname = %s
       AND dependencies.classid <> 'pg_catalog.pg_auth_members'::regclass
       AND dependencies.dbid = CASE WHEN %s THEN 0 ELSE
           (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           END
     ORDER BY described LIMIT %s
"""
_GRANTED: Final = """
    SELECT DISTINCT roles.rolname::text, members.rolname::text
      FROM pg_catalog.pg_auth_members AS edges
      JOIN pg_catalog.pg_roles AS roles ON roles.oid = edges.roleid
      JOIN pg_catalog.pg_roles AS members ON members.oid = edges.member
      JOIN pg_catalog.pg_roles AS grantors ON grantors.oid = edges.grantor
     WHERE grantors.rolname = %s AND edges.member <> edges.grantor
     ORDER BY 1, 2
"""

Connect = Callable[[str], Connection]
"""Gives the prepared connection to a database; the dsn's own for the empty name."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a role owns in a database (empty: what belongs to the cluster).

    Without `is_open` nobody, or not our account, can connect to that database.
    """

    database: str
    owned: int
    is_open: bool = True


class HandedOn(NamedTuple):
    """Privileges on one object that somebody else than its owner granted, with their options.

    An empty grantee is PUBLIC. The name is as in records. `may_enter` says whether the grantor may
    enter the schema, or owns it.
    """

    kind: str
    schema: str
    name: str
    grantor: str
    grantee: str
    words: tuple[str, ...]
    may_enter: bool = True


@dataclass(frozen=True, slots=True)
class Estate:
    """What refers to a role: what it owns, by database, and the memberships that it granted.

    There is a share for each database in which anything does, though it may own nothing there.
    `handed_on` is by database what it got from others than owners, and what it passed on.
    """

    role: str
    shares: tuple[Share, ...] = ()
    granted: int = 0
    handed_on: Mapping[str, tuple[HandedOn, ...]] = field(default_factory=dict)

    @property
    def owned(self) -> int:
        """How many objects it owns in all."""
        return sum(share.owned for share in self.shares)

    @property
    def databases(self) -> tuple[str, ...]:
        """Where what it owns and holds has to be cleared, sorted.

        What belongs to the cluster is cleared from any database (PostgreSQL docs, "DROP OWNED").
        """
        named = tuple(share.database for share in self.shares if share.database)
        return named or ("",) * bool(self.shares)


def read_estates(connection: Connection, roles: Collection[str]) -> Mapping[str, Estate]:
    """What refers to each of these roles; no entry where nothing does. Raises psycopg.Error."""
    shares: dict[str, list[Share]] = {}
    granted: dict[str, int] = {}
    rows = connection.execute(catalog_query("estates"), [sorted(roles)]).fetchall()
    for name, database, is_open, owned, edges, _ in rows:
        share = Share(str(database), int(str(owned)), bool(is_open))
        shares.setdefault(str(name), []).append(share)
        granted[str(name)] = granted.get(str(name), 0) + int(str(edges))
    return {name: Estate(name, tuple(own), granted[name]) for name, own in shares.items()}


def read_granted(connection: Connection, role: str) -> tuple[tuple[str, str], ...]:
    """The memberships that a role granted to others, as (role, member), sorted."""
    rows = connection.execute(_GRANTED, [role]).fetchall()
    return tuple((str(container), str(member)) for container, member in rows)


def owned_text(connect: Connect, estate: Estate) -> str:
    """What a role owns, by database: `table geography.mine and 3 more in database flowdb`.

    Raises psycopg.Error and TargetError.
    """
    return "; ".join(
        _share_text(connect, estate.role, each) for each in estate.shares if each.owned
    )


def _share_text(connect: Connect, role: str, share: Share) -> str:
    where = f" in database {share.database}" if share.database else ""
    if not share.is_open:
        return f"{counted(share.owned, 'object')}{where}"
    with connect(share.database).transaction() as work:
        work.connection.execute("SET LOCAL search_path TO pg_catalog")  # else names lack the schema
        arguments = [role, not share.database, _NAMED]
        rows = work.connection.execute(_DESCRIBED, arguments).fetchall()
    more = f" and {share.owned - len(rows)} more" if share.owned > len(rows) else ""
    names = (str(text or "something that is gone by now") for (text,) in rows)
    return ", ".join(names) + more + where
