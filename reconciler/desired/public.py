"""What everybody (PUBLIC) may do on a server, as records of one target.

Here belong which record a rule for PUBLIC gives, and rules that contradict each other or that
PostgreSQL could not follow.
"""

from __future__ import annotations

from typing import Final

from reconciler.desired.privileges import future_objects, present_objects
from reconciler.desired.records import Records
from reconciler.desired.view import TargetView
from reconciler.manifest.models import PublicRule
from reconciler.privilege_words import BUILT_IN, all_spelled_out
from reconciler.scope import Path
from reconciler.state import Fields, Key

_CONTRADICTION: Final = "write one rule about it: nothing, or all that is allowed"


class PublicExpansion:
    """Adds what the servers of a target let everybody do to its records."""

    def __init__(self, view: TargetView, records: Records) -> None:
        self.view = view
        self.records = records

    def add_public(self) -> None:
        """The rules of all servers, then what is wrong with them together."""
        for name, database in self.view.servers.items():
            for index, rule in enumerate(self.view.manifest.servers[name].public):
                path: Path = ("servers", name, "public", index)
                if not self.view.capabilities.privileges:
                    self.records.refuse(path, "everybody has no privileges")
                elif rule.database is not None and rule.database != database:
                    text = f'the server is the database "{database}", not "{rule.database}"'
                    self.records.refuse((*path, "database"), text, "leave database out")
                else:
                    self._add_rule("" if rule.is_cluster_wide else database, rule, path)
        self._refuse_without_effect()

    def _add_rule(self, database: str, rule: PublicRule, path: Path) -> None:
        allow = tuple(sorted({word.upper() for word in rule.allow}))
        for kind, schema, names in present_objects(rule, database):
            key = Key("public_privilege", (database, kind, schema))
            self._add(key, dict.fromkeys(names, allow), path)
        for creator, kind, schema in future_objects(rule):
            key = Key("public_default", (database, creator, kind, schema))
            self._add(key, {"privileges": allow}, path)

    def _add(self, key: Key, fields: Fields, path: Path) -> None:
        """Add what a rule says, unless another says nothing where this one says something."""
        present = self.records.fields.get(key, {})
        for name, allow in fields.items():
            if name in present and bool(present[name]) != bool(allow):
                what = "future objects" if key.kind == "public_default" else f'"{name}"'
                text = f"another rule allows everybody other things with {what}"
                self.records.refuse((*path, "allow"), text, _CONTRADICTION)
                return
        self.records.add(key, fields, path)

    def _refuse_without_effect(self) -> None:
        """Refuse what is narrower in one schema than in all of them.

        Default privileges of a schema are added to the global ones: taking there what those give
        stores nothing and does nothing (PostgreSQL docs, ALTER DEFAULT PRIVILEGES).
        """
        for key in sorted(k for k in self.records.fields if k.kind == "public_default"):
            database, creator, kind, schema = key.path
            everywhere = Key("public_default", (database, creator, kind, ""))
            given = self._words(everywhere, kind, BUILT_IN.get(kind, ()))
            lacking = sorted(given - self._words(key, kind, ()))
            if schema and lacking:
                words = ", ".join(word.lower() for word in lacking)
                text = (
                    f"everybody has {words} on every new {kind} of {creator}, and one schema "
                    "cannot take that back"
                )
                hint = "write the rule without schema: it then holds in every schema"
                for path in self.records.paths[key]:
                    self.records.refuse((*path, "schema"), text, hint)

    def _words(self, key: Key, kind: str, otherwise: tuple[str, ...]) -> frozenset[str]:
        words = self.records.fields.get(key, {}).get("privileges", otherwise)
        assert isinstance(words, tuple)
        return frozenset(all_spelled_out(kind, words))
