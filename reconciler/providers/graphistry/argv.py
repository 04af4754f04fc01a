"""Commands as options write them: words, some of them with a place for a name. Pure.

A name is a whole word or all that stands behind a `=`, so that no shell of the operator's reads it
as anything but a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_BEFORE: Final = r"(?:-{0,2}[A-Za-z_][\w-]*=)?"


class UnsafeWordError(Exception):
    """A name would be read as something else there; the text says which and why."""


def place_fault(words: Sequence[str], names: Sequence[str], needed: Sequence[str]) -> str:
    """What is wrong with the places for these names; empty where nothing is."""
    place = _place(names)
    for word in words:
        if place.search(word) and not re.fullmatch(_BEFORE + place.pattern, word):
            shown = " or ".join(f"{{{name}}}" for name in names)
            return (
                f'in "{word[:60]}" only NAME= may stand beside {shown}: give it a word of its own'
            )
    missing = [name for name in needed if not any(f"{{{name}}}" in word for word in words)]
    return f"it has no place for {', '.join(f'{{{name}}}' for name in missing)}" if missing else ""


def filled(words: Sequence[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """The words with these values in their places. Raises UnsafeWordError."""
    place = _place([*values])
    made = tuple(place.sub(lambda match: values[match[1]], word) for word in words)
    for word, template in zip(made, words, strict=True):
        if word.startswith("-") and not template.startswith("-"):
            raise UnsafeWordError(f'"{word}" would be read as an option: write NAME={template}')
        if "\0" in word:
            raise UnsafeWordError("a name with a NUL character cannot be passed to a command")
    return made


def _place(names: Sequence[str]) -> re.Pattern[str]:
    return re.compile(r"\{(" + "|".join(names) + r")\}")
