"""Writes servers: their scopes and the limits of their tokens.

FlowAuth takes a server's scopes as one complete set, and a scope that is not in it vanishes from
every role, so a server changes in two steps: `widen` before its roles, `narrow` after them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from reconciler.changes import Change
from reconciler.errors import WriteError
from reconciler.providers.flowauth import api
from reconciler.providers.flowauth.directory import Directory
from reconciler.providers.flowauth.times import to_flowauth
from reconciler.providers.settling import settle
from reconciler.state import Fields, Value


@dataclass(frozen=True, slots=True)
class _Limits:
    """The limits of a server's tokens; `expiry` as FlowAuth spells it, None where there is none."""

    expiry: str | None
    life_minutes: int


def create(ids: Directory, change: Change) -> None:
    """Create a server, then its scopes."""
    name, fields = change.key.path[0], change.after or {}
    if ids.server(name) is not None:
        raise WriteError(ids.target, f'there is a server "{name}" already; plan again')
    expiry, life = to_flowauth(str(fields["token_expires"])), _minutes(fields["token_life_minutes"])
    limits = _Limits(expiry, life)
    settle(
        ids.target,
        f'server "{name}"',
        lambda: api.create_server(ids.client, name, expiry=expiry, life_minutes=life),
        lambda: _limits_of(ids.server(name)) == limits,
    )
    scopes = fields.get("scopes")
    if isinstance(scopes, tuple):
        _write_scopes(ids, name, frozenset(scopes))


def widen(ids: Directory, change: Change) -> bool:
    """Give a server what it gains. False where it is to lose something too, by `narrow`."""
    name, fields = change.key.path[0], change.after or {}
    row = ids.need_server(name)
    wanted = _wanted(row, fields)
    wider = _Limits(
        _later(row.latest_token_expiry, wanted.expiry),
        max(row.longest_token_life_minutes, wanted.life_minutes),
    )
    _write_limits(ids, row, wider)
    scopes = fields.get("scopes")
    if not isinstance(scopes, tuple):
        return wider == wanted
    there = _scopes_of(ids, name)
    _write_scopes(ids, name, there.union(scopes))
    return wider == wanted and there.issubset(scopes)


def narrow(ids: Directory, change: Change) -> None:
    """Take from a server what it is to lose. Raises WriteError where a role still has it."""
    name, fields = change.key.path[0], change.after or {}
    scopes = fields.get("scopes")
    if isinstance(scopes, tuple):
        _refuse_scopes_in_use(ids, name, scopes)
        _write_scopes(ids, name, frozenset(scopes))
    row = ids.need_server(name)
    _write_limits(ids, row, _wanted(row, fields))


def delete(ids: Directory, change: Change) -> None:
    """Delete a server with its scopes, roles and tokens; it may be gone already."""
    name = change.key.path[0]
    row = ids.server(name)
    if row is not None:
        settle(
            ids.target,
            f'server "{name}"',
            lambda: api.delete_server(ids.client, row.id),
            lambda: ids.server(name) is None,
        )


# Limits


def _minutes(value: Value) -> int:
    assert isinstance(value, int)
    return value


def _later(expiry: str | None, other: str | None) -> str | None:
    return None if expiry is None or other is None else max(expiry, other)


def _wanted(row: api.ServerRow, fields: Fields) -> _Limits:
    """The limits of the fields, and where they name none, those that are there."""
    expires, life = fields.get("token_expires"), fields.get("token_life_minutes")
    return _Limits(
        row.latest_token_expiry if expires is None else to_flowauth(str(expires)),
        row.longest_token_life_minutes if life is None else _minutes(life),
    )


def _limits_of(row: api.ServerRow | None) -> _Limits | None:
    if row is None:
        return None
    return _Limits(row.latest_token_expiry, row.longest_token_life_minutes)


def _write_limits(ids: Directory, row: api.ServerRow, limits: _Limits) -> None:
    if _limits_of(row) == limits:
        return
    settle(
        ids.target,
        f'server "{row.name}"',
        lambda: api.set_server_limits(
            ids.client,
            row.id,
            name=row.name,
            expiry=limits.expiry,
            life_minutes=limits.life_minutes,
        ),
        lambda: _limits_of(ids.server(row.name)) == limits,
    )


# Scopes


def _scopes_of(ids: Directory, server: str) -> frozenset[str]:
    number = ids.need_server(server).id
    return frozenset(row.name for row in api.list_scopes(ids.client, number))


def _write_scopes(ids: Directory, server: str, scopes: frozenset[str]) -> None:
    if _scopes_of(ids, server) == scopes:
        return
    number = ids.need_server(server).id
    settle(
        ids.target,
        f'the list of scopes of the server "{server}"',
        lambda: api.set_scopes(ids.client, number, sorted(scopes)),
        lambda: _scopes_of(ids, server) == scopes,
    )


def _refuse_scopes_in_use(ids: Directory, server: str, kept: Collection[str]) -> None:
    """No role loses a scope in silence: one that we did not narrow is not ours, or failed."""
    uses = list(_uses(ids, server, kept))
    if uses:
        text = f'the server "{server}" keeps the scopes that it is to lose: {"; ".join(uses)}'
        hint = "take them from these roles first, or delete the roles"
        raise WriteError(ids.target, f"{text}; {hint}")


def _uses(ids: Directory, server: str, kept: Collection[str]) -> Iterator[str]:
    number = ids.need_server(server).id
    lost = {row.id: row.name for row in api.list_scopes(ids.client, number) if row.name not in kept}
    for role in sorted(api.list_roles(ids.client), key=lambda row: row.name):
        names = sorted(lost[scope] for scope in role.scopes if scope in lost)
        if names:
            yield f'the role "{role.name}" has {", ".join(names)}'
