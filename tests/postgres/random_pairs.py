"""Random pairs: a catalog as SQL, and a manifest for it.

Here belong who plays which part in a pair, and the dice. What the catalog and the manifest are made
of is `random_catalogs` and `random_manifests`. Plain dice and no strategies of a library: those
would take longer than the server does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, TypeVar

from tests.postgres.pair_world import Thing, things

T = TypeVar("T")

Memory = Literal["none", "nothing", "observed", "desired", "both"]
"""What the ledger knows: that there is none, an empty one, or what was there or is asked."""

MEMORIES: Final[tuple[Memory, ...]] = ("none", "nothing", "observed", "desired", "both")
NAMES: Final = (
    *("amina", "Kofi", "select", "current_user", 'quo"te', "a.b", "x-y", "blank ", "null", "12"),
    *("*", "é", "user@example.org", "it's", "back\\slash", "100%s", "{}", "--", "$1", "ro le"),
    *("n" * 63, "ü" * 31 + "n", "日本語", "public.x", "UPPER CASE", "session_user", ";"),
)
UNSAYABLE: Final = ("blank ",)
"""Names that no manifest can have, and a catalog can."""

PREDEFINED: Final = "pg_monitor"

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "database": ("CONNECT", "CREATE", "TEMPORARY"),
    "schema": ("USAGE", "CREATE"),
    "table": ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"),
    "view": ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"),
    "sequence": ("USAGE", "SELECT", "UPDATE"),
    "function": ("EXECUTE",),
    "type": ("USAGE",),
    "column": ("SELECT", "INSERT", "UPDATE", "REFERENCES"),
    "language": ("USAGE",),
    "foreign data wrapper": ("USAGE",),
    "foreign server": ("USAGE",),
    "tablespace": ("CREATE",),
    "parameter": ("SET", "ALTER SYSTEM"),
}


def words_of(kind: str, version: int) -> tuple[str, ...]:
    """The privileges of a kind of object on a server of this version."""
    more = ("MAINTAIN",) if kind in ("table", "view") and version >= 170000 else ()
    return (*_WORDS[kind], *more)


class Dice:
    """Everything that is random about a pair."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pick(self, values: Sequence[T]) -> T:
        """One of these."""
        return self._random.choice(values)

    def some(self, values: Sequence[T], most: int = 3) -> list[T]:
        """At least one of these, each once; none where there are none."""
        most = min(most, len(values))
        return self._random.sample(values, self._random.randint(min(1, most), most))

    def count(self, most: int) -> int:
        """A number from nothing to the most."""
        return self._random.randint(0, most)

    def often(self) -> bool:
        """True three times of four."""
        return self._random.random() < 0.75

    def seldom(self) -> bool:
        """True once in five times."""
        return self._random.random() < 0.2


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays which part in a pair. Each of `all` can be in those before it, and in no other.

    `things` are those on which the catalog grants anything: few, so that grants meet.
    """

    version: int
    all: tuple[str, ...]
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    users: tuple[str, ...]
    others: tuple[str, ...]
    present: tuple[str, ...]
    things: tuple[Thing, ...]

    def before(self, name: str) -> tuple[str, ...]:
        """Those that this one may be in."""
        return self.all[: self.all.index(name)]

    @property
    def bundles(self) -> tuple[str, ...]:
        """Who is there, is no user and can be named by a manifest."""
        return tuple(each for each in self.present if each not in (*self.users, *UNSAYABLE))


def cast_of(dice: Dice, version: int) -> Cast:
    """Some names with their parts: roles, groups and users of the manifest, and others."""
    parts: dict[str, list[str]] = {"r": [], "g": [], "u": [], "o": []}
    for name in dice.some(NAMES, 8):
        parts["o" if name in UNSAYABLE else dice.pick("rrrgguuuo")].append(name)
    roles, groups, users, others = map(tuple, parts.values())
    order = (*others[:1], *roles, *groups, *others[1:], *users)
    present = tuple(name for name in order if name in others or dice.often())
    return Cast(version, order, roles, groups, users, others, present, _things(dice, version))


def _things(dice: Dice, version: int) -> tuple[Thing, ...]:
    """A table at least, and some others."""
    every = things(version)
    tables = [each for each in every if each.kind in ("table", "view")]
    return (dice.pick(tables), *dice.some(every, 5))


@dataclass(frozen=True, slots=True)
class Pair:
    """A catalog, a manifest for it, and what is remembered."""

    catalog: tuple[str, ...]
    manifest: Mapping[str, object]
    memory: Memory

    @property
    def text(self) -> str:
        """The manifest as JSON, which is YAML."""
        return json.dumps(self.manifest, ensure_ascii=False)

    def __str__(self) -> str:
        return "\n".join([*self.catalog, self.text, f"remembered: {self.memory}"])
