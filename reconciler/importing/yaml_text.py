"""Writes plain data as YAML that people read: in one line where it fits, else in blocks.

Here belongs the form alone. It writes what `reconciler.manifest` reads back as the same data, and
quotes whatever an older reader of YAML may take for something else than text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from reconciler.manifest.yaml_values import resolve_plain

Data: TypeAlias = str | int | bool | Sequence["Data"] | Mapping[str, "Data"]

_WIDTH: Final = 100
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.@/-]*")
_YAML_1_1: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that readers of YAML 1.1 take for a truth value or null, in some mixture of cases."""

_UNPRINTABLE: Final = re.compile(
    "[^\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)


def section(name: str, value: Data) -> str:
    """A section of a document: its name, then each entry in lines of its own; with line end."""
    if not isinstance(value, Mapping | list | tuple) or not value:
        return f"{name}: {flow(value)}\n"
    lines = [f"{name}:", *_children(value, 2)]
    return "".join(f"{line}\n" for line in lines)


def flow(value: Data) -> str:
    """The value in one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return scalar(value)
        case Mapping():
            items = (f"{scalar(key)}: {flow(each)}" for key, each in value.items())
            return "{" + ", ".join(items) + "}"
    return "[" + ", ".join(flow(each) for each in value) + "]"


def scalar(text: str) -> str:
    """The text as it is where nothing but text can be meant, else in double quotes."""
    is_word = _PLAIN.fullmatch(text) and text.lower() not in _YAML_1_1
    if is_word and isinstance(resolve_plain(text), str):
        return text
    return f'"{_UNPRINTABLE.sub(_escaped, _backslashed(text))}"'


def _backslashed(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _escaped(match: re.Match[str]) -> str:
    return f"\\U{ord(match[0]):08X}"


def _children(value: Data, indent: int) -> Iterator[str]:
    margin = " " * indent
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _entry(f"{margin}{scalar(key)}:", each, indent)
    else:
        assert isinstance(value, Sequence)
        for each in value:
            yield from _item(margin, each, indent)


def _entry(head: str, value: Data, indent: int) -> Iterator[str]:
    line = f"{head} {flow(value)}"
    if len(line) <= _WIDTH or not value or isinstance(value, str | int):
        yield line
    else:
        yield head
        yield from _children(value, indent + 2)


def _item(margin: str, value: Data, indent: int) -> Iterator[str]:
    line = f"{margin}- {flow(value)}"
    if len(line) <= _WIDTH or not value or isinstance(value, str | int):
        yield line
    else:
        first, *rest = _children(value, indent + 2)
        yield f"{margin}- {first.strip()}"
        yield from rest
