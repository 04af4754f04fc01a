"""Lines of text on their way to a terminal: made harmless first, coloured last.

Here belongs the one place through which text for people passes. A line is put together from names
that somebody else chose, so every line is made printable as a whole; colour is added after that and
never says what a symbol or a word does not say too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Tone = Literal["plain", "heading", "added", "changed", "removed", "warning", "faint"]

_CODES: Final[dict[Tone, str]] = {
    "heading": "\x1b[1m",
    "added": "\x1b[32m",
    "changed": "\x1b[33m",
    "removed": "\x1b[31m",
    "warning": "\x1b[1;31m",
    "faint": "\x1b[2m",
}
_RESET: Final = "\x1b[0m"


class Line(NamedTuple):
    """One line of text; its tone becomes a colour where there is colour."""

    text: str = ""
    tone: Tone = "plain"


def printable(text: str) -> str:
    r"""The text with everything that is not seen as itself in the form `\x1b`.

    Control characters, line ends, marks that turn the direction of text around, blanks other than
    the common one, and halves of surrogate pairs are replaced (Unicode, categories C and Z).
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def page(lines: Iterable[Line], *, colour: bool) -> str:
    """The lines as one text, each ended by a newline."""
    if colour:
        return "".join(f"{_coloured(line)}\n" for line in lines)
    return "".join(f"{printable(line.text)}\n" for line in lines)


def _coloured(line: Line) -> str:
    code = _CODES.get(line.tone)
    text = printable(line.text)
    return f"{code}{text}{_RESET}" if code and text else text
