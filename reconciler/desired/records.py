"""Collects the records of one target with the places that gave them, and what the target cannot
hold.

Here belongs the bookkeeping alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.desired.view import TargetView
from reconciler.scope import Path
from reconciler.source import Problem
from reconciler.state import Fields, Key, Kind, Value


class Records:
    """The records found so far; `emptied` and `foreign` as in Scope, `problems` as in an error.

    `policy_tables` are as in Scope. `standing_roles` are the paths of roles that are there by
    themselves: they have no records. `paths` may also say why there is no record of a key.
    """

    def __init__(self, view: TargetView) -> None:
        self._view = view
        self.fields: dict[Key, dict[str, Value]] = {}
        self.paths: dict[Key, tuple[Path, ...]] = {}
        self.foreign: set[str] = set()
        self.policy_tables: set[tuple[str, ...]] = set()
        self.standing_roles: frozenset[tuple[str, ...]] = frozenset()
        self.granted_to_nobody: set[tuple[str, ...]] = set()
        self.problems: list[Problem] = []

    def add(self, key: Key, fields: Fields, *paths: Path) -> None:
        """Add a record, or merge it into the one of the same key: texts of lists are united."""
        present = self.fields.get(key)
        if present is None:
            self.fields[key] = dict(fields)
            self.paths[key] = paths
            return
        self.paths[key] += paths
        for name, value in fields.items():
            before = present.get(name)
            if isinstance(before, tuple) and isinstance(value, tuple):
                value = tuple(sorted({*before, *value}))
            present[name] = value

    def refuse(self, path: Path, message: str, hint: str = "") -> None:
        """Note that the target cannot hold what stands at this place."""
        target = self._view.target
        provider = self._view.manifest.targets[target].provider
        text = f'{message} on target "{target}" ({provider})'
        self.problems.append(Problem(self._view.loaded.source(*path), text, hint))

    def refuse_words(self, path: Path, fields: Mapping[str, object], message: str) -> None:
        """Refuse each of these fields, by its word in the manifest."""
        for name in fields:
            word = "token_life" if name == "token_life_minutes" else name
            self.refuse((*path, word), f"{message} {word}")

    def names(self, kind: Kind) -> frozenset[str]:
        """The names of all records of a kind."""
        return frozenset([key[1][-1] for key in self.fields if key[0] == kind])

    @property
    def emptied(self) -> frozenset[tuple[str, ...]]:
        """The roles and groups that the manifest gives to a group in which nobody is."""
        if not self.granted_to_nobody:
            return frozenset()
        held = {key[1][:-1] for key in self.fields if key[0] == "membership"}
        return frozenset(self.granted_to_nobody - held)
