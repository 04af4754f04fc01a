"""The sections of a manifest for a roster, and which line of them is about whom.

Here belongs writing down what `roster` decided; nothing is left out here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from reconciler.importing.names import pattern
from reconciler.importing.place import Place
from reconciler.importing.roster import Roster
from reconciler.importing.said import sayable
from reconciler.importing.yaml_text import Data, section
from reconciler.scope import RolePath
from reconciler.state import Key


@dataclass(frozen=True, slots=True)
class Draft:
    """The text of the sections; `things` has by line, from 1, what the entry there is about."""

    text: str
    things: Mapping[int, Key]


@dataclass(frozen=True, slots=True)
class _Section:
    """A section by its name; `about` says of each entry what it is about, None where of nothing."""

    name: str
    entries: Data
    about: Sequence[Key | None] = ()


def drafted(roster: Roster, place: Place) -> Draft:
    """The sections of the manifest."""
    return _joined([each for each in _Writer(roster, place).sections() if each.entries])


def protected(roster: Roster) -> list[str]:
    """The patterns of those left out whom no name of the manifest shares."""
    names = {key.path[-1] for key in roster.left_out if key.kind in ("account", "role")}
    return sorted({pattern(name) for name in names - named(roster)})


def named(roster: Roster) -> frozenset[str]:
    """The names of the manifest's accounts and roles on the target."""
    return frozenset({*roster.users, *(path[-1] for path in roster.roles)})


class _Writer:
    """Makes the entries of each section."""

    def __init__(self, roster: Roster, place: Place) -> None:
        self._roster = roster
        self._place = place
        self._keys = _role_keys(roster, place.target)
        self._levels = _level_keys(roster, place.target, set(self._keys.values()))
        is_nominal = roster.survey.has_nominal_roles and roster.idle
        self._nominal = _free(f"{place.target}-user", roster.beside.roles) if is_nominal else ""

    def sections(self) -> list[_Section]:
        """All sections, also those without entries."""
        roster = self._roster
        servers = {name: self._server(name) for name in roster.servers}
        users = {n: self._user(n) for n in roster.users if n not in roster.beside.users}
        roles: dict[str, Data] = {
            key: {"target": self._place.target, "level": level}
            for level, key in self._levels.items()
        }
        if self._nominal:
            roles[self._nominal] = {"target": self._place.target}
        about = [*(None for _ in roles), *(Key("role", path) for path in self._keys)]
        roles |= {key: self._role(path, key) for path, key in self._keys.items()}
        grants = self._grants()
        return [
            _Section("version", 1),
            _Section("targets", {self._place.target: self._target()}),
            _Section("servers", servers, [Key("server", (name,)) for name in servers]),
            _Section("users", users, [Key("account", (name,)) for name in users]),
            _Section("roles", roles, about),
            _Section("grants", [entry for _, entry in grants], [about for about, _ in grants]),
        ]

    def _target(self) -> Data:
        entry: dict[str, Data] = {"provider": self._place.provider}
        if self._place.options:
            entry["options"] = self._place.options
        if patterns := protected(self._roster):
            entry["policy"] = {"protect": patterns}
        return entry

    def _server(self, name: str) -> Data:
        key = Key("server", (name,))
        said = sayable(self._roster.limits(key), self._roster.scopes(key))
        return {"target": self._place.target, **said}

    def _user(self, name: str) -> Data:
        entry: dict[str, Data] = sayable(self._roster.profile(name))
        if self._roster.is_shut(name):
            entry["state"] = "disabled"
        if attributes := sayable(self._roster.attributes(name)):
            entry["accounts"] = {self._place.target: {"attributes": attributes}}
        return entry

    def _role(self, path: RolePath, name: str) -> Data:
        key = Key("role", path)
        place = {"server": path[0]} if len(path) > 1 else {"target": self._place.target}
        own = {"name": path[-1]} if path[-1] != name else {}
        said = sayable(self._roster.limits(key), self._roster.scopes(key))
        return {**place, **own, **said}

    def _grants(self) -> list[tuple[Key | None, Data]]:
        """Levels first, then roles, each with the users who have it."""
        grants: list[tuple[Key | None, Data]] = []
        if self._nominal:
            grants += [(None, self._grant(user, self._nominal)) for user in self._roster.idle]
        for level, key in self._levels.items():
            grants += [(None, self._grant(user, key)) for user in self._roster.at_level(level)]
        for path, key in self._keys.items():
            users = self._roster.holders(path)
            grants += [(Key("role", path), self._grant(user, key)) for user in users]
        return grants

    def _grant(self, account: str, role: str) -> Data:
        return {"user": self._roster.beside.user_key(account), "role": role}


def _role_keys(roster: Roster, target: str) -> dict[RolePath, str]:
    """A key for each role: its name, with that of its server where others have it too, and with
    that of the target where the other files have it.
    """
    numbers = Counter(path[-1] for path in roster.roles)
    is_standing = roster.capabilities.standing_roles or not roster.survey.state.names("role")
    keys: dict[RolePath, str] = {}
    taken: set[str] = set(roster.beside.roles)
    for path in roster.roles:
        is_shared = len(path) > 1 and (is_standing or numbers[path[-1]] > 1)
        key = "-".join(path) if is_shared else path[-1]
        keys[path] = _free(f"{target}-{key}" if key in roster.beside.roles else key, taken)
        taken.add(keys[path])
    return keys


def _level_keys(roster: Roster, target: str, taken: set[str]) -> dict[str, str]:
    """A key for each level that somebody has: no role of the target may have it as its name."""
    used = [level for level in roster.capabilities.levels if roster.at_level(level)]
    others = taken | roster.beside.roles | {path[-1] for path in roster.members}
    return {level: _free(f"{target}-{level}", others) for level in used}


def _free(key: str, taken: Set[str]) -> str:
    """The key, with a number where it is taken."""
    number, found = 2, key
    while found in taken:
        number, found = number + 1, f"{key}-{number}"
    return found


def _joined(sections: Sequence[_Section]) -> Draft:
    """The sections one after the other, with a line between them."""
    lines: list[str] = []
    things: dict[int, Key] = {}
    for each in sections:
        if lines:
            lines.append("")
        about: Key | None = None
        waiting = iter(each.about)
        for line in section(each.name, each.entries).splitlines():
            lines.append(line)
            if line[:2] == "  " and line[2] != " ":  # an entry begins; others are inside of it
                about = next(waiting, None)
            if about is not None:
                things[len(lines)] = about
    return Draft("".join(f"{line}\n" for line in lines), things)
