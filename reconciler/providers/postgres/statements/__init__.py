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
from reconciler.providers.postgres.entering import Entering
from reconciler.providers.postgres.public import as_right
from reconciler.providers.postgres.statements.memberships import memberships
from reconciler.providers.postgres.statements.ownership import owning
from reconciler.providers.postgres.statements.policies import row_security
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

    Giving: roles in the order of their memberships, settings, edges, attributes, comments, schemas,
    owners, grants, default privileges, row-level security. Taking: row-level security, revokes,
    settings, edges, attributes that narrow. Dropping: one DROP ROLE each, to be run apart.
    """
    by_kind: defaultdict[str, list[Change]] = defaultdict(list)
    for change in changes:
        kind = "principal" if change.key.kind in PRINCIPAL_KINDS else change.key.kind
        by_kind[kind].append(change)
    principals = by_kind["principal"]
    created, edges_left = creations(principals, by_kind["membership"], rendering)
    widening, narrowing = alterations(principals, rendering)
    rights = [*by_kind["privilege"], *map(as_right, by_kind["public_privilege"])]
    entering = Entering(rendering.version, rendering.catalogs, changes)
    grants, revokes = object_privileges(rights, rendering, entering)
    defaults = [*by_kind["default_privilege"], *map(as_right, by_kind["public_default"])]
    default_grants, default_revokes = default_privileges(defaults)
    edges, lost_edges = memberships(edges_left, rendering)
    set_, reset = settings(by_kind["setting"])
    owners = owning(by_kind["schema"], by_kind["ownership"])
    rows = [*by_kind["policy"], *by_kind["row_security"]]
    row_rules, lost_row_rules = row_security(rows, rendering.policies)
    told = comments(principals)
    return Stages(
        giving=(
            *(*created, *set_, *edges, *widening, *told, *owners.around(grants), *default_grants),
            *row_rules,
        ),
        taking=(*lost_row_rules, *default_revokes, *revokes, *reset, *lost_edges, *narrowing),
        dropping=tuple(drops(principals)),
    )
