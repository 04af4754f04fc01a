"""The rule about how much one plan may take away: of a group, of a role's holders, of a target, and
of all targets.

Sets are sets of accounts in effect. What ended by itself, at the time that its grant said, was
agreed to long ago: a set is counted as it is without that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from reconciler.changes import Change
from reconciler.holding import Holding
from reconciler.plan import Finding
from reconciler.safety.situation import Situation, finding, node_name, people, person
from reconciler.safety.taking import by_place, losses, of_kinds_that_hold, taking
from reconciler.scope import Removals
from reconciler.state import Key, Node, touched


def too_many(lost: int, of: int, limits: Removals) -> str:
    """Why a set may not lose so many of its members, in words; empty where it may."""
    if lost and lost == of > limits.floor:
        return "that is everybody"
    if lost <= limits.floor:
        return ""
    if lost * 100 > limits.percent * of:
        return f"the most that one plan may take is {limits.percent} percent"
    return f"the most that one plan may take is {limits.at_most}" if lost > limits.at_most else ""


def removals(situation: Situation) -> Iterator[Finding]:
    """The groups, roles and the target itself that would lose too many of those who hold them."""
    work = Loss(situation)
    if not work.taken:
        return
    yield from _of_nodes(work)
    lost = work.lost_access
    if not lost:
        return
    of = work.known(work.settled_access)
    why = too_many(len(lost), len(of), situation.desired.policy.removals)
    if why:
        message = (
            f"{len(lost)} of {len(of)} people would lose everything they hold on "
            f"{situation.target} ({people(lost, situation.desired)}): {why}"
        )
        yield _removals_finding(work, message, work.access_losses(lost))


def _of_nodes(work: Loss) -> Iterator[Finding]:
    situation = work.situation
    limits = situation.desired.policy.removals
    placed = by_place(work.taken)
    for node in sorted(work.nodes):
        before = work.settled.holders(node)
        lost = before - work.after.holders(node)
        why = too_many(len(lost), len(before), limits)
        if why:
            is_group = Key("group", node) in situation.observed
            message = (
                f'"{node_name(node)}" on {situation.target} would lose {len(lost)} of its '
                f"{len(before)} {'members' if is_group else 'holders'} "
                f"({people(lost, situation.desired)}): {why}"
            )
            keys = losses(placed, node, lost, work.settled)
            yield _removals_finding(work, message, keys)


def check_total(situations: Sequence[Situation], limits: Removals) -> tuple[Finding, ...]:
    """Whether too many people would lose the last that they hold on any target.

    There is one finding for each target where they would, for a finding belongs to one target. All
    say the numbers of all targets.
    """
    works = [Loss(situation) for situation in situations]
    if not any(work.taken and work.lost_access for work in works):
        return ()
    kept = {name for work in works for name in work.persons(work.after_access)}
    before = {name for work in works for name in work.persons(work.known(work.settled_access))}
    lost = {name for work in works for name in work.persons(work.lost_access)} - kept
    why = too_many(len(lost), len(before | lost), limits)
    if not why:
        return ()
    text = f"{len(lost)} of {len(before | lost)} people would lose the last they hold anywhere"
    return tuple(_share(work, lost, f"{text}: {why}") for work in works if work.share(lost))


def _share(work: Loss, lost: Set[str], text: str) -> Finding:
    own = work.share(lost)
    target = work.situation.target
    message = f"{text}; on {target} {len(own)} ({people(own, work.situation.desired)})"
    return _removals_finding(work, message, work.access_losses(own))


def _removals_finding(work: Loss, message: str, keys: Sequence[Key]) -> Finding:
    text = f"{message} (policy.removals)"
    return finding("removals", work.situation.target, text, keys, blocking=True)


@dataclass(frozen=True)
class Loss:
    """What the changes of one target take away, less what ended by itself.

    `settled` is the graph once that has ended, `after` once everything is done.
    """

    situation: Situation

    @cached_property
    def taken(self) -> tuple[Change, ...]:
        """The changes that take something away and are not an end that was agreed to."""
        found = taking(self.situation.changes, self.situation.capabilities)
        return tuple(change for change in found if change.cause != "expiry")

    @cached_property
    def settled(self) -> Holding:
        """Who holds what once everything has ended that was to end."""
        result = self.situation.graph()
        for change in taking(self.situation.changes, self.situation.capabilities):
            if change.cause == "expiry" and not result.gains(change):
                result.apply(change)
        return result

    @cached_property
    def after(self) -> Holding:
        """Who holds what when all changes are made."""
        result = self.situation.graph()
        for change in self.situation.changes:
            result.apply(change)
        return result

    @cached_property
    def nodes(self) -> frozenset[Node]:
        """The groups and roles that may lose somebody."""
        found: set[Node] = set()
        for change in of_kinds_that_hold(self.taken):
            node = touched(change.key)
            found |= self.settled.above(node) - {node}
        return frozenset(found)

    @cached_property
    def settled_access(self) -> frozenset[str]:
        """The accounts that hold anything once everything has ended that was to end."""
        return frozenset(filter(self.settled.has_access, self.settled.names))

    @cached_property
    def after_access(self) -> frozenset[str]:
        """The accounts that hold anything when all changes are made."""
        return frozenset(filter(self.after.has_access, self.after.names))

    @cached_property
    def lost_access(self) -> frozenset[str]:
        """The accounts that hold nothing any more, of those below what something is taken from."""
        below = {node for each in self.taken for node in self.settled.below(touched(each.key))}
        names = {node[0] for node in below if len(node) == 1}
        return frozenset(
            name
            for name in names
            if self.settled.has_access(name) and not self.after.has_access(name)
        )

    def known(self, accounts: Set[str]) -> frozenset[str]:
        """Those of the accounts that the manifest knows, or that lose everything here.

        Strangers, and those whom no plan touches, would make a loss look small: they stay.
        """
        people, untouchable = self.situation.desired.people, self.situation.untouchable
        ours = {name for name in accounts if name in people and name not in untouchable}
        return self.lost_access | ours

    def persons(self, accounts: Set[str]) -> frozenset[str]:
        """The people who have these accounts."""
        return frozenset(person(name, self.situation.desired) for name in accounts)

    def share(self, lost: Set[str]) -> frozenset[str]:
        """The accounts here through which these people lose something."""
        desired = self.situation.desired
        return frozenset(name for name in self.lost_access if person(name, desired) in lost)

    def access_losses(self, lost: Set[str]) -> tuple[Key, ...]:
        """The changes through which these accounts lose what they hold here."""
        around = self.settled.above_all(lost)
        return tuple(
            sorted(
                change.key
                for change in self.taken
                if touched(change.key) in around
                and (change.key.kind != "account" or change.key.path[-1] in lost)
            )
        )
