"""Temporary passwords and the SCRAM verifiers that are sent in their place.

Here belongs making them. The server never sees the password: it gets the verifier that it would
have stored. Source: RFC 5802 and RFC 7677; PostgreSQL docs, "CREATE ROLE", PASSWORD.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from reconciler.secret import Secret
from reconciler.times import time_text

_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
"""Letters and digits that nobody mistakes for another; ASCII, so that SASLprep changes nothing."""

_LENGTH: Final = 24
_SALT_BYTES: Final = 16
DEFAULT_ITERATIONS: Final = 4096
"""What servers before PostgreSQL 16 use; later ones say it in `scram_iterations`."""


@dataclass(frozen=True, slots=True)
class TemporaryPassword:
    """A new account's password, its verifier, and until when it is good (RFC 3339, UTC)."""

    password: Secret
    verifier: str = field(repr=False)
    expires: str


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
    verifier = scram_verifier(text, secrets.token_bytes(_SALT_BYTES), iterations)
    return TemporaryPassword(Secret(text), verifier, expires)


def scram_verifier(password: str, salt: bytes, iterations: int) -> str:
    """The SCRAM-SHA-256 verifier of an ASCII password, as pg_authid.rolpassword holds it.

    ValueError for a password with other characters: it would need SASLprep.
    """
    if not password.isascii():
        raise ValueError("the password is not ASCII")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = (base64.b64encode(each).decode() for each in (salt, stored_key, server_key))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *parts)
