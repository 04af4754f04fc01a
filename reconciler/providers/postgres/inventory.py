"""What will be there once a plan is carried out, and who will own it.

Here belongs looking up schemas and objects for `normalize`: what the target has, with the schemas
and the owners that the manifest names. No I/O.

What changes owners takes its grants along: those of the old owner, and those it gave, become the
new owner's (PostgreSQL 18, `aclnewowner`). So whoever will own a thing counts as its owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Final

from reconciler.privilege_words import table_and_column
from reconciler.providers.postgres.object_details import OWNED_SEQUENCE
from reconciler.source import suggest
from reconciler.state import Fields, Key, Record, State, Value

IN_SCHEMAS: Final = frozenset({"table", "view", "sequence", "function", "type", "column"})
"""The kinds of object that are in a schema."""

Fault = Callable[[Key, str, str], None]
"""Takes a record, what is wrong with it, and what to do about that."""

Expand = Callable[[Key, str, Fields], Iterable[str]]
"""Gives the objects, of those that are there, for which a name of a record stands."""

_Place = tuple[str, str, str]
"""Database, kind of object and schema."""


class Inventory:
    """The objects that are there, or will be, and their owners by then."""

    def __init__(self, desired: State, observed: State, fault: Fault, expand: Expand) -> None:
        self._desired = desired
        self._observed = observed
        self._fault = fault
        self._expand = expand
        self._owners: dict[_Place, Fields] = {}
        self._named: dict[_Place, Fields] = {}

    @cached_property
    def _asked(self) -> tuple[Record, ...]:
        """The few records of schemas and owners among all that are asked for."""
        return tuple(self._desired.of_kind("schema", "ownership"))

    @cached_property
    def _declared(self) -> Mapping[str, frozenset[str]]:
        """By database, the schemas that the manifest declares."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for key, _ in self._asked:
            if key.kind == "schema":
                found[key.path[0]].add(key.path[1])
        return {database: frozenset(names) for database, names in found.items()}

    @cached_property
    def new_owners(self) -> frozenset[Value]:
        """Everybody whom the manifest names as an owner."""
        records = (fields for key, fields in self._asked if key.kind == "ownership")
        return frozenset(owner for fields in records for owner in fields.values())

    def now(self, database: str, kind: str, schema: str) -> Fields:
        """The objects that are there now, and their owners."""
        return self._observed.get(Key("object", (database, kind, schema))) or {}

    def is_there(self, key: Key, database: str, kind: str, schema: str) -> bool:
        """Whether the database is there, and the schema where the kind is in one; else a fault."""
        if not self.now(database, "database", ""):
            databases = {each.path[0] for each in self._observed.records if each.kind == "object"}
            known = databases - {""}  # the predefined roles are in no database
            text = f'there is no database "{database}"'
            self._fault(key, text, suggest(database, known))
            return False
        schemas = self.owners(database, "schema", "")
        if kind in IN_SCHEMAS and schema and schema not in schemas:
            text = f'there is no schema "{schema}" in database "{database}"'
            self._fault(key, text, suggest(schema, schemas))
            return False
        return True

    def owners(self, database: str, kind: str, schema: str) -> Fields:
        """The objects that will be there, and their owners by then; empty for one nobody names."""
        place = database, kind, schema
        known = self._owners.get(place)
        if known is None:
            known = self._owners[place] = self._owners_by_then(place)
        return known

    def _owners_by_then(self, place: _Place) -> Fields:
        database, kind, schema = place
        now = self.now(*place)
        if kind == "schema":
            new = self._declared.get(database, frozenset()) - now.keys()
            now = {**now, **dict.fromkeys(sorted(new), "")} if new else now
        changed = self._named_of(place, now)
        if kind == "column":
            changed = self._of_relations(database, schema, now)
        elif kind == "sequence":
            changed = {**changed, **self._of_owned_sequences(database, schema)}
        return {**now, **changed} if changed else now

    def _of_relations(self, database: str, schema: str, columns: Iterable[str]) -> Fields:
        """Columns whose tables or views are given owners."""
        tables = (database, "table", schema), (database, "view", schema)
        named = {name: each for at in tables for name, each in self.named(*at).items()}
        if not named:
            return {}
        found = {name: named.get(table_and_column(name)[0]) for name in columns}
        return {name: owner for name, owner in found.items() if owner is not None}

    def _of_owned_sequences(self, database: str, schema: str) -> Fields:
        """Sequences that go where their table goes."""
        tables = self.named(database, "table", schema)
        of = self.now(database, OWNED_SEQUENCE, schema)
        return {name: tables[str(table)] for name, table in of.items() if str(table) in tables}

    # The owners that the manifest names

    def named(self, database: str, kind: str, schema: str) -> Fields:
        """The objects, of those that are or will be there, whose owner the manifest names."""
        self.owners(database, kind, schema)
        return self._named.get((database, kind, schema), {})

    def _named_of(self, place: _Place, there: Fields) -> Fields:
        key = Key("ownership", place)
        fields = self._desired.get(key)
        if fields is not None:
            self._named[place] = self._expanded(key, fields, there)
        return self._named.get(place, {})

    def _expanded(self, key: Key, fields: Fields, there: Fields) -> Fields:
        result: dict[str, Value] = {}
        for name, owner in sorted(fields.items()):
            for each in self._objects(key, name, there):
                if result.setdefault(each, owner) != owner:
                    text = f'"{each}" has two owners, "{result[each]}" and "{owner}"'
                    self._fault(key, text, "leave one of them out")
        return result

    def _objects(self, key: Key, name: str, there: Fields) -> Iterable[str]:
        """The objects a name of the manifest stands for, less sequences that follow a table."""
        database, kind, schema = key.path
        of_columns = self.now(database, OWNED_SEQUENCE, schema) if kind == "sequence" else {}
        if name in of_columns:
            text = f'sequence "{name}" belongs to a column of table "{of_columns[name]}"'
            self._fault(key, text, "leave it out: it has the owner of the table")
            return ()
        found = self._expand(key, name, there)
        return [each for each in found if each not in of_columns] if of_columns else found
