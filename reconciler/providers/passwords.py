"""Temporary passwords that every product accepts which asks for length, or for the highest score.

FlowAuth demands the highest zxcvbn score, for which more than 10**10 guesses are needed, and fails
with status 500 at 73 characters. This many random letters and digits have the score by far. Where a
product wants other characters too, it has passwords of its own.
"""

from __future__ import annotations

import secrets
from typing import Final

from reconciler.secret import Secret

ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_LENGTH: Final = 24


def new_password(at_least: int = 0) -> Secret:
    """A random password of 139 bits, or longer where a product asks for more characters."""
    length = max(_LENGTH, at_least)
    return Secret("".join(secrets.choice(ALPHABET) for _ in range(length)))


def text_fault(value: str) -> tuple[str, str] | None:
    """Why a text cannot be a password from outside, and what to do. Repeats nothing of it."""
    if any(each in value for each in "\0\r\n"):
        return "has more than one line, or a NUL", "it must hold the password and nothing else"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "is not UTF-8 text", "give a password that is text"
    return None
