"""Gives desired records the spelling in which they will be read back, and what new ones need.

No I/O: what is there comes in as the observed State.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.errors import CannotHoldError
from reconciler.providers.flowauth.times import is_later
from reconciler.state import Fields, Key, State

_LIMITS: Final = {"token_expires": "token_expires", "token_life_minutes": "token_life"}
"""The fields that FlowAuth demands of a new server or role, and their words in the manifest."""

Fault = tuple[Key, str]


def normalize(target: str, desired: State, observed: State) -> State:
    """Desired with the limits that new roles take from their server.

    Raises CannotHoldError for all that does not fit what is there.
    """
    faults: list[Fault] = []
    records: dict[Key, Fields] = {}
    for key, fields in desired.records.items():
        records[key] = fields
        if key.kind == "server" and key not in observed:
            faults += _missing_limits(key, fields)
        if key.kind == "role":
            server = _server_of(key, desired, observed)
            records[key] = _role(key, fields, server, observed)
            faults += _scope_faults(key, records[key], server, observed)
            faults += _limit_faults(key, records[key], server)
            faults += _same_name_elsewhere(key, observed)
    if faults:
        raise CannotHoldError(target, sorted(set(faults)))
    return State(records)


def _server_of(role: Key, desired: State, observed: State) -> Fields:
    """A role's server as it will be: what the manifest says, and for the rest what is there."""
    key = Key("server", role.path[:1])
    return {**(observed.get(key) or {}), **(desired.get(key) or {})}


def _role(key: Key, fields: Fields, server: Fields, observed: State) -> Fields:
    if key in observed:
        return fields
    missing = {name: server[name] for name in _LIMITS if name not in fields and name in server}
    return {"scopes": (), **missing, **fields}


def _missing_limits(key: Key, fields: Fields) -> Iterator[Fault]:
    for name, word in _LIMITS.items():
        if name not in fields:
            text = f"FlowAuth creates no server without {word}"
            yield key, f'{text}: add it to the server "{key.path[0]}"'


def _scope_faults(key: Key, fields: Fields, server: Fields, observed: State) -> Iterator[Fault]:
    offered = server.get("scopes") or ()
    scopes = fields.get("scopes")
    assert isinstance(offered, tuple)
    if isinstance(scopes, tuple):
        if missing := sorted(set(scopes) - set(offered)):
            text = f'the server "{key.path[0]}" does not have the scopes {", ".join(missing)}'
            yield key, text
        return
    held = (observed.get(key) or {}).get("scopes")
    if isinstance(held, tuple) and (lost := sorted(set(held) - set(offered))):
        text = f'it has the scopes {", ".join(lost)}, which the server "{key.path[0]}" is to lose'
        yield key, f"{text}: say which scopes it is to have"


def _limit_faults(key: Key, fields: Fields, server: Fields) -> Iterator[Fault]:
    """FlowAuth refuses a role that outlives its server's limits."""
    for name, word in _LIMITS.items():
        own, limit = fields.get(name), server.get(name)
        if isinstance(own, str) and isinstance(limit, str) and is_later(own, limit):
            yield key, f"its {word} {own} is later than its server's, {limit}"
        if isinstance(own, int) and isinstance(limit, int) and own > limit:
            yield key, f"its {word} of {own} minutes is longer than its server's, {limit}"


def _same_name_elsewhere(key: Key, observed: State) -> Iterator[Fault]:
    """A new role does not take the name of one on another server.

    FlowAuth looks roles up by name alone when it makes a token: it would have the other's scopes.
    """
    if key in observed:
        return
    for other, _ in observed.of_kind("role"):
        if other.path[1] == key.path[1]:
            text = f'the server "{other.path[0]}" has a role "{key.path[1]}" already'
            yield key, f"{text}, and FlowAuth would mix the two up: give one another name"
