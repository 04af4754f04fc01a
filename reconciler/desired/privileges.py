"""Rules of privileges as records of one target.

Here belong which record a rule gives and in which words. Which database it is about is found by
`roles`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from reconciler.desired.records import Records
from reconciler.manifest.models import PrivilegeRule
from reconciler.privilege_words import column_name, with_grant_option
from reconciler.scope import Path
from reconciler.state import Fields, Key

OBJECT_KINDS: Final = {
    "tables": "table",
    "views": "view",
    "sequences": "sequence",
    "functions": "function",
    "types": "type",
    "languages": "language",
    "foreign_data_wrappers": "foreign data wrapper",
    "foreign_servers": "foreign server",
    "large_objects": "large object",
    "schemas": "schema",
    "tablespaces": "tablespace",
    "parameters": "parameter",
}
"""The kind of object by the word for a list of them."""
_IN_SCHEMAS: Final = frozenset({"table", "view", "sequence", "function", "type"})
_WITH_DEFAULT_PRIVILEGES: Final = frozenset(
    {"table", "sequence", "function", "type", "schema", "large object"}
)
"""Kinds that PostgreSQL keeps default privileges for; those of tables are those of views too."""

Holder = tuple[str, str]
"""The name of the role on the target, and the database; empty for what the cluster shares."""


@lru_cache
def _in_capitals(words: tuple[str, ...], *, grant_option: bool) -> tuple[str, ...]:
    """The words sorted and in capitals; most rules say one of few things."""
    capitals = tuple(sorted(word.upper() for word in words))
    return with_grant_option(capitals) if grant_option else capitals


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a rule gives in a database: privileges by kind and schema, and by future objects."""

    present: tuple[tuple[str, str, Fields], ...]
    future: tuple[tuple[str, str, str], ...]
    future_fields: Fields


class RuleReader:
    """Adds what rules give to the records. Equal rules of a manifest are one object, and each is
    read once: that halves the time of thousands.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._known: dict[tuple[int, str], _Parts] = {}
        self._cluster_wide: dict[int, bool] = {}

    def is_cluster_wide(self, rule: PrivilegeRule) -> bool:
        """Whether the rule is about what all databases share."""
        known = self._cluster_wide.get(id(rule))  # the manifest keeps its rules, and so their ids
        if known is None:
            known = self._cluster_wide[id(rule)] = rule.is_cluster_wide
        return known

    def add(self, holder: Holder, rule: PrivilegeRule, path: Path) -> None:
        """Add the privileges that a rule gives to a role, and the default privileges."""
        parts = self._known.get((id(rule), holder[1]))
        if parts is None:
            parts = self._known[id(rule), holder[1]] = _parts(rule, holder[1])
        for kind, schema, fields in parts.present:
            self._records.add(Key("privilege", (*holder, kind, schema)), fields, path)
        for creator, kind, schema in parts.future:
            key = Key("default_privilege", (*holder, creator, kind, schema))
            self._records.add(key, parts.future_fields, path)


def _parts(rule: PrivilegeRule, database: str) -> _Parts:
    allow = _in_capitals(tuple(rule.allow), grant_option=rule.grant_option)
    return _Parts(
        tuple(
            (kind, schema, dict.fromkeys(names, allow))
            for kind, schema, names in present_objects(rule, database)
        ),
        tuple(future_objects(rule)),
        {"privileges": allow},
    )


def present_objects(rule: PrivilegeRule, database: str) -> Iterator[tuple[str, str, Iterable[str]]]:
    """The objects that are there and that a rule is about: kind, schema, names."""
    for kind, names in _objects(rule, database):
        is_future = rule.schemas is not None if kind == "schema" else kind in _IN_SCHEMAS
        if rule.schema is not None or not is_future:
            yield kind, rule.schema or "" if kind != "schema" else "", names


def future_objects(rule: PrivilegeRule) -> Iterator[tuple[str, str, str]]:
    """The future objects that a rule is about: creator, kind, schema (empty: whatever it is)."""
    for kind, names in _objects(rule, ""):
        if "*" in names and kind in _WITH_DEFAULT_PRIVILEGES:
            for creator in rule.created_by:
                yield creator, kind, rule.schema or ""


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
                yield OBJECT_KINDS[word], [str(each) for each in getattr(rule, word)]


def _columns(rule: PrivilegeRule) -> Iterator[str]:
    for tables in (rule.tables, rule.views):
        for table in tables or ():
            for column in rule.columns or ():
                yield column_name(table, column)
