"""What goes wrong with a request in the sweep, by name.

Here belong the kinds of trouble and how each is armed. Most are faults of the simulators; that an
answer takes longer than anybody waits is made on our side of the connection, so that no test waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import httpx
import pytest

from reconciler.sandbox.http.faults import Fault, FaultKind, FaultPlan

EVER = 10_000
"""More requests than a run sends: the trouble stays."""


class Place(Protocol):
    """Where trouble is made."""

    faults: FaultPlan
    timeouts: Timeouts

    def end_rights(self) -> None:
        """Take from our account whatever it is signed in or has rights with, for good."""

    def session_ends(self, nth: int, count: int) -> Fault:
        """What ends our session, and lets us sign in again."""


Arm = Callable[[Place, int, int], None]
"""Makes trouble from the nth request on, for so many of them."""


@dataclass(frozen=True, slots=True)
class Timeout:
    """From the nth request on, so many take too long: those that arrive, and those that do not."""

    nth: int
    count: int
    arrives: bool


class Timeouts:
    """Lets requests of ours run out of time without anybody waiting for it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._lock = threading.Lock()
        self._armed: Timeout | None = None
        self._seen = 0
        self.fired = 0
        send = httpx.HTTPTransport.handle_request

        def handle_request(
            transport: httpx.HTTPTransport, request: httpx.Request
        ) -> httpx.Response:
            late = self._next()
            if late is None:
                return send(transport, request)
            if late.arrives:
                send(transport, request).close()
            raise httpx.ReadTimeout("timed out", request=request)

        patch.setattr(httpx.HTTPTransport, "handle_request", handle_request)

    def arm(self, timeout: Timeout | None) -> None:
        """Wait for these requests, counted from now on; None forgets what was armed."""
        with self._lock:
            self._armed, self._seen, self.fired = timeout, 0, 0

    def _next(self) -> Timeout | None:
        with self._lock:
            armed = self._armed
            if armed is None:
                return None
            self._seen += 1
            if not armed.nth <= self._seen < armed.nth + armed.count:
                return None
            self.fired += 1
            return armed


def _kind(kind: FaultKind, retry_after_s: int = 1) -> Arm:
    def arm(place: Place, nth: int, count: int) -> None:
        place.faults.arm(Fault(kind, nth=nth, count=count, retry_after_s=retry_after_s))

    return arm


def _late(*, arrives: bool) -> Arm:
    return lambda place, nth, count: place.timeouts.arm(Timeout(nth, count, arrives))


def _lost_then(kind: FaultKind) -> Arm:
    """The answer of one request is lost, and whoever looks what became of it gets this."""

    def arm(place: Place, nth: int, count: int) -> None:
        place.faults.arm(Fault(FaultKind.CUT_AFTER_EFFECT, nth=nth))
        place.faults.arm(Fault(kind, nth=nth + 1, count=count))

    return arm


def _rights_end(place: Place, nth: int, count: int) -> None:
    edit = Fault(FaultKind.OUTSIDE_EDIT, nth=nth, count=1, edit=place.end_rights)
    place.faults.arm(edit)


def _session_ends(place: Place, nth: int, count: int) -> None:
    place.faults.arm(place.session_ends(nth, count))


TROUBLES: Mapping[str, Arm] = {
    "500 before": _kind(FaultKind.ERROR_500_BEFORE_EFFECT),
    "500 after": _kind(FaultKind.ERROR_500_AFTER_EFFECT),
    "timeout before": _late(arrives=False),
    "timeout after": _late(arrives=True),
    "408 before": _kind(FaultKind.TIMEOUT_408_BEFORE_EFFECT),
    "408 after": _kind(FaultKind.TIMEOUT_408_AFTER_EFFECT),
    "429 with Retry-After": _kind(FaultKind.RATE_LIMITED_429),
    "429 without Retry-After": _kind(FaultKind.RATE_LIMITED_429, -1),
    "half a JSON body": _kind(FaultKind.HALF_JSON_BODY),
    "half of what was promised": _kind(FaultKind.BODY_CUT_SHORT),
    "no body": _kind(FaultKind.EMPTY_BODY),
    "JSON called text": _kind(FaultKind.WRONG_CONTENT_TYPE),
    "HTML 200": _kind(FaultKind.HTML_200),
    "HTML 403": _kind(FaultKind.HTML_403),
    "HTML 404": _kind(FaultKind.HTML_404),
    "HTML 409": _kind(FaultKind.HTML_409),
    "HTML 502": _kind(FaultKind.HTML_502),
    "HTML 503": _kind(FaultKind.HTML_503),
    "HTML 504 after": _kind(FaultKind.HTML_504_AFTER_EFFECT),
    "cut before": _kind(FaultKind.CUT_BEFORE_EFFECT),
    "cut after": _kind(FaultKind.CUT_AFTER_EFFECT),
    "reset before": _kind(FaultKind.RESET_BEFORE_EFFECT),
    "reset after": _kind(FaultKind.RESET_AFTER_EFFECT),
    "keep-alive dropped": _kind(FaultKind.DROP_KEEP_ALIVE),
    "lost, then HTML 403": _lost_then(FaultKind.HTML_403),
    "lost, then HTML 404": _lost_then(FaultKind.HTML_404),
    "lost, then HTML 409": _lost_then(FaultKind.HTML_409),
    "session ends": _session_ends,
    "CSRF token expires": _kind(FaultKind.CSRF_EXPIRED),
    "rights end": _rights_end,
    "refusal that repeats": _kind(FaultKind.ECHO_400),
    "debugger that repeats": _kind(FaultKind.ECHO_500),
}
