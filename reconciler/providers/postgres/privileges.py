"""The privileges PostgreSQL knows, by kind of object: their letters in an ACL, the words of GRANT.

Source: PostgreSQL docs, "Privileges", tables "ACL Privilege Abbreviations" and "Summary of Access
Privileges"; MAINTAIN is there from version 17.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from reconciler.privilege_words import OPTION, all_spelled_out

LETTERS: Final[Mapping[str, str]] = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "m": "MAINTAIN",
    "X": "EXECUTE",
    "U": "USAGE",
    "C": "CREATE",
    "c": "CONNECT",
    "T": "TEMPORARY",
    "s": "SET",
    "A": "ALTER SYSTEM",
}

_IN_FULL: Final = {"TEMP": "TEMPORARY", "TEMP*": "TEMPORARY*"}
MAINTAIN_VERSION: Final = 170000
LARGE_OBJECT_DEFAULTS_VERSION: Final = 180000
"""From PostgreSQL 18 there are default privileges on large objects."""


@lru_cache(maxsize=1024)
def spelled_out(kind: str, words: tuple[str, ...], version: int) -> tuple[str, ...]:
    """The words of a manifest as the catalog has them, sorted: ALL for this server, TEMP in full.

    `version` is the server's, such as 170004.
    """
    has_maintain = kind in ("table", "view") and version >= MAINTAIN_VERSION
    further = ("MAINTAIN",) if has_maintain else ()
    return all_spelled_out(kind, (_IN_FULL.get(word, word) for word in words), further)


@lru_cache(maxsize=4096)
def of_letters(letters: str) -> tuple[str, ...]:
    """The privileges of an ACL item's letters, sorted. One with a star, which is its grant option,
    is two words.
    """
    words: list[str] = []
    for letter in letters:
        words.append(words[-1] + OPTION if letter == OPTION else LETTERS[letter])
    return tuple(sorted(words))
