"""Whom a group reaches and what a role includes, through however many steps.

Here belongs following groups and inherited roles. It knows the manifest and no target, and works
only when it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from reconciler.manifest.models import Manifest


class Reach:
    """Follows the groups and roles of a manifest, and remembers what it found."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._users: dict[str, frozenset[str]] = {}
        self._included: dict[str, frozenset[str]] = {}

    def users(self, group: str) -> frozenset[str]:
        """The users in a group or in the groups within it."""
        if group not in self._users:
            groups = self._manifest.groups
            inner = (groups[name].members or () for name in self.groups(group))
            self._users[group] = frozenset(user for members in inner for user in members)
        return self._users[group]

    def groups(self, group: str) -> frozenset[str]:
        """The group and the groups within it."""
        return _closure(group, self._inner_groups)

    def roles(self, role: str) -> frozenset[str]:
        """The role and those of the manifest that it inherits."""
        if role not in self._included:
            self._included[role] = _closure(role, self._inherited)
        return self._included[role]

    @cached_property
    def _inner_groups(self) -> Mapping[str, Sequence[str]]:
        return {name: group.groups or () for name, group in self._manifest.groups.items()}

    @cached_property
    def _inherited(self) -> Mapping[str, Sequence[str]]:
        roles = self._manifest.roles
        return {name: [r for r in role.includes if r in roles] for name, role in roles.items()}

    def holders(self, index: int) -> Iterator[str]:
        """The users whom the grant of this number reaches, in no particular order."""
        grant = self._manifest.grants[index]
        if grant.user is not None:
            yield grant.user
        else:
            yield from self.users(grant.group or "")


def _closure(start: str, edges: Mapping[str, Sequence[str]]) -> frozenset[str]:
    found, waiting = {start}, [start]
    while waiting:
        fresh = [name for name in edges[waiting.pop()] if name not in found]
        found.update(fresh)
        waiting += fresh
    return frozenset(found)
