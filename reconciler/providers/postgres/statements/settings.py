"""ALTER ROLE ... SET and RESET, and COMMENT ON ROLE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import sql

from reconciler.changes import Change
from reconciler.providers.postgres.parameters import QUOTED_LISTS, elements, is_name
from reconciler.providers.postgres.statements.statement import COMMA, Statement, quoted

_LOCKS = 2
"""A statement locks the role and, where it names one, the database."""


def settings(changes: Sequence[Change]) -> tuple[list[Statement], list[Statement]]:
    """What sets, and what resets. ValueError for what is no parameter or no list."""
    given = [_set(each) for each in changes if each.action != "delete"]
    taken = [_statement(each, _reset(each)) for each in changes if each.action == "delete"]
    return given, taken


def _set(change: Change) -> Statement:
    parameter = change.key.path[2]
    value = str((change.after or {})["value"])
    clause = sql.SQL("SET {} TO {}").format(_name(parameter), _value(parameter, value))
    return _statement(change, clause)


def _reset(change: Change) -> sql.Composed:
    return sql.SQL("RESET {}").format(_name(change.key.path[2]))


def _statement(change: Change, clause: sql.Composed) -> Statement:
    role, database, _ = change.key.path
    words = sql.SQL("ALTER ROLE {} ").format(quoted(role))
    if database:
        words += sql.SQL("IN DATABASE {} ").format(quoted(database))
    return Statement(words + clause, (change.key,), locks=_LOCKS)


def _name(parameter: str) -> sql.Composable:
    """The quoted name; a dot in it is between two names."""
    if not is_name(parameter):
        raise ValueError(f"not the name of a parameter: {parameter!r}")
    return sql.Identifier(*parameter.split("."))


def _value(parameter: str, value: str) -> sql.Composable:
    """The value. Each element of a list is a literal: all in one would be a single element."""
    if parameter not in QUOTED_LISTS:
        return sql.Literal(value)
    return COMMA.join(sql.Literal(each) for each in elements(parameter, value))


def comments(principals: Sequence[Change]) -> Iterator[Statement]:
    """COMMENT ON ROLE for each role that is told another comment. An empty one is none."""
    for change in principals:
        text = (change.after or {}).get("comment")
        if text is None or (change.action == "create" and not text):
            continue
        query = sql.SQL("COMMENT ON ROLE {} IS {}").format(
            quoted(change.key.path[-1]), sql.Literal(text or None)
        )
        yield Statement(query, (change.key,))
