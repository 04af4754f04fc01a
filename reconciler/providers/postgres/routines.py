"""The name of a function with the types of its arguments, as a part of a statement.

Types cannot be quoted as one identifier, and a plan file may have been written by anybody: so a
text that is not a list of types is refused here, whatever said that it is one.
"""

from __future__ import annotations

import re
from typing import Final

from psycopg import sql

_TYPES: Final = re.compile(r'(?:[\w .,\[\]]|"[^"\0]*")*', re.ASCII)
"""Words, dots, commas, array brackets, and quoted names, which end where they began."""


def routine(schema: str, signature: str) -> sql.Composable:
    """`"schema"."name"(types)` for a signature such as `refresh(integer, text)`.

    ValueError where the signature has no list of types, or something else in its place.
    """
    name, types = split_signature(signature)
    return sql.SQL("{}({})").format(sql.Identifier(schema, name), sql.SQL(types))


def split_signature(signature: str) -> tuple[str, str]:
    """The name and the list of types: at the first parenthesis after which all is types.

    A function's name may hold parentheses, and so may a type's, within its quotes. ValueError for a
    text that is no signature.
    """
    start = signature.find("(")
    while start > 0 and signature.endswith(")"):
        types = signature[start + 1 : -1]
        if _TYPES.fullmatch(types):
            return signature[:start], types
        start = signature.find("(", start + 1)
    raise ValueError(f"not the signature of a function: {signature!r}")
