"""Who may enter a schema while a plan takes what delegates granted.

A name in a schema is found only by who has USAGE on it, so a delegate without it can take nothing
back there. Here belongs that question, answered from the rows that were read and from what the
plan itself changes before; nothing is worked out until somebody asks. Where it cannot be told, the
answer is no: to lend USAGE to who has it in another way does no harm.
Sources: PostgreSQL docs, "Privileges", "Predefined Roles", "Role Membership"; PostgreSQL 18,
src/backend/catalog/aclchk.c, pg_namespace_aclmask_ext.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from reconciler.changes import Change
from reconciler.providers.postgres.acl import parse_item
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION
from reconciler.providers.postgres.observe import ClusterRows, DatabaseRows, Row
from reconciler.providers.postgres.public import PUBLIC, as_right
from reconciler.state import PRINCIPAL_KINDS

_USAGE: Final = "USAGE"
_EVERYWHERE: Final = frozenset({"pg_read_all_data", "pg_write_all_data"})
"""Whoever has the rights of one of these may enter every schema."""

_DATABASE_OWNER: Final = "pg_database_owner"
"""Has the owner of the database that one is connected to as its only member, and no edge."""

Catalogs: TypeAlias = tuple[ClusterRows, Sequence[DatabaseRows]]
"""What was read of a cluster and of its databases."""

_NOTHING: Final[Catalogs] = (ClusterRows((), (), ()), ())


class _Schema(NamedTuple):
    """A schema's owner, and who has USAGE itself, of which the empty name is PUBLIC."""

    owner: str
    users: frozenset[str]


class Entering:
    """Who may enter which schema after a plan has given, and before it takes in our own name.

    What owners granted, memberships and attributes are taken after what delegates granted.
    """

    def __init__(self, version: int, catalogs: Catalogs | None, changes: Sequence[Change]) -> None:
        self._version = version
        self._cluster, self._databases = catalogs or _NOTHING
        self._changes = changes

    def shut(self, role: str, database: str, schemas: Iterable[str]) -> tuple[str, ...]:
        """Those of these schemas that the role may not enter, sorted. The empty name is none.

        A schema of which nothing was read counts as open: so are those of the system.
        """
        names = sorted({*schemas} - {""})
        return tuple(name for name in names if not self._may_enter(role, database, name))

    def _may_enter(self, role: str, database: str, name: str) -> bool:
        schema = self._schemas.get((database, name))
        if schema is None or schema.owner == role or self._has("superuser", role):
            return True
        return not self._rights_of(role, database).isdisjoint(schema.users | _EVERYWHERE)

    # Schemas

    @cached_property
    def _schemas(self) -> Mapping[tuple[str, str], _Schema]:
        return {
            (rows.database, str(row[0])): self._schema(rows.database, row)
            for rows in self._databases
            for row in rows.schemas
        }

    def _schema(self, database: str, row: Row) -> _Schema:
        """One schema. What an owner itself has becomes the next owner's with that change.

        An ACL without items is the one that a schema begins with: its owner's own.
        """
        name, owner, acl = str(row[0]), str(row[1]), row[2]
        assert isinstance(acl, list)
        heir = self._owners.get((database, "schema", name), owner)
        users = set() if acl else {heir}
        users |= {grantee for grantee, words in self._words(database, name) if _USAGE in words}
        losers = {grantee for grantee, words in self._words(database, name)} - users
        for item in map(parse_item, acl):
            grantee = heir if item.grantee == owner else item.grantee
            is_taken_early = grantee in losers and item.grantor not in (owner, heir)
            if _USAGE in item.privileges and not is_taken_early:
                users.add(grantee)
        return _Schema(heir, frozenset(users))

    def _words(self, database: str, schema: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Whose rights on a schema change, and to what."""
        for change in self._on_schemas.get(database, ()):
            before, after = change.before or {}, change.after or {}
            if schema in before or schema in after:
                words = after.get(schema, ())
                yield change.key.path[0], words if isinstance(words, tuple) else ()

    @cached_property
    def _on_schemas(self) -> Mapping[str, Sequence[Change]]:
        """The changes of rights on schemas, by database."""
        found: defaultdict[str, list[Change]] = defaultdict(list)
        for change in map(as_right, self._changes):
            if change.key.kind == "privilege" and change.key.path[2] == "schema":
                found[change.key.path[1]].append(change)
        return found

    @cached_property
    def _owners(self) -> Mapping[tuple[str, str, str], str]:
        """The owners that databases and schemas get, by database, kind and name."""
        return {
            (change.key.path[0], change.key.path[1], name): str(owner)
            for change in self._changes
            if change.key.kind == "ownership" and change.key.path[1] in ("database", "schema")
            for name, owner in (change.after or {}).items()
        }

    # Roles

    def _rights_of(self, role: str, database: str) -> frozenset[str]:
        """The role, all whose rights it has in this database without a SET ROLE, and PUBLIC."""
        found, waiting = {role, PUBLIC}, [role]
        while waiting:
            name = waiting.pop()
            above = set(self._inherited.get(name, ()))
            if name == self._database_owners.get(database) and self._passes_on(name):
                above.add(_DATABASE_OWNER)
            waiting += above - found
            found |= above
        return frozenset(found)

    @cached_property
    def _database_owners(self) -> Mapping[str, str]:
        owners = {str(name): str(owner) for name, owner, _ in self._cluster.databases}
        return {n: self._owners.get((n, "database", n), owner) for n, owner in owners.items()}

    @cached_property
    def _inherited(self) -> Mapping[str, set[str]]:
        """By member: the roles whose rights it has. Edges that go are taken later than this."""
        edges: defaultdict[tuple[str, str], bool] = defaultdict(bool)
        for role, member, *_, inherits, _ in self._cluster.memberships:
            edges[str(role), str(member)] |= bool(inherits)
        for change in self._changes:
            if change.key.kind == "membership" and "inherit" in (change.after or {}):
                role, member = change.key.path
                edges[role, member] = _gives_rights(change)
        found: defaultdict[str, set[str]] = defaultdict(set)
        for (role, member), inherits in edges.items():
            if inherits and self._passes_on(member):
                found[member].add(role)
        return found

    def _passes_on(self, member: str) -> bool:
        """Whether a role's own attribute lets it inherit: from PostgreSQL 16 each edge says it."""
        return self._version >= EDGE_OPTIONS_VERSION or self._has("inherit", member)

    def _has(self, attribute: str, role: str) -> bool:
        return attribute in self._attributes.get(role, ())

    @cached_property
    def _attributes(self) -> Mapping[str, set[str]]:
        """Which of `inherit` and `superuser` each role has."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for name, _, inherits, is_superuser, *_ in self._cluster.roles:
            found[str(name)] = _true(inherit=inherits, superuser=is_superuser)
        for change in self._changes:
            if change.key.kind in PRINCIPAL_KINDS and (after := change.after or {}):
                name = change.key.path[-1]
                found[name] = _true(**{**dict.fromkeys(found[name], True), **after})
        return found


def _true(**attributes: object) -> set[str]:
    return {name for name, value in attributes.items() if value is True}


def _gives_rights(change: Change) -> bool:
    """Whether an edge surely gives its role's rights by then: what takes options may come later."""
    after, before = change.after or {}, change.before or {}
    is_early = change.action == "create" or before.get("inherit") is True or all(after.values())
    return bool(after["inherit"]) and is_early
