"""What a rule of privileges may be about, with PostgreSQL's words for each kind of object.

Here belong the kinds, what may stand beside what in one rule, and that as a JSON schema. The rule
itself, and what is said of one that is wrong, is `privileges`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "database": ("create", "connect", "temporary", "temp", "all"),
    "schema": ("usage", "create", "all"),
    "tables": (
        *("select", "insert", "update", "delete", "truncate"),
        *("references", "trigger", "maintain", "all"),
    ),
    "views": (
        *("select", "insert", "update", "delete", "truncate"),
        *("references", "trigger", "maintain", "all"),
    ),
    "sequences": ("usage", "select", "update", "all"),
    "functions": ("execute", "all"),
    "types": ("usage", "all"),
    "columns": ("select", "insert", "update", "references", "all"),
    "languages": ("usage", "all"),
    "foreign_data_wrappers": ("usage", "all"),
    "foreign_servers": ("usage", "all"),
    "large_objects": ("select", "update", "all"),
    "schemas": ("usage", "create", "all"),
    "tablespaces": ("create", "all"),
    "parameters": ("set", "alter system", "all"),
}
"""The privileges of each kind of object. PostgreSQL docs, GRANT; `maintain` from PostgreSQL 17,
parameters from 15."""

OBJECT_LISTS: Final = ("tables", "views", "sequences", "functions", "types")
"""What is in a schema, and may be `"*"`."""

DATABASE_LISTS: Final = (
    *("languages", "foreign_data_wrappers", "foreign_servers"),
    *("large_objects", "schemas"),
)
"""What is in a database and in no schema."""

FUTURE_LISTS: Final = (*OBJECT_LISTS, "large_objects", "schemas")
"""What `created_by` may be about: PostgreSQL keeps default privileges for it."""

CLUSTER_LISTS: Final = ("tablespaces", "parameters")
"""What all databases of a cluster share."""

ALL_LISTS: Final = (*OBJECT_LISTS, *DATABASE_LISTS, *CLUSTER_LISTS)

WITH_COLUMNS: Final = ("tables", "views")
"""Whose columns a rule may be about."""

SINGULAR: Final = {
    "database": "a database",
    "schema": "a schema",
    "tables": "a table",
    "views": "a view",
    "sequences": "a sequence",
    "functions": "a function",
    "types": "a type",
    "columns": "a column",
    "languages": "a language",
    "foreign_data_wrappers": "a foreign-data wrapper",
    "foreign_servers": "a foreign server",
    "large_objects": "a large object",
    "schemas": "a schema",
    "tablespaces": "a tablespace",
    "parameters": "a parameter",
}

_CREATED_BY: Final[Mapping[str, Any]] = {  # a JSON schema
    "properties": {"created_by": {"minItems": 1}},
    "required": ["created_by"],
}

_Condition: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Two JSON schemas: where the first fits, the second must."""


def rules_schema() -> dict[str, Any]:  # a JSON schema
    """What `PrivilegeRule` checks across its keys, in the words of JSON schema."""
    every = {kind: {"properties": {kind: {"const": "*"}}, "required": [kind]} for kind in WORDS}
    conditions = [*_place_conditions(), *_column_conditions(every)]
    both = {"allOf": [every["tables"], every["views"]]}
    neither = {"not": {"anyOf": [every["tables"], every["views"]]}}
    conditions += [
        (_CREATED_BY, {"anyOf": [every[kind] for kind in FUTURE_LISTS]}),
        (_CREATED_BY, {"anyOf": [both, neither]}),
        ({"required": ["schemas"]}, _CREATED_BY),
    ]
    return {"allOf": [{"if": when, "then": then} for when, then in conditions]}


def _words_schema(kind: str) -> dict[str, Any]:  # a JSON schema
    words = {"anyOf": [{"enum": list(WORDS[kind])}, {"pattern": _any_case(WORDS[kind])}]}
    return {"properties": {"allow": {"items": words}}}


def any_of(kinds: Iterable[str]) -> dict[str, Any]:  # a JSON schema
    """A rule that has one of these lists, or several."""
    return {"anyOf": [{"required": [kind]} for kind in kinds]}


def _place_conditions() -> Iterator[_Condition]:
    """Which lists go with a schema, with a database or with neither, and their words."""
    alone = [kind for kind in ALL_LISTS if kind not in WITH_COLUMNS]
    without_schema = {"not": {"required": ["schema"]}}
    elsewhere = [*DATABASE_LISTS, *CLUSTER_LISTS]
    yield from (({"required": [kind]}, _words_schema(kind)) for kind in alone)
    yield without_schema, {"not": any_of(["columns"])}
    in_whatever = {"properties": {kind: {"const": "*"} for kind in OBJECT_LISTS}}
    yield {**without_schema, **any_of(OBJECT_LISTS)}, {"allOf": [_CREATED_BY, in_whatever]}
    yield without_schema, any_of(["database", *OBJECT_LISTS, *elsewhere])
    lists = any_of([*OBJECT_LISTS, *elsewhere])
    yield {**without_schema, "allOf": [{"not": lists}]}, _words_schema("database")
    yield {"required": ["schema"]}, {"not": any_of(elsewhere)}
    yield (
        {"required": ["schema"], "not": any_of([*OBJECT_LISTS, "columns"])},
        _words_schema("schema"),
    )
    yield any_of(CLUSTER_LISTS), {"not": any_of(["database", *DATABASE_LISTS, *OBJECT_LISTS])}


def _column_conditions(every: Mapping[str, Mapping[str, Any]]) -> Iterator[_Condition]:
    """With `columns` the lists of tables and views say whose columns are meant."""
    columns = {"required": ["columns"]}
    others = [kind for kind in OBJECT_LISTS if kind not in WITH_COLUMNS]
    for kind in WITH_COLUMNS:
        yield {"required": [kind], "not": columns}, _words_schema(kind)
        yield columns, {"not": every[kind]}
    yield columns, _words_schema("columns")
    yield columns, {**any_of(WITH_COLUMNS), "not": any_of(others)}


def _any_case(words: tuple[str, ...]) -> str:
    """A pattern for these words in any mixture of cases; JSON schema has no flag for it."""
    letters = ("".join(f"[{c.upper()}{c}]" for c in word) for word in words)
    return f"^({'|'.join(letters)})$"
