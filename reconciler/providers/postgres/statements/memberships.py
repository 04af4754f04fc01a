"""GRANT and REVOKE of roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from psycopg import sql

from reconciler.changes import Change
from reconciler.providers.postgres.observe import EDGE_OPTIONS_VERSION
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
_UNNAMED: Final = ("",)

_Options = tuple[tuple[str, bool], ...]


def memberships(
    edges: Sequence[Change], rendering: Rendering
) -> tuple[list[Statement], list[Statement]]:
    """The GRANTs, and the REVOKEs. Members of the same roles with the same options share one."""
    by_member: defaultdict[tuple[str, _Options], list[str]] = defaultdict(list)
    for edge in edges:
        if edge.action == "create":
            by_member[edge.key.path[1], _options(edge)].append(edge.key.path[0])
    shared: defaultdict[tuple[tuple[str, ...], _Options], list[str]] = defaultdict(list)
    for (member, options), roles in by_member.items():
        shared[tuple(sorted(roles)), options].append(member)
    grants = [
        _grant(roles, sorted(members), options, rendering.version)
        for (roles, options), members in sorted(shared.items())
    ]
    for edge in edges:
        if edge.action == "update":
            grants += _alter(edge, rendering)
    return grants, list(_revokes([e for e in edges if e.action == "delete"], rendering))


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


def _grantors(edge: Change, rendering: Rendering) -> tuple[str, ...]:
    """Who granted an edge, where a statement must name them; none where the edge is surely gone.

    PostgreSQL 14 and 15 keep one row a pair, whoever revokes it.
    """
    if rendering.grantors is None:
        return _UNNAMED
    role, member = edge.key.path
    found = rendering.grantors.get((role, member), ())
    return found if rendering.version >= EDGE_OPTIONS_VERSION or not found else _UNNAMED


def _by(grantor: str) -> sql.Composable:
    return sql.SQL(" GRANTED BY {}").format(quoted(grantor)) if grantor else sql.SQL("")


def _alter(edge: Change, rendering: Rendering) -> Iterator[Statement]:
    """Options changed in place, in the row of each grantor: revoking first would leave a gap."""
    role, member = edge.key.path
    options = _options(edge)
    if rendering.version < EDGE_OPTIONS_VERSION and ("admin", False) in options:
        query = sql.SQL("REVOKE ADMIN OPTION FOR {} FROM {}").format(quoted(role), quoted(member))
        yield Statement(query, (edge.key,), locks=2)
        return
    query = sql.SQL("GRANT {} TO {}").format(quoted(role), quoted(member))
    query += _with(options, rendering.version)
    for grantor in _grantors(edge, rendering) or _UNNAMED:
        yield Statement(query + _by(grantor), (edge.key,), locks=2)


def _revokes(lost: Sequence[Change], rendering: Rendering) -> Iterator[Statement]:
    """REVOKE by grantor: from PostgreSQL 16 one that names nobody takes its own grants alone."""
    by_grantor: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for edge in lost:
        role, member = edge.key.path
        for grantor in _grantors(edge, rendering):
            by_grantor[role, grantor].append(member)
    for (role, grantor), members in sorted(by_grantor.items()):
        keys = tuple(Key("membership", (role, member)) for member in sorted(members))
        query = sql.SQL("REVOKE {} FROM {}").format(quoted(role), quoted_list(sorted(members)))
        yield Statement(query + _by(grantor), keys, locks=1 + len(members))
