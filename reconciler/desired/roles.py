"""Servers, roles and what roles give, as records of one target.

Here belong joining inherited scopes where a target cannot inherit, and the database that a rule of
privileges is about. The rules as records are `privileges`, who holds a role is `holders`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.desired.edges import add_edge
from reconciler.desired.privileges import RuleReader
from reconciler.desired.records import Records
from reconciler.desired.view import TargetView
from reconciler.manifest.edges import edge_options, role_name
from reconciler.manifest.models import PrivilegeRule, Role
from reconciler.scope import Path
from reconciler.source import suggest
from reconciler.state import Key, Value
from reconciler.times import time_text

_NOT_IN_LEVELS: Final = (
    "scopes",
    "privileges",
    "token_expires",
    "token_life",
    "attributes",
    "min_holders",
)
"""Words of a role that say nothing of one that is a level and no thing on its target."""


def attributes(
    view: TargetView, records: Records, path: Path, given: Mapping[str, str | int | float | bool]
) -> dict[str, Value]:
    """The attributes as fields; those the target has not are refused."""
    known = view.capabilities.attributes
    fields: dict[str, Value] = {}
    for name, value in given.items():
        if name not in known:
            listed = f"the attributes are {', '.join(known)}" if known else "leave it out"
            hint = suggest(name, known) or listed
            records.refuse((*path, "attributes", name), f'"{name}" is not an attribute', hint)
        elif isinstance(value, float):
            records.refuse((*path, "attributes", name), f"{name} is not a whole number")
        else:
            fields[name] = value
    return fields


class RoleExpansion:
    """Adds the servers and roles of a target to its records."""

    def __init__(self, view: TargetView, records: Records) -> None:
        self.view = view
        self.records = records
        self._rules = RuleReader(records)

    def add_servers(self) -> None:
        """The servers of the target, with what is managed of them."""
        for name, database in self.view.servers.items():
            server = self.view.manifest.servers[name]
            fields: dict[str, Value] = {}
            if server.token_expires is not None:
                fields["token_expires"] = time_text(server.token_expires)
            if server.token_life is not None:
                fields["token_life_minutes"] = server.token_life
            if server.scopes is not None:
                fields["scopes"] = tuple(sorted(server.scopes))
            if self.view.capabilities.managed_servers:
                self.records.add(Key("server", (database,)), fields, ("servers", name))
            else:
                self.records.refuse_words(("servers", name), fields, "a server has no")
            if server.database is not None and not self.view.capabilities.privileges:
                self.records.refuse(("servers", name, "database"), "a server has no database")

    # Roles

    def add_roles(self) -> None:
        """The roles of the target, what they inherit and what they give."""
        for name, role in self.view.roles.items():
            fields = self._role_fields(name, role)
            if name in self.view.level_only:
                self._refuse_in_level_only(name, role)
                continue
            if self.view.capabilities.standing_roles and role.server is not None:
                self._add_standing_role(name, role)
                continue
            if not self.view.capabilities.roles:
                self._refuse_role(name, role)
                continue
            key = Key("role", self.view.role_paths[name])
            if key in self.records.fields:
                text = f'another role is called "{key.path[-1]}" already'
                self.records.refuse(("roles", name), text, "give one of them another name:")
                continue
            self.records.add(key, fields, ("roles", name))
            if self.view.capabilities.inheritance:
                self._add_inheritance(name, role)
            self._add_privileges(name, role)
            if self.view.capabilities.roles_in_servers and role.server is None:
                self.records.refuse(("roles", name), "a role needs a server", "write server: NAME")

    def _role_fields(self, name: str, role: Role) -> dict[str, Value]:
        path: Path = ("roles", name)
        fields = attributes(self.view, self.records, path, role.attributes)
        if role.token_expires is not None:
            fields["token_expires"] = time_text(role.token_expires)
        if role.token_life is not None:
            fields["token_life_minutes"] = role.token_life
        scopes = self._joined_scopes(name)
        if scopes is not None:
            fields["scopes"] = scopes
        if not self.view.capabilities.scopes:
            words = ("token_expires", "token_life_minutes", "scopes")
            self.records.refuse_words(path, {w: 1 for w in words if w in fields}, "a role has no")
        if role.level is not None and role.level not in self.view.capabilities.levels:
            self._refuse_level(path, role.level)
        return fields

    def _add_standing_role(self, name: str, role: Role) -> None:
        """A role that is there by itself: it can have holders and nothing else."""
        self.records.standing_roles |= {self.view.role_paths[name]}
        for word in ("privileges", "attributes", "inherits"):
            if getattr(role, word):
                self.records.refuse(("roles", name, word), f"a role has no {word}")

    def _refuse_role(self, name: str, role: Role) -> None:
        """A role that is no level, on a target that has nothing else."""
        levels = ", ".join(self.view.capabilities.levels)
        hint = f"write target: {self.view.target} and level: one of {levels}"
        where = ("server",) if role.server is not None else ()
        self.records.refuse(("roles", name, *where), "a role has to be a level", hint)

    def _refuse_in_level_only(self, name: str, role: Role) -> None:
        """A role that is a level and nothing on the target holds nothing else."""
        for word in _NOT_IN_LEVELS:
            if getattr(role, word):
                hint = "give the role a server, or leave this out"
                self.records.refuse(("roles", name, word), f"a level has no {word}", hint)

    def _refuse_level(self, path: Path, level: str) -> None:
        levels = self.view.capabilities.levels
        if not levels:
            self.records.refuse((*path, "level"), "a role has no level")
            return
        hint = suggest(level, levels) or f"the levels are {', '.join(levels)}"
        self.records.refuse((*path, "level"), f'"{level}" is not a level', hint)

    def _joined_scopes(self, name: str) -> tuple[str, ...] | None:
        """A role's own scopes; with the inherited ones where the target cannot inherit."""
        role = self.view.roles[name]
        if self.view.capabilities.inheritance:
            return None if role.scopes is None else tuple(sorted(role.scopes))
        found = None if role.scopes is None else set(role.scopes)
        for index, inherited in enumerate(role.includes):
            if inherited not in self.view.roles:
                message = (
                    f'a role cannot inherit "{inherited}", which the manifest does not declare,'
                )
                self.records.refuse(("roles", name, "inherits", index), message)
            elif self.view.roles[inherited].server != role.server:
                message = "a role cannot inherit a role of another server"
                self.records.refuse(("roles", name, "inherits", index), message)
            else:
                inner = self._joined_scopes(inherited)
                if inner is not None:
                    found = (found or set()) | set(inner)
        return None if found is None else tuple(sorted(found))

    def _add_inheritance(self, name: str, role: Role) -> None:
        for index, entry in enumerate(role.inherits):
            path: Path = ("roles", name, "inherits", index)
            inherited = role_name(entry)
            if inherited in self.view.roles:
                container = self.view.role_paths[inherited]
            elif self.view.capabilities.foreign_roles:
                container = (inherited,)
                self.records.foreign.add(inherited)
            else:
                self.records.refuse(path, f'there is no role "{inherited}"')
                continue
            key = Key("membership", (*container, self.view.role_paths[name][-1]))
            add_edge(self.records, key, edge_options(entry), path)

    # Privileges

    def _add_privileges(self, name: str, role: Role) -> None:
        if role.holds_at_least and not self.view.capabilities.privileges:
            self.records.refuse(("roles", name, "privileges"), "a role has no privileges")
            return
        rules_at = role.rules_at
        for index, rule in enumerate(role.rules):
            path: Path = ("roles", name, *rules_at, index)
            if not self.view.capabilities.privileges:
                self.records.refuse(path, "a role has no privileges")
                continue
            is_shared = self._rules.is_cluster_wide(rule)
            database = "" if is_shared else self._database(role, rule, path)
            if database is not None:
                self._rules.add((role.name or name, database), rule, path)

    def _database(self, role: Role, rule: PrivilegeRule, path: Path) -> str | None:
        own = self.view.servers.get(role.server or "")
        database = rule.database or own
        if database is None:
            self.records.refuse(
                path,
                "a privilege needs a database",
                "write database: NAME here, or server: on the role",
            )
        elif own is not None and database != own:
            hint = f'its server is "{role.server}"; give the role a target instead of a server'
            self.records.refuse(
                (*path, "database"), f'the role\'s database is "{own}", not "{database}"', hint
            )
        elif database not in self.view.servers.values():
            hint = suggest(database, self.view.servers.values()) or "declare it under servers"
            self.records.refuse(
                (*path, "database"), f'there is no server with the database "{database}"', hint
            )
        else:
            return database
        return None
