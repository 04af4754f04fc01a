"""What a plan comes to, in numbers, and how the targets stand.

Here belong counting what is pending, what the targets did and what is held back, and the values
that `status` shows. Who asks the ledger is the command line; how it reads is `reconciler.render`.
Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from reconciler.changes import Cause
from reconciler.classify import Difference, Direction
from reconciler.plan import PENDING_EXTERNAL, Finding, Plan, TargetPlan
from reconciler.safety.kept_back import blocked_keys, held_keys, unplaced
from reconciler.state import Key

Verdict = Literal["none", "drift", "unknown"]
"""What can be said of drift: none, some, or nothing, where differences have no known cause."""

DIRECTIONS: Final[tuple[Direction, ...]] = ("widened", "narrowed", "mixed")
PENDING_CAUSES: Final[tuple[Cause, ...]] = ("config", "start", "expiry", "unknown")


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of one target's part of a plan.

    `pending` counts by cause the changes that the manifest asks for and were not applied; `drift`
    by direction what the target did, less what is `silenced`. Both have all their keys. Where
    nothing is known of an earlier apply (`is_known`), nothing is drift: `unexplained` counts the
    differences then, and is 0 elsewhere. `waiting` says who is waited for, such as those who were
    invited: that is no difference.
    """

    target: str
    is_known: bool
    pending: Mapping[Cause, int]
    drift: Mapping[Direction, int]
    silenced: int
    held: int
    blocked: int
    unmanaged: int
    unexplained: int
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Success:
    """The last apply that did all it was to do: when it ended, from which commit, and whose."""

    at: str
    commit: str
    author: str
    run_id: int


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who is applying, since when; `is_expired` where the holder did not renew the lock."""

    holder: str
    since: str
    is_expired: bool


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """How one target stands. `last_success` and `lock` are None where the ledger knows of none."""

    target: str
    provider: str
    system: str
    account: str
    tally: Tally
    last_success: Success | None = None
    lock: LockHolder | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How all targets stand at one instant.

    `ledger` is what messages call it, never how to reach it. `expiring` counts the grants that end
    within the time `within`, such as `14d`.
    """

    at: str
    manifest: tuple[str, ...]
    ledger: str
    within: str
    expiring: int
    targets: tuple[TargetStatus, ...]


def tallies(plan: Plan, silenced: Collection[str] = ()) -> tuple[Tally, ...]:
    """The numbers of every target of a plan; `silenced` are ids of drift that is not counted."""
    held, blocked = held_keys(plan), blocked_keys(plan)
    beside = Counter(each.target for each in unplaced(plan))
    return tuple(
        replace(
            _tally(each, held[each.target], blocked[each.target], silenced),
            blocked=len(blocked[each.target]) + beside[each.target],
            waiting=tuple(said.message for said in waited_for(plan) if said.target == each.target),
        )
        for each in plan.targets
    )


def waited_for(plan: Plan) -> tuple[Finding, ...]:
    """What the plan says of those who have to do something themselves first."""
    return tuple(each for each in plan.findings if each.rule == PENDING_EXTERNAL)


def _tally(
    target: TargetPlan, held: frozenset[Key], blocked: frozenset[Key], silenced: Collection[str]
) -> Tally:
    is_known = bool(target.applied)
    causes = Counter(change.cause for change in target.changes)
    ways = Counter(each.direction for each in counted_drift(target, silenced))
    different = {change.key for change in target.changes} | {each.key for each in target.drift}
    return Tally(
        target=target.target,
        is_known=is_known,
        pending={cause: causes[cause] for cause in PENDING_CAUSES},
        drift={way: ways[way] for way in DIRECTIONS},
        silenced=sum(1 for each in target.drift if is_known and each.id in silenced),
        held=len(held - blocked),
        blocked=len(blocked),
        unmanaged=len(target.unmanaged),
        unexplained=0 if is_known else len(different),
    )


def counted_drift(target: TargetPlan, silenced: Collection[str] = ()) -> tuple[Difference, ...]:
    """What the target did and nobody silenced; nothing where no earlier apply is known."""
    if not target.applied:
        return ()
    return tuple(each for each in target.drift if each.id not in silenced)


def verdict(numbers: Iterable[Tally]) -> Verdict:
    """What can be said of drift over these targets.

    Where the differences of any have no known cause, nothing can be said of all.
    """
    each = tuple(numbers)
    if any(tally.unexplained for tally in each):
        return "unknown"
    return "drift" if any(sum(tally.drift.values()) for tally in each) else "none"


def status_of(
    plan: Plan, memory: Mapping[str, tuple[Success | None, LockHolder | None]]
) -> tuple[TargetStatus, ...]:
    """How the targets of a plan stand, with what the ledger remembers of each."""
    numbers = {tally.target: tally for tally in tallies(plan)}
    return tuple(
        TargetStatus(
            each.target,
            each.provider,
            each.system,
            each.account,
            numbers[each.target],
            *memory.get(each.target, (None, None)),
        )
        for each in plan.targets
    )
