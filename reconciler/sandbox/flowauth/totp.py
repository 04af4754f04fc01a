"""Time-based one-time codes (RFC 6238: SHA-1, six digits, steps of 30 seconds)."""

import base64
import hashlib
import hmac
import secrets
import string
from urllib.parse import quote

STEP_S = 30
_DIGITS = 6
_BACKUP_CODES = 16
_BACKUP_CODE_LENGTH = 10


def new_secret() -> str:
    """A random secret of 160 bits in base32, without padding."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def new_backup_codes() -> tuple[str, ...]:
    """Sixteen random one-time codes of letters and digits."""
    alphabet = string.ascii_letters + string.digits
    return tuple(
        "".join(secrets.choice(alphabet) for _ in range(_BACKUP_CODE_LENGTH))
        for _ in range(_BACKUP_CODES)
    )


def totp_code(secret: str, at: float) -> str:
    """The code of the step that holds the time `at`, in seconds since the epoch."""
    return code_of_step(secret, int(at) // STEP_S)


def code_of_step(secret: str, step: int) -> str:
    """The code of one 30-second step (RFC 4226, section 5.3)."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def matching_step(secret: str, code: str, at: float, *, window: int) -> int | None:
    """The step near `at` whose code this is, at most `window` steps away, or None."""
    now = int(at) // STEP_S
    for step in range(now - window, now + window + 1):
        if hmac.compare_digest(code_of_step(secret, step).encode(), code.encode()):
            return step
    return None


def provisioning_url(secret: str, *, username: str, issuer: str) -> str:
    """The otpauth address that authenticator applications read."""
    label = f"{quote(issuer)}:{quote(username)}"
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}"
