"""Values that must never be shown, and the filter that keeps them out of text.

Here belongs what hides a secret. Resolving a reference to a secret (`{env: NAME}`) happens at the
edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_SHORTEST_REDACTED = 4
"""Shorter values are not searched for: replacing every "a" would destroy a message and hide
nothing.
"""


@dataclass(frozen=True, slots=True)
class Secret:
    """A value whose repr, str and format show nothing of it; `reveal` gives it to the one who needs
    it.
    """

    _value: str = field(repr=False)

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
    """Replaces known secret values in a text; the last guard, behind never putting them there."""

    values: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, secrets: Iterable[Secret]) -> Redactor:
        """A redactor for these secrets, longest first so that nothing of a longer one is left."""
        values = {secret.reveal() for secret in secrets}
        searched = (value for value in values if len(value) >= _SHORTEST_REDACTED)
        return cls(tuple(sorted(searched, key=lambda value: (-len(value), value))))

    def __call__(self, text: str) -> str:
        """The text with each known secret value replaced by `***`."""
        for value in self.values:
            text = text.replace(value, "***")
        return text
