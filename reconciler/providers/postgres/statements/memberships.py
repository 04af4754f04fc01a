"""GRANT and REVOKE of roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from psycopg import sql

from reconciler.changes import Change
from reconciler.providers.postgres.edges import EDGE_OPTIONS_VERSION, Options
from reconciler.providers.postgres.statements.edges import Edge, EdgePlan
from reconciler.providers.postgres.statements.statement import (
    COMMA,
    Rendering,
    Statement,
    quoted,
    quoted_list,
)
from reconciler.state import Key

_EDGE_OPTIONS: Final[Mapping[tuple[str, bool], sql.SQL]] = {
    ("admin", True): sql.SQL("ADMIN TRUE"),
    ("admin", False): sql.SQL("ADMIN FALSE"),
    ("inherit", True): sql.SQL("INHERIT TRUE"),
    ("inherit", False): sql.SQL("INHERIT FALSE"),
    ("set", True): sql.SQL("SET TRUE"),
    ("set", False): sql.SQL("SET FALSE"),
}

_Options = tuple[tuple[str, bool], ...]


def memberships(
    edges: Sequence[Change], rendering: Rendering
) -> tuple[list[Statement], list[Statement]]:
    """The statements that give, and those that take. Members of the same roles with the same
    options share one.
    """
    grants = list(_creations([edge for edge in edges if edge.action == "create"], rendering))
    others = [edge for edge in edges if edge.action != "create"]
    if rendering.version < EDGE_OPTIONS_VERSION or rendering.grantors is None:
        given, taken = _plainly(others, rendering)
    else:
        given, taken = _by_grantor(EdgePlan(others, rendering.grantors))
    return [*grants, *given], taken


def _creations(edges: Iterable[Change], rendering: Rendering) -> Iterator[Statement]:
    by_member: defaultdict[tuple[str, _Options], list[str]] = defaultdict(list)
    for edge in edges:
        by_member[edge.key.path[1], _options(edge)].append(edge.key.path[0])
    shared: defaultdict[tuple[tuple[str, ...], _Options], list[str]] = defaultdict(list)
    for (member, options), containers in by_member.items():
        shared[tuple(sorted(containers)), options].append(member)
    for (roles, options), members in sorted(shared.items()):
        yield _grant(roles, sorted(members), options, rendering.version)


def _options(edge: Change) -> _Options:
    return tuple((name, bool(value)) for name, value in sorted((edge.after or {}).items()))


def _grant(
    roles: Sequence[str], members: Sequence[str], options: _Options, version: int
) -> Statement:
    keys = tuple(Key("membership", (role, member)) for role in roles for member in members)
    query = sql.SQL("GRANT {} TO {}").format(quoted_list(roles), quoted_list(members))
    return Statement(query + _with(options, version), keys, locks=len(roles) + len(members))


def _with(options: _Options, version: int) -> sql.Composable:
    """The WITH clause: every option in full from PostgreSQL 16, ADMIN OPTION or nothing before."""
    if version < EDGE_OPTIONS_VERSION:
        return sql.SQL(" WITH ADMIN OPTION" if ("admin", True) in options else "")
    words = COMMA.join(_EDGE_OPTIONS[option] for option in options)
    return sql.SQL(" WITH {}").format(words) if options else sql.SQL("")


# Where grantors do not count: before PostgreSQL 16 one row is kept of a pair, whoever changes it


def _plainly(
    edges: Sequence[Change], rendering: Rendering
) -> tuple[list[Statement], list[Statement]]:
    given, taken, lost = [], [], defaultdict(list)
    is_old = rendering.version < EDGE_OPTIONS_VERSION
    for edge in edges:
        role, member = edge.key.path
        names = quoted(role), quoted(member)
        options = _options(edge)
        if edge.action == "delete":
            if rendering.grantors is None or edge.key.path in rendering.grantors:
                lost[role].append(member)
        elif is_old and ("admin", False) in options:
            query = sql.SQL("REVOKE ADMIN OPTION FOR {} FROM {}").format(*names)
            taken.append(Statement(query, (edge.key,), locks=2))
        else:
            query = sql.SQL("GRANT {} TO {}").format(*names) + _with(options, rendering.version)
            given.append(Statement(query, (edge.key,), locks=2))
    for role, members in sorted(lost.items()):
        keys = tuple(Key("membership", (role, member)) for member in sorted(members))
        query = sql.SQL("REVOKE {} FROM {}").format(quoted(role), quoted_list(sorted(members)))
        taken.append(Statement(query, keys, locks=1 + len(members)))
    return given, taken


# Where each edge has a grantor


def _by_grantor(plan: EdgePlan) -> tuple[list[Statement], list[Statement]]:
    """By grantor, since what names nobody means our own edge alone."""
    steps = plan.steps
    given = list(_written(dict(sorted(steps.giving.items())), plan))
    again = list(_written(dict(sorted(steps.again.items())), plan))
    return given, [*again, *_written(dict(plan.ordered_taking()), plan)]


def _written(edges: Mapping[Edge, Options | None], plan: EdgePlan) -> Iterator[Statement]:
    """One statement for all members of a role that get the same from the same grantor, in order."""
    shared: defaultdict[tuple[str, str, Options | None], list[Edge]] = defaultdict(list)
    for edge, options in edges.items():
        shared[edge.role, edge.grantor, options].append(edge)
    for (role, grantor, options), together in shared.items():
        keys = {key: None for edge in together for key in plan.steps.keys(edge, plan.changed)}
        members = quoted_list(sorted(edge.member for edge in together))
        if options is None:
            query = sql.SQL("REVOKE {} FROM {}").format(quoted(role), members)
        else:
            words = _with(tuple(options._asdict().items()), EDGE_OPTIONS_VERSION)
            query = sql.SQL("GRANT {} TO {}").format(quoted(role), members) + words
        yield Statement(query + _by(grantor), tuple(keys), locks=1 + len(together))


def _by(grantor: str) -> sql.Composable:
    return sql.SQL(" GRANTED BY {}").format(quoted(grantor)) if grantor else sql.SQL("")
