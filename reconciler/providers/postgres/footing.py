"""Reads what our role may do with the roles and objects that a plan touches: a few queries.

Here belongs asking the catalogs. What a change needs is `rights`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from reconciler.changes import Change
from reconciler.privilege_words import OPTION, words_in
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION, Grantors
from reconciler.providers.postgres.estates import Connect
from reconciler.providers.postgres.observe import catalog_query
from reconciler.providers.postgres.public import as_right
from reconciler.state import PRINCIPAL_KINDS, Value

OBJECT_KINDS: Final = (
    "database",
    "schema",
    "table",
    "view",
    "sequence",
    "function",
    "type",
    "column",
    "language",
    "foreign data wrapper",
    "foreign server",
    "large object",
    "tablespace",
)
"""The kinds of object whose grant options are looked up; not so parameters."""


@dataclass(frozen=True, slots=True)
class Me:
    """Our role and its powers. `signals` says whether it may end sessions of others."""

    name: str
    superuser: bool
    createrole: bool
    createdb: bool
    replication: bool
    bypassrls: bool
    signals: bool


@dataclass(frozen=True, slots=True)
class Role:
    """What we may do with a role: give it (`admin`), act with its rights, become it.

    One that is not there gives us nothing.
    """

    superuser: bool = False
    replication: bool = False
    admin: bool = False
    usage: bool = False
    settable: bool = False

    @property
    def has_all(self) -> bool:
        """Whether we have its rights, and can become it."""
        return self.usage and self.settable


class Grantable(NamedTuple):
    """One privilege on one object (none: what is taken from it), and what we may do there."""

    name: str
    privilege: str
    may_look: bool
    may_grant: bool | None
    owner: str
    grantors: frozenset[str]


class _Wanted(NamedTuple):
    """What is asked about one object."""

    kind: str
    schema: str
    name: str
    privilege: str


_NOBODY: Final = Role()

_Answers = Mapping[tuple[str, _Wanted], Grantable]


@dataclass(frozen=True, slots=True)
class Footing:
    """What our role may do, as far as a plan is concerned. `holdings` are the databases in which
    roles that are dropped hold something.
    """

    me: Me
    roles: Mapping[str, Role] = field(default_factory=dict)
    holdings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    answers: _Answers = field(default_factory=dict)

    def role(self, name: str) -> Role:
        """What we may do with a role."""
        return self.roles.get(name, _NOBODY)

    def objects(self, changes: Iterable[Change]) -> Iterator[tuple[Change, Grantable]]:
        """What the changes are about, object by object; what is not there is left out."""
        for change in changes:
            for database, wanted in _wanted_of(change):
                if (found := self.answers.get((database, wanted))) is not None:
                    yield change, found


def _who_we_are(connection: Connection) -> Me:
    row = connection.execute(catalog_query("rights_self")).fetchone()
    assert row is not None
    name, *powers = row
    return Me(str(name), *(bool(each) for each in powers))


def read_footing(changes: Sequence[Change], grantors: Grantors, connect: Connect) -> Footing:
    """What our role may do with all that these changes touch. Raises psycopg.Error, TargetError.

    Nothing but our own role is asked about where that is a superuser's.
    """
    connection = connect("")
    me = _who_we_are(connection)
    if me.superuser:
        return Footing(me)
    answers = _answers(changes, connect)
    names = {*_role_names(changes, grantors)}
    names.update(name for each in answers.values() for name in (each.owner, *each.grantors))
    dropped = [c.key.path[-1] for c in changes if _is_principal(c) and c.action == "delete"]
    return Footing(me, read_roles(connection, names), _holdings(connection, dropped), answers)


def _is_principal(change: Change) -> bool:
    return change.key.kind in PRINCIPAL_KINDS


def _role_names(changes: Iterable[Change], grantors: Grantors) -> Iterator[str]:
    """The roles of which something has to be known."""
    for change in changes:
        yield from change.end_sessions
        if _is_principal(change):
            yield change.key.path[-1]
            yield change.heir
        elif change.key.kind == "setting":
            yield change.key.path[0]
        elif change.key.kind == "membership":
            role, member = change.key.path
            yield from (role, member)
            yield from grantors.get((role, member), ())
        elif change.key.kind in ("default_privilege", "public_default"):
            yield change.key.path[-3]


def read_roles(connection: Connection, names: Iterable[str]) -> dict[str, Role]:
    """What we may do with each of these roles that is there. Raises psycopg.Error."""
    become = "SET" if connection.info.server_version >= EDGE_OPTIONS_VERSION else "MEMBER"
    given = {"names": sorted(names), "become": become}
    rows = connection.execute(catalog_query("rights_roles"), given).fetchall()
    return {str(name): Role(*(bool(each) for each in rest)) for name, *rest in rows}


def _holdings(connection: Connection, names: Sequence[str]) -> dict[str, frozenset[str]]:
    if not names:
        return {}
    rows = connection.execute(catalog_query("rights_holders"), {"names": list(names)}).fetchall()
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, database in rows:
        found[str(name)].add(str(database))
    return {name: frozenset(databases) for name, databases in found.items()}


# Objects


def _wanted_of(change: Change) -> Iterator[tuple[str, _Wanted]]:
    """By database: each privilege that is given, and each object from which something is taken."""
    change = as_right(change)
    if change.key.kind != "privilege" or change.key.path[2] not in OBJECT_KINDS:
        return
    _, database, kind, schema = change.key.path
    before, after = change.before or {}, change.after or {}
    for name in {**before, **after}:
        old, new = _words(before.get(name)), _words(after.get(name))
        for word in sorted(new - old):
            yield database, _Wanted(kind, schema, name, word)
        if old - new:
            yield database, _Wanted(kind, schema, name, "")


def _words(value: Value) -> frozenset[str]:
    """The privileges; the word of a grant option is that of its privilege."""
    return frozenset(each.removesuffix(OPTION) for each in words_in(value))


def _answers(changes: Sequence[Change], connect: Connect) -> dict[tuple[str, _Wanted], Grantable]:
    wanted: defaultdict[str, dict[_Wanted, None]] = defaultdict(dict)
    grantees: set[str] = set()
    for change in changes:
        for database, each in _wanted_of(change):
            wanted[database][each] = None
            if not each.privilege:
                grantees.add(as_right(change).key.path[0])
    result: dict[tuple[str, _Wanted], Grantable] = {}
    for database, asked in sorted(wanted.items()):
        for each, found in _ask(connect(database), list(asked), sorted(grantees)):
            result[database, each] = found
    return result


def _ask(
    connection: Connection, wanted: Sequence[_Wanted], grantees: Sequence[str]
) -> Iterator[tuple[_Wanted, Grantable]]:
    kinds, schemas, names, privileges = (list(each) for each in zip(*wanted, strict=True))
    given = {"kinds": kinds, "schemas": schemas, "names": names, "privileges": privileges}
    with connection.transaction():
        connection.execute("SET LOCAL search_path TO pg_catalog")
        query = catalog_query("rights_objects")
        rows = connection.execute(query, {**given, "roles": list(grantees)}).fetchall()
    for number, may_look, may_grant, owner, grantors in rows:
        assert isinstance(number, int)
        assert isinstance(grantors, list)
        each = wanted[number - 1]
        option = None if may_grant is None else bool(may_grant)
        found = (bool(may_look), option, str(owner), frozenset(grantors))
        yield each, Grantable(each.name, each.privilege, *found)
