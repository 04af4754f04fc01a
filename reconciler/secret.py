"""Values that must never be shown, and the filter that keeps them out of text.

Here belongs what hides a secret. Resolving a reference to a secret (`{env: NAME}`) happens at the
edge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NoReturn
from urllib.parse import quote

_SHORTEST_REDACTED = 4
"""Shorter values are not searched for: replacing every "a" would destroy a message and hide
nothing.
"""

_IN_URL: Final = re.compile(r"(\w://[^\s/:@]*:)(?!PASSWORD@)\S*(?=@)")
_IN_KEYWORDS: Final = re.compile(
    r"\b(password=)(?:'(?:[^'\\]|\\.)*'|[^\s'][^\s)\"]*)", re.IGNORECASE
)
"""Passwords in connection strings, by their place; `USER:PASSWORD@HOST` in an advice is none."""


class Secret:
    """A value whose repr, str and format show nothing of it; `reveal` gives it to the one who needs
    it.

    It is no dataclass: `dataclasses.asdict` and pydantic's `model_dump` would spell out its field.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        """Hide this value."""
        object.__setattr__(self, "_value", value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self._value,)

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def reveal(self) -> str:
        """The value itself. Call it only where it is sent to the system it belongs to."""
        return self._value

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"

    def __bool__(self) -> bool:
        return bool(self._value)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces known secret values in a text; the last guard, behind never putting them there.

    The password of a connection string is hidden even where nobody knows it, since it may have been
    given in a wrong place, such as in the one of a file.
    """

    values: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, secrets: Iterable[Secret]) -> Redactor:
        """A redactor for these secrets, longest first so that nothing of a longer one is left."""
        values = {secret.reveal() for secret in secrets}
        searched = {
            spelled
            for value in values
            if len(value) >= _SHORTEST_REDACTED
            for spelled in _spellings(value)
        }
        return cls(_longest_first(searched))

    @classmethod
    def joined(cls, redactors: Iterable[Redactor]) -> Redactor:
        """A redactor that hides what any of these hides."""
        return cls(_longest_first({value for each in redactors for value in each.values}))

    def __call__(self, text: str) -> str:
        """The text with `***` for each known secret, and each password of a connection string."""
        for value in self.values:
            text = text.replace(value, "***")
        # both searches try every word; the plan of a first apply is a megabyte without either sign
        if "://" in text:
            text = _IN_URL.sub(r"\1***", text)
        return _IN_KEYWORDS.sub(r"\1***", text) if "=" in text else text


def _longest_first(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def _spellings(value: str) -> set[str]:
    """The value as it is, and as a system repeats it that quotes what it was sent."""
    return {
        value,
        " ".join(value.split()),  # an error that was put into one line
        repr(value)[1:-1],
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe="", errors="surrogateescape"),
        _in_html(value).replace('"', "&quot;").replace("'", "&#x27;"),
        _in_html(value),
    }


def _in_html(value: str) -> str:
    """The same as `html.escape(value, quote=False)`: to load that module takes 0.001 s of a start,
    for its table of entities.
    """
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
