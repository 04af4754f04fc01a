"""What the manifest demands of who holds what on one target, beyond the records.

Here belongs turning words such as `min_holders` and `never_together` into names and keys of the
target. Judging a plan by them is `reconciler.safety`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.desired.reach import Reach
from reconciler.desired.records import Records
from reconciler.desired.separations import Holding, exempt_users
from reconciler.desired.view import TargetView
from reconciler.scope import Apart, Permanent, RolePath, Rules, Separation
from reconciler.state import Key


@dataclass(frozen=True, slots=True)
class Survey:
    """What is found once for all targets.

    `held_together` are the people who hold what nobody may hold together; `ending_sessions` the
    numbers of the grants whose end also ends sessions.
    """

    reach: Reach
    held_together: tuple[Holding, ...]
    ending_sessions: tuple[int, ...]


class RuleExpansion:
    """Finds the rules of a target, whose records are complete."""

    def __init__(self, view: TargetView, records: Records, survey: Survey) -> None:
        self.view = view
        self.records = records
        self.survey = survey
        self._reach = survey.reach

    def rules(self) -> Rules:
        """The rules that hold on the target."""
        return Rules(
            min_holders=dict(self._fewest()),
            break_glass=self._break_glass(),
            apart=tuple(self._apart()),
            separations=tuple(self._separations()),
            permanent=tuple(sorted(self._permanent(), key=lambda each: (each.holder, each.role))),
        )

    def _fewest(self) -> Iterator[tuple[RolePath, int]]:
        for name, role in self.view.roles.items():
            if role.min_holders and name not in self.view.level_only:
                yield self.view.role_paths[name], role.min_holders
        for name, group in self.view.manifest.groups.items():
            if group.min_members and Key("group", (name,)) in self.records.fields:
                yield (name,), group.min_members

    def _break_glass(self) -> frozenset[str]:
        """The names that users for emergencies have on this target, whether or not they hold
        anything here: the last that they hold may just have been taken out of the file.
        """
        users = self.view.manifest.policies.break_glass
        return frozenset(self.view.account_names[user] for user in users)

    def _apart(self) -> Iterator[Apart]:
        for each in self.view.manifest.policies.separations:
            here = [
                self.view.role_paths[role]
                for role in each.roles
                if role in self.view.roles and role not in self.view.level_only
            ]
            if len(here) > 1:
                exempt = exempt_users(each, self.view.at)
                names = frozenset(self.view.account_names[user] for user in exempt)
                yield Apart(frozenset(here), names)

    # Who holds what they should not

    def _separations(self) -> Iterator[Separation]:
        for holding in self.survey.held_together:
            keys = self._present(self._keys_of(holding))
            if keys:
                person = self.view.users[holding.user].name or holding.user
                yield Separation(person, holding.roles, keys)

    def _permanent(self) -> Iterator[Permanent]:
        risky = {name for name, role in self.view.manifest.roles.items() if role.risky}
        if not risky:
            return
        for index in self.view.active_grants:
            grant = self.view.manifest.grants[index]
            if grant.until is None and risky & self._reach.roles(grant.role):
                keys = self._present(self._outer_keys(index))
                if keys:
                    user = grant.user
                    person = self.view.users[user].name or user if user else ""
                    yield Permanent(person or f"group {grant.group}", grant.role, keys)

    def _present(self, keys: Iterable[Key]) -> tuple[Key, ...]:
        return tuple(sorted({key for key in keys if key in self.records.fields}))

    def _keys_of(self, holding: Holding) -> Iterator[Key]:
        """The records that give a user the roles: all steps from the roles to the user."""
        for index in holding.grants:
            grant = self.view.manifest.grants[index]
            if grant.role not in self.view.roles:
                continue
            yield from self._inherited_keys(grant.role, frozenset(holding.roles))
            if grant.group is None or self._is_flat(grant.role):
                yield self._key(grant.role, self.view.account_names[holding.user])
            else:
                yield self._key(grant.role, grant.group)
                yield from self._group_keys(grant.group, holding.user)

    def _inherited_keys(self, role: str, wanted: frozenset[str]) -> Iterator[Key]:
        """The memberships of roles in roles by which a role includes the wanted ones."""
        if self.view.capabilities.inheritance:
            for name in self._reach.roles(role):
                for inner in self.view.roles[name].includes:
                    if inner in self.view.roles and wanted & self._reach.roles(inner):
                        yield self._key(inner, self.view.role_paths[name][-1])

    def _group_keys(self, group: str, user: str | None = None) -> Iterator[Key]:
        """The memberships in a group and the groups within it: those that lead to a user, or all.

        They are those of groups that the target has itself.
        """
        for name in self._reach.groups(group):
            if user is not None and user not in self._reach.users(name):
                continue
            entry = self.view.manifest.groups[name]
            for member in entry.members or ():
                if user in (None, member):
                    yield Key("membership", (name, self.view.account_names[member]))
            for inner in entry.groups or ():
                if user is None or user in self._reach.users(inner):
                    yield Key("membership", (name, inner))

    def _outer_keys(self, index: int) -> Iterator[Key]:
        """The records by which a grant's role is given to its user, group, or users of its group.

        A role that is only a level is part of the account.
        """
        grant = self.view.manifest.grants[index]
        if grant.group is not None and not self._is_flat(grant.role):
            yield self._key(grant.role, grant.group)
        else:
            for user in self._reach.holders(index):
                yield self._key(grant.role, self.view.account_names[user])

    def _is_flat(self, role: str) -> bool:
        return not self.view.capabilities.groups or role in self.view.level_only

    def _key(self, role: str, member: str) -> Key:
        if role in self.view.level_only:
            return Key("account", (member,))
        return Key("membership", (*self.view.role_paths[role], member))

    # Sessions

    def ends_sessions(self) -> frozenset[Key]:
        """The memberships whose end also ends the sessions of those who held them.

        A grant that has ended counts too, and users who are not active: it is about what goes.
        """
        return frozenset(key for index in self._session_grants() for key in self._all_keys(index))

    def refuse_sessions(self) -> None:
        """Refuse the word where the target cannot end sessions."""
        if not self.view.capabilities.sessions:
            for index in self.survey.ending_sessions:
                if self.view.manifest.grants[index].role in self.view.roles:
                    path = ("grants", index, "end_sessions")
                    self.records.refuse(path, "open sessions cannot be ended", "leave it out")

    def refuse_heir(self) -> None:
        """Refuse an heir where nobody owns anything, or nothing can be given away."""
        heir = self.view.manifest.targets[self.view.target].policy.heir
        if heir is not None and not self.view.capabilities.heirs:
            path = ("targets", self.view.target, "policy", "heir")
            self.records.refuse(path, "nothing can be given to an heir", "leave it out")

    def _session_grants(self) -> Iterator[int]:
        for index in self.survey.ending_sessions:
            grant = self.view.manifest.grants[index]
            started = grant.from_ is None or grant.from_ <= self.view.at
            if started and grant.role in self.view.roles:
                yield index

    def _all_keys(self, index: int) -> Iterator[Key]:
        grant = self.view.manifest.grants[index]
        if grant.role not in self.view.level_only:
            yield from self._outer_keys(index)
            if grant.group is not None and self.view.capabilities.groups:
                yield from self._group_keys(grant.group)
