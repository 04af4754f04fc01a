"""Which names a manifest can have, and how one that it cannot have is shown and protected.

Here belong single names. What follows from one that cannot be written is for the other modules.
"""

from __future__ import annotations

import re
from typing import Final

from pydantic_core import PydanticCustomError

from reconciler.manifest.scalars import check_line, check_name

_SPECIAL: Final = re.compile(r"[*?[]")
_PUNCTUATION: Final = re.compile(r"[\s,;:()'\"]")


def is_sayable(name: str) -> bool:
    """Whether a manifest can have this name as it is."""
    try:
        check_name(name)
    except PydanticCustomError:
        return False
    return True


def shown(name: str) -> str:
    """The name for a comment: in quotes and with escapes where it is more than a plain word."""
    is_plain = is_sayable(name) and name.isprintable()
    return name if is_plain and not _PUNCTUATION.search(name) else ascii(name)


def pattern(name: str) -> str:
    """The pattern for `policy.protect` that matches this name.

    A character that cannot be written there is any one character.
    """
    return "".join(f"[{each}]" if _SPECIAL.match(each) else _written(each) for each in name)


def _written(character: str) -> str:
    try:
        check_line(character)
    except PydanticCustomError:
        return "?"
    return character
