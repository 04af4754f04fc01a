"""Who holds which role, as memberships and accounts of one target.

Here belong active grants, groups or what they are flattened to, and the accounts that follow from
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.desired.edges import add_edge
from reconciler.desired.records import Records
from reconciler.desired.roles import attributes
from reconciler.desired.view import TargetView
from reconciler.manifest.edges import edge_options
from reconciler.manifest.models import Account
from reconciler.scope import Path
from reconciler.state import Fields, Key, Value


class HolderExpansion:
    """Adds the memberships, groups and accounts of a target to its records."""

    def __init__(self, view: TargetView, records: Records) -> None:
        self.view = view
        self.records = records
        self._holders: set[str] = set()
        self._active = frozenset(
            name for name, user in view.users.items() if user.state == "active"
        )

    def add_holders(self) -> None:
        """A membership for each active grant, directly or through groups."""
        grants, role_paths = self.view.manifest.grants, self.view.role_paths
        level_only = self.view.level_only
        for index in self.view.active_grants:
            grant = grants[index]
            path: Path = ("grants", index)
            if grant.role in level_only:
                users = (user for user, _ in self._users_of(index))
                self._holders.update(user for user in users if user in self._active)
            elif grant.user is not None:
                container = role_paths[grant.role]
                self._add_membership(container, grant.user, edge_options(grant), path)
            elif grant.group is not None and self.view.capabilities.groups:
                key = Key("membership", (*role_paths[grant.role], grant.group))
                add_edge(self.records, key, edge_options(grant), path)
                self._add_group(grant.group)
            else:
                self._add_flat(index)

    def _add_flat(self, index: int) -> None:
        grant = self.view.manifest.grants[index]
        container = self.view.role_paths[grant.role]
        self._note_if_empty(grant.group or "", container)
        for user, paths in self._users_of(index):
            self._add_membership(container, user, {}, *paths)

    def _users_of(self, index: int) -> Iterator[tuple[str, tuple[Path, ...]]]:
        """The users whom a grant reaches, each with the places that say so."""
        grant = self.view.manifest.grants[index]
        path: Path = ("grants", index)
        if grant.user is not None:
            yield grant.user, (path,)
        else:
            for user, member_path in self.view.flattened(grant.group or "").items():
                yield user, (path, member_path)

    def _note_if_empty(self, group: str, container: tuple[str, ...]) -> None:
        """Remember what an empty group is in; one whose people are all disabled is not empty."""
        if not self.view.flattened(group):
            self.records.granted_to_nobody.add(container)

    def _add_membership(
        self, container: tuple[str, ...], user: str, options: Fields, *paths: Path
    ) -> None:
        if user in self._active:
            self._holders.add(user)
            key = Key("membership", (*container, self.view.account_names[user]))
            add_edge(self.records, key, options, *paths)

    def _add_group(self, first: str) -> None:
        """A group of the target, and the groups in it, with their members."""
        waiting = [first]
        while waiting:
            name = waiting.pop()
            if Key("group", (name,)) in self.records.fields:
                continue
            self.records.add(Key("group", (name,)), {}, ("groups", name))
            self._note_if_empty(name, (name,))
            group = self.view.manifest.groups[name]
            for index, user in enumerate(group.members or ()):
                self._add_membership((name,), user, {}, ("groups", name, "members", index))
            for index, inner in enumerate(group.groups or ()):
                path: Path = ("groups", name, "groups", index)
                self.records.add(Key("membership", (name, inner)), {}, path)
                waiting.append(inner)

    def add_accounts(self) -> None:
        """An account for each user who holds something."""
        levels = self._levels()
        for user in sorted(self._holders):
            fields = self._profile(user)
            account = self.view.users[user].accounts.get(self.view.target)
            if isinstance(account, Account):
                path: Path = ("users", user, "accounts", self.view.target)
                fields |= attributes(self.view, self.records, path, account.attributes)
            if self.view.capabilities.levels:
                fields["level"] = levels.get(user, self.view.capabilities.levels[0])
            key = Key("account", (self.view.account_names[user],))
            self.records.add(key, fields, ("users", user))
        self._note_leavers()

    def _profile(self, user: str) -> dict[str, Value]:
        """What is said of the user that the account has too; what is left out is not managed."""
        said = self.view.users[user]
        values = {word: getattr(said, word) for word in self.view.capabilities.profile}
        return {word: value for word, value in values.items() if value is not None}

    def _note_leavers(self) -> None:
        """Remember which line takes an account away, although there is no record of it."""
        for user in self.view.users.keys() - self._active:
            key = Key("account", (self.view.account_names[user],))
            self.records.paths[key] = (("users", user, "state"),)

    def _levels(self) -> dict[str, str]:
        """The highest level that each user's active grants give, by user; users without one are
        absent.
        """
        rank = {level: index for index, level in enumerate(self.view.capabilities.levels)}
        if not rank:
            return {}
        result: dict[str, str] = {}
        for index in self.view.active_grants:
            level = self._role_level(self.view.manifest.grants[index].role, rank)
            if level is not None:
                for user, _ in self._users_of(index):
                    if rank.get(result.get(user, ""), -1) < rank[level]:
                        result[user] = level
        return result

    def _role_level(self, name: str, rank: Mapping[str, int]) -> str | None:
        """The highest level of a role and of the roles it inherits."""
        role = self.view.roles[name]
        own = [role.level] if role.level in rank else []
        roles = self.view.roles
        inherited = [self._role_level(each, rank) for each in role.includes if each in roles]
        levels = [level for level in (*own, *inherited) if level is not None]
        return max(levels, key=lambda level: rank[level], default=None)
