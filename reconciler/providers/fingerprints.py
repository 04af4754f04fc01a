"""Fingerprints of passwords from outside, by which one is known again and not found.

Here belongs the hash alone. They are kept only where a target lets nobody read what it keeps.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

_SALT_BYTES: Final = 16
_SLOWNESS: Final = {"n": 2**15, "r": 8, "p": 3}
"""The cost of a fingerprint: a quarter of a second, and 32 MiB (OWASP, "Password Storage")."""
_MEMORY: Final = 64 * 2**20


def fingerprint(value: str, salt: bytes = b"") -> str:
    """A slow salted hash of a text, with a new salt unless one is given."""
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    made = hashlib.scrypt(value.encode(), salt=salt, maxmem=_MEMORY, dklen=32, **_SLOWNESS)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


def has_fingerprint(value: str, known: str) -> bool:
    """Whether this is the fingerprint of the text. One of another kind is of nothing."""
    scheme, _, rest = known.partition("$")
    try:
        salt = base64.b64decode(rest.partition("$")[0], validate=True)
    except binascii.Error:
        return False
    return scheme == "scrypt" and hmac.compare_digest(fingerprint(value, salt), known)
