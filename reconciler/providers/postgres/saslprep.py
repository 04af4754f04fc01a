"""Passwords in the form that SCRAM hashes: SASLprep, as PostgreSQL does it.

Sources: RFC 4013; PostgreSQL 18, src/common/saslprep.c. A password that SASLprep refuses is hashed
as it is (PostgreSQL docs, "SCRAM-SHA-256 Authentication"); so is one of ASCII alone.
"""

from __future__ import annotations

import stringprep
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

_PROHIBITED: Final[Sequence[Callable[[str], bool]]] = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def saslprep(password: str) -> str:
    """The password as it is hashed."""
    if password.isascii():
        return password
    mapped = "".join(map(_mapped, password))
    prepared = unicodedata.normalize("NFKC", mapped)
    is_refused = not prepared or any(test(each) for each in mapped for test in _PROHIBITED)
    return password if is_refused or _mixes_directions(mapped) else prepared


def _mapped(character: str) -> str:
    """Other spaces become a space, and what nobody sees becomes nothing (RFC 4013, 2.1)."""
    if stringprep.in_table_c12(character):
        return " "
    return "" if stringprep.in_table_b1(character) else character


def _mixes_directions(text: str) -> bool:
    """Whether text from right to left is not wholly so (RFC 3454, 6)."""
    if not any(map(stringprep.in_table_d1, text)):
        return False
    has_left = any(map(stringprep.in_table_d2, text))
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return has_left or not ends
