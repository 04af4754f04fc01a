"""Under whose name each change of a target stands: a person's, a group's, a role's, a server's.

Here belongs putting changes into the order of a reader, who asks what happens to whom; the order of
applying is in the plan. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from reconciler.changes import Change
from reconciler.plan import TargetPlan
from reconciler.render.phrases import path_text
from reconciler.state import Kind

_KIND_ORDER: Final[Mapping[Kind, int]] = {
    "account": 0,
    "group": 0,
    "role": 0,
    "server": 0,
    "membership": 1,
    "privilege": 2,
    "default_privilege": 3,
    "object": 4,
}


class Heading(NamedTuple):
    """The name under which changes stand. Sorts people first, then groups, roles, servers."""

    rank: int
    title: str
    name: str


def sections(target: TargetPlan) -> list[tuple[Heading, list[Change]]]:
    """The changes of a target under their headings, both in the order of reading."""
    subjects = Subjects(target)
    result: defaultdict[Heading, list[Change]] = defaultdict(list)
    for change in target.changes:
        result[subjects.heading(change)].append(change)
    return [(heading, _in_order(result[heading])) for heading in sorted(result)]


def _in_order(changes: Iterable[Change]) -> list[Change]:
    return sorted(changes, key=lambda change: (_KIND_ORDER[change.key.kind], change.key))


class Subjects:
    """Knows which names on a target are people, groups and roles, as far as the plan tells."""

    def __init__(self, target: TargetPlan) -> None:
        self._people = target.people or {}
        self._accounts = {*self._people, *_names(target.changes, "account")}
        self._groups = _names(target.changes, "group")
        self._roles = _names(target.changes, "role")

    def heading(self, change: Change) -> Heading:
        """Under whose name a change stands: the member's, the holder's, or that of the thing."""
        kind, path = change.key
        match kind:
            case "account":
                return self._person(path[-1])
            case "group":
                return _group(path[-1])
            case "role":
                return _role(path)
            case "membership":
                return self._member(path[-1], change)
            case "privilege" | "default_privilege":
                holder = path[0]
                return self._person(holder) if holder in self._accounts else _role((holder,))
            case "server" | "object":
                return Heading(3, f"server {path[0]}", path[0])

    def title(self, change: Change) -> str:
        """The title of the heading of a change."""
        return self.heading(change).title

    def _person(self, account: str) -> Heading:
        name = self._people.get(account, account)
        return Heading(0, name if name == account else f"{name} ({account})", account)

    def _member(self, name: str, change: Change) -> Heading:
        if name in self._accounts:
            return self._person(name)
        if name in self._groups:
            return _group(name)
        is_inherited = any(source.path.startswith("roles.") for source in change.sources)
        if name in self._roles or is_inherited:
            return _role((name,))
        # Every user of the manifest is among the people: what a line asks for is a group then, and
        # what no line asks for is most likely an account that somebody made by hand.
        return _group(name) if change.sources else self._person(name)


def _names(changes: Sequence[Change], kind: Kind) -> set[str]:
    return {change.key.path[-1] for change in changes if change.key.kind == kind}


def _group(name: str) -> Heading:
    return Heading(1, f"group {name}", name)


def _role(path: Sequence[str]) -> Heading:
    return Heading(2, f"role {path_text(path)}", "/".join(path))
