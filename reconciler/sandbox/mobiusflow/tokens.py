"""What signs requests: tokens that say when they end (v1), and sessions that say nothing (v3).

Source: RFC 7519 and RFC 7515 for v1's tokens (HS256); v3's are 128 hexadecimal digits.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Mapping

from reconciler.sandbox.http.clock import Clock


class Signer:
    """Makes v1's tokens, and reads those that it made and that have not ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def change_key(self) -> None:
        """Make every token that is out invalid."""
        self._key = secrets.token_bytes(32)

    def token(self, claims: Mapping[str, object], life_s: int | None) -> str:
        """A signed token; without an end where no life is given."""
        now = int(self._clock())
        times = {"iat": now} if life_s is None else {"iat": now, "exp": now + life_s}
        head = _part({"alg": "HS256", "typ": "JWT"})
        body = f"{head}.{_part({**claims, **times})}"
        return f"{body}.{self._signature(body)}"

    def claims(self, token: str) -> Mapping[str, object]:
        """What a token says; nothing, where it is not ours or has ended."""
        body, _, signature = token.rpartition(".")
        if not body or not hmac.compare_digest(signature, self._signature(body)):
            return {}
        found = json.loads(_bytes(body.partition(".")[2]))
        assert isinstance(found, dict)
        return {} if found.get("exp", self._clock() + 1) <= self._clock() else found

    def _signature(self, body: str) -> str:
        return _text(hmac.new(self._key, body.encode(), hashlib.sha256).digest())


class Sessions:
    """The sessions of v3 that are open, by token, with the id of their user."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, str] = {}
        self.logins = 0
        self.logouts = 0

    def begin(self, user: str) -> str:
        """A new session of this user."""
        token = secrets.token_hex(64)
        with self._lock:
            self._open[token] = user
            self.logins += 1
        return token

    def end(self, token: str) -> None:
        """Log a session out."""
        with self._lock:
            self._open.pop(token, None)
            self.logouts += 1

    def user_of(self, token: str) -> str:
        """The id of the user of an open session; empty for any other."""
        with self._lock:
            return self._open.get(token, "")

    def drop(self, user: str = "") -> None:
        """End the sessions of a user, or all, without telling anybody."""
        with self._lock:
            kept = {t: u for t, u in self._open.items() if user and u != user}
            self._open = kept

    @property
    def number(self) -> int:
        """How many are open."""
        with self._lock:
            return len(self._open)


def _part(value: Mapping[str, object]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
