"""What the ledger remembers of an apply, and how it writes times.

Here belongs all that a plan without changes asks of the ledger; the rest is `values`, which it does
not load. Every time is RFC 3339 text in UTC, such as `2026-11-22T05:00:00.000Z`; a `run_id` of 0
means that no run did it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.passwords import Marks
from reconciler.state import EMPTY, Key, State

Clock = Callable[[], datetime]
"""Says what time it is, with a zone."""


def time_text(time: datetime) -> str:
    """The time as RFC 3339 text in UTC, to the millisecond: such texts sort as their times do.

    ValueError for a time without a zone: nobody could say which instant it is.
    """
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_utc(text: str) -> str:
    """An RFC 3339 time in the one spelling of the ledger. ValueError where it is not one."""
    return time_text(datetime.fromisoformat(text))


@dataclass(frozen=True, slots=True)
class Applied:
    """What the last apply left on one target, in the manifest's spelling, and where it came from.

    `manifest_digest`, `commit` and `author` say which manifest; empty where that is not known.
    `protected` are the patterns that protected accounts when it was applied, and `ends_sessions`
    the memberships whose end was to end sessions. `stands_for` says of which manifest, window and
    program version the state is exactly the expansion; empty where it is applied only in part.
    `besides` is what the state has besides that expansion, such as accounts that left. `place` says
    which system the target was; empty where that is not known. `files` are the names of the
    manifest's files. `passwords` is what is remembered of passwords, by account: none follows from
    it. `notes` is what the provider wants to know again, by account. `digest` is computed when it
    is saved, and empty before.
    """

    target: str
    state: State
    manifest_digest: str
    commit: str
    author: str
    at: str
    run_id: int
    protected: tuple[str, ...] = ()
    ends_sessions: frozenset[Key] = frozenset()
    stands_for: str = ""
    place: str = ""
    besides: State = EMPTY
    files: tuple[str, ...] = ()
    passwords: Marks = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    digest: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class AppliedHead:
    """All that is known of an applied state but the state; quick to get, however large that is.

    `digest` is the SHA-256 over the state, `protected` and `ends_sessions`: two applied states with
    the same one are the same, whoever applied them, when and where.
    """

    target: str
    manifest_digest: str
    commit: str
    author: str
    at: str
    run_id: int
    protected: tuple[str, ...]
    ends_sessions: frozenset[Key]
    stands_for: str
    digest: str
    place: str = ""
    besides: State = EMPTY
    files: tuple[str, ...] = ()
    passwords: Marks = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    def is_of(self, place: str) -> bool:
        """Whether it was applied to the system at this place, as far as both are known."""
        return not (self.place and place) or self.place == place
