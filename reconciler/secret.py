"""Values that must never be shown, and the filter that keeps them out of text.

Here belongs what hides a secret. Resolving a reference to a secret (`{env: NAME}`) happens at the
edge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
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


class _Source:
    """Where a secret comes from, and every value that it gave, the newest last.

    Threads may share it: a value is only ever added.
    """

    __slots__ = ("read", "values")

    def __init__(self, value: str, read: Callable[[], str]) -> None:
        self.values = [value]
        self.read = read


class Secret:
    """A value whose repr, str and format show nothing of it; `reveal` gives it to the one who needs
    it.

    One with a source can be read again, and has the newest value then. Which secret it is, so what
    it is equal to, stays that of the first. It is no dataclass: `dataclasses.asdict` and pydantic's
    `model_dump` would spell out its field.
    """

    __slots__ = ("_before", "_source", "_value")
    _value: str
    _source: _Source | None
    _before: str

    def __init__(self, value: str, read: Callable[[], str] | None = None) -> None:
        """Hide this value. `read` gives it as its source has it then, and an empty text where the
        source has none.
        """
        source = None if read is None else _Source(value, read)
        self._become(value, source, "")

    def _become(self, value: str, source: _Source | None, before: str) -> None:
        object.__setattr__(self, "_value", value)
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_before", before)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self.reveal(),)

    def __eq__(self, other: object) -> bool:
        return self._value == other._value if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def reveal(self) -> str:
        """The value itself. Call it only where it is sent to the system it belongs to."""
        return self._value if self._source is None else f"{self._before}{self._source.values[-1]}"

    def behind(self, text: str) -> Secret:
        """The same behind a text, as in `Bearer TOKEN`; it is read again with this one."""
        result = Secret("")
        result._become(f"{text}{self._value}", self._source, f"{text}{self._before}")
        return result

    def read_again(self) -> None:
        """Ask the source, if there is one: who renews a secret does not tell who uses it."""
        if self._source is not None:
            value = self._source.read()
            if value and value != self._source.values[-1]:
                self._source.values.append(value)

    def all_values(self) -> tuple[str, ...]:
        """Every value that it has had: none of them may be shown."""
        if self._source is None:
            return (self._value,)
        return tuple(f"{self._before}{each}" for each in self._source.values)

    @property
    def can_be_renewed(self) -> bool:
        """Whether it has a source, so that there may be more values later."""
        return self._source is not None

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
    renewable: tuple[Secret, ...] = ()
    """Secrets that may get more values than those: they are asked each time."""

    @classmethod
    def of(cls, secrets: Iterable[Secret]) -> Redactor:
        """A redactor for these secrets, longest first so that nothing of a longer one is left."""
        given = tuple(secrets)
        renewable = tuple(secret for secret in given if secret.can_be_renewed)
        return cls(_longest_first(_searched(given)), renewable)

    @classmethod
    def joined(cls, redactors: Iterable[Redactor]) -> Redactor:
        """A redactor that hides what any of these hides."""
        given = tuple(redactors)
        values = {value for each in given for value in each.values}
        return cls(_longest_first(values), tuple(s for each in given for s in each.renewable))

    def __call__(self, text: str) -> str:
        """The text with `***` for each known secret, and each password of a connection string."""
        renewed = [secret for secret in self.renewable if len(secret.all_values()) > 1]
        values = _longest_first({*self.values, *_searched(renewed)}) if renewed else self.values
        for value in values:
            text = text.replace(value, "***")
        # both searches try every word; the plan of a first apply is a megabyte without either sign
        if "://" in text:
            text = _IN_URL.sub(r"\1***", text)
        return _IN_KEYWORDS.sub(r"\1***", text) if "=" in text else text


def _searched(secrets: Iterable[Secret]) -> set[str]:
    """What is searched for of these secrets: each of their values in every spelling."""
    values = {value for secret in secrets for value in secret.all_values()}
    long = (value for value in values if len(value) >= _SHORTEST_REDACTED)
    return {spelled for value in long for spelled in _spellings(value)}


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
