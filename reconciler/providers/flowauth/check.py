"""What FlowAuth cannot hold, found in the manifest before anything is read.

FlowAuth answers most bad input with status 500, which says nothing: so everything is checked here.
Source: FlowAuth 1.18 to 1.34, models and admin routes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from reconciler.scope import Desired
from reconciler.source import Problem
from reconciler.state import Fields, Key, Record

MAX_NAME: Final = 75
"""Longer names are stored by FlowAuth on sqlite and are status 500 on PostgreSQL."""

MAX_SCOPE: Final = 512


def check(desired: Desired) -> tuple[Problem, ...]:
    """Every name, scope and limit that FlowAuth refuses or mistakes, with its line."""
    problems = [
        *_names(desired),
        *_case_twins(desired),
        *_shared_role_names(desired),
        *_scopes(desired),
        *_limits(desired),
    ]
    return tuple(sorted(problems, key=str))


def _records(desired: Desired, *kinds: str) -> Iterator[Record]:
    return (record for record in desired.state if record.key.kind in kinds)


def _names(desired: Desired) -> Iterator[Problem]:
    for key, _ in _records(desired, "account", "role", "server"):
        name = key.path[-1]
        what = f"the {key.kind} name {_quoted(name)}"
        if len(name) > MAX_NAME:
            message = f"{what} has {len(name)} characters; FlowAuth holds {MAX_NAME}"
            yield desired.problem(key, message, "choose a shorter name")
        if name != name.strip() or not name:
            message = f"{what} is empty or has a blank at an end"
            yield desired.problem(key, message, "FlowAuth would keep it as it is: correct it")


def _case_twins(desired: Desired) -> Iterator[Problem]:
    """Names that differ only in case are two things to FlowAuth and one to people."""
    seen: dict[tuple[str, ...], Key] = {}
    for key, _ in _records(desired, "account", "role", "server"):
        folded = (key.kind, *(part.casefold() for part in key.path))
        other = seen.setdefault(folded, key)
        if other is not key:
            names = f"{_quoted(key.path[-1])} and {_quoted(other.path[-1])}"
            yield desired.problem(key, f"the names {names} differ only in case", "rename one")


def _shared_role_names(desired: Desired) -> Iterator[Problem]:
    """A name on two servers: FlowAuth mints tokens by role name alone, with the wrong scopes."""
    servers: defaultdict[str, list[Key]] = defaultdict(list)
    for key, _ in _records(desired, "role"):
        servers[key.path[-1]].append(key)
    for name, keys in sorted(servers.items()):
        for key in keys[1:]:
            where = " and ".join(_quoted(each.path[0]) for each in keys)
            message = f"the role name {_quoted(name)} is on the servers {where}"
            hint = "FlowAuth would mix them up in a token: give each its own with name:"
            yield desired.problem(key, message, hint)


def _scopes(desired: Desired) -> Iterator[Problem]:
    for key, fields in _records(desired, "role", "server"):
        scopes = fields.get("scopes") or ()
        assert isinstance(scopes, tuple)
        for scope in scopes:
            if not scope or scope != scope.strip() or len(scope) > MAX_SCOPE:
                hint = f"1 to {MAX_SCOPE} characters, no blank at an end"
                yield desired.problem(key, f"{_quoted(scope)} is not a scope", hint)
        offered = _server_of(desired, key).get("scopes") if key.kind == "role" else None
        if isinstance(offered, tuple) and (missing := sorted(set(scopes) - set(offered))):
            names = ", ".join(missing)
            message = f"the server {_quoted(key.path[0])} does not have the scopes {names}"
            yield desired.problem(key, message, "add them to the server, or take them out here")


def _limits(desired: Desired) -> Iterator[Problem]:
    """A role may not outlive its server's limits: FlowAuth refuses it."""
    for key, fields in _records(desired, "role"):
        server = _server_of(desired, key)
        of_server = f"its server {_quoted(key.path[0])}"
        own, limit = fields.get("token_expires"), server.get("token_expires")
        if isinstance(own, str) and isinstance(limit, str) and own > limit:
            message = f"its tokens would expire at {own}, later than those of {of_server}: {limit}"
            yield desired.problem(key, message, "lower token_expires")
        life, longest = fields.get("token_life_minutes"), server.get("token_life_minutes")
        if isinstance(life, int) and isinstance(longest, int) and life > longest:
            message = f"its tokens would live {life} minutes, those of {of_server} live {longest}"
            yield desired.problem(key, message, "lower token_life")


def _server_of(desired: Desired, role: Key) -> Fields:
    return desired.state.get(Key("server", role.path[:1])) or {}


def _quoted(name: str) -> str:
    return f'"{name[:MAX_NAME]}..."' if len(name) > MAX_NAME else f'"{name}"'
