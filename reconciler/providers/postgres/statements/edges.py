"""What becomes of each edge by its grantor, from PostgreSQL 16 on, and in which order.

Here belongs the decision; the statements are `memberships`. Options are changed in place, in the
edge that has them. Who loses ADMIN may have used it: what they granted to others ends with it
(PostgreSQL docs, "REVOKE"), or is left without a grantor who may grant. So it is granted in our
name first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from reconciler.changes import Change
from reconciler.providers.postgres.edges import Grantors, Options, joined
from reconciler.state import Key

Pair = tuple[str, str]
"""The role and its member."""


class Edge(NamedTuple):
    """One edge. Without a grantor: the one that a statement in our own name means."""

    role: str
    member: str
    grantor: str = ""

    @property
    def pair(self) -> Pair:
        """The role and its member."""
        return self.role, self.member


@dataclass(slots=True)
class Steps:
    """What is done to edges: options in full, None where an edge is revoked.

    `again` is granted before anything is taken: to whom others granted, who lose the right to.
    `caused_by` are for edges that no change is about the members who granted them.
    """

    giving: dict[Edge, Options] = field(default_factory=dict)
    again: dict[Edge, Options] = field(default_factory=dict)
    taking: dict[Edge, Options | None] = field(default_factory=dict)
    caused_by: dict[Pair, set[Pair]] = field(default_factory=dict)

    def keys(self, edge: Edge, changed: Mapping[Pair, Change]) -> tuple[Key, ...]:
        """The records that writing this edge is about."""
        own = [edge.pair] if edge.pair in changed else []
        pairs = own + sorted(self.caused_by.get(edge.pair, ()))
        return tuple(Key("membership", pair) for pair in pairs)


class EdgePlan:
    """Turns updates and deletes of memberships into steps, by the edges that are there."""

    def __init__(self, changes: Sequence[Change], grantors: Grantors) -> None:
        self.changed = {(c.key.path[0], c.key.path[1]): c for c in changes}
        self._grantors = grantors
        self._final: dict[Pair, Options] = {}
        self._replaced: set[Edge] = set()
        self.steps = Steps()
        for pair, change in self.changed.items():
            if change.action == "delete":
                self.steps.taking.update((Edge(*pair, each), None) for each in self._edges(pair))
            else:
                self._update(pair, change)
        self._keep_what_was_granted()

    def _edges(self, pair: Pair) -> Mapping[str, Options]:
        return self._grantors.get(pair, {})

    # One membership

    def _update(self, pair: Pair, change: Change) -> None:
        """Options are given in our own name, and taken from each edge that has them.

        A single edge is given and loses them in one statement. One that would give nothing any more
        is revoked, unless it is all there is.
        """
        edges, after = self._edges(pair), change.after or {}
        taken = [name for name, value in after.items() if not value]
        switched = {name: bool(value) for name, value in after.items()}
        final = self._final[pair] = joined(edges.values())._replace(**switched)
        if not taken or not edges:
            self.steps.giving[Edge(*pair)] = final
            return
        is_given = len(taken) < len(after)
        main = next(iter(edges)) if is_given or len(edges) == 1 or not any(final) else ""
        for grantor, options in edges.items():
            left = final if grantor == main else options.less(taken)
            if left != options:
                is_kept = any(left) or grantor == main
                self.steps.taking[Edge(*pair, grantor)] = left if is_kept else None
        if is_given:
            self._move_to_giving(Edge(*pair, main))

    def _move_to_giving(self, edge: Edge) -> None:
        """What gives and takes in one statement comes with what gives, if nothing hangs on it."""
        hangs = self._is_needed(edge.pair) or self._is_needed((edge.role, edge.grantor))
        if not hangs and (options := self.steps.taking.get(edge)):
            self.steps.giving[edge] = options
            del self.steps.taking[edge]

    # What members granted

    @cached_property
    def _granted(self) -> Mapping[Pair, Sequence[str]]:
        """By role and grantor: to whom they granted it."""
        found: defaultdict[Pair, list[str]] = defaultdict(list)
        for (role, member), edges in self._grantors.items():
            for grantor in edges:
                if (role, grantor) in self._grantors:
                    found[role, grantor].append(member)
        return dict(found)

    def _is_needed(self, pair: Pair) -> bool:
        """Whether the member granted the role to others, and has no ADMIN on it any more."""
        edges = self._edges(pair)
        return pair in self._granted and not any(
            left is not None and left.admin
            for left in (
                self.steps.taking.get(Edge(*pair, grantor), options)
                for grantor, options in edges.items()
            )
        )

    def _keep_what_was_granted(self) -> None:
        """Grant in our name what those granted who lose the right to, then revoke theirs.

        So are edges whose grantor lost it before: nothing can be changed in that name any more.
        """
        losing = {edge.pair for edge in self.steps.taking}
        losing |= {(e.role, e.grantor) for e, left in self.steps.taking.items() if left}
        for pair in sorted(each for each in losing if self._is_needed(each)):
            for member in self._granted[pair]:
                self._grant_again(Edge(pair[0], member, pair[1]), pair)
        for edge in self.steps.taking:
            again = self.steps.again.get(Edge(*edge.pair))
            if again is not None and edge not in self._replaced:
                self.steps.taking[edge] = again  # it may be the one that was just granted

    def _grant_again(self, edge: Edge, grantor: Pair) -> None:
        change = self.changed.get(edge.pair)
        if change is not None and change.action == "delete":
            return  # it goes anyway, and before the grantor's own
        own = Edge(*edge.pair)
        if own not in self.steps.giving:
            final = self._final.get(edge.pair)
            self.steps.again[own] = final or joined(self._edges(edge.pair).values())
        self.steps.taking[edge] = None
        self._replaced.add(edge)
        self.steps.caused_by.setdefault(edge.pair, set()).add(grantor)

    # Order

    def ordered_taking(self) -> list[tuple[Edge, Options | None]]:
        """What is taken, in the order in which it must be."""
        edges = self.steps.taking.items()
        return sorted(
            edges, key=lambda each: (-self._depth(each[0].role, each[0].grantor), each[0])
        )

    def _depth(self, role: str, grantor: str, below: frozenset[str] = frozenset()) -> int:
        """How many grants lie at most between a grantor and one who holds the role in no way.

        What a member granted has to go before what the member has.
        """
        above = [each for each in self._edges((role, grantor)) if each not in below]
        below |= {grantor}
        return 1 + max(self._depth(role, each, below) for each in above) if above else 0
