"""Temporary passwords and the SCRAM verifiers that are sent in their place.

Here belongs making them. The server never sees the password: it gets the verifier that it would
have stored. Source: PostgreSQL docs, "CREATE ROLE", PASSWORD.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from reconciler.providers.postgres.verifiers import make_verifier
from reconciler.secret import Secret
from reconciler.times import time_text

_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
"""Letters and digits that nobody mistakes for another; ASCII, so that SASLprep changes nothing."""

_LENGTH: Final = 24
DEFAULT_ITERATIONS: Final = 4096
"""What servers before PostgreSQL 16 use; later ones say it in `scram_iterations`."""


@dataclass(frozen=True, slots=True)
class TemporaryPassword:
    """An account's new password, its verifier with its salt, and until when it is good (RFC 3339,
    UTC).
    """

    password: Secret
    verifier: str = field(repr=False)
    expires: str
    salt: str


def new_passwords(
    accounts: Sequence[str], now: datetime, days: int, iterations: int
) -> Mapping[str, TemporaryPassword]:
    """A new password for each account, in order. Hashing takes milliseconds: side by side."""
    with ThreadPoolExecutor() as pool:
        made = pool.map(lambda _: new_password(now, days, iterations), accounts)
        return dict(zip(accounts, made, strict=True))


def new_password(now: datetime, days: int, iterations: int) -> TemporaryPassword:
    """A random password of 139 bits that expires after so many days."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    expires = time_text(now + timedelta(days=days))
    verifier = make_verifier(text, iterations)
    return TemporaryPassword(Secret(text), verifier.text(), expires, verifier.salt_text)
