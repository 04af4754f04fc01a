"""How rights are named in records: privileges with a grant option, columns, and everybody's.

Here belong the spellings that the manifest's side and a target's side share, and how people read
them. Pure.

A privilege that its holder may pass on is two words: `SELECT` and `SELECT*`. So taking away the
option alone takes one word, and nobody is shown as losing what stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.state import Fields, Key, Kind, Value

OPTION: Final = "*"
"""What follows the name of a privilege in the word for its grant option."""


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
    "large object": ("SELECT", "UPDATE"),
    "tablespace": ("CREATE",),
    "parameter": ("ALTER SYSTEM", "SET"),
}
"""What ALL means for each kind of object. PostgreSQL docs, "Privileges"; MAINTAIN came later."""

BUILT_IN: Final[Mapping[str, tuple[str, ...]]] = {"function": ("EXECUTE",), "type": ("USAGE",)}
"""What everybody has on a new object where no default privileges are kept: PostgreSQL docs,
"Privileges", Table "Summary of Access Privileges", for the kinds that can have defaults."""

_OF_ONE_ROLE: Final[Mapping[Kind, Kind]] = {
    "public_privilege": "privilege",
    "public_default": "default_privilege",
}
"""The kind of record that says of one role what these say of everybody."""

_EVERYBODYS: Final[Mapping[Kind, Kind]] = {role: public for public, role in _OF_ONE_ROLE.items()}


def all_spelled_out(
    kind: str, words: Iterable[str], further: Iterable[str] = ()
) -> tuple[str, ...]:
    """These words, sorted, with what ALL and its grant option stand for in their place.

    `further` are privileges of the kind that this target has besides the ones of every version.
    """
    result, every = set(words), {*_ALL[kind], *further}
    for option in ("", OPTION):
        if "ALL" + option in result:
            result = (result - {"ALL" + option}) | {word + option for word in every}
    return tuple(sorted(result))


def with_grant_option(words: Iterable[str]) -> tuple[str, ...]:
    """These privileges and the grant option of each, sorted."""
    return tuple(sorted({text for word in words for text in (word, word + OPTION)}))


def in_words(words: Iterable[str]) -> list[str]:
    """Privileges as people read them, in order: `select with grant option`, `update`.

    An option without its privilege is named alone, since the privilege itself stays.
    """
    given = {word.lower() for word in words}
    result = []
    for word in sorted(given):
        base = word.removesuffix(OPTION)
        if base == word:
            result.append(f"{word} with grant option" if word + OPTION in given else word)
        elif base not in given:
            result.append(f"the grant option for {base}")
    return result


def less(fields: Fields, others: Fields) -> dict[str, Value]:
    """By object of a privilege record, the privileges that only `fields` has."""
    result: dict[str, Value] = {}
    for name, words in fields.items():
        left = sorted(words_in(words) - words_in(others.get(name)))
        if left:
            result[name] = tuple(left)
    return result


def words_in(value: Value) -> frozenset[str]:
    """The privileges that a field of a record names; none for a field that is not there."""
    return frozenset(value) if isinstance(value, tuple) else frozenset()


def everybodys_right(key: Key) -> Key | None:
    """The key of the right of one role, of the empty name, that is like this one of everybody; None
    for any other.
    """
    kind = _OF_ONE_ROLE.get(key.kind)
    return None if kind is None else Key(kind, ("", *key.path))


def key_of_right(kind: Kind, path: tuple[str, ...]) -> Key:
    """The key of the record that has a right, by the path of one of a grantee's."""
    return Key(kind, path) if path[0] else Key(_EVERYBODYS[kind], path[1:])


def column_name(table: str, column: str) -> str:
    """`cells.id`. A dot or backslash in the name of the table has a backslash before it."""
    escaped = table.replace("\\", "\\\\").replace(".", "\\.")
    return f"{escaped}.{column}"


def table_and_column(name: str) -> tuple[str, str]:
    """The two names in such a text. ValueError where it has no table or no column."""
    table, position = [], 0
    while position < len(name) and name[position] != ".":
        if name[position] == "\\":
            position += 1
        table.append(name[position : position + 1])
        position += 1
    column = name[position + 1 :]
    if not table or not column:
        raise ValueError(f"not a column of a table: {name!r}")
    return "".join(table), column
