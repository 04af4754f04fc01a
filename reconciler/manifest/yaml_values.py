"""Values read from YAML: the containers that know their places, and the types of plain scalars.

Here belong the data and the rules of the YAML 1.2 core schema. Building the data from a text is
`reconciler.manifest.yaml_reader`.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from typing import Final, TypeAlias, Union

YamlValue: TypeAlias = Union["YamlMap", "YamlList", str, int, float, bool, None]
Place: TypeAlias = tuple[int, int]
"""Line and column, both from 1."""

LINE_SHIFT: Final = 32
"""Above so many bits of a packed place stands the line, in them the column; both from 0, as PyYAML
counts them."""

_COLUMN_MASK: Final = (1 << LINE_SHIFT) - 1
_SCANNED: Final = 32
"""In a map of at most so many keys the ordinal of a key is counted; a larger one keeps an index."""


def unpack_place(packed: int) -> Place:
    """The line and the column, both from 1, of a packed place."""
    return (packed >> LINE_SHIFT) + 1, (packed & _COLUMN_MASK) + 1


def place_after(text: str) -> Place:
    """Where the character stands that follows this beginning of a file."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


class YamlMap(dict[str, YamlValue]):
    """A mapping that knows where each of its keys stands. Not to be changed after it was built.

    `places` is shared by the whole document; those of this map begin at `start`, in the order of
    keys.
    """

    __slots__ = ("_ordinals", "_places", "_start")

    _ordinals: dict[str, int] | None

    def locate(self, places: array[int], start: int) -> None:
        """Say where the places of the keys are. Called once, by the builder."""
        self._places, self._start, self._ordinals = places, start, None

    def place(self, key: str) -> Place:
        """Where the key stands. KeyError if there is no such key."""
        return unpack_place(self._places[self._start + self._ordinal(key)])

    def _ordinal(self, key: str) -> int:
        if len(self) <= _SCANNED:
            return list(self).index(key) if key in self else self._no_key(key)
        if self._ordinals is None:
            self._ordinals = {name: number for number, name in enumerate(self)}
        return self._ordinals[key]

    @staticmethod
    def _no_key(key: str) -> int:
        raise KeyError(key)


class YamlList(list[YamlValue]):
    """A list that knows where each of its items stands. Not to be changed after it was built."""

    __slots__ = ("_places", "_start")

    def locate(self, places: array[int], start: int) -> None:
        """Say where the places of the items are. Called once, by the builder."""
        self._places, self._start = places, start

    def place(self, index: int) -> Place:
        """Where the item stands. IndexError if there is no such item."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return unpack_place(self._places[self._start + index])


def descend(data: YamlValue, path: Sequence[str | int]) -> tuple[list[str | int], Place]:
    """Follow a path into the data as far as it leads.

    Gives the steps that could be taken and the place of the last one (the beginning if none
    could). A step that the data does not have is left out, and the next is tried at the same
    point: pydantic puts names of its own between the keys.
    """
    steps: list[str | int] = []
    place = (1, 1)
    for step in path:
        match data, step:
            case YamlMap(), str() if step in data:
                place, data = data.place(step), data[step]
            case YamlList(), int() if 0 <= step < len(data):
                place, data = data.place(step), data[step]
            case _:
                continue
        steps.append(step)
    return steps, place


def value_at(data: YamlValue, path: Sequence[str | int]) -> YamlValue:
    """The value to which this path leads exactly; None where it does not."""
    for step in path:
        if isinstance(data, YamlMap) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, YamlList) and isinstance(step, int) and 0 <= step < len(data):
            data = data[step]
        else:
            return None
    return data


PLAIN_SPECIAL: Final = frozenset("~nNtTfF+-.0123456789")
"""The first characters of the plain scalars that are not text; the empty one is null too."""

NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLS: Final = {"true": True, "True": True, "TRUE": True} | {
    "false": False,
    "False": False,
    "FALSE": False,
}
_INT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,999})|0o[0-7]{1,999}|0x[0-9a-fA-F]{1,999}")
_FLOAT: Final = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?"
)
_NO_NUMBER: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def resolve_plain(text: str) -> str | int | float | bool | None:
    """The value of a plain (unquoted) scalar by the core schema of YAML 1.2.2, section 10.3.2.

    Two rules are stricter. A number with a leading zero stays text, since `012` is a code and not
    twelve. So does one too large for Python's numbers, such as `12e4567`, which is rather a hash.
    """
    if text in NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text, _base(text))
    if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if _NO_NUMBER.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text


def _base(text: str) -> int:
    return {"0o": 8, "0x": 16}.get(text[:2], 10)
