"""Who holds what in effect on a target: the graph of accounts, groups and roles, kept up to date
change by change.

Here belongs following memberships up and down. What a role gives and how a plan changes that is
`reconciler.explain`; what must not happen is `reconciler.safety`. Pure, but for the graph itself,
which its owner changes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from typing import Final

from reconciler.changes import Change
from reconciler.scope import Capabilities
from reconciler.state import EMPTY, EXACT_KINDS, INVITED, Fields, Key, Node, State

EDGE_OPTIONS: Final = ("inherit", "set")
"""The options of a membership of which one at least makes it carry something."""

_RIGHTS: Final = ("privilege", "default_privilege")
_NOBODY: Final[frozenset[Node]] = frozenset()


def applied_fields(fields: Fields | None, change: Change) -> Fields | None:
    """The fields of a record after a change of it; None where there is no record then."""
    if change.after is None or fields is None or change.before is None:
        return change.after
    return change.after if change.key.kind in EXACT_KINDS else {**fields, **change.after}


def carries(fields: Fields) -> bool:
    """Whether a membership with these options gives its member what the role holds.

    From PostgreSQL 16 an edge has options, and one with ADMIN alone lets its member grant the role
    without holding it (PostgreSQL docs, GRANT). Elsewhere a membership has no options, and holds.
    """
    inherit, may_set = fields.get("inherit"), fields.get("set")  # asked of each of thousands
    return inherit is True or may_set is True or (inherit is None and may_set is None)


class HalfEdges:
    """The memberships that carry something, and not in every way: without INHERIT, or without SET.

    What a role holds is had by whoever comes to it along memberships with SET first, then along
    those with INHERIT (PostgreSQL docs, "Role Membership"). Graphs are by node: what it is in, or
    what is in it.
    """

    def __init__(self) -> None:
        self._without: dict[str, set[tuple[Node, Node]]] = {name: set() for name in EDGE_OPTIONS}

    def copied(self) -> HalfEdges:
        """The same edges once more."""
        result = HalfEdges()
        result._without = {name: edges.copy() for name, edges in self._without.items()}
        return result

    def note(self, member: Node, container: Node, fields: Fields) -> None:
        """Remember what this membership lacks."""
        for name in EDGE_OPTIONS:
            if fields.get(name) is False:
                self._without[name].add((member, container))

    def forget(self, member: Node, container: Node) -> None:
        """There is no such membership any more."""
        for edges in self._without.values():
            edges.discard((member, container))

    def above(self, start: Iterable[Node], containers: Mapping[Node, Iterable[Node]]) -> set[Node]:
        """These nodes, and everything whose rights one of them has."""
        if not any(self._without.values()):
            return reached(start, containers)
        become = _reached_but(start, containers, self._without["set"])
        return _reached_but(become, containers, self._without["inherit"])

    def below(self, start: Iterable[Node], members: Mapping[Node, Iterable[Node]]) -> set[Node]:
        """These nodes, and everything that has the rights of one of them."""
        if not any(self._without.values()):
            return reached(start, members)
        no_inherit, no_set = (
            {(container, member) for member, container in self._without[name]}
            for name in EDGE_OPTIONS
        )
        inheriting = _reached_but(start, members, no_inherit)
        return _reached_but(inheriting, members, no_set)


class Holding:
    """The memberships of one state that carry something, and the accounts in them.

    Give it changes in order with `apply`, and it is the graph of the state after each of them.
    """

    def __init__(self, state: State, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._accounts: dict[str, Fields] = {}
        self._groups: set[Node] = set()
        self._edges: dict[Key, Fields] = {}
        self._containers: dict[Node, set[Node]] = {}
        self._members: dict[Node, set[Node]] = {}
        self._rights: Counter[Node] = Counter()
        self._half = HalfEdges()
        for key, fields in state.records.items():
            self._put(key, fields)

    def copied(self) -> Holding:
        """The same graph once more, which goes its own way: a fifth of the time of a new one."""
        result = Holding(EMPTY, self.capabilities)
        result._accounts = self._accounts.copy()
        result._groups = self._groups.copy()
        result._edges = self._edges.copy()
        result._containers = {node: above.copy() for node, above in self._containers.items()}
        result._members = {node: inner.copy() for node, inner in self._members.items()}
        result._rights = self._rights.copy()
        result._half = self._half.copied()
        return result

    def apply(self, change: Change) -> None:
        """Make the change, as a target that does as it is told would."""
        key, before = change.key, self._before(change)
        after = applied_fields(before, change)
        if before is not None:
            self._drop(key)
        if after is not None:
            self._put(key, after)

    def loses(self, change: Change) -> bool:
        """Whether by this change of an account or membership, made now, anybody would be in less,
        may no longer sign in, or no longer administer.
        """
        return any(had and not has for had, has in self._effect(change))

    def gains(self, change: Change) -> bool:
        """Whether by this change of an account or membership, made now, anybody would be in more,
        might sign in, or administer, who could not.
        """
        return any(has and not had for had, has in self._effect(change))

    def _effect(self, change: Change) -> tuple[tuple[bool, bool], ...]:
        """Whether an edge carries, or what an account may do, before and after."""
        before = self._before(change)
        after = applied_fields(before, change)
        match change.key.kind:
            case "membership":
                had, has = (fields is not None and carries(fields) for fields in (before, after))
                return ((had, has),)
            case "account":
                return tuple(zip(self._powers(before), self._powers(after), strict=True))
        return ()

    def _powers(self, fields: Fields | None) -> tuple[bool, bool]:
        """Whether an account with these fields may sign in, and may administer."""
        if fields is None or is_disabled(fields, self.capabilities):
            return False, False
        return True, _has_all(fields, self.capabilities.administrator)

    def _before(self, change: Change) -> Fields | None:
        """The fields that a record has now. Of rights and things, only what the change says."""
        match change.key[0]:
            case "account":
                return self._accounts.get(change.key[1][-1])
            case "membership":
                return self._edges.get(change.key)
        return change.before

    def above(self, node: Node) -> set[Node]:
        """The node itself, and every group and role it is in, directly or not."""
        return self._half.above([node], self._containers)

    def above_all(self, names: Iterable[str]) -> set[Node]:
        """The nodes of these accounts, and every group and role that one of them is in."""
        return self._half.above([(name,) for name in names], self._containers)

    def below(self, node: Node) -> set[Node]:
        """The node itself, and everything that is in it, directly or not."""
        return self._half.below([node], self._members)

    def holders(self, node: Node) -> set[str]:
        """The accounts that may sign in and are the node, or in it, directly or not."""
        inner = (each[0] for each in self.below(node) if len(each) == 1)
        return {name for name in inner if self.may_sign_in(name)}

    @property
    def names(self) -> Set[str]:
        """The names of all accounts."""
        return self._accounts.keys()

    def account(self, name: str) -> Fields | None:
        """The fields of an account; None where there is none of this name."""
        return self._accounts.get(name)

    def may_sign_in(self, name: str) -> bool:
        """Whether there is an account of this name that is not disabled."""
        fields = self._accounts.get(name)
        return fields is not None and not is_disabled(fields, self.capabilities)

    def administrators(self) -> set[str]:
        """The accounts that may do everything there, and may sign in."""
        return {name for name in self._accounts if self.is_administrator(name)}

    def is_administrator(self, name: str) -> bool:
        """Whether this account may do everything there, and may sign in."""
        return self._powers(self._accounts.get(name))[1]

    def has_access(self, name: str) -> bool:
        """Whether this account may sign in and holds anything: a role, a right, or power of its
        own. Groups that are in nothing give nothing.
        """
        if not self.may_sign_in(name):
            return False
        return self._has_power(self._accounts[name]) or any(
            self._rights[node] > 0 or (node != (name,) and node not in self._groups)
            for node in self.above((name,))
        )

    def _has_power(self, fields: Fields) -> bool:
        level = fields.get("level")
        if isinstance(level, str) and level not in self.capabilities.levels[:1]:
            return True
        ordinary = {"inherit", *(self.capabilities.disabled or ())}
        return any(value is True and name not in ordinary for name, value in fields.items())

    def _put(self, key: Key, fields: Fields) -> None:
        kind, path = key
        if kind == "membership":
            self._edges[key] = fields
            if carries(fields):
                self._containers.setdefault(path[-1:], set()).add(path[:-1])
                self._members.setdefault(path[:-1], set()).add(path[-1:])
                self._half.note(path[-1:], path[:-1], fields)
        elif kind == "account":
            self._accounts[path[-1]] = fields
        elif kind == "group":
            self._groups.add(path)
        elif kind in _RIGHTS:
            self._rights[path[:1]] += 1

    def _drop(self, key: Key) -> None:
        kind, path = key
        if kind == "membership":
            del self._edges[key]
            self._containers.get(path[-1:], set()).discard(path[:-1])
            self._members.get(path[:-1], set()).discard(path[-1:])
            self._half.forget(path[-1:], path[:-1])
        elif kind == "account":
            del self._accounts[path[-1]]
        elif kind == "group":
            self._groups.discard(path)
        elif kind in _RIGHTS:
            self._rights[path[:1]] -= 1


def is_disabled(fields: Fields, capabilities: Capabilities) -> bool:
    """Whether an account with these fields may not sign in."""
    return INVITED in fields or _has_all(fields, capabilities.disabled)


def _has_all(fields: Fields, some: Fields | None) -> bool:
    if some is None:
        return False
    for name, value in some.items():  # noqa: SIM110 - all() takes twice as long, for every account
        if fields.get(name) != value:
            return False
    return True


def members_of(*states: State) -> dict[Node, list[Node]]:
    """By group and role, what is a member of it in any of these states."""
    result: defaultdict[Node, list[Node]] = defaultdict(list)
    for state in states:
        for key in state.records:
            if key[0] == "membership":
                result[key[1][:-1]].append(key[1][-1:])
    return dict(result)


def reached(start: Iterable[Node], edges: Mapping[Node, Iterable[Node]]) -> set[Node]:
    """Where one comes from these nodes along the edges: to themselves, and on."""
    seen = set(start)
    waiting = list(seen)
    while waiting:
        new = [each for each in edges.get(waiting.pop(), ()) if each not in seen]
        seen.update(new)
        waiting += new
    return seen


def _reached_but(
    start: Iterable[Node], edges: Mapping[Node, Iterable[Node]], but: Set[tuple[Node, Node]]
) -> set[Node]:
    """The same, along all edges but these."""
    seen = set(start)
    waiting = list(seen)
    while waiting:
        here = waiting.pop()
        new = [each for each in edges.get(here, ()) if each not in seen and (here, each) not in but]
        seen.update(new)
        waiting += new
    return seen
