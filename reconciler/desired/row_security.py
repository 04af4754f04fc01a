"""Row-level security of tables, as records of one target.

Here belong which tables are managed, and whom the names under `to` mean. How the target spells an
expression is for the provider.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.desired.records import Records
from reconciler.desired.view import TargetView
from reconciler.manifest.row_security import RowPolicy, RowSecurity
from reconciler.scope import Path
from reconciler.state import Key, Value

EVERYBODY: Final = ""
"""PUBLIC in the roles of a policy."""


class RowSecurityExpansion:
    """Adds the row-level security of the tables of a target's servers."""

    def __init__(self, view: TargetView, records: Records) -> None:
        self.view = view
        self.records = records

    def add_row_security(self) -> None:
        """A record for each table that the manifest names, and for each of its policies.

        The accounts have to be there already: a policy is for those that the target has.
        """
        for name, database in self.view.servers.items():
            for index, entry in enumerate(self.view.manifest.servers[name].row_security):
                path: Path = ("servers", name, "row_security", index)
                if not self.view.capabilities.row_security:
                    self.records.refuse(path, "a server has no row security")
                elif self._is_first((database, entry.schema_, entry.table), path):
                    self._add((database, entry.schema_, entry.table), entry, path)

    def _is_first(self, table: tuple[str, ...], path: Path) -> bool:
        if Key("row_security", table) not in self.records.fields:
            return True
        text = f"the table {'.'.join(table[1:])} stands twice"
        self.records.refuse(path, text, "write all of it in one entry:")
        return False

    def _add(self, table: tuple[str, ...], entry: RowSecurity, path: Path) -> None:
        fields: dict[str, Value] = {"enabled": entry.enabled}
        if entry.forced is not None:
            fields["forced"] = entry.forced
        self.records.add(Key("row_security", table), fields, path)
        if entry.policies is None:
            return
        self.records.policy_tables.add(table)
        for name, policy in entry.policies.items():
            roles = self._roles(policy)
            if roles:  # a policy for nobody gives and forbids nothing
                place: Path = (*path, "policies", name)
                self.records.add(Key("policy", (*table, name)), _fields(policy, roles), place)

    def _roles(self, policy: RowPolicy) -> tuple[str, ...]:
        """The names on the target, sorted; of everybody alone where everybody is among them.

        Source: PostgreSQL docs, CREATE POLICY: with PUBLIC, no other role is kept.
        """
        found = {name for each in policy.to for name in self._named(each)}
        return (EVERYBODY,) if EVERYBODY in found else tuple(sorted(found))

    def _named(self, name: str) -> Iterator[str]:
        """Whom a name means; nobody, if it is a user or group that the target has not now."""
        if name.lower() == "public":
            yield EVERYBODY
        elif name in self.view.role_paths:
            yield self.view.role_paths[name][-1]
        elif name in self.view.manifest.groups:
            yield from self._if_there(Key("group", (name,)))
        elif name in self.view.account_names:
            yield from self._if_there(Key("account", (self.view.account_names[name],)))
        else:
            yield name

    def _if_there(self, key: Key) -> Iterator[str]:
        if key in self.records.fields:
            yield key.path[-1]


def _fields(policy: RowPolicy, roles: tuple[str, ...]) -> dict[str, Value]:
    return {
        "command": policy.command,
        "permissive": not policy.restrictive,
        "roles": roles,
        "using": policy.using or "",
        "check": policy.check or "",
    }
