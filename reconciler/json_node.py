"""Reads a parsed JSON document value by value, each of the type that is wanted.

Here belongs the check of single values, with the place that a message names. Which values a
document has is the business of its reader. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn, TypeVar

from reconciler.json_text import Json
from reconciler.state import Value

_Word = TypeVar("_Word", bound=str)
_Item = TypeVar("_Item")


class WrongShapeError(Exception):
    """A value is missing or of another type than the format says; the text names its place."""


class JsonNode:
    """A value of the document with its place in it; each method reads one type or refuses."""

    __slots__ = ("place", "value")

    def __init__(self, value: Json, place: str) -> None:
        self.value = value
        self.place = place

    def wrong(self, wanted: str) -> NoReturn:
        """Refuse the value: it must be what is wanted."""
        raise WrongShapeError(f"{self.place or 'the document'} must be {wanted}")

    def get(self, name: str) -> JsonNode:
        """The value of this name in an object."""
        if not isinstance(self.value, dict):
            self.wrong("an object")
        place = f"{self.place}.{name}" if self.place else name
        if name not in self.value:
            raise WrongShapeError(f"{place} is missing")
        return JsonNode(self.value[name], place)

    def has(self, name: str) -> bool:
        """Whether an object has a value of this name."""
        return isinstance(self.value, dict) and name in self.value

    def text(self, name: str) -> str:
        """A text of this name."""
        node = self.get(name)
        return node.value if isinstance(node.value, str) else node.wrong("a text")

    def number(self, name: str) -> int:
        """A whole number of this name."""
        node = self.get(name)
        if not isinstance(node.value, int) or isinstance(node.value, bool):
            node.wrong("a whole number")
        return node.value

    def flag(self, name: str) -> bool:
        """True or false of this name."""
        node = self.get(name)
        return node.value if isinstance(node.value, bool) else node.wrong("true or false")

    def word(self, name: str, words: Sequence[_Word]) -> _Word:
        """One of these words, of this name."""
        given = self.text(name)
        for word in words:
            if given == word:
                return word
        return self.get(name).wrong(f"one of {', '.join(words)}")

    def each(self, name: str, read: Callable[[JsonNode], _Item]) -> tuple[_Item, ...]:
        """What `read` makes of each item of the list of this name."""
        node = self.get(name)
        if not isinstance(node.value, list):
            node.wrong("a list")
        return tuple(read(JsonNode(v, f"{node.place}.{i}")) for i, v in enumerate(node.value))

    def texts(self, name: str) -> tuple[str, ...]:
        """The list of texts of this name."""
        return self.each(name, lambda item: item.as_text())

    def as_text(self) -> str:
        """The value itself, as a text."""
        return self.value if isinstance(self.value, str) else self.wrong("a text")

    def items(self, name: str) -> Iterable[tuple[str, JsonNode]]:
        """The names and values of the object of this name."""
        node = self.get(name)
        if not isinstance(node.value, dict):
            node.wrong("an object")
        return [(key, JsonNode(value, f"{node.place}.{key}")) for key, value in node.value.items()]

    def as_value(self) -> Value:
        """The value itself, as the value of a field of a record."""
        if isinstance(self.value, list):
            return tuple(
                JsonNode(v, f"{self.place}.{i}").as_text() for i, v in enumerate(self.value)
            )
        if self.value is None or isinstance(self.value, str | int | bool):
            return self.value
        return self.wrong("a text, a whole number, true, false, null or a list of texts")
