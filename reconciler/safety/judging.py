"""All rules together: everything that is to be said about what a plan would do to one target.

Here belongs running the rules, and going on until what they hold back leaves nothing that breaks
one. The rules themselves are in the other modules of this package.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from reconciler.changes import Change
from reconciler.plan import Finding
from reconciler.safety import drifted, duties, protection
from reconciler.safety.offboarded import offboarded
from reconciler.safety.release import held_back
from reconciler.safety.removals import removals
from reconciler.safety.situation import Situation, finding
from reconciler.safety.steps import Violation, own_access, walk_gains, walk_losses
from reconciler.safety.taking import takes
from reconciler.state import Key


def judge(situation: Situation) -> tuple[Finding, ...]:
    """Everything the rules say about one target, in order of rule and message.

    The changes that are left when `held_back` has taken out those of the findings break no rule
    after any step, whichever of the findings of other rules are accepted. A plan without changes
    costs nothing.
    """
    found = [*_at_once(situation)]
    if situation.changes:
        found += _findings(own_access(situation), situation.target)
        found += _at_worst(situation, found)
    return tuple(sorted(found, key=lambda each: (each.rule, each.message, each.id)))


def _at_once(situation: Situation) -> Iterator[Finding]:
    """What can be said without knowing who holds what after a step."""
    desired, changes = situation.desired, situation.changes
    dropped = situation.dropped_protection
    yield from drifted.held(situation)
    yield from drifted.conflict(situation)
    yield from drifted.left_alone_unknown(situation)
    yield from protection.protected(desired, situation.protected, situation.untouchable, dropped)
    yield from protection.protection_dropped(situation)
    yield from protection.emptied(desired, changes)
    yield from protection.break_glass(situation)
    yield from protection.unasked_levels(
        desired, situation.observed, situation.unmanaged, situation.capabilities
    )
    yield from offboarded(situation)
    yield from duties.never_together(situation)
    yield from duties.permanent_risky(situation)


@dataclass(frozen=True, slots=True)
class _Held:
    """The changes that may be held back: those by which anybody is in less, those that give
    something, and those that come about since a grant ended.
    """

    lose: frozenset[Key]
    give: frozenset[Key]
    end: frozenset[Key]


def _at_worst(situation: Situation, found: Sequence[Finding]) -> list[Finding]:
    """What breaks a rule at some step or takes too much, whatever of the findings is accepted.

    The worst that acceptance can do to what is taken is to let all of it go ahead, and nothing that
    is given and held back; to what is given, the other way round. What is found holds back more, so
    look again until nothing more is held back.
    """
    held: frozenset[Key] = frozenset()
    parts: _Held | None = None
    of_losses: list[Finding] = []
    of_gains: list[Finding] = []
    while True:
        all_found = [*found, *of_losses, *of_gains]
        held |= frozenset(each.key for each in held_back(situation.changes, all_found))
        now = _parted(situation, held)
        if now == parts:
            return [*of_losses, *of_gains]
        if parts is None or (now.give, now.end) != (parts.give, parts.end):
            of_losses = _of_losses(situation, now)
        if parts is None or now.lose != parts.lose:
            of_gains = _of_gains(situation, now.lose, found)
        parts = now


def _of_losses(situation: Situation, held: _Held) -> list[Finding]:
    """What is found when all is taken that would be, and nothing is given that may be held.

    What may be kept past its end is counted both as if it ended and as if it did not.
    """
    changes = _less(situation.changes, held.give)
    found = _findings(walk_losses(situation, changes), situation.target)
    found += removals(situation.with_changes(changes))
    if held.end:
        found += removals(situation.with_changes(_less(changes, held.end)))
    return list({each.id: each for each in found}.values())


def _of_gains(situation: Situation, held: Set[Key], found: Sequence[Finding]) -> list[Finding]:
    """What is found when all is given that would be, and nothing is taken that may be held."""
    violations = walk_gains(situation, _less(situation.changes, held))
    return _findings(_not_said(violations, found), situation.target)


def _parted(situation: Situation, held: frozenset[Key]) -> _Held:
    changes = [change for change in situation.changes if change.key in held]
    if not changes:
        return _Held(held, held, held)
    graph, able = situation.graph(), situation.capabilities
    return _Held(
        lose=frozenset(each.key for each in changes if graph.loses(each)),
        give=frozenset(each.key for each in changes if graph.gains(each) or not takes(each, able)),
        end=frozenset(each.key for each in changes if each.cause == "expiry"),
    )


def _less(changes: tuple[Change, ...], keys: Set[Key]) -> tuple[Change, ...]:
    return tuple(change for change in changes if change.key not in keys) if keys else changes


def _not_said(violations: Iterable[Violation], found: Sequence[Finding]) -> Iterator[Violation]:
    """The violations of changes that no other finding of the same rule holds back already."""
    said = {(each.rule, key) for each in found if each.blocking for key in each.keys}
    for each in violations:
        if any((each.rule, key) not in said for key in each.keys):
            yield each


def _findings(violations: Iterable[Violation], target: str) -> list[Finding]:
    """One blocking finding for all that breaks one rule about one subject."""
    last: dict[tuple[str, str], Violation] = {}
    keys: dict[tuple[str, str], set[Key]] = {}
    for each in violations:
        last[each.rule, each.subject] = each
        keys.setdefault((each.rule, each.subject), set()).update(each.keys)
    return [
        finding(rule, target, each.message, sorted(keys[rule, subject]), blocking=True)
        for (rule, subject), each in sorted(last.items())
    ]
