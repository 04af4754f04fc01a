"""Makes a statement printable: names and texts that a terminal would act on are written in escapes.

The statement means the same. Here belongs spelling alone.
"""

from __future__ import annotations

import re
from typing import Final

_QUOTED: Final = re.compile(
    r"""(?P<prefix>\bE)?(?P<text>"(?:[^"]|"")*"|'(?:[^'\\]|''|\\.)*')""", re.S
)
"""What psycopg quotes: identifiers in double quotes; texts in single ones, with E in front where
there is a backslash."""


def printable_sql(statement: str) -> str:
    r"""The statement with what is not seen as itself as `U&"\0009"`, `U&'\0009'` or `E'\u0009'`.

    Source: PostgreSQL docs, "Lexical Structure": identifiers, constants and C-style escapes with
    Unicode escapes. They need standard_conforming_strings, which is on unless somebody changed it.
    """
    if statement.isprintable():
        return statement
    return _QUOTED.sub(_spelled, statement)


def _spelled(match: re.Match[str]) -> str:
    prefix, text = match["prefix"] or "", match["text"]
    if text.isprintable():
        return match[0]
    if prefix:
        return f"E{''.join(_c_escape(char) for char in text)}"
    return f"U&{''.join(_escape(char) for char in text)}"


def _escape(char: str) -> str:
    if char == "\\":
        return "\\\\"
    if char.isprintable():
        return char
    return f"\\{ord(char):04X}" if ord(char) <= 0xFFFF else f"\\+{ord(char):06X}"


def _c_escape(char: str) -> str:
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
