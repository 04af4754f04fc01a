"""Whose privileges are of interest, and where.

Here belongs the rule. Of what the manifest declares, everything in the declared databases; of all
others, what they hold on a declared database, or in a schema that the manifest says anything of.
The roles of PostgreSQL itself and of a managed service are nobody's, and those that declared roles
inherit are named by the manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final

from reconciler.providers.postgres.services import reserved
from reconciler.scope import Scope
from reconciler.state import Fields, Key

HELD_CATALOGS: Final[Mapping[str, str]] = {
    "held column": "held_columns",
    "held type": "held_types",
}
"""The queries for what somebody holds on kinds of object that are not read as a whole."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Whose privileges to look at: `ours` everywhere, `everybody` at the places of the manifest.

    `apart` are PostgreSQL's own roles, and those of a managed service with its name.
    """

    ours: Set[str]
    everybody: Set[str]
    scope: Scope
    apart: Mapping[str, str]

    def in_database(self, name: str) -> Set[str]:
        """Whose privileges on a database."""
        return self.everybody if name in self.scope.servers else frozenset()

    def in_schema(self, database: str, schema: str) -> Set[str]:
        """Whose privileges on a schema, and on what is in it."""
        return self.everybody if (database, schema) in self.scope.places else self.ours

    def by_default(self, database: str, schema: str) -> Set[str]:
        """Whose default privileges; those for all schemas reach the declared ones too."""
        if schema or not any(database == server for server, _ in self.scope.places):
            return self.in_schema(database, schema)
        return self.everybody

    def edges(self, records: Iterable[tuple[Key, Fields]]) -> Iterator[tuple[Key, Fields]]:
        """The memberships that are of interest: not what is so by itself.

        That one of PostgreSQL's own roles is in a declared one is: so are all who have it.
        """
        apart, ours = self.apart, self.ours
        for record in records:
            container, member = record[0][1]  # the path of its key: of tens of thousands
            service = apart.get(member)
            if service is None or (not service and container in ours):
                yield record


def wanted_at_places(scope: Scope, kinds: Set[str]) -> frozenset[str]:
    """What has to be read besides these kinds, so that nobody at a place of the manifest is missed.

    Nothing where the manifest has no such places.
    """
    further = {each for each in HELD_CATALOGS if each.removeprefix("held ") not in kinds}
    return frozenset(further if scope.places else ())


def watch_of(scope: Scope, names: Iterable[str]) -> Watch:
    """Whose privileges to look at, of the roles that are there."""
    ours = scope.accounts | scope.leavers | scope.groups | {path[-1] for path in scope.roles}
    there = frozenset(names)
    services = reserved(there)
    apart = {**dict.fromkeys((each for each in there if each.startswith("pg_")), ""), **services}
    others = there - apart.keys() - scope.inherited
    return Watch(ours, ours | others, scope, apart)
