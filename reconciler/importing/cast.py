"""Who is what in the manifest: users, groups and roles, and who is left out of it.

Here belongs the decision alone. A role of the target that holds anything a manifest cannot say
exactly is left out and protected: if it were declared, a later apply would take that away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from reconciler.importing.names import is_sayable, shown
from reconciler.importing.rules import Rules, by_holder, rules_of
from reconciler.importing.yaml_text import Data
from reconciler.state import USUAL_ATTRIBUTES, USUAL_EDGE, Fields, Value
from reconciler.survey import Survey

_ORDINARY: Final[Fields] = {
    **USUAL_ATTRIBUTES,
    "connection_limit": -1,
    "valid_until": "infinity",
}
_UNMANAGED: Final = frozenset({"connection_limit", "valid_until"})
"""Attributes that stay as they are where the manifest does not name them."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Users, groups and roles by name, each once; `left_out` says why. `idle` hold nothing, and
    nobody is in them.
    """

    users: tuple[str, ...]
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    left_out: Mapping[str, str]
    idle: tuple[str, ...]


class Casting:
    """Decides over the roles of one survey. `attributes` are those that a manifest may set."""

    def __init__(self, survey: Survey, attributes: Collection[str]) -> None:
        self.survey = survey
        self._attributes = frozenset(attributes)
        self.held = by_holder(survey.state)
        self.edges = {r.key.path: r.fields for r in survey.state.of_kind("membership")}

    @cached_property
    def logins(self) -> Mapping[str, Fields]:
        """The roles that may sign in, by name."""
        return {r.key.path[0]: r.fields for r in self.survey.state if r.key.kind == "account"}

    @cached_property
    def bundles(self) -> Mapping[str, Fields]:
        """The roles that may not."""
        return {r.key.path[0]: r.fields for r in self.survey.state if r.key.kind == "role"}

    @cached_property
    def rules(self) -> Mapping[str, Rules]:
        """What each role that may not sign in holds, as rules."""
        held = self.held
        return {name: rules_of(name, held.get(name, ()), self.survey) for name in self.bundles}

    @cached_property
    def _members(self) -> Mapping[str, frozenset[str]]:
        return _by(0, self.edges)

    @cached_property
    def _containers(self) -> Mapping[str, frozenset[str]]:
        return _by(1, self.edges)

    def members(self, name: str) -> frozenset[str]:
        """Who is in this role directly."""
        return self._members.get(name, frozenset())

    def containers(self, name: str) -> frozenset[str]:
        """What this role is in directly."""
        return self._containers.get(name, frozenset())

    def options(self, container: str, member: str) -> dict[str, Data]:
        """The options of a membership that are not as usual."""
        fields = self.edges[container, member]
        return {n: bool(fields[n]) for n, usual in USUAL_EDGE.items() if fields[n] != usual}

    def attributes(self, name: str) -> dict[str, Data]:
        """The attributes that differ from the ordinary and can be said."""
        fields = self.logins.get(name) or self.bundles[name]
        return {key: value for key, value in self._unusual(fields) if self._can_say(key, value)}

    def unsaid_times(self) -> Iterator[str]:
        """The roles with an end that no manifest can say."""
        for name, fields in sorted({**self.logins, **self.bundles}.items()):
            if any(
                key == "valid_until" and not self._can_say(key, value)
                for key, value in self._unusual(fields)
            ):
                yield name

    def _unusual(self, fields: Fields) -> Iterator[tuple[str, str | int]]:
        for key, value in sorted(fields.items()):
            if key in _ORDINARY and value != _ORDINARY[key]:
                assert isinstance(value, str | int)
                yield key, value

    def _can_say(self, key: str, value: Value) -> bool:
        return key in self._attributes and (key != "valid_until" or _is_time(str(value)))

    def cast(self) -> Cast:
        """The decision."""
        left_out = {**self._faulty_logins(), **self._faulty_bundles()}
        idle = {name for name in self.bundles if self._is_idle(name)}
        left_out = {name: why for name, why in left_out.items() if name not in idle}
        users = self.logins.keys() - left_out.keys()
        roles = self.bundles.keys() - left_out.keys() - idle
        groups = self._groups(frozenset(users), frozenset(roles), frozenset(left_out))
        return Cast(
            users=tuple(sorted(users)),
            groups=tuple(sorted(groups)),
            roles=tuple(sorted(roles - groups)),
            left_out=dict(sorted(left_out.items())),
            idle=tuple(sorted(idle)),
        )

    # Who is left out

    def _faulty_logins(self) -> dict[str, str]:
        result: dict[str, str] = {}
        folded: dict[str, str] = {}
        for name in sorted(self.logins, key=lambda each: (each != each.lower(), each)):
            why = self._fault(name, self.logins[name])
            twin = "" if why else folded.setdefault(name.casefold(), name)
            if why or twin != name:
                result[name] = why or f"differs from {shown(twin)} in nothing but case"
        return result

    def _faulty_bundles(self) -> dict[str, str]:
        result: dict[str, str] = {}
        for name, fields in self.bundles.items():
            unsayable = sorted(each for each in self.containers(name) if not is_sayable(each))
            if why := self._fault(name, fields):
                result[name] = why
            elif faults := self.rules[name].faults:
                result[name] = f"holds {'; '.join(faults)}"
            elif unsayable:
                result[name] = f"is in {', '.join(map(shown, unsayable))}"
            elif others := self.members(name) - self.logins.keys() - self.bundles.keys():
                result[name] = f"is given to {', '.join(map(shown, sorted(others)))}"
        return result

    def _fault(self, name: str, fields: Fields) -> str:
        """Why a role cannot be in the manifest whatever it holds; empty where it can.

        A superuser who is in a role of the manifest is named there: a stranger in it is drift.
        """
        is_needed = name in self.logins and self.containers(name) & self.bundles.keys()
        if name in self.survey.untouchable and not is_needed:
            return "no plan touches it: the tool's own, initdb's, or the owner of a database"
        if fields.get("superuser") and not is_needed:
            return "is a superuser"
        if not is_sayable(name):
            return "has a name that a manifest cannot have"
        for key, value in self._unusual(fields):
            if key not in _UNMANAGED and not self._can_say(key, value):
                return "has NOINHERIT" if key == "inherit" else f"has {key} {value}"
        return ""

    def _is_idle(self, name: str) -> bool:
        """Whether it may be an account that left: nothing tells it from one."""
        is_held = self.members(name) or self.containers(name) or name in self.held
        return not is_held and name not in self.survey.untouchable

    # Groups

    def _groups(
        self, users: frozenset[str], roles: frozenset[str], left_out: frozenset[str]
    ) -> frozenset[str]:
        """The roles that read as groups: people in them, nothing of their own, and in a role.

        Who is in a group has no options there: with some it reads as a role.
        """
        found = frozenset(name for name in roles if self._is_bare(name))
        while True:
            kept = frozenset(
                name
                for name in found
                if self.members(name) & (users | found)
                and self.members(name) <= users | found | left_out
                and self.containers(name)
                and self.containers(name) <= roles
            )
            if kept == found:
                return found
            found = kept

    def _is_bare(self, name: str) -> bool:
        is_ordinary = not any(True for _ in self._unusual(self.bundles[name]))
        has_options = any(self.options(name, each) for each in self.members(name))
        has_own = name in self.held or name in self._owners
        return is_ordinary and not has_options and not has_own

    @cached_property
    def _owners(self) -> frozenset[str]:
        records = self.survey.state.of_kind("object")
        return frozenset(str(owner) for record in records for owner in record.fields.values())


def _by(end: int, edges: Collection[tuple[str, ...]]) -> Mapping[str, frozenset[str]]:
    """The other ends of the edges by one end."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for edge in edges:
        found[edge[end]].add(edge[1 - end])
    return {name: frozenset(others) for name, others in found.items()}


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
