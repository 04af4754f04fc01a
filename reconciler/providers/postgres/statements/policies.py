"""CREATE, ALTER and DROP POLICY, and ALTER TABLE ... ROW LEVEL SECURITY.

Nobody is locked out in between: policies are there before row-level security is switched on, and go
after it is switched off. Source: PostgreSQL docs, CREATE POLICY, ALTER POLICY, ALTER TABLE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from psycopg import sql

from reconciler.changes import Change
from reconciler.expression import enclosed, expression_fault
from reconciler.providers.postgres.statements.statement import COMMA, Statement, quoted
from reconciler.state import Fields, Key, Value

_COMMANDS: Final = {
    word: sql.SQL(f"FOR {word.upper()}") for word in ("all", "select", "insert", "update", "delete")
}
_SWITCHES: Final = {
    ("enabled", True): sql.SQL("ENABLE"),
    ("enabled", False): sql.SQL("DISABLE"),
    ("forced", True): sql.SQL("FORCE"),
    ("forced", False): sql.SQL("NO FORCE"),
}
_CLAUSES: Final = {"using": sql.SQL("USING"), "check": sql.SQL("WITH CHECK")}


def condition(text: str) -> sql.Composable:
    """An SQL expression between parentheses. ValueError for what would not stay in there."""
    if expression_fault(text) is not None:
        raise ValueError(f"not one SQL expression: {text!r}")
    return sql.SQL(enclosed(text))


def row_security(
    changes: Sequence[Change], observed: Mapping[Key, Fields]
) -> tuple[list[Statement], list[Statement]]:
    """What creates and alters policies and switches row-level security on; then what switches it
    off and drops policies.

    `observed` has the policies that are there: a change of one names only what differs.
    """
    policies = [each for each in changes if each.key.kind == "policy"]
    switches = [each for each in changes if each.key.kind == "row_security"]
    created = [_created(each) for each in policies if each.action == "create"]
    altered = [
        _altered(each, observed.get(each.key, {})) for each in policies if each.action == "update"
    ]
    on, off = _switched(switches, is_on=True), _switched(switches, is_on=False)
    dropped = [
        Statement(_drop(each.key), (each.key,), each.key.path[0])
        for each in policies
        if each.action == "delete"
    ]
    return [*created, *altered, *on], [*off, *dropped]


def _created(change: Change) -> Statement:
    return Statement(_create(change.key, change.after or {}), (change.key,), change.key.path[0])


def _create(key: Key, fields: Fields) -> sql.Composed:
    kind = "AS PERMISSIVE" if fields["permissive"] else "AS RESTRICTIVE"
    words = sql.SQL(kind), _COMMANDS[str(fields["command"])]
    parts = [*words, *_clauses(fields)]
    return sql.SQL("CREATE POLICY {} ON {} {}").format(
        quoted(key.path[3]), _table(key), sql.SQL(" ").join(parts)
    )


def _drop(key: Key) -> sql.Composed:
    return sql.SQL("DROP POLICY {} ON {}").format(quoted(key.path[3]), _table(key))


def _altered(change: Change, there: Fields) -> Statement:
    """ALTER POLICY where that can do it; else the policy is made anew, in the same transaction.

    It can set another expression, and take none away.
    """
    key, after = change.key, change.after or {}
    is_anew = {"command", "permissive"} & after.keys() or any(
        after.get(name) == "" for name in _CLAUSES
    )
    if is_anew:
        create = _create(key, {**there, **after})
        return Statement(_drop(key), (key,), key.path[0], then=(create,))
    clauses = sql.SQL(" ").join(_clauses(after))
    query = sql.SQL("ALTER POLICY {} ON {} {}").format(quoted(key.path[3]), _table(key), clauses)
    return Statement(query, (key,), key.path[0])


def _clauses(fields: Fields) -> Iterable[sql.Composable]:
    if "roles" in fields:
        yield sql.SQL("TO {}").format(_roles(fields["roles"]))
    for name, words in _CLAUSES.items():
        if text := fields.get(name):
            yield sql.SQL("{} {}").format(words, condition(str(text)))


def _roles(names: Value) -> sql.Composable:
    """The roles; the empty name is PUBLIC, which is a word and no name."""
    assert isinstance(names, tuple)
    return COMMA.join(quoted(name) if name else sql.SQL("PUBLIC") for name in names)


def _switched(changes: Sequence[Change], *, is_on: bool) -> list[Statement]:
    """One statement for each switch that is turned this way."""
    return [
        Statement(
            sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(
                _table(change.key), _SWITCHES[name, is_on]
            ),
            (change.key,),
            change.key.path[0],
        )
        for change in changes
        for name, value in sorted((change.after or {}).items())
        if value is is_on
    ]


def _table(key: Key) -> sql.Composed:
    return sql.SQL("{}.{}").format(quoted(key.path[1]), quoted(key.path[2]))
