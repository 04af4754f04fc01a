"""Making a plan of what was read: the changes of each target, findings over all, and their meaning.

Here belongs putting the pure parts together. It decides nothing: what is to be done follows from
`selection`, what may not be done from `safety`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from reconciler import safety
from reconciler.changes import Change
from reconciler.classify import Difference, direction
from reconciler.diff import narrows_account
from reconciler.differences import CauseOf, repair
from reconciler.engine.obstructing import obstructed
from reconciler.engine.reading import Reading
from reconciler.engine.unasked import unasked
from reconciler.engine.unread import withheld
from reconciler.errors import UsageError
from reconciler.plan import AccessChange, Finding, TargetPlan
from reconciler.provider import Warned
from reconciler.scope import Capabilities
from reconciler.selection import Selection, select

if TYPE_CHECKING:
    from reconciler.ledger import AppliedHead


OTHER_MANIFEST: Final = "other-manifest"


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants of a plan: findings lifted by id, ended grants alone, another order, new
    passwords for users (`rotate`: `USER` or `USER@TARGET`).
    """

    accept: frozenset[str] = frozenset()
    only_expiry: bool = False
    revokes_first: bool = False
    rotate: frozenset[str] = frozenset()


Acknowledging = Callable[[str], str]
"""Says who accepted a finding of this id in the reviewed file; empty where nobody did."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a plan in the making: how it was read, and what it can do.

    With a `leaver`, an account, the plan is about what that one loses, and about nobody else.
    """

    name: str
    reading: Reading
    capabilities: Capabilities
    new_passwords: Callable[[Sequence[Change]], tuple[str, ...]]
    cause_of: CauseOf
    first_seen: Callable[[], Mapping[str, str]]
    obstacles: Callable[[Sequence[Change]], tuple[Warned, ...]]
    offboarded: Callable[[], Mapping[str, str]] = dict
    leaver: str = ""


def selection_of(target: Target, choice: Choice) -> Selection:
    """What the policy makes of the differences of a target."""
    if target.leaver:
        return _of_leaver(target)
    reading = target.reading
    chosen = select(
        reading.desired,
        reading.observed,
        target.capabilities,
        reading.untouchable,
        remembered=reading.remembered(target.cause_of),
        revokes_first=choice.revokes_first,
    )
    if choice.only_expiry:
        ended = tuple(each for each in chosen.changes if is_expiry(each, target.capabilities))
        chosen = replace(chosen, changes=ended)
    obstacles = (*target.obstacles(chosen.changes), *withheld(reading, chosen.changes))
    return obstructed(chosen, obstacles, target.capabilities)


def _of_leaver(target: Target) -> Selection:
    """What the leaver loses; what takes away comes first."""
    from reconciler.leaving import leaving, unremembered

    reading, able = target.reading, target.capabilities
    desired, remembered = reading.desired, reading.remembered(target.cause_of)
    if remembered is None:
        desired, remembered = unremembered(desired)
    chosen = select(
        desired,
        reading.observed,
        able,
        reading.untouchable,
        remembered=remembered,
        revokes_first=True,
    )
    chosen = leaving(chosen, target.leaver, able)
    return obstructed(chosen, target.obstacles(chosen.changes), able)


def is_expiry(change: Change, capabilities: Capabilities) -> bool:
    """Whether a change only takes away what a grant gave whose time has ended."""
    if change.cause != "expiry":
        return False
    if change.key.kind == "account" and change.action == "update":
        way = direction(change.before, change.after, capabilities.levels)
        return way == "narrowed" and narrows_account(change, capabilities)
    return change.action == "delete"


def plan_target(target: Target, chosen: Selection) -> TargetPlan:
    """One target's part of the plan."""
    reading = target.reading
    identity, desired = reading.identity, reading.desired
    drift = since(chosen.drift, target.first_seen() if chosen.drift else {})
    return TargetPlan(
        target=target.name,
        provider=desired.provider,
        system=f"{identity.system} {identity.version}".strip(),
        account=identity.account,
        changes=chosen.changes,
        unmanaged=tuple(sorted({*chosen.unmanaged, *reading.surplus})),
        unasked=unasked(reading, chosen),
        access=_explained(target, chosen.changes),
        new_passwords=target.new_passwords(chosen.changes),
        people=desired.people,
        drift=drift,
        drift_access=_meaning(target, drift),
        applied=reading.memory.head.digest if reading.memory else "",
    )


def since(drift: Sequence[Difference], first_seen: Mapping[str, str]) -> tuple[Difference, ...]:
    """The drift with the times it was first seen, in order."""
    dated = (replace(each, first_seen=first_seen.get(each.id, "")) for each in drift)
    return tuple(sorted(dated, key=lambda each: (each.key, each.class_)))


def _meaning(target: Target, drift: Sequence[Difference]) -> tuple[AccessChange, ...]:
    """Who lacks what since the target changed, and who should not have what."""
    reading = target.reading
    if not drift or reading.applied is None:
        return ()
    repairs = [repair(each, reading.observed, reading.applied) for each in drift]
    return _explained(target, [each for each in repairs if each is not None])


def _explained(target: Target, changes: Sequence[Change]) -> tuple[AccessChange, ...]:
    """What these changes mean for people."""
    if not changes:
        return ()
    from reconciler.explain import access_changes

    reading = target.reading
    return access_changes(reading.desired, reading.observed, changes, target.capabilities)


def situation_of(target: Target, chosen: Selection) -> safety.Situation:
    """What the rules judge of one target."""
    reading, desired = target.reading, target.reading.desired
    if target.leaver:
        from reconciler.leaving import of_one_person

        desired = of_one_person(desired)
    return safety.Situation(
        desired=desired,
        observed=reading.observed,
        changes=chosen.changes,
        capabilities=target.capabilities,
        account=reading.identity.account,
        untouchable=reading.untouchable,
        protected=chosen.protected,
        drift=chosen.drift,
        unmanaged=chosen.unmanaged,
        dropped_protection=reading.dropped_protection,
        is_applied_known=reading.applied is not None,
        offboarded=target.offboarded() if chosen.changes else {},
    )


def other_systems(
    readings: Mapping[str, Reading], head_of: Callable[[str], AppliedHead | None]
) -> Iterator[Finding]:
    """Says for each target whose name the ledger has for another system that it is not used."""
    for name, reading in readings.items():
        head = head_of(name) if reading.memory is None else None
        if head is not None:
            message = (
                f"the ledger remembers another system under the name {name} ({head.place}, this "
                f"one is {reading.identity.place}): nothing of it is used; give each environment a "
                "ledger of its own with --ledger"
            )
            yield safety.finding("other-system", name, message, (), blocking=False)


def other_manifests(
    planned: Iterable[tuple[Target, Selection]], files: Sequence[str]
) -> Iterator[Finding]:
    """Holds back what would be taken since files that were applied before have it and these do not.

    Two manifests that share a ledger would else take each other's people away. Files of the same
    name count as the same, and so do sets of which one has all of the other.
    """
    now = {PurePath(file).name for file in files}
    for target, chosen in planned:
        asked, memory = target.reading.asked, target.reading.memory
        before = {*memory.head.files} if memory else set()
        if memory is None or not before or before <= now or now <= before:
            continue
        others = sum(1 for key in memory.state.records if key not in asked)
        if others:
            keys = [each.key for each in chosen.changes if each.key not in asked]
            message = (
                f"{target.name} was applied from {', '.join(sorted(before))} before, and this is "
                f"{', '.join(sorted(now))}, which lacks {others} of its records. If they are the "
                "same manifest under other names, accept; else give each manifest a ledger of its "
                "own with --ledger. Until then nothing is taken away for it, and nothing remembered"
            )
            yield safety.finding(OTHER_MANIFEST, target.name, message, keys, blocking=True)


def danger_in(target: Target, left: Sequence[Change], accepted_rules: Set[str]) -> str:
    """What the changes that are left would break, as the target is now; empty where nothing.

    Rules of which a finding was accepted are not looked at.
    """
    alone = replace(target, offboarded=dict)  # these rules walk, and ask nothing of the ledger
    situation = situation_of(alone, Selection(tuple(left), (), ()))
    for each in safety.walk(situation, left):
        if each.rule not in accepted_rules:
            return f"stopped, since a change failed and going on is not safe: {each.message}"
    return ""


def about(findings: Sequence[Finding], situations: Sequence[safety.Situation]) -> list[Finding]:
    """The findings that have to do with any change of these plans: the others can wait."""
    changed = {(each.desired.target, change.key) for each in situations for change in each.changes}
    return [each for each in findings if any((each.target, key) in changed for key in each.keys)]


def accepted(
    findings: Sequence[Finding], accept: frozenset[str], acknowledged: Acknowledging
) -> tuple[Finding, ...]:
    """The findings, those lifted that somebody names or acknowledged in the file for it.

    UsageError for an id that is none of theirs.
    """
    known = {each.id for each in findings if each.blocking or each.holds}
    unknown = sorted(accept - known)
    if unknown:
        hint = (
            f"what can be accepted in this plan is {', '.join(sorted(known))}; an id changes when "
            "what the finding says changes"
            if known
            else "nothing in this plan is blocked or held"
        )
        raise UsageError(f"--accept {unknown[0]}: there is no such finding; {hint}")
    return tuple(_lifted(each, accept, acknowledged) for each in findings)


def _lifted(finding: Finding, accept: frozenset[str], acknowledged: Acknowledging) -> Finding:
    """The finding as it is lifted now: an entry that a saved plan still knew may have ended."""
    if not (finding.blocking or finding.holds):
        return finding
    is_by_entry = bool(finding.accepted_by)
    if finding.id in accept or (finding.accepted and not is_by_entry):
        return replace(finding, accepted=True, accepted_by="")
    who = acknowledged(finding.id)
    return replace(finding, accepted=bool(who), accepted_by=who)
