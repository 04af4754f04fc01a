"""Gives desired records the spelling in which FlowAuth up to 1.17 will read back, or says why not.

No I/O: what is there comes in as the last reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.errors import CannotHoldError
from reconciler.providers.flowauth.legacy.dialect import Dialect
from reconciler.providers.flowauth.legacy.observe import Reading
from reconciler.providers.flowauth.legacy.words import (
    Rights,
    minimal,
    rights_of,
    scope_of,
    with_polls,
    without_query,
    words_of,
)
from reconciler.providers.flowauth.normalize import Fault
from reconciler.providers.flowauth.normalize import normalize as fit_limits
from reconciler.state import Fields, Key, State

_BEFORE: Final = "this FlowAuth, from before 1.18,"


def normalize(
    target: str, dialect: Dialect, desired: State, observed: State, reading: Reading | None
) -> State:
    """Desired with scopes as they will read back, and the limits that new roles take from servers.

    Raises CannotHoldError for all that does not fit.
    """
    faults = [
        *_scope_faults(dialect, desired, observed),
        *_name_faults(desired, observed),
        *(_standing_faults(desired, observed, reading) if reading else ()),
    ]
    fitted = desired
    try:
        fitted = fit_limits(target, _without_scopes(desired), _without_scopes(observed))
    except CannotHoldError as error:
        faults += error.faults
    if faults:
        raise CannotHoldError(target, sorted(set(faults)))
    return State({key: _spelled(key, fields, desired) for key, fields in fitted.records.items()})


def without_lost_roles(desired: State, observed: State, users: frozenset[str]) -> State:
    """Desired without the roles that users' own groups would be, where the user does not hold them.

    A role with a user's name is that user's own group: without the user in it, it is not there.
    Nor is it before the user is, or after: a group of that name would keep the user from being
    created. `users` are the names of all users of the manifest.
    """
    held = {key.path[:2] for key, _ in desired.of_kind("membership")}

    def is_lost(key: Key) -> bool:
        if key.kind != "role":
            return False
        if _is_user(key.path[1], desired, observed):
            return Key("membership", (*key.path, key.path[1])) not in desired
        return key.path[1] in users and key.path not in held

    return State({key: f for key, f in desired.records.items() if not is_lost(key)})


def _is_user(name: str, *states: State) -> bool:
    return any(Key("account", (name,)) in state for state in states)


def _without_scopes(state: State) -> State:
    return State(
        {k: {n: v for n, v in f.items() if n != "scopes"} for k, f in state.records.items()}
    )


def _spelled(key: Key, fitted: Fields, desired: State) -> Fields:
    scopes = _scopes(desired.get(key))
    return fitted if scopes is None else {**fitted, "scopes": words_of(rights_of(scopes))}


def _scopes(fields: Fields | None) -> tuple[str, ...] | None:
    scopes = (fields or {}).get("scopes")
    return scopes if isinstance(scopes, tuple) else None


# Scopes


def _scope_faults(dialect: Dialect, desired: State, observed: State) -> Iterator[Fault]:
    for key, fields in desired.records.items():
        scopes = _scopes(fields)
        if key.kind in ("server", "role") and scopes is not None:
            yield from ((key, text) for text in _word_faults(dialect, scopes))
    for server, roles in sorted(_roles_by_server(desired).items()):
        listed = _listed(Key("server", (server,)), desired, observed)
        offered = with_polls(rights_of(listed))
        for key in roles:
            scopes, held = _scopes(desired.get(key)), _scopes(observed.get(key))
            yield from ((key, text) for text in _beyond(server, scopes, held, offered))
            if scopes is not None and not dialect.tells_inner_queries_apart:
                yield from ((key, text) for text in _parts_of_queries(scopes, listed))


def _roles_by_server(desired: State) -> Mapping[str, list[Key]]:
    found: dict[str, list[Key]] = {}
    for key in desired.records:
        if key.kind == "role":
            found.setdefault(key.path[0], []).append(key)
    return found


def _listed(server: Key, desired: State, observed: State) -> tuple[str, ...]:
    """What a server will offer: what the manifest says, and for the rest what is there."""
    fields = {**(observed.get(server) or {}), **(desired.get(server) or {})}
    return _scopes(fields) or ()


def _word_faults(dialect: Dialect, scopes: tuple[str, ...]) -> Iterator[str]:
    if lone := without_query(scopes):
        text = f"{_BEFORE} gives {' and '.join(lone)} with a query only"
        yield f"{text}: add a scope such as admin3:daily_location:daily_location"
    for scope in filter(None, map(scope_of, scopes)):
        if dialect.tells_inner_queries_apart and scope.inner != scope.query:
            text = f"{_BEFORE} has no {scope}: its {dialect.name} are spelled otherwise"
            example = "run&daily_location.aggregation_unit.admin3"
            yield f"{text}; copy them from FlowAPI, such as {example}"
    if why := dialect.obstacle(rights_of(scopes)):
        yield f"{_BEFORE} cannot hold these scopes: {why}"


def _parts_of_queries(scopes: tuple[str, ...], listed: tuple[str, ...]) -> Iterator[str]:
    """A right on an API route holds for all inner queries that its server has."""
    given = {(s.unit, s.query) for s in filter(None, map(scope_of, scopes))}
    every = [s for s in filter(None, map(scope_of, listed)) if (s.unit, s.query) in given]
    if more := sorted({str(scope) for scope in every} - set(scopes)):
        text = f"{_BEFORE} cannot tell inner queries apart: it would give {', '.join(more)} too"
        yield f"{text}; give all of them or none"


def _beyond(
    server: str, scopes: tuple[str, ...] | None, held: tuple[str, ...] | None, offered: Rights
) -> Iterator[str]:
    """What a role is to have, or keeps, that its server does not offer."""
    if scopes is not None and (missing := _words(rights_of(scopes) - offered)):
        yield f'the server "{server}" does not have the scopes {missing}'
    if scopes is None and (lost := _words(rights_of(held or ()) - offered)):
        text = f'it has the scopes {lost}, which the server "{server}" is to lose'
        yield f"{text}: say which scopes it is to have"


def _words(rights: Rights) -> str:
    return ", ".join(words_of(minimal(rights)))


# Names


def _name_faults(desired: State, observed: State) -> Iterator[Fault]:
    """Groups and users share their names, and a group is the same on all servers."""
    servers_of = _servers_of_groups(observed)
    for key in desired.records:
        is_of_another = key.kind == "membership" and key.path[2] != key.path[1]
        if is_of_another and _is_user(key.path[1], desired, observed):
            text = f'{_BEFORE} has a group "{key.path[1]}" already, that of this user alone'
            yield key, f"{text}: give the role another name"
        if key.kind == "role":
            others = servers_of.get(key.path[1], set()) - {key.path[0]}
            if key in observed and others:
                where = ", ".join(f'"{name}"' for name in sorted(others))
                text = "its group has rights on other servers too, which would change with it"
                yield key, f"{text}: {where}; give the role another name"
        if key.kind == "account" and key not in observed and key.path[0] in servers_of:
            yield key, _taken(key.path[0])


def _servers_of_groups(state: State) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for role, _ in state.of_kind("role"):
        found.setdefault(role.path[1], set()).add(role.path[0])
    return found


def _taken(name: str) -> str:
    text = f'{_BEFORE} gives each user a group of the same name, and there is a group "{name}"'
    return f"{text} already: give one of them another name"


def _standing_faults(desired: State, observed: State, reading: Reading) -> Iterator[Fault]:
    """What no record shows: groups without rights, and keys that new servers would need."""
    idle: Mapping[str, tuple[str, ...]] = reading.idle_groups
    for key in desired.records:
        if key in observed:
            continue
        if key.kind == "account" and key.path[0] in idle:
            yield key, _taken(key.path[0])
        if key.kind == "role" and (members := idle.get(key.path[1])):
            text = f'there is a group "{key.path[1]}" without rights, and {len(members)} in it'
            yield key, f"{text} who would get this role: empty or delete it first"
        if key.kind == "server" and reading.wants_secret_key:
            text = "servers of this FlowAuth have a secret key, which a manifest does not hold"
            yield key, f"{text}: create the server by hand, then plan again"
