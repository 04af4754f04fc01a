"""Settings of accounts and roles, as records of one target.

Here belongs which settings are asked of whom. Their spelling is for the provider.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.desired.records import Records
from reconciler.desired.view import TargetView
from reconciler.manifest.models import Account, Role
from reconciler.scope import Path
from reconciler.source import suggest
from reconciler.state import Key, Value

_WORDS: Final = ("settings", "settings_in")


class SettingExpansion:
    """Adds the settings of the accounts and roles that a target's records have."""

    def __init__(self, view: TargetView, records: Records) -> None:
        self.view = view
        self.records = records

    def add_settings(self) -> None:
        """A record for each parameter that the manifest names."""
        for name, role in self.view.roles.items():
            if role.settings or role.settings_in:
                self._add(self.view.role_paths[name], role, ("roles", name), kind="role")
        for user, entry in self.view.users.items():
            account = entry.accounts.get(self.view.target)
            if isinstance(account, Account) and (account.settings or account.settings_in):
                path: Path = ("users", user, "accounts", self.view.target)
                self._add((self.view.account_names[user],), account, path, kind="account")

    def _add(
        self, holder: tuple[str, ...], entry: Account | Role, path: Path, *, kind: str
    ) -> None:
        if not self.view.capabilities.settings:
            for word in _WORDS:
                if getattr(entry, word):
                    self.records.refuse((*path, word), f"{_a(kind)} has no settings")
            return
        is_there = Key("account" if kind == "account" else "role", holder) in self.records.fields
        for server, place, values in self._by_server(entry, path):
            for parameter, value in values.items() if is_there else ():
                key = Key("setting", (holder[-1], server, parameter.lower()))
                self.records.add(key, {"value": value}, (*place, parameter))

    def _by_server(
        self, entry: Account | Role, path: Path
    ) -> Iterator[tuple[str, Path, Mapping[str, Value]]]:
        """The servers' names on the target, empty for all of them, with the settings there."""
        yield "", (*path, "settings"), entry.settings
        known = self.view.servers.values()
        for name, values in entry.settings_in.items():
            place: Path = (*path, "settings_in", name)
            if name in known:
                yield name, place, values
            else:
                hint = suggest(name, known) or "declare it under servers"
                self.records.refuse(place, f'there is no server with the database "{name}"', hint)


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "account" else f"a {kind}"
