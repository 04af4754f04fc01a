"""Which rights of MobiusFlow are which level.

Source: the vendor's API description 1.2.3 (six switches of a user in v1) and the manual of
Toolbox 3, "User Management" (three roles). No page says which switches a role has: the mapping
follows from what each role may do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

LEVELS: Final = ("viewer", "editor", "administrator")
TOP: Final = "administrator"

ADMIN: Final = "admin"
"""The switch without which nobody administers, whatever else is on."""
_SWITCHES: Final[Mapping[str, frozenset[str]]] = {
    "viewer": frozenset({"read", "subscribe"}),
    "editor": frozenset({"read", "subscribe", "write", "configure", "flows"}),
    TOP: frozenset({"read", "subscribe", "write", "configure", "flows", ADMIN}),
}
KNOWN: Final = frozenset(_SWITCHES[TOP])
"""Every switch of a user in v1; engines of 2022 lack `subscribe`."""


def custom(names: Iterable[str]) -> str:
    """The text that stands for a combination that is no level."""
    return f"custom{{{','.join(sorted(names))}}}"


def level_of_switches(switches: Mapping[str, bool]) -> str:
    """The level whose switches are on, of those that this engine has; else `custom{...}`."""
    on = {name for name, is_on in switches.items() if is_on}
    for level, own in _SWITCHES.items():
        if on == own & switches.keys():
            return level
    return custom(on)


def switches_of_level(level: str, names: Collection[str]) -> dict[str, bool]:
    """The switches of a level, with exactly the names that the engine gave."""
    return {name: name in _SWITCHES[level] for name in sorted(names)}


def level_of_names(names: Collection[str], shown: Mapping[str, str]) -> str:
    """The level that v3 calls by this name; `custom{...}` for an unknown one, or several.

    `shown` has the name for each level.
    """
    (name, *more) = sorted(names) or [""]
    found = [level for level, said in shown.items() if said == name]
    return found[0] if found and not more else custom(names)
