"""What our role may not do with schemas and owners: creating these, and giving objects away.

Here belongs knowing which right is needed, beside `rights`. Sources: PostgreSQL docs, CREATE
SCHEMA, ALTER TABLE, ALTER SCHEMA, ALTER DATABASE, each for versions 14 to 18: who gives a thing
away must own it and be able to become the new owner, who must be allowed to create there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reconciler.changes import Change
from reconciler.provider import Lack
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION
from reconciler.providers.postgres.estates import Connect
from reconciler.providers.postgres.footing import Me, Role, read_roles
from reconciler.providers.postgres.observe import catalog_query
from reconciler.providers.postgres.remedies import (
    each_once,
    membership_text,
    statement_text,
    text_of,
)
from reconciler.providers.postgres.statements import Rendering, render
from reconciler.state import PRINCIPAL_KINDS, Key

_KINDS = ("schema", "ownership")
_CLOSED = """
    SELECT datname::text FROM pg_catalog.pg_database
     WHERE datname = ANY (%s) AND NOT pg_catalog.has_database_privilege(oid, 'CREATE')
     ORDER BY 1
"""


class _Handed(NamedTuple):
    """One object that changes hands, and the change in which it does."""

    change: Change
    name: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """What it is: `table s.t`."""
        _, kind, schema = self.change.key.path
        return f"{kind} {schema}.{self.name}" if schema else f"{kind} {self.name}"


def lacking_for_owners(
    connect: Connect, me: Me, changes: Sequence[Change], rendering: Rendering
) -> Iterator[Lack]:
    """What is lacking for these changes; nothing for a superuser. Raises psycopg.Error."""
    if any(each.key.kind in _KINDS for each in changes) and not me.superuser:
        yield from each_once(_Work(connect, me, changes, rendering).lacks())


class _Work:
    """The changes of one plan, and what our role is and has."""

    def __init__(
        self, connect: Connect, me: Me, changes: Sequence[Change], rendering: Rendering
    ) -> None:
        self._connect = connect
        self._me = me
        self._rendering = rendering
        self._changes = changes
        self._created = {
            each.key.path[-1]: each
            for each in changes
            if each.key.kind in PRINCIPAL_KINDS and each.action == "create"
        }
        self._handed = [
            _Handed(each, name, str((each.before or {}).get(name) or ""), str(owner))
            for each in changes
            if each.key.kind == "ownership"
            for name, owner in sorted((each.after or {}).items())
            if (each.before or {}).get(name) != owner
        ]
        concerned = {name for each in self._handed for name in (each.before, each.after)}
        self._roles = read_roles(connect(""), concerned)

    def lacks(self) -> Iterator[Lack]:
        """All that is lacking; some of it more than once."""
        yield from self._places()
        for each in self._handed:
            yield from self._giving(each)
            yield from self._getting(each)
        yield from self._within()

    def _places(self) -> Iterator[Lack]:
        """Creating schemas, and giving them away, takes CREATE on the database, and we need it."""
        schemas = {c.key.path[0] for c in self._changes if c.key.kind == "schema"}
        schemas |= {h.change.key.path[0] for h in self._handed if h.change.key.path[1] == "schema"}
        for (name,) in self._connect("").execute(_CLOSED, [sorted(schemas)]).fetchall():
            what = f"schemas of {name} are created or given away: that needs CREATE on the database"
            yield Lack(
                what, statement_text("GRANT CREATE ON DATABASE {} TO {}", str(name), self._me.name)
            )
        if not self._me.createdb and any(h.change.key.path[1] == "database" for h in self._handed):
            what = "a database is given away: that needs CREATEDB"
            yield Lack(what, statement_text("ALTER ROLE {} CREATEDB", self._me.name))

    def _giving(self, handed: _Handed) -> Iterator[Lack]:
        owner = self._roles.get(handed.before, Role())
        if not handed.before or owner.usage:
            return
        what = f"{handed.text} belongs to {handed.before}: giving it away needs its owner's rights"
        if owner.superuser:
            text = self._text(handed.change)
            database = handed.change.key.path[0]
            yield Lack(f"{what}, and that is a superuser: let a superuser do it", text, database)
        else:
            yield Lack(what, self._member_of(handed.before))

    def _getting(self, handed: _Handed) -> Iterator[Lack]:
        """We have to become who gets it, and to act for it afterwards, as for a schema's owner."""
        owner = self._roles.get(handed.after, Role())
        what = f"{handed.text} is given to {handed.after}: that needs membership in it"
        if handed.after in self._created:
            if self._rendering.version < EDGE_OPTIONS_VERSION:  # later the session sees to that
                yield self._made_first(handed.after)
                yield Lack(what, self._member_of(handed.after))
        elif owner.superuser and not owner.has_all:
            text = self._text(handed.change)
            database = handed.change.key.path[0]
            yield Lack(f"{what}, and it is a superuser: let one do it", text, database)
        elif not owner.has_all and handed.after != self._me.name:
            yield Lack(what, self._member_of(handed.after))

    def _within(self) -> Iterator[Lack]:
        """In a schema we have to look, and the new owner has to be allowed to create there."""
        asked: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        for handed in self._handed:
            database, _, schema = handed.change.key.path
            if schema:
                asked[database].add((schema, handed.after))
        for database, pairs in sorted(asked.items()):
            given = {
                "schemas": [s for s, _ in sorted(pairs)],
                "owners": [o for _, o in sorted(pairs)],
            }
            rows = self._connect(database).execute(catalog_query("rights_owners"), given).fetchall()
            for name, owner, may_look, may_create in rows:
                place = database, str(name)
                yield from self._in_schema(place, str(owner), bool(may_look), bool(may_create))

    def _in_schema(
        self, place: tuple[str, str], owner: str, may_look: bool, may_create: bool
    ) -> Iterator[Lack]:
        database, schema = place
        owners = self._owners_of(place)
        if not may_look and not owners:
            what = f"schema {schema} of {database}: we may not look into it, which needs USAGE"
            statement = statement_text("GRANT USAGE ON SCHEMA {} TO {}", schema, self._me.name)
            yield Lack(what, statement, database)
        if may_create or owner in owners or self._is_granted(place, owner):
            return
        what = f"{owner} is given objects of schema {schema}: it needs CREATE there"
        if owner in self._created:  # what no line gives it would be taken by the next plan
            yield Lack(f"{what}; add schema: {schema}, allow: [create] to its privileges")
        else:
            statement = statement_text("GRANT CREATE ON SCHEMA {} TO {}", schema, owner)
            yield Lack(what, statement, database)

    def _owners_of(self, place: tuple[str, str]) -> frozenset[str]:
        """Who is made the owner of this schema by the plan itself."""
        database, schema = place
        key = Key("ownership", (database, "schema", ""))
        return frozenset(h.after for h in self._handed if h.change.key == key and h.name == schema)

    def _is_granted(self, place: tuple[str, str], owner: str) -> bool:
        """Whether the plan itself lets a role create in this schema."""
        database, schema = place
        key = Key("privilege", (owner, database, "schema", ""))
        words = [(c.after or {}).get(schema) for c in self._changes if c.key == key]
        return any("CREATE" in each for each in words if isinstance(each, tuple))

    # Statements

    def _member_of(self, role: str) -> str:
        return membership_text(role, self._me.name, self._rendering.version)

    def _made_first(self, role: str) -> Lack:
        """The role itself, which this plan would create."""
        what = f"{role} has to be there before it can be given what it needs to own something"
        return Lack(what, self._text(self._created[role]))

    def _text(self, change: Change) -> str:
        return text_of(render([change], self._rendering).statements)
