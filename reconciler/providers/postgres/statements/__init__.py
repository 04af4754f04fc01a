"""Changes as SQL: the fewest statements that write each catalog row once.

Here belongs rendering, and nothing else: no connection, no clock. Many grantees share a GRANT, many
objects share it too, and a new role's memberships come with its CREATE ROLE: a GRANT rewrites the
whole row of its object, so a statement for each fact is quadratic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.changes import Change
from reconciler.providers.postgres.statements.memberships import memberships
from reconciler.providers.postgres.statements.privileges import (
    default_privileges,
    object_privileges,
)
from reconciler.providers.postgres.statements.roles import alterations, creations, drops
from reconciler.providers.postgres.statements.settings import comments, settings
from reconciler.providers.postgres.statements.statement import Rendering, Statement
from reconciler.state import PRINCIPAL_KINDS

__all__ = ["Rendering", "Stages", "Statement", "render"]


@dataclass(frozen=True, slots=True)
class Stages:
    """Statements in the order in which they must run: what gives, what takes, and what drops."""

    giving: tuple[Statement, ...]
    taking: tuple[Statement, ...]
    dropping: tuple[Statement, ...]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All of them, in order."""
        return (*self.giving, *self.taking, *self.dropping)


def render(changes: Sequence[Change], rendering: Rendering) -> Stages:
    """The statements for these changes.

    Giving: roles in the order of their memberships, settings, edges, attributes, comments, grants,
    default privileges. Taking: revokes, settings, edges, attributes that narrow. Dropping: one DROP
    ROLE each, to be run apart.
    """
    by_kind: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        kind = "principal" if change.key.kind in PRINCIPAL_KINDS else change.key.kind
        by_kind[kind].append(change)
    principals = by_kind["principal"]
    created, edges_left = creations(principals, by_kind["membership"], rendering)
    widening, narrowing = alterations(principals)
    grants, revokes = object_privileges(by_kind["privilege"], rendering)
    default_grants, default_revokes = default_privileges(by_kind["default_privilege"])
    edges, lost_edges = memberships(edges_left, rendering)
    set_, reset = settings(by_kind["setting"])
    told = comments(principals)
    return Stages(
        giving=(*created, *set_, *edges, *widening, *told, *grants, *default_grants),
        taking=(*default_revokes, *revokes, *reset, *lost_edges, *narrowing),
        dropping=tuple(drops(principals)),
    )
