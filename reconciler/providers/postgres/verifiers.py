"""SCRAM-SHA-256 verifiers: their shape, and whether one is that of a password.

Here belongs what can be said of passwords without a server. Sources: RFC 5802, RFC 7677; PostgreSQL
docs, "pg_authid", rolpassword; PostgreSQL 18, src/backend/libpq/crypt.c and auth-scram.c: a text
that is not wholly of the shape of a verifier is taken for a password in clear, and hashed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from reconciler.providers import fingerprints
from reconciler.providers.passwords import text_fault
from reconciler.providers.postgres.saslprep import saslprep

SCHEME: Final = "SCRAM-SHA-256"
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
_MAX_ITERATIONS: Final = 2**31 - 1
_SHAPE: Final = re.compile(
    r"SCRAM-SHA-256\$([1-9][0-9]{0,9}):([^$:]+)\$([^$:]+):([^$:]+)", re.ASCII
)
_LIKE_MD5: Final = re.compile(r"md5[0-9a-f]{16,}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verifier:
    """The parts of a verifier. The keys are worth as much as the password to who reads them."""

    iterations: int
    salt: bytes
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    @property
    def salt_text(self) -> str:
        """The salt as it stands in the verifier."""
        return base64.b64encode(self.salt).decode()

    def text(self) -> str:
        """The verifier as pg_authid.rolpassword holds it."""
        parts = (self.salt, self.stored_key, self.server_key)
        texts = (base64.b64encode(each).decode() for each in parts)
        return "{}${}:{}${}:{}".format(SCHEME, self.iterations, *texts)


def parse_verifier(text: str) -> Verifier | None:
    """The parts of this verifier; None for a text that PostgreSQL would not take for one."""
    found = _SHAPE.fullmatch(text)
    if found is None or int(found[1]) > _MAX_ITERATIONS:
        return None
    try:
        parts = found.groups()[1:]
        salt, stored, server = (base64.b64decode(part, validate=True) for part in parts)
    except binascii.Error:
        return None
    if not salt or len(stored) != _KEY_BYTES or len(server) != _KEY_BYTES:
        return None
    return Verifier(int(found[1]), salt, stored, server)


def make_verifier(password: str, iterations: int, salt: bytes = b"") -> Verifier:
    """The verifier of a password in clear, with a new salt unless one is given."""
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    return Verifier(iterations, salt, stored_key, hmac.digest(salted, b"Server Key", "sha256"))


def verifier_of(value: str, iterations: int) -> Verifier:
    """What is sent for a password from outside: itself, where it is a verifier already."""
    return parse_verifier(value) or make_verifier(value, iterations)


def matches(value: str, stored: Verifier) -> bool:
    """Whether a stored verifier is that of a password from outside, in clear or a verifier."""
    own = parse_verifier(value) or make_verifier(value, stored.iterations, stored.salt)
    return hmac.compare_digest(own.text(), stored.text())


def password_fault(value: str) -> tuple[str, str] | None:
    """Why a password from outside cannot be used and what to do, or None. Repeats nothing of it."""
    if value.upper().startswith(SCHEME) and parse_verifier(value) is None:
        text = "starts like a SCRAM-SHA-256 verifier and is none: it was cut, or spelled otherwise"
        return text, "PostgreSQL would take it for a password in clear; copy the verifier whole"
    if _LIKE_MD5.fullmatch(value):
        return "is an MD5 hash, or part of one", "give the password in clear, or a SCRAM verifier"
    return text_fault(value)


def fingerprint(value: str, salt: bytes = b"") -> str:
    """That of a password from outside as the server would prepare it; see `fingerprints`."""
    return fingerprints.fingerprint(_prepared(value), salt)


def has_fingerprint(value: str, known: str) -> bool:
    """Whether this is the fingerprint of the password. One of another kind is of nothing."""
    return fingerprints.has_fingerprint(_prepared(value), known)


def _prepared(value: str) -> str:
    return value if parse_verifier(value) else saslprep(value)
