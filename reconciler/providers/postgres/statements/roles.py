"""CREATE ROLE, ALTER ROLE and DROP ROLE."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from psycopg import sql

from reconciler.changes import Change
from reconciler.providers.postgres.statements.statement import (
    Rendering,
    Statement,
    quoted,
    quoted_list,
)
from reconciler.state import Fields, Value

_SWITCHES: Final[Mapping[str, tuple[str, str]]] = {
    "login": ("LOGIN", "NOLOGIN"),
    "inherit": ("INHERIT", "NOINHERIT"),
    "superuser": ("SUPERUSER", "NOSUPERUSER"),
    "createdb": ("CREATEDB", "NOCREATEDB"),
    "createrole": ("CREATEROLE", "NOCREATEROLE"),
    "replication": ("REPLICATION", "NOREPLICATION"),
    "bypassrls": ("BYPASSRLS", "NOBYPASSRLS"),
}
_CREATE_ROLE: Final = sql.SQL("CREATE ROLE")
_ALWAYS_SAID: Final = ("login", "inherit")
_DEFAULTS: Final[Fields] = {**dict.fromkeys(_SWITCHES, False), "inherit": True}
"""What CREATE ROLE gives without being told (PostgreSQL docs, "CREATE ROLE")."""


def creations(
    principals: Sequence[Change], edges: Sequence[Change], rendering: Rendering
) -> tuple[list[Statement], list[Change]]:
    """CREATE ROLE for each new role, with what it can be born a member of; and the edges left."""
    new = {change.key.path[-1]: change for change in principals if change.action == "create"}
    containers: defaultdict[str, list[Change]] = defaultdict(list)
    left: list[Change] = []
    for edge in edges:
        member = edge.key.path[-1]
        if edge.action == "create" and member in new and _is_plain(edge):
            containers[member].append(edge)
        else:
            left.append(edge)
    result = []
    for name in _containers_first(new, containers):
        own = sorted(containers.get(name, ()), key=lambda edge: edge.key)
        result.append(_create(new[name], own, rendering))
    return result, left


def _is_plain(edge: Change) -> bool:
    """Whether IN ROLE gives just this edge: inherited and settable, without admin."""
    fields = edge.after or {}
    return not fields.get("admin") and bool(fields.get("inherit", True) and fields.get("set", True))


def _containers_first(
    new: Mapping[str, Change], containers: Mapping[str, Sequence[Change]]
) -> Iterator[str]:
    """The new roles, each after the new roles it is a member of. Without recursion: for chains."""
    done: set[str] = set()
    for start in sorted(new, key=lambda name: new[name].key):
        waiting = [start]
        while waiting:
            name = waiting[-1]
            above = (edge.key.path[0] for edge in containers.get(name, ()))
            missing = [each for each in above if each in new and each not in done]
            if missing and name not in done:
                waiting += missing
                continue
            waiting.pop()
            if name not in done:
                done.add(name)
                yield name


def _create(change: Change, edges: Sequence[Change], rendering: Rendering) -> Statement:
    name = change.key.path[-1]
    fields = change.after or {}
    words: list[sql.Composable] = [_CREATE_ROLE, quoted(name), _attributes(tuple(fields.items()))]
    if name in rendering.verifiers:
        verifier, expires = rendering.verifiers[name]
        words += _password_words(verifier, "" if "valid_until" in fields else expires)
    if edges:
        words += [sql.SQL("IN ROLE"), quoted_list(edge.key.path[0] for edge in edges)]
    keys = (change.key, *(edge.key for edge in edges))
    return Statement(sql.SQL(" ").join(words), keys, locks=2 + len(edges))


@lru_cache(maxsize=1024)
def _attributes(fields: tuple[tuple[str, Value], ...]) -> sql.Composed:
    """The clauses of CREATE ROLE, made once: thousands of new roles have the same attributes."""
    return sql.SQL(" ").join(_attribute_words({**_DEFAULTS, **dict(fields)}, _DEFAULTS))


def _password_words(verifier: str, expires: str) -> list[sql.Composable]:
    """The clauses for a password, with the end that comes with it unless that is empty."""
    words: list[sql.Composable] = [sql.SQL("PASSWORD"), sql.Literal(verifier)]
    return [*words, sql.SQL("VALID UNTIL"), sql.Literal(expires)] if expires else words


def _attribute_words(fields: Fields, present: Fields) -> Iterator[sql.Composable]:
    """The clauses of CREATE or ALTER ROLE for the fields; LOGIN and INHERIT are said in full."""
    for name in sorted(fields, key=lambda name: (name != "login", name != "inherit", name)):
        value = fields[name]
        if name in _SWITCHES:
            if name in _ALWAYS_SAID or value != present.get(name):
                yield sql.SQL(_SWITCHES[name][0 if value else 1])
        elif name == "connection_limit":
            yield sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(value))
        elif name == "valid_until":
            yield sql.SQL("VALID UNTIL {}").format(sql.Literal(value))


def alterations(
    principals: Sequence[Change], rendering: Rendering
) -> tuple[list[Statement], list[Statement]]:
    """ALTER ROLE for each changed role: those that give or change something, those that take."""
    widening: list[Statement] = []
    narrowing: list[Statement] = []
    for change in principals:
        if change.action == "update":
            after = {name: v for name, v in (change.after or {}).items() if name != "comment"}
            if not after:
                continue
            name = change.key.path[-1]
            words = [sql.SQL("ALTER ROLE"), quoted(name), *_attribute_words(after, {})]
            if name in rendering.verifiers:
                words += _password_words(*rendering.verifiers[name])
            only_takes = all(value is False for value in after.values())
            statement = Statement(sql.SQL(" ").join(words), (change.key,))
            (narrowing if only_takes else widening).append(statement)
    return widening, narrowing


def drops(principals: Sequence[Change]) -> Iterator[Statement]:
    """DROP ROLE for each role that goes. One that is gone already is no failure."""
    for change in principals:
        if change.action == "delete":
            query = sql.SQL("DROP ROLE IF EXISTS {}").format(quoted(change.key.path[-1]))
            yield Statement(query, (change.key,), heir=change.heir)


def disabling(account: str) -> sql.Composed:
    """What keeps an account from signing in, before its sessions are ended and it is dropped."""
    return sql.SQL("ALTER ROLE {} NOLOGIN").format(quoted(account))
