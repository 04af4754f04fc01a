"""Under whose name each change of a target stands: a person's, a group's, a role's, a server's.

Here belongs putting changes, and differences, into the order of a reader, who asks what happens to
whom; the order of applying is in the plan. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.plan import TargetPlan
from reconciler.render.phrases import path_text
from reconciler.source import Source
from reconciler.state import Key, Kind

_KIND_ORDER: Final[Mapping[Kind, int]] = {
    "account": 0,
    "group": 0,
    "role": 0,
    "server": 0,
    "membership": 1,
    "privilege": 2,
    "default_privilege": 3,
    "setting": 4,
    "object": 5,
    "schema": 5,
    "ownership": 6,
    "public_privilege": 7,
    "public_default": 8,
    "row_security": 9,
    "policy": 10,
}


class Heading(NamedTuple):
    """The name under which changes stand. Sorts people first, then groups, roles, servers."""

    rank: int
    title: str
    name: str


_Item = TypeVar("_Item", Change, Difference)


def sections(items: Iterable[_Item], subjects: Subjects) -> list[tuple[Heading, list[_Item]]]:
    """Changes or differences of a target under their headings, both in the order of reading."""
    result: defaultdict[Heading, list[_Item]] = defaultdict(list)
    for item in items:
        result[subjects.heading(item)].append(item)
    return [(heading, _in_order(result[heading])) for heading in sorted(result)]


def _in_order(items: Iterable[_Item]) -> list[_Item]:
    return sorted(items, key=lambda item: (_KIND_ORDER[item.key.kind], item.key))


class Subjects:
    """Knows which names on a target are people, groups and roles, as far as the plan tells."""

    def __init__(self, target: TargetPlan) -> None:
        keys = [change.key for change in target.changes]
        keys += [difference.key for difference in target.drift]
        self._people = target.people or {}
        self._accounts = {*self._people, *_names(keys, "account")}
        self._groups = _names(keys, "group")
        self._roles = _names(keys, "role")

    def heading(self, item: Change | Difference) -> Heading:
        """Under whose name it stands: the member's, the holder's, or that of the thing."""
        kind, path = item.key
        match kind:
            case "account":
                return self._person(path[-1])
            case "group":
                return _group(path[-1])
            case "role":
                return _role(path)
            case "membership":
                return self._member(path[-1], _asking(item))
            case "privilege" | "default_privilege" | "setting":
                holder = path[0]
                return self._person(holder) if holder in self._accounts else _role((holder,))
            case _:  # of a server
                return Heading(3, f"server {path[0]}" if path[0] else "all servers", path[0])

    def title(self, item: Change | Difference) -> str:
        """The title of the heading of a change or difference."""
        return self.heading(item).title

    def _person(self, account: str) -> Heading:
        name = self._people.get(account, account)
        return Heading(0, name if name == account else f"{name} ({account})", account)

    def _member(self, name: str, asking: Sequence[Source]) -> Heading:
        if name in self._accounts:
            return self._person(name)
        if name in self._groups:
            return _group(name)
        is_inherited = any(source.path.startswith("roles.") for source in asking)
        if name in self._roles or is_inherited:
            return _role((name,))
        # Every user of the manifest is among the people: what a line asks for is a group then, and
        # what no line asks for is most likely an account that somebody made by hand.
        return _group(name) if asking else self._person(name)


def _asking(item: Change | Difference) -> Sequence[Source]:
    """The lines that ask for it. A difference that none asks for may name the line of its role."""
    if isinstance(item, Difference) and item.desired is None:
        return ()
    return item.sources


def _names(keys: Sequence[Key], kind: Kind) -> set[str]:
    return {key.path[-1] for key in keys if key.kind == kind}


def _group(name: str) -> Heading:
    return Heading(1, f"group {name}", name)


def _role(path: Sequence[str]) -> Heading:
    return Heading(2, f"role {path_text(path)}", "/".join(path))
