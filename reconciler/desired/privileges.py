"""Rules of privileges as records of one target.

Here belong which record a rule gives and in which words. Which database it is about is found by
`roles`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from reconciler.desired.records import Records
from reconciler.manifest.models import PrivilegeRule
from reconciler.privilege_words import column_name, with_grant_option
from reconciler.scope import Path
from reconciler.state import Key

_KINDS: Final = {
    "tables": "table",
    "views": "view",
    "sequences": "sequence",
    "functions": "function",
    "types": "type",
    "languages": "language",
    "foreign_data_wrappers": "foreign data wrapper",
    "foreign_servers": "foreign server",
    "tablespaces": "tablespace",
    "parameters": "parameter",
}
_WITH_DEFAULT_PRIVILEGES: Final = frozenset({"table", "sequence", "function", "type"})
"""Kinds that PostgreSQL keeps default privileges for; those of tables are those of views too."""

Holder = tuple[str, str]
"""The name of the role on the target, and the database; empty for what the cluster shares."""


@lru_cache
def _in_capitals(words: tuple[str, ...], *, grant_option: bool) -> tuple[str, ...]:
    """The words sorted and in capitals; most rules say one of few things."""
    capitals = tuple(sorted(word.upper() for word in words))
    return with_grant_option(capitals) if grant_option else capitals


def add_rule(records: Records, holder: Holder, rule: PrivilegeRule, path: Path) -> None:
    """Add the privileges that a rule gives to a role, and the default privileges."""
    allow = _in_capitals(tuple(rule.allow), grant_option=rule.grant_option)
    for kind, names in _objects(rule, holder[1]):
        schema = rule.schema or "" if kind != "schema" else ""
        fields = dict.fromkeys(names, allow)
        records.add(Key("privilege", (*holder, kind, schema)), fields, path)
        if "*" in fields and kind in _WITH_DEFAULT_PRIVILEGES:
            for creator in rule.created_by:
                key = Key("default_privilege", (*holder, creator, kind, schema))
                records.add(key, {"privileges": allow}, path)


def _objects(rule: PrivilegeRule, database: str) -> Iterator[tuple[str, Iterable[str]]]:
    """The objects that a rule is about, by kind."""
    match rule.kinds:
        case ("database",):
            yield "database", (database,)
        case ("schema",):
            yield "schema", (rule.schema or "",)
        case ("columns",):
            yield "column", tuple(_columns(rule))
        case kinds:
            for word in kinds:
                yield _KINDS[word], getattr(rule, word)


def _columns(rule: PrivilegeRule) -> Iterator[str]:
    for tables in (rule.tables, rule.views):
        for table in tables or ():
            for column in rule.columns or ():
                yield column_name(table, column)
