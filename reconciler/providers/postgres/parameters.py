"""Configuration parameters: their names, and their values in the one spelling that is compared.

Here belong lists, which the server keeps as one text with commas, and words that mean the same.
Pure: which parameters a server has comes in.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import Final

from reconciler.state import Value

_LIBRARIES: Final = frozenset(
    {"local_preload_libraries", "session_preload_libraries", "shared_preload_libraries"}
)
_IDENTIFIERS: Final = frozenset({"search_path", "temp_tablespaces"})
QUOTED_LISTS: Final = _LIBRARIES | _IDENTIFIERS | {"unix_socket_directories"}
"""Lists whose elements the server quotes one by one when it stores them. No catalog says which
these are (PostgreSQL source, GUC_LIST_QUOTE; pg_dump has this list too)."""

_PLAIN_LISTS: Final = frozenset(
    {
        "createrole_self_grant",
        "datestyle",
        "restrict_nonsystem_relation_kind",
        "wal_consistency_checking",
    }
)
"""Other lists that a role can have: lists of words, which are stored as they are written."""

UNLISTED: Final = frozenset(
    {
        "dynamic_library_path",
        "extension_control_path",
        "output_plugin_libraries",
        "role",
        "session_preload_libraries",
    }
)
"""What a role can have and pg_settings does not show: to nobody, or not to those without
pg_read_all_settings (PostgreSQL source, GUC_NO_SHOW_ALL and GUC_SUPERUSER_ONLY)."""

SETTABLE: Final = frozenset({"superuser", "user"})
"""The contexts of parameters that a role can have (PostgreSQL docs, pg_settings)."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)*", re.ASCII)
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
_CAPITALS: Final = re.compile("[A-Z]+", re.ASCII)
_ELEMENT: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^\s,"][^\s,]*))\s*(,|\Z)')
_YES: Final = frozenset({"on", "1"}) | {"true"[:n] for n in range(1, 5)} | {"y", "ye", "yes"}
_NO: Final = frozenset({"of", "off", "0"}) | {"false"[:n] for n in range(1, 6)} | {"n", "no"}
"""PostgreSQL docs, "Setting Parameters": any unambiguous prefix of one of the words."""


def is_name(parameter: str) -> bool:
    """Whether a server could have a parameter of this name; with a dot, an extension's or ours."""
    return _NAME.fullmatch(parameter) is not None


def is_known(parameter: str, known: Container[str]) -> bool:
    """Whether a server that shows these parameters has it, or would take it: one with a dot may
    come with an extension later.
    """
    return parameter in known or parameter in UNLISTED or "." in parameter


def fault(parameter: str, value: Value) -> tuple[str, str] | None:
    """What is wrong with a name or value whatever the server, and what to do; None if nothing."""
    if not is_name(parameter):
        hint = "parameters have letters, digits and underscores, such as work_mem or app.tenant"
        return f'"{parameter}" is not the name of a parameter', hint
    if "\0" in "".join(value if isinstance(value, tuple) else (str(value),)):
        return f"the value of {parameter} holds a NUL", "take it out"
    if parameter in QUOTED_LISTS:
        return _list_fault(parameter, value)
    if isinstance(value, tuple) and parameter not in _PLAIN_LISTS and "." not in parameter:
        return f"{parameter} takes one value, not a list", "write the value alone"
    return None


def _list_fault(parameter: str, value: Value) -> tuple[str, str] | None:
    try:
        found = _wanted(parameter, value)
    except ValueError:
        text = f"{value!r} is not a list with commas, as {parameter} needs one"
        return text, 'write the elements one by one: ["$user", public]'
    if parameter in _LIBRARIES and not all(found):
        return f"{parameter} cannot be empty", "leave the key out"
    return None


def spelled(parameter: str, value: Value, type_: str = "") -> str:
    """The value in the one spelling of all that mean the same.

    `type_` is that of pg_settings, or empty where it is not known. A list is its elements; a text
    for a list is split as the server does. ValueError where it cannot be.
    """
    if parameter in QUOTED_LISTS:
        return ", ".join(map(_quoted, _wanted(parameter, value)))
    if isinstance(value, tuple):
        return ", ".join(each.strip() for each in value)
    if parameter in _PLAIN_LISTS:
        return ", ".join(each.strip() for each in str(value).split(","))
    if isinstance(value, bool):
        own = "." in parameter and not type_
        return str(value).lower() if own else "on" if value else "off"
    text = str(value)
    if type_ == "bool":
        word = text.strip().lower()
        return "on" if word in _YES else "off" if word in _NO else text
    return text.lower() if type_ == "enum" else text


def _wanted(parameter: str, value: Value) -> Sequence[str]:
    """The elements of a list; one that is empty where there are none, as the server has it."""
    found = value if isinstance(value, tuple) else elements(parameter, str(value))
    return found or ("",)


def elements(parameter: str, text: str) -> tuple[str, ...]:
    """The elements of a list as the server splits it: in names, what has no quotes is in small
    letters. ValueError for a text that is no list (PostgreSQL source, SplitIdentifierString).
    """
    found: list[str] = []
    position = 0
    while text.strip():
        match = _ELEMENT.match(text, position)
        if match is None:
            raise ValueError(f"not a list: {text!r}")
        quoted, plain, comma = match.groups()
        if plain is None:
            found.append(quoted.replace('""', '"'))
        elif parameter in _IDENTIFIERS:
            found.append(_CAPITALS.sub(lambda capitals: capitals[0].lower(), plain))
        else:
            found.append(plain)
        if not comma:
            break
        position = match.end()
    return tuple(found)


def _quoted(element: str) -> str:
    if _PLAIN.fullmatch(element):
        return element
    return '"' + element.replace('"', '""') + '"'
