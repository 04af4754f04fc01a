"""Schemas of a server and the owners of its objects, as records of one target.

Here belongs which schemas and owners are asked for. What is there to be owned is for the provider.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.desired.privileges import OBJECT_KINDS
from reconciler.desired.records import Records
from reconciler.desired.view import TargetView
from reconciler.manifest.models import Schema, Server
from reconciler.scope import Path
from reconciler.state import Key

_WORDS: Final = ("owner", "schemas", "owners")

_Said = tuple[str, Path]
"""An owner by its name in the manifest, and the place that names it."""


class ObjectExpansion:
    """Adds the schemas that a target's servers declare, and the owners that they name."""

    def __init__(self, view: TargetView, records: Records) -> None:
        self.view = view
        self.records = records
        self._said: dict[Key, dict[str, _Said]] = {}

    def add_objects(self) -> None:
        """A record for each schema, and one for the owners of each kind of object in a schema."""
        for name, database in self.view.servers.items():
            server = self.view.manifest.servers[name]
            if self.view.capabilities.objects:
                self._add_server(server, database, ("servers", name))
                continue
            for word in _WORDS:
                if getattr(server, word):
                    self.records.refuse(("servers", name, word), f"a server has no {word}")

    def _add_server(self, server: Server, database: str, path: Path) -> None:
        if server.owner is not None:
            key = Key("ownership", (database, "database", ""))
            self._own(key, (database,), (server.owner, (*path, "owner")))
        for name, schema in server.schemas.items():
            self._add_schema(schema, (database, name), (*path, "schemas", name))
        for index, rule in enumerate(server.owners):
            for word in rule.kinds:
                place: Path = (*path, "owners", index, word)
                key = Key("ownership", (database, OBJECT_KINDS[word], rule.schema))
                self._own(key, getattr(rule, word), (rule.owner, place))

    def _add_schema(self, schema: Schema, place: tuple[str, str], path: Path) -> None:
        database, name = place
        key = Key("schema", place)
        before = self.records.fields.get(key, {}).get("comment")
        if schema.comment is not None and before not in (None, schema.comment):
            other = self.view.loaded.source(*self.records.paths[key][0])
            text = f'schema "{name}" of "{database}" has another comment at {other}'
            self.records.refuse((*path, "comment"), text, "leave one of them out:")
        comment = {} if schema.comment is None else {"comment": schema.comment}
        self.records.add(key, comment, path)
        if schema.owner is not None:
            owned = Key("ownership", (database, "schema", ""))
            self._own(owned, (name,), (schema.owner, (*path, "owner")))

    def _own(self, key: Key, names: Iterable[str], said: _Said) -> None:
        """Note the owner of these objects; two owners of one object are refused."""
        known = self._said.setdefault(key, {})
        for name in names:
            if (other := self._other(known, name, said[0])) is not None:
                self._refuse_second(key, name, said, other)
                return
            known[name] = said
        owner = self._name_of(said[0])
        self.records.add(key, dict.fromkeys(names, owner), said[1])

    def _other(self, known: dict[str, _Said], name: str, owner: str) -> _Said | None:
        """Who else was named for this object, itself or with all others; None for nobody."""
        same = known.values() if name == "*" else (known.get(name), known.get("*"))
        return next((each for each in same if each is not None and each[0] != owner), None)

    def _refuse_second(self, key: Key, name: str, said: _Said, other: _Said) -> None:
        _, kind, schema = key.path
        what = f"every {kind} of {schema}" if name == "*" else f'{kind} "{name}"'
        place = self.view.loaded.source(*other[1])
        text = f'{what} has two owners, "{said[0]}" here and "{other[0]}" at {place},'
        self.records.refuse(said[1], text, 'leave one of them out; "*" stands for every name')

    def _name_of(self, owner: str) -> str:
        """The name on the target of a role, group or user, or of a role that exists there."""
        if owner in self.view.roles:
            return self.view.role_paths[owner][-1]
        if owner in self.view.manifest.groups:
            return owner
        if owner in self.view.users:
            return self.view.account_names[owner]
        self.records.foreign.add(owner)
        return owner
