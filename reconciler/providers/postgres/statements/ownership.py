"""CREATE SCHEMA, COMMENT ON SCHEMA, and ALTER ... OWNER TO.

ALTER TABLE gives views, materialized views and foreign tables an owner too, ALTER ROUTINE
procedures and aggregates, ALTER TYPE domains (PostgreSQL docs, each for versions 14 to 18).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from reconciler.changes import Change
from reconciler.providers.postgres.routines import routine
from reconciler.providers.postgres.statements.statement import Statement, quoted
from reconciler.state import Key

_NOUNS: Final[Mapping[str, sql.SQL]] = {
    "database": sql.SQL("DATABASE"),
    "schema": sql.SQL("SCHEMA"),
    "table": sql.SQL("TABLE"),
    "view": sql.SQL("TABLE"),
    "sequence": sql.SQL("SEQUENCE"),
    "function": sql.SQL("ROUTINE"),
    "type": sql.SQL("TYPE"),
}
_LOCKS: Final = 4
"""What a table locks beside itself: its indexes, and the sequences of its columns."""

_PLACES: Final = ("database", "schema")
"""What other objects are in."""


@dataclass(frozen=True, slots=True)
class Owning:
    """Schemas that are created and owners that change.

    `places` are databases and schemas, `objects` what is in schemas: to own something there, one
    that is no superuser needs a right on the schema, which its owner gives.
    """

    places: tuple[Statement, ...]
    objects: tuple[Statement, ...]

    def around(self, grants: Sequence[Statement]) -> tuple[Statement, ...]:
        """These with the grants, in order: what is granted on schemas before what is in them."""
        if not self.objects:
            return (*self.places, *grants)
        early = [each for each in grants if _is_on_places(each)]
        late = [each for each in grants if not _is_on_places(each)]
        return (*self.places, *early, *self.objects, *late)


def _is_on_places(grant: Statement) -> bool:
    return all(key.kind == "privilege" and key.path[2] in _PLACES for key in grant.keys)


def owning(schemas: Iterable[Change], ownerships: Sequence[Change]) -> Owning:
    """The statements for these changes. A record that goes leaves schema and owner as they are."""
    owners = {
        (each.key.path[0], name): (owner, each.key)
        for each in ownerships
        if each.key.path[1] == "schema"
        for name, owner in _new_owners(each)
    }
    created: list[Statement] = []
    for change in sorted(schemas, key=lambda each: each.key):
        if change.action == "create":
            database, name = change.key.path
            owner, key = owners.pop((database, name), ("", None))
            created.append(_created(change.key, owner, key))
        created += _comment(change)
    altered = [
        (kind, _altered(each.key, name, owner))
        for each in ownerships
        for kind in each.key.path[1:2]
        for name, owner in _new_owners(each)
        if kind != "schema" or (each.key.path[0], name) in owners
    ]
    databases = [each for kind, each in altered if kind == "database"]
    in_place = [each for kind, each in altered if kind == "schema"]
    rest = [each for kind, each in altered if kind not in _PLACES]
    return Owning((*databases, *created, *in_place), tuple(rest))


def _new_owners(change: Change) -> Iterator[tuple[str, str]]:
    """The objects that change hands, each with its new owner."""
    before = change.before or {}
    for name, owner in sorted((change.after or {}).items()):
        if before.get(name) != owner:
            yield name, str(owner)


def _created(key: Key, owner: str, owned: Key | None) -> Statement:
    database, name = key.path
    query = sql.SQL("CREATE SCHEMA {}").format(quoted(name))
    if owned is None:
        return Statement(query, (key,), database)
    query += sql.SQL(" AUTHORIZATION {}").format(quoted(owner))
    return Statement(query, (key, owned), database)


def _comment(change: Change) -> Iterator[Statement]:
    """An empty comment is none."""
    text = (change.after or {}).get("comment")
    if text is None or (change.action == "create" and not text):
        return
    database, name = change.key.path
    query = sql.SQL("COMMENT ON SCHEMA {} IS {}").format(quoted(name), sql.Literal(text or None))
    yield Statement(query, (change.key,), database)


def _altered(key: Key, name: str, owner: str) -> Statement:
    database, kind, schema = key.path
    on: sql.Composable = quoted(name)
    if kind == "function":
        on = routine(schema, name)
    elif schema:
        on = sql.SQL("{}.{}").format(quoted(schema), quoted(name))
    query = sql.SQL("ALTER {} {} OWNER TO {}").format(_NOUNS[kind], on, quoted(owner))
    place = "" if kind == "database" else database
    return Statement(query, (key,), place, locks=_LOCKS if kind == "table" else 1)
