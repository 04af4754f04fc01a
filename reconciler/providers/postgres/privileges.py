"""The privileges PostgreSQL knows, by kind of object: their letters in an ACL, the words of GRANT.

Source: PostgreSQL docs, "Privileges", tables "ACL Privilege Abbreviations" and "Summary of Access
Privileges"; MAINTAIN is there from version 17.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from reconciler.privilege_words import OPTION

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

_TABLE: Final = ("DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE")
_ALL: Final[Mapping[str, tuple[str, ...]]] = {
    "database": ("CONNECT", "CREATE", "TEMPORARY"),
    "schema": ("CREATE", "USAGE"),
    "table": _TABLE,
    "view": _TABLE,
    "sequence": ("SELECT", "UPDATE", "USAGE"),
    "function": ("EXECUTE",),
    "type": ("USAGE",),
    "column": ("INSERT", "REFERENCES", "SELECT", "UPDATE"),
    "language": ("USAGE",),
    "foreign data wrapper": ("USAGE",),
    "foreign server": ("USAGE",),
    "tablespace": ("CREATE",),
    "parameter": ("ALTER SYSTEM", "SET"),
}
_IN_FULL: Final = {"TEMP": "TEMPORARY", "TEMP*": "TEMPORARY*"}
MAINTAIN_VERSION: Final = 170000


@lru_cache(maxsize=1024)
def spelled_out(kind: str, words: tuple[str, ...], version: int) -> tuple[str, ...]:
    """The words of a manifest as the catalog has them, sorted: ALL for this server, TEMP in full.

    `version` is the server's, such as 170004.
    """
    every = set(_ALL[kind])
    if kind in ("table", "view") and version >= MAINTAIN_VERSION:
        every.add("MAINTAIN")
    result = {_IN_FULL.get(word, word) for word in words}
    for option in ("", OPTION):
        if "ALL" + option in result:
            result = (result - {"ALL" + option}) | {word + option for word in every}
    return tuple(sorted(result))


@lru_cache(maxsize=4096)
def of_letters(letters: str) -> tuple[str, ...]:
    """The privileges of an ACL item's letters, sorted. One with a star, which is its grant option,
    is two words.
    """
    words: list[str] = []
    for letter in letters:
        words.append(words[-1] + OPTION if letter == OPTION else LETTERS[letter])
    return tuple(sorted(words))
