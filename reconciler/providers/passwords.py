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


def new_password() -> Secret:
    """A random password of 139 bits."""
    return Secret("".join(secrets.choice(ALPHABET) for _ in range(_LENGTH)))
