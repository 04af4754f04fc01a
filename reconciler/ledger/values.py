"""What the ledger is told and what it gives back, as plain values.

Here belong the values of the ledger's interface; those of applied states are `applied`. How they
are kept is the business of the other modules. Every time is RFC 3339 text in UTC, such as
`2026-11-22T05:00:00.000Z`; a `run_id` of 0 means that no run did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from reconciler.changes import Change
from reconciler.json_text import Json

EntryKind = Literal[
    "run_started",
    "intent",
    "result",
    "found",
    "accepted",
    "offboarded",
    "offboarding_over",
    "noted",
    "lock_taken",
    "lock_taken_over",
    "lock_broken",
    "run_ended",
]
ResultStatus = Literal["done", "failed", "skipped", "unknown", "not_done", "changed"]
"""What became of an intended change. A result says one of the first four; what a later run found on
the target is done, not done, or changed to something else.
"""


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
    in `plan_digest`. What is about an offboarding has the account in `subject`, and why in
    `message`; what a provider `noted` of an account is there too. The journal does not keep the
    `sources` of a change: the commit of its run has the lines.
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
    subject: str = ""


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
