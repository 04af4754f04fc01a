"""One target's part of the manifest at one instant, and how it is named there.

Here belongs looking up; making records of what is found is `roles` and `holders`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal

from reconciler.manifest.load import LoadedManifest
from reconciler.manifest.models import Grant, Role, User
from reconciler.scope import Capabilities, Path

Window = Literal["now", "ended", "unstarted"]
"""Which grants count: those that are active; with `ended` also those whose end has passed; with
`unstarted` of the active ones those that never had to start."""


@dataclass(frozen=True, slots=True)
class Clock:
    """An instant, and how grants are looked at from it."""

    at: datetime
    window: Window = "now"

    def counts(self, grant: Grant) -> bool:
        """Whether a grant gives its role."""
        if self.window == "unstarted" and grant.from_ is not None:
            return False
        end = None if self.window == "ended" else grant.until
        return is_active(self.at, grant.from_, end)


class TargetView:
    """What the manifest says of one target: servers, roles, accounts and the grants that count."""

    def __init__(
        self,
        loaded: LoadedManifest,
        target: str,
        capabilities: Capabilities,
        at: datetime,
        *,
        window: Window = "now",
    ) -> None:
        self.loaded = loaded
        self.manifest = loaded.manifest
        self.target = target
        self.capabilities = capabilities
        self.at = at
        self._clock = Clock(at, window)

    @cached_property
    def servers(self) -> dict[str, str]:
        """Names on the target of the servers that stand on it, by their names in the manifest."""
        return {
            name: server.database or name
            for name, server in self.manifest.servers.items()
            if server.target == self.target
        }

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The roles of this target by their names in the manifest."""
        return {
            name: role
            for name, role in self.manifest.roles.items()
            if (role.target or self.manifest.servers[role.server or ""].target) == self.target
        }

    @cached_property
    def account_names(self) -> dict[str, str]:
        """Every user's account name on this target, by user."""
        return {key: user.account_name(key, self.target) for key, user in self.users.items()}

    @property
    def users(self) -> Mapping[str, User]:
        """The users of the manifest by name."""
        users: Mapping[str, User] = self.manifest.users
        return users

    @cached_property
    def active_grants(self) -> list[int]:
        """The indexes of the grants on this target that count as active."""
        roles, counts = self.roles, self._clock.counts
        return [
            index
            for index, grant in enumerate(self.manifest.grants)
            if grant.role in roles and counts(grant)
        ]

    @cached_property
    def level_only(self) -> frozenset[str]:
        """The roles that give holders a level on the whole target and are nothing there."""
        if self.capabilities.roles and not self.capabilities.roles_in_servers:
            return frozenset()
        return frozenset(
            name
            for name, role in self.roles.items()
            if role.level is not None and role.server is None
        )

    @cached_property
    def role_paths(self) -> dict[str, tuple[str, ...]]:
        """The paths of the roles' records: names, within servers where roles live in servers."""
        if not self.capabilities.roles_in_servers:
            return {name: (role.name or name,) for name, role in self.roles.items()}
        return {
            name: (self.servers.get(role.server or "", ""), role.name or name)
            for name, role in self.roles.items()
        }

    def flattened(self, group: str) -> dict[str, Path]:
        """The users of a group and of the groups in it, each with the place that names them."""
        result: dict[str, Path] = {}
        waiting, seen = [group], {group}
        while waiting:
            name = waiting.pop(0)
            members = self.manifest.groups[name].members or ()
            for index, user in enumerate(members):
                result.setdefault(user, ("groups", name, "members", index))
            inner = [each for each in self.manifest.groups[name].groups or () if each not in seen]
            seen.update(inner)
            waiting += inner
        return result


def is_active(instant: datetime, start: datetime | None, end: datetime | None) -> bool:
    """Whether an instant is within a window that includes its start and not its end."""
    return (start is None or start <= instant) and (end is None or instant < end)
