"""What is remembered as applied after a target was read last.

Here belongs the rule: what is in sync is applied, and whatever is not stays as it was remembered.
So work that failed is still to be done, drift is still drift, and what somebody made by hand as the
manifest says is taken over. What was written and the target keeps otherwise is remembered as it is
kept: it is still to be done, and nobody else's doing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from reconciler.changes import Change
from reconciler.diff import diff
from reconciler.engine.reading import Reading
from reconciler.passwords import Marks
from reconciler.plan import Plan, TargetPlan
from reconciler.privilege_words import less
from reconciler.provider import Notes
from reconciler.scope import Capabilities
from reconciler.selection import lost_by_leavers
from reconciler.state import EXACT_KINDS, INVITED, PRINCIPAL_KINDS, Fields, Key, State


@dataclass(frozen=True, slots=True)
class Left:
    """What an apply left: its state in manifest spelling, and the rest as in the ledger.

    `is_whole` says that the state has all that the manifest asks, `besides` what else it has;
    `place` which system it is, `passwords` what is remembered of those, and `notes` what the
    provider wants remembered.
    """

    state: State
    protected: tuple[str, ...]
    ends_sessions: frozenset[Key]
    is_whole: bool
    besides: State
    place: str = ""
    passwords: Marks = field(default_factory=dict)
    notes: Notes = field(default_factory=dict)


def applied_after(
    plan: Plan,
    target: TargetPlan,
    reading: Reading,
    capabilities: Capabilities,
    *,
    remaining: Sequence[Change] = (),
) -> Left:
    """What to remember of a target that was read after the last write, or when there was none.

    `remaining` are the changes that were made and that the second read still finds necessary.
    """
    asked, memory = reading.asked.records, reading.memory
    before = memory.state.records if memory else {}
    off = {change.key for change in diff(reading.desired.state, reading.observed)}
    if reading.unread is not None:
        off |= {key for key in {*asked, *before} if key.kind in reading.unread.kinds}
    off_or_waiting = off.union(reading.waiting)
    records: dict[Key, Fields] = {key: asked[key] for key in asked if key not in off_or_waiting}
    records.update(_invited(records, reading, capabilities))
    records.update((key, before[key]) for key in off if key in before)
    records.update(_kept_otherwise(target, reading, remaining))
    if memory is None:
        records.update(_found_otherwise(off & asked.keys(), reading))
    accounts = before.keys() | {change.key for change in target.changes}
    records.update(_left_accounts(accounts - asked.keys(), reading, capabilities))
    ends = reading.desired.ends_sessions | (memory.head.ends_sessions if memory else frozenset())
    return Left(
        state=State(records),
        protected=_protected(plan, target, reading),
        ends_sessions=ends & records.keys(),
        is_whole=all(records.get(key) == fields for key, fields in asked.items()),
        besides=State({key: records[key] for key in records.keys() - asked.keys()}),
        place=reading.identity.place,
        passwords=reading.password_marks,
        notes=reading.notes,
    )


def _invited(
    records: Mapping[Key, Fields], reading: Reading, capabilities: Capabilities
) -> dict[Key, Fields]:
    """The accounts that somebody was invited to make: what they are called is not applied yet."""
    if not reading.notes:
        return {}
    desired = reading.desired.state.records
    return {
        key: {name: value for name, value in fields.items() if name not in capabilities.profile}
        for key, fields in records.items()
        if key.kind == "account" and INVITED in desired[key]
    }


def _kept_otherwise(
    target: TargetPlan, reading: Reading, remaining: Sequence[Change]
) -> Iterator[tuple[Key, Fields]]:
    """Records whose attributes the target took and keeps as something else: as it keeps them.

    What was a repair stays drift, and so do privileges: somebody else may have given them.
    """
    repairs = {change.key for change in target.changes if change.cause == "drift"}
    for change in remaining:
        asked, there = reading.asked.get(change.key), reading.observed.get(change.key)
        if asked is None or there is None or change.key.kind in EXACT_KINDS:
            continue
        if change.key not in repairs:
            yield change.key, {name: there[name] for name in asked if name in there}


def _found_otherwise(keys: Set[Key], reading: Reading) -> Iterator[tuple[Key, Fields]]:
    """Records that were there before the first apply, and that it has not changed: as they are.

    What they differ in is then work that is left to do. Else nobody could tell it from a change by
    hand, and somebody would have to decide.
    """
    for key in keys:
        wanted, there = reading.desired.state.get(key), reading.observed.get(key)
        if there is not None and key.kind in EXACT_KINDS:
            yield key, less(there, reading.surplus.get(key, {}))
        elif there is not None and wanted is not None:
            yield key, {name: there[name] for name in wanted if name in there}


def _left_accounts(
    keys: Set[Key], reading: Reading, capabilities: Capabilities
) -> Iterator[tuple[Key, Fields]]:
    """Accounts that nobody asks for and that lost what they can lose: so they are kept.

    Those that an apply shut out are among them. The target may not know them as accounts any more.
    """
    lost = lost_by_leavers(capabilities)
    for key in keys:
        fields = _principal(reading.observed, key) if key.kind == "account" else None
        if lost and fields is not None and all(fields.get(n) == v for n, v in lost.items()):
            yield key, lost


def _principal(observed: State, key: Key) -> Fields | None:
    """What is there of this path, as whatever kind of principal."""
    found = (observed.get(Key(kind, key.path)) for kind in sorted(PRINCIPAL_KINDS))
    return next((fields for fields in found if fields is not None), None)


def _protected(plan: Plan, target: TargetPlan, reading: Reading) -> tuple[str, ...]:
    """The patterns in force from now on: the manifest's, and those it dropped until somebody
    accepts that.
    """
    said = " ".join(
        each.message
        for each in plan.findings
        if each.target == target.target and each.rule == "protection-dropped" and each.accepted
    )
    kept = (each for each in reading.dropped_protection if f'"{each}"' not in said)
    return tuple(sorted({*reading.protected, *kept}))
