"""The rules that hold after every step of a plan: a plan may end well, and lock everybody out on
the way.

Here belongs walking the steps one by one: last administrator, our own access, the fewest holders,
and roles that nobody may hold together. The graph is changed step by step; no state is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from reconciler.changes import Change
from reconciler.holding import EDGE_OPTIONS, Holding
from reconciler.safety.situation import Situation, node_name, people
from reconciler.safety.taking import by_place, losses, of_kinds_that_hold, takes, taking
from reconciler.scope import Apart
from reconciler.state import Key, Node, touched
from reconciler.wording import counted


@dataclass(frozen=True, slots=True)
class Violation:
    """What a rule has against one step of a plan.

    `step` is its index in the changes that were walked; `subject` is what the rule protects; `keys`
    are the changes of the whole plan without which this would not come about.
    """

    step: int
    rule: str
    subject: str
    message: str
    keys: tuple[Key, ...]


class _Watch(Protocol):
    """One rule, told each step after the graph has followed it."""

    def after(self, step: int, change: Change, graph: Holding) -> Iterator[Violation]:
        """What the rule has against this step."""


_Watching = Callable[[Situation, Holding], _Watch]
"""Makes a watch from the graph as it is before the first step."""


def walk(situation: Situation, changes: Sequence[Change]) -> Iterator[Violation]:
    """Make these changes one by one from what was observed, and yield what breaks a rule.

    `changes` are some or all of those of the situation, in their order. A state that breaks a rule
    already may stay as it is; no step may make it worse.
    """
    watching = [*_of_loss(situation, changes), *_of_gain(situation)]
    if taking(changes, situation.capabilities):
        watching.append(_OwnAccess)
    return _walked(situation, changes, watching)


def walk_losses(situation: Situation, changes: Sequence[Change]) -> Iterator[Violation]:
    """What breaks the rules that something that is taken away can break, but for our own access."""
    return _walked(situation, changes, _of_loss(situation, changes))


def walk_gains(situation: Situation, changes: Sequence[Change]) -> Iterator[Violation]:
    """What breaks the rules that something that is given can break."""
    return _walked(situation, changes, _of_gain(situation))


def _of_loss(situation: Situation, changes: Sequence[Change]) -> list[_Watching]:
    """Rules that only what takes something away can break: none, where nothing does."""
    if not any(takes(each, situation.capabilities) for each in of_kinds_that_hold(changes)):
        return []
    result: list[_Watching] = []
    if situation.capabilities.administrator is not None:
        result.append(_LastAdministrator)
    if situation.desired.rules.min_holders:
        result.append(_FewestHolders)
    return result


def _of_gain(situation: Situation) -> list[_Watching]:
    return [_KeptApart] if situation.desired.rules.apart else []


def _walked(
    situation: Situation, changes: Sequence[Change], watching: Sequence[_Watching]
) -> Iterator[Violation]:
    if not watching or not changes:
        return
    graph = situation.graph()
    watches = [make(situation, graph) for make in watching]
    for step, change in enumerate(changes):
        graph.apply(change)
        for watch in watches:
            yield from watch.after(step, change, graph)


class _LastAdministrator:
    """Somebody but us can administer the target after every step, if somebody could before."""

    def __init__(self, situation: Situation, graph: Holding) -> None:
        self._situation = situation
        self._before = graph.administrators() - {situation.account}
        self._now = set(self._before)
        self._rightful = self._before - _raised_by_hand(situation)

    def after(self, step: int, change: Change, graph: Holding) -> Iterator[Violation]:
        """A violation where the last one has just gone."""
        name = change.key.path[-1]
        if change.key.kind != "account" or name == self._situation.account:
            return
        if graph.is_administrator(name):
            self._now.add(name)
        elif name in self._now:
            self._now.remove(name)
            if not self._now and self._rightful:
                target = self._situation.target
                yield Violation(step, "last-administrator", target, self._message(), self._keys())

    def _message(self) -> str:
        number = len(self._before)
        who = people(self._before, self._situation.desired)
        noun = "administrator" if number == 1 else "administrators"
        return (
            f"{number} of {number} {noun} of {self._situation.target} ({who}) would go, which "
            "leaves nobody but the account reconciler uses; keep one, or name another first"
        )

    def _keys(self) -> tuple[Key, ...]:
        situation = self._situation
        graph = situation.graph()
        return tuple(
            change.key
            for change in situation.changes
            if change.key.kind == "account"
            and change.key.path[-1] in self._before
            and graph.loses(change)
        )


def _raised_by_hand(situation: Situation) -> set[str]:
    """The accounts to which the target gave more than was applied: what they got is taken back."""
    return {
        each.key.path[-1]
        for each in situation.drift
        if each.key.kind == "account" and each.class_ == "drift" and each.direction == "widened"
    }


class _FewestHolders:
    """Each role that needs some holders has them after every step, or as many as it had."""

    def __init__(self, situation: Situation, graph: Holding) -> None:
        self._situation = situation
        self._numbers = situation.desired.rules.min_holders
        self._before = {node: frozenset(graph.holders(node)) for node in self._numbers}
        self._now = {node: set(holders) for node, holders in self._before.items()}
        self._lost: dict[Node, set[str]] = {node: set() for node in self._numbers}

    def after(self, step: int, change: Change, graph: Holding) -> Iterator[Violation]:
        """A violation for each role that has just lost somebody and has too few."""
        for node, accounts in sorted(_concerned(change, graph, self._numbers.keys()).items()):
            there = {name for name in accounts if _holds(name, node, graph)}
            now = self._now[node]
            gone = now & (accounts - there)
            now |= there
            now -= gone
            self._lost[node] |= gone & self._before[node]
            if gone and len(now) < min(self._numbers[node], len(self._before[node])):
                yield self._violation(step, node, len(now))

    def _violation(self, step: int, node: Node, left: int) -> Violation:
        situation, lost = self._situation, self._lost[node]
        message = (
            f'"{node_name(node)}" on {situation.target} would have {left} of its '
            f"{len(self._before[node])} holders left ({people(lost, situation.desired)} would go), "
            f"and needs {self._numbers[node]}; name others first"
        )
        placed, start = self._start
        keys = losses(placed, node, lost, start)
        return Violation(step, "min-holders", node_name(node), message, keys)

    @cached_property
    def _start(self) -> tuple[Mapping[Node, Sequence[Change]], Holding]:
        """The changes by place, and the graph before the first step: only a violation needs it."""
        situation = self._situation
        graph = situation.graph()
        return by_place(situation.changes), graph


class _KeptApart:
    """Nobody comes to hold, at any step, roles that nobody may hold together."""

    def __init__(self, situation: Situation, graph: Holding) -> None:
        self._situation = situation
        self._apart = situation.desired.rules.apart
        roles = {role for each in self._apart for role in each.roles}
        self._before = {role: frozenset(graph.holders(role)) for role in roles}

    def after(self, step: int, change: Change, graph: Holding) -> Iterator[Violation]:
        """A violation for each set of roles that this step makes somebody hold together."""
        if not self._may_give(change):
            return
        concerned = _concerned(change, graph, self._before.keys())
        for each in self._apart if concerned else ():
            accounts = {name for role in each.roles for name in concerned.get(role, ())}
            found = {name: self._newly_held(name, each, graph) for name in accounts - each.exempt}
            who = sorted(name for name, roles in found.items() if roles)
            if who:
                roles = sorted({node_name(role) for name in who for role in found[name]})
                yield self._violation(step, change.key, who, roles)

    def _may_give(self, change: Change) -> bool:
        """Whether anybody may hold a role by this change who did not before."""
        if change.after is None or change.key.kind not in ("account", "membership"):
            return False
        if change.action == "create":
            return True
        after = change.after
        if change.key.kind == "membership":
            return any(after.get(name) is True for name in EDGE_OPTIONS)
        disabled = self._situation.capabilities.disabled or {}
        return any(name in after and after[name] != value for name, value in disabled.items())

    def _newly_held(self, name: str, apart: Apart, graph: Holding) -> Set[Node]:
        """Those of the roles that the account holds, if they are several and it did not before."""
        if not graph.may_sign_in(name):
            return frozenset()
        held = apart.roles & graph.above((name,))
        before = {role for role in apart.roles if name in self._before[role]}
        return frozenset() if len(held) < 2 or held <= before else held

    def _violation(
        self, step: int, key: Key, who: Sequence[str], roles: Sequence[str]
    ) -> Violation:
        situation = self._situation
        message = (
            f"{people(who, situation.desired)} would hold {' and '.join(roles)} on "
            f"{situation.target}, which nobody may hold together (policies.never_together), at "
            f"least until the plan is done: by {key}. Take one of them away first, or add an "
            "exemption that ends"
        )
        return Violation(step, "never-together", f"{key} {' '.join(roles)}", message, (key,))


class _OwnAccess:
    """What the account that we use holds stays as it is, and so do its groups and roles."""

    def __init__(self, situation: Situation, graph: Holding) -> None:
        self._situation = situation
        self._own: set[Node] | None = graph.above((situation.account,))

    def after(self, step: int, change: Change, graph: Holding) -> Iterator[Violation]:
        """A violation where the step takes from something that we are in.

        A step never alters whether we are in the thing that it takes from, so it is enough to look
        at the graph afterwards.
        """
        node = touched(change.key)
        if change.key.kind == "membership" and self._own is not None and node in self._own:
            self._own = None  # what is above us changes
        if not takes(change, self._situation.capabilities):
            return
        if self._own is None:
            self._own = graph.above((self._situation.account,))
        if node in self._own:
            yield _from_our_own(self._situation, step, node, (change.key,))


def _from_our_own(situation: Situation, step: int, node: Node, keys: tuple[Key, ...]) -> Violation:
    """What is against taking this from a thing that we are in."""
    account = f'"{situation.account}", the account that reconciler uses'
    is_itself = node == (situation.account,)
    thing = account if is_itself else f'"{node_name(node)}", which holds {account}'
    message = (
        f"{counted(len(keys), 'change')} on {situation.target} would take something from {thing}: "
        "it might no longer be able to go on; have somebody else do that by hand"
    )
    return Violation(step, "own-access", node_name(node), message, keys)


def own_access(situation: Situation) -> Iterator[Violation]:
    """What would be taken from whatever we are in now, or come to be in by this plan.

    This covers every step of every part of the plan: what we may be in is what we are in when
    nothing was taken yet and everything was given. Steps are counted from 0.
    """
    taken = taking(situation.changes, situation.capabilities)
    if not taken:
        return
    graph = situation.graph()
    for change in situation.changes:
        if change.key.kind == "membership" and not graph.loses(change):
            graph.apply(change)
    own = graph.above((situation.account,))
    keys: dict[Node, list[Key]] = {}
    for change in taken:
        if touched(change.key) in own:
            keys.setdefault(touched(change.key), []).append(change.key)
    for node in sorted(keys):
        yield _from_our_own(situation, 0, node, tuple(keys[node]))


def _concerned(change: Change, graph: Holding, watched: Set[Node]) -> Mapping[Node, frozenset[str]]:
    """The watched nodes that a change of a membership or account may alter, with the accounts that
    may come to be in them or leave them by it.
    """
    key = change.key
    if key.kind not in ("account", "membership"):
        return {}
    container = key.path[:-1] if key.kind == "membership" else key.path
    nodes = watched & graph.above(container)
    if not nodes:
        return {}
    below = graph.below(key.path[-1:])
    accounts = frozenset(each[0] for each in below if len(each) == 1)
    return dict.fromkeys(nodes, accounts)


def _holds(name: str, node: Node, graph: Holding) -> bool:
    return graph.may_sign_in(name) and node in graph.above((name,))
