"""Comments of an imported manifest: lines of a width, and lists of names that stay short.

Here belongs the form alone. What is said in them is for `remarks` and `roster_remarks`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Final

SCHEMA_LINE: Final = "# yaml-language-server: $schema=schemas/access.schema.json\n"

_WIDTH: Final = 100
_FEW: Final = 40
"""So many names are listed, and of more the number."""


def listed(names: Iterable[str]) -> str:
    """The names, and of very many how many more there are; empty for none."""
    found = list(names)
    more = len(found) - _FEW
    rest = [f"and {more:,} more"] if more > 0 else []
    return ", ".join([*found[:_FEW], *rest])


def wrapped(text: str) -> list[str]:
    """The text as comment lines; what begins with a dash is an item of a list."""
    margin = "#   " if text.startswith("- ") else "# "
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="# ",
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )
