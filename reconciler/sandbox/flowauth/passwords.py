"""Password strength as FlowAuth judges it, and a cheap hash for the simulator's memory."""

import hashlib
import hmac
import secrets

# zxcvbn 4.5 raises ValueError above this; FlowAuth does not catch it.
MAX_PASSWORD_LENGTH = 72
_STRONG = 4
_ROUNDS = 50


def is_strong(password: object) -> bool:
    """Whether zxcvbn gives the password its best score.

    Raises TypeError for what is no text and ValueError above 72 characters, as zxcvbn 4.5 does:
    FlowAuth answers both with 500.
    """
    if not isinstance(password, str):
        raise TypeError("a password is text")
    if len(password) > MAX_PASSWORD_LENGTH:
        raise ValueError("zxcvbn takes at most 72 characters")
    # Imported here because its word lists are slow to load and only password writes need them.
    from zxcvbn import zxcvbn

    return bool(zxcvbn(password)["score"] >= _STRONG)


def hash_password(password: str) -> str:
    """A salted hash, cheap on purpose: it guards nothing but the memory of a test."""
    salt = secrets.token_hex(8)
    return f"{salt}${_digest(password, salt)}"


def is_correct(password: str, stored: str) -> bool:
    """Whether the password belongs to a hash made by `hash_password`."""
    salt, separator, digest = stored.partition("$")
    return bool(separator) and hmac.compare_digest(_digest(password, salt), digest)


def _digest(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ROUNDS).hex()
