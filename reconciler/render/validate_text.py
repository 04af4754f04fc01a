"""What a valid manifest holds, in one line. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.render.page import Line, page
from reconciler.wording import counted


def validate_text(files: Sequence[str], numbers: Mapping[str, int], *, colour: bool = False) -> str:
    """Says that the files are valid and how many things they declare, by noun in the singular."""
    verb = "is" if len(files) == 1 else "are"
    what = ", ".join(counted(number, noun) for noun, number in numbers.items())
    return page([Line(f"{', '.join(files)} {verb} valid: {what}.")], colour=colour)
