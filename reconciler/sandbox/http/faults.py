"""The fault plan: which requests go wrong, how, and which faults have fired."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """What can go wrong with a request.

    Kinds that end in `before_effect`, the 429 and the pages but that of 504 never reach the
    application; kinds that end in `after_effect` lose the answer of a request that was executed.
    The `echo` kinds do not execute it either: they repeat it, with passwords, cookies and all.
    """

    ERROR_500_BEFORE_EFFECT = "error_500_before_effect"
    ERROR_500_AFTER_EFFECT = "error_500_after_effect"
    CUT_BEFORE_EFFECT = "cut_before_effect"
    CUT_AFTER_EFFECT = "cut_after_effect"
    RESET_BEFORE_EFFECT = "reset_before_effect"
    RESET_AFTER_EFFECT = "reset_after_effect"
    SLOW_REPLY = "slow_reply"
    HALF_JSON_BODY = "half_json_body"
    BODY_CUT_SHORT = "body_cut_short"
    HTML_200 = "html_200"
    HTML_502 = "html_502"
    HTML_503 = "html_503"
    HTML_504_AFTER_EFFECT = "html_504_after_effect"
    HTML_403 = "html_403"
    HTML_404 = "html_404"
    HTML_409 = "html_409"
    TIMEOUT_408_BEFORE_EFFECT = "timeout_408_before_effect"
    TIMEOUT_408_AFTER_EFFECT = "timeout_408_after_effect"
    EMPTY_BODY = "empty_body"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    RATE_LIMITED_429 = "rate_limited_429"
    DATABASE_LOCKED = "database_locked"
    SESSION_INVALIDATED = "session_invalidated"
    CSRF_EXPIRED = "csrf_expired"
    ADMIN_DEMOTED = "admin_demoted"
    ECHO_400 = "echo_400"
    ECHO_500 = "echo_500"
    OUTSIDE_EDIT = "outside_edit"
    RESTART = "restart"
    DROP_KEEP_ALIVE = "drop_keep_alive"


@dataclass(frozen=True, slots=True)
class Fault:
    """One armed fault.

    It meets requests whose method and path match (`path` is a shell pattern), starts with the
    `nth` of them and lasts for `count` of them. `seconds` is how long a slow reply or a lock
    takes, `retry_after_s` what a 429 says, `edit` what an outside edit runs.
    """

    kind: FaultKind
    method: str = "*"
    path: str = "*"
    nth: int = 1
    count: int = 1
    seconds: float = 0.0
    retry_after_s: int = 1
    edit: Callable[[], object] | None = None

    def matches(self, method: str, path: str) -> bool:
        """Whether the fault is meant for such a request."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)


@dataclass(frozen=True, slots=True)
class FiredFault:
    """A fault that met a request."""

    kind: FaultKind
    method: str
    path: str


class FaultPlan:
    """Faults to come and faults that were; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[tuple[Fault, int]] = []
        self._fired: list[FiredFault] = []

    def arm(self, fault: Fault) -> None:
        """Add a fault; raises ValueError for one that could never fire or do nothing."""
        if fault.nth < 1 or fault.count < 1:
            raise ValueError("nth and count of a fault start at 1")
        if (fault.edit is None) == (fault.kind is FaultKind.OUTSIDE_EDIT):
            raise ValueError("an outside_edit fault, and no other, needs `edit`")
        with self._lock:
            self._armed.append((fault, 0))

    def disarm(self) -> None:
        """Forget every fault that has not been used up."""
        with self._lock:
            self._armed.clear()

    @property
    def armed(self) -> tuple[Fault, ...]:
        """The faults that are not used up, in the order of arming."""
        with self._lock:
            return tuple(fault for fault, _ in self._armed)

    @property
    def fired(self) -> tuple[FiredFault, ...]:
        """Every firing so far, oldest first."""
        with self._lock:
            return tuple(self._fired)

    def take(self, method: str, path: str) -> tuple[Fault, ...]:
        """The faults that hit this request; counts it for those that match but wait."""
        with self._lock:
            hits: list[Fault] = []
            left: list[tuple[Fault, int]] = []
            for fault, seen_before in self._armed:
                seen = seen_before + fault.matches(method, path)
                if seen > seen_before and seen >= fault.nth:
                    hits.append(fault)
                if seen < fault.nth + fault.count - 1:
                    left.append((fault, seen))
            self._armed = left
            self._fired += [FiredFault(fault.kind, method, path) for fault in hits]
            return tuple(hits)
