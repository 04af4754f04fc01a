"""The stateless session: a signed cookie that holds everything, and CSRF tokens bound to it.

The server keeps nothing, so a copied cookie outlives a sign-out and a restart, and only time or
a new secret key ends it (FlowAuth 1.18 on, Flask sessions and Flask-WTF).
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from email.utils import formatdate

from reconciler.sandbox.http.clock import Clock

SESSION_LIFE_S = 20 * 60
CSRF_LIFE_S = 3600


@dataclass(frozen=True, slots=True)
class Session:
    """What the session cookie holds: who is signed in, and the secret its CSRF tokens carry."""

    user_id: int | None
    csrf_secret: str


class Signer:
    """Signs short texts with a key and the time; a text reads `payload.seconds.signature`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def change_key(self) -> None:
        """Make every text that was signed so far unreadable."""
        self._key = secrets.token_bytes(32)

    def sign(self, payload: str, purpose: str) -> str:
        """The payload (which holds no dot) with the time and a signature behind it."""
        stamped = f"{payload}.{int(self._clock())}"
        return f"{stamped}.{self._signature(stamped, purpose)}"

    def unsign(self, signed: str, purpose: str, max_age_s: int) -> str | None:
        """The payload, or None when it is forged, meant for another purpose, or too old."""
        stamped, _, signature = signed.rpartition(".")
        payload, _, seconds = stamped.rpartition(".")
        good = self._signature(stamped, purpose)
        if not hmac.compare_digest(good.encode(), signature.encode()):
            return None
        is_fresh = int(self._clock()) - int(seconds) <= max_age_s
        return payload if is_fresh else None

    def _signature(self, text: str, purpose: str) -> str:
        key = hashlib.sha256(self._key + purpose.encode()).digest()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class SessionCodec:
    """Reads and writes the cookies `session` and `X-CSRF`."""

    def __init__(self, signer: Signer, clock: Clock) -> None:
        self._signer = signer
        self._clock = clock
        self._csrf_epoch = 0

    def expire_csrf_tokens(self) -> None:
        """Make every CSRF token handed out so far count as expired; sessions stay."""
        self._csrf_epoch += 1

    def read(self, cookie: str) -> Session:
        """The session of a cookie; a new anonymous one when the cookie is absent, forged or old."""
        payload = self._signer.unsign(cookie, "session", SESSION_LIFE_S) if cookie else None
        if payload is None:
            return Session(None, secrets.token_hex(20))
        held = json.loads(decode_text(payload))
        return Session(held["user_id"], held["csrf"])

    def write(self, session: Session) -> str:
        """The cookie's value, stamped with the present time: this is what slides the expiry."""
        held = json.dumps({"user_id": session.user_id, "csrf": session.csrf_secret})
        return self._signer.sign(encode_text(held), "session")

    def csrf_token(self, session: Session) -> str:
        """A CSRF token for the session, good for an hour."""
        return self._signer.sign(session.csrf_secret, self._csrf_purpose())

    def accepts_csrf(self, session: Session, token: str) -> bool:
        """Whether the token was made for this session within the last hour."""
        held = self._signer.unsign(token, self._csrf_purpose(), CSRF_LIFE_S) if token else None
        return held == session.csrf_secret

    def cookie_headers(self, session: Session) -> tuple[tuple[str, str], ...]:
        """The two Set-Cookie headers that every reply of the application carries."""
        expires = formatdate(self._clock() + SESSION_LIFE_S, usegmt=True)
        value = self.write(session)
        return (
            ("Set-Cookie", f"session={value}; Expires={expires}; HttpOnly; Path=/"),
            ("Set-Cookie", f"X-CSRF={self.csrf_token(session)}; Path=/"),
        )

    def _csrf_purpose(self) -> str:
        return f"csrf {self._csrf_epoch}"


def encode_text(text: str) -> str:
    """URL-safe base64 of the text: the result holds no dot."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_text(encoded: str) -> str:
    """The text of `encode_text`; raises ValueError for what is no base64."""
    try:
        return base64.urlsafe_b64decode(encoded).decode()
    except binascii.Error as error:
        raise ValueError("not base64") from error
