"""From what is on a target to the manifest that a person would have written of it. Pure.

Here belongs putting the parts together for PostgreSQL, whose roles hold privileges; for systems of
accounts and roles that is `access`. What both write is exact: a plan with it changes nothing,
neither at first nor when what it declares has been applied and is remembered.
"""

from __future__ import annotations

from collections import defaultdict

from reconciler.importing.cast import Cast, Casting
from reconciler.importing.comment_lines import SCHEMA_LINE
from reconciler.importing.names import is_sayable, pattern
from reconciler.importing.place import Place
from reconciler.importing.remarks import head
from reconciler.importing.yaml_text import Data, section
from reconciler.survey import Survey

__all__ = ["Place", "manifest_of"]


def manifest_of(survey: Survey, place: Place) -> str:
    """The text of the manifest that says what the survey found, with comments on what it cannot."""
    casting = Casting(survey, place.attributes)
    cast = casting.cast()
    work = _Sections(casting, cast, place)
    sections: list[tuple[str, Data]] = [
        ("version", 1),
        ("targets", {place.target: work.target()}),
        ("servers", work.servers()),
        ("users", {name: work.user(name) for name in cast.users}),
        ("groups", {name: work.group(name) for name in cast.groups}),
        ("roles", {name: work.role(name) for name in cast.roles}),
        ("grants", work.grants()),
    ]
    texts = [section(name, value) for name, value in sections if value]
    return SCHEMA_LINE + "\n".join([head(casting, cast), *texts])


class _Sections:
    """The entries of the manifest, by section."""

    def __init__(self, casting: Casting, cast: Cast, place: Place) -> None:
        self.casting = casting
        self.cast = cast
        self.place = place
        self._groups = frozenset(cast.groups)
        self._people = frozenset(cast.users)
        self._bundles = frozenset(cast.roles)

    def target(self) -> Data:
        """How the target is reached, and who is never changed on it."""
        entry: dict[str, Data] = {"provider": self.place.provider, "options": self.place.options}
        if self.cast.left_out:
            entry["policy"] = {"protect": sorted({pattern(name) for name in self.cast.left_out})}
        return entry

    def servers(self) -> Data:
        """The databases."""
        names = [name for name in self.casting.survey.servers if is_sayable(name)]
        return {name: {"target": self.place.target} for name in names}

    def user(self, name: str) -> Data:
        """A user, with what is unusual in the account."""
        attributes = self.casting.attributes(name)
        return {"accounts": {self.place.target: {"attributes": attributes}}} if attributes else {}

    def group(self, name: str) -> Data:
        """A group: who is in it, and which groups."""
        members = self.casting.members(name)
        entry: dict[str, Data] = {"members": sorted(members & self._people)}
        if inner := members & self._groups:
            entry["groups"] = sorted(inner)
        return entry

    def role(self, name: str) -> Data:
        """A role: where it is, what it includes and what it allows."""
        by_database = self.casting.rules[name].by_database
        databases = [database for database in by_database if database]
        entry: dict[str, Data] = {}
        if len(databases) == 1:
            entry["server"] = databases[0]
        else:
            entry["target"] = self.place.target
        if attributes := self.casting.attributes(name):
            entry["attributes"] = attributes
        if inherits := self.casting.containers(name):
            entry["inherits"] = [self._inherited(each, name) for each in sorted(inherits)]
        if by_database:
            entry["privileges"] = [
                {"database": database, **rule} if database and len(databases) > 1 else rule
                for database, rules in by_database.items()
                for rule in rules
            ]
        return entry

    def _inherited(self, container: str, name: str) -> Data:
        """What a role includes: a name, or with options that are not as usual."""
        options = self.casting.options(container, name)
        return {"role": container, **options} if options else container

    def grants(self) -> Data:
        """Who holds which role directly, in the order of roles; groups before people."""
        holders: defaultdict[str, list[dict[str, Data]]] = defaultdict(list)
        for role, member in sorted(self.casting.edges):
            if role in self._bundles and member in self._groups:
                options = self.casting.options(role, member)
                holders[role].insert(0, {"group": member, "role": role, **options})
        for role, member in sorted(self.casting.edges):
            if role in self._bundles and member in self._people:
                options = self.casting.options(role, member)
                holders[role].append({"user": member, "role": role, **options})
        return [grant for role in sorted(holders) for grant in holders[role]]
