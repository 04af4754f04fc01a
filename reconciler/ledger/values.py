"""What the ledger is told and what it gives back, as plain values.

Here belong the values of the ledger's interface. How they are kept is the business of the other
modules. Every time is RFC 3339 text in UTC, such as `2026-11-22T05:00:00.000Z`; a `run_id` of 0
means that no run did it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from reconciler.changes import Change
from reconciler.json_text import Json
from reconciler.passwords import Marks
from reconciler.state import EMPTY, Key, State

Clock = Callable[[], datetime]
"""Says what time it is, with a zone."""

EntryKind = Literal[
    "run_started",
    "intent",
    "result",
    "found",
    "accepted",
    "lock_taken",
    "lock_taken_over",
    "lock_broken",
    "run_ended",
]
ResultStatus = Literal["done", "failed", "skipped", "unknown", "not_done", "changed"]
"""What became of an intended change. A result says one of the first four; what a later run found on
the target is done, not done, or changed to something else.
"""


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
    it. `digest` is computed when it is saved, and empty before.
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

    def is_of(self, place: str) -> bool:
        """Whether it was applied to the system at this place, as far as both are known."""
        return not (self.place and place) or self.place == place


@dataclass(frozen=True, slots=True)
class Run:
    """One run. While it runs, or if it died, `ended` is empty and `exit_code` None.

    `targets` are those that it wrote or verified; empty for a run of which that was not kept.
    """

    run_id: int
    kind: str
    started: str
    plan_digest: str = ""
    manifest_digest: str = ""
    commit: str = ""
    author: str = ""
    command: str = ""
    ended: str = ""
    exit_code: int | None = None
    summary: str = ""
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change of an intent; `index` counts into its `changes`, from 0."""

    index: int
    status: ResultStatus
    message: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the journal is told.

    An intent has the `changes` that are about to be sent, together. A result, and what a later run
    `found`, has in `intent` the number of the intent entry, and `results` for some or all of its
    changes. An accepted finding has its id in `finding`, who accepted it in `by` and for which plan
    in `plan_digest`. The journal does not keep the `sources` of a change: the commit of its run has
    the lines.
    """

    kind: EntryKind
    run_id: int
    target: str = ""
    changes: tuple[Change, ...] = ()
    intent: int = 0
    results: tuple[Result, ...] = ()
    message: str = ""
    finding: str = ""
    by: str = ""
    plan_digest: str = ""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An entry as it stands in the journal; `number` counts from 1 without gaps.

    `hash` is the SHA-256 over `previous`, the hash of the entry before, and the content.
    """

    number: int
    at: str
    entry: Entry
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent, with those of its changes, by index, of which nobody knows what became."""

    number: int
    at: str
    run_id: int
    changes: tuple[tuple[int, Change], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """How many entries the journal has, and the hash of the last one.

    Somebody who keeps it elsewhere can tell later whether the journal was written anew.
    """

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class LockStatus:
    """Who holds the lock of a target, since when, and until when unless it is renewed."""

    target: str
    holder: str
    since: str
    expires: str
    run_id: int
    is_expired: bool


@dataclass(frozen=True, slots=True)
class SeenDrift:
    """A drift finding, when it was first seen, and its document as it was seen last."""

    id: str
    first_seen: str
    document: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class DriftNews:
    """What became of the drift of a target since it was noted before. Ids are sorted.

    `still` is as it was, and `worse` is still there and was changed further on the target.
    `first_seen` has all but the resolved ones, which are forgotten.
    """

    first_seen: Mapping[str, str]
    new: tuple[str, ...]
    still: tuple[str, ...]
    worse: tuple[str, ...]
    resolved: tuple[SeenDrift, ...]
