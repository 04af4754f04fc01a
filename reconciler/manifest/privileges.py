"""What a role may do in a PostgreSQL database: the rule, and PostgreSQL's words for it.

Here belong the shape of one rule under `privileges:` and the checks within it. Whether the objects
exist is for the provider, and the SQL is there too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import InitErrorDetails

from reconciler.manifest.scalars import Line, Name, Omittable, fault
from reconciler.source import suggest

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
}
"""The privileges of each kind of object. PostgreSQL docs, GRANT; `maintain` from PostgreSQL 17."""

OBJECT_LISTS: Final = ("tables", "views", "sequences", "functions")
_SINGULAR: Final = {
    "database": "a database",
    "schema": "a schema",
    "tables": "a table",
    "views": "a view",
    "sequences": "a sequence",
    "functions": "a function",
}


def _lowered(value: str) -> str:
    lowered = value.lower()
    return "temporary" if lowered == "temp" else lowered


def _any_case(words: tuple[str, ...]) -> str:
    """A pattern for these words in any mixture of cases; JSON schema has no flag for it."""
    letters = ("".join(f"[{c.upper()}{c}]" for c in word) for word in words)
    return f"^({'|'.join(letters)})$"


def _all_or_list(value: object) -> str | None:
    return "list" if isinstance(value, list) else "all" if value == "*" else None


_ALL_WORDS: Final = tuple(sorted({word for words in WORDS.values() for word in words}))

Privilege: TypeAlias = Annotated[
    Line, AfterValidator(_lowered), WithJsonSchema({"type": "string", "examples": list(_ALL_WORDS)})
]
ObjectList: TypeAlias = Annotated[
    Annotated[Literal["*"], Tag("all")] | Annotated[list[Name], Field(min_length=1), Tag("list")],
    Discriminator(
        _all_or_list,
        custom_error_type="manifest",
        custom_error_message='must be "*" for all, or a list of names',
    ),
]


def _words_schema(kind: str) -> dict[str, Any]:  # a JSON schema
    words = {"anyOf": [{"enum": list(WORDS[kind])}, {"pattern": _any_case(WORDS[kind])}]}
    return {"properties": {"allow": {"items": words}}}


def _rules_schema() -> dict[str, Any]:  # a JSON schema
    """What `PrivilegeRule` checks across its keys, in the words of JSON schema."""
    listed = {"anyOf": [{"required": [kind]} for kind in OBJECT_LISTS]}
    every = {kind: {"properties": {kind: {"const": "*"}}, "required": [kind]} for kind in WORDS}
    conditions: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = [  # pairs of JSON schemas
        *(({"required": [kind]}, _words_schema(kind)) for kind in OBJECT_LISTS),
        ({"not": {"required": ["schema"]}}, {"required": ["database"], "not": listed}),
        ({"not": {"required": ["schema"]}}, _words_schema("database")),
        ({"required": ["schema"], "not": listed}, _words_schema("schema")),
    ]
    created_by = {"properties": {"created_by": {"minItems": 1}}, "required": ["created_by"]}
    both = {"allOf": [every["tables"], every["views"]]}
    neither = {"not": {"anyOf": [every["tables"], every["views"]]}}
    conditions += [
        (created_by, {"anyOf": [every[kind] for kind in OBJECT_LISTS]}),
        (created_by, {"anyOf": [both, neither]}),
    ]
    return {"allOf": [{"if": when, "then": then} for when, then in conditions]}


@dataclass(
    frozen=True,
    slots=True,
    kw_only=True,
    config=ConfigDict(
        extra="forbid",
        defer_build=True,
        hide_input_in_errors=True,
        json_schema_extra=_rules_schema(),
    ),
)
class PrivilegeRule:
    """Privileges on a database, on a schema, or on objects of a schema of PostgreSQL.

    Without `schema` it is about the database; with `schema` and no list of objects, about the
    schema itself.
    """

    database: Omittable[Name] = Field(
        default=None,
        description="The database; needed for a role of a whole target, and without schema.",
    )
    schema: Omittable[Name] = Field(
        default=None, description="The schema; without it the rule is about the database."
    )
    tables: Omittable[ObjectList] = Field(
        default=None, description='Tables of the schema: a list of names, or "*" for all.'
    )
    views: Omittable[ObjectList] = Field(
        default=None, description='Views of the schema: a list of names, or "*" for all.'
    )
    sequences: Omittable[ObjectList] = Field(
        default=None, description='Sequences of the schema: a list of names, or "*" for all.'
    )
    functions: Omittable[ObjectList] = Field(
        default=None, description='Functions of the schema: a list of names, or "*" for all.'
    )
    allow: Annotated[list[Privilege], Field(min_length=1)] = Field(
        description="What is allowed, in PostgreSQL's words: select, usage, execute, ... or all."
    )
    created_by: list[Name] = Field(
        default_factory=list,
        description='Roles whose future objects are included too; with "*" only.',
    )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of object the rule is about: lists of objects, or `schema`, or `database`."""
        lists_given = (self.tables, self.views, self.sequences, self.functions)
        named = zip(OBJECT_LISTS, lists_given, strict=True)
        lists = tuple([kind for kind, names in named if names is not None])
        return lists or (("schema",) if self.schema is not None else ("database",))

    @model_validator(mode="after")
    def _check(self) -> PrivilegeRule:
        faults = [*self._place_faults(), *self._word_faults(), *self._creator_faults()]
        if faults:
            details = [
                InitErrorDetails(type=fault(message, hint), loc=loc, input="")
                for loc, message, hint in faults
            ]
            raise ValidationError.from_exception_data("PrivilegeRule", details)
        return self

    def _place_faults(self) -> Iterator[_Fault]:
        if self.schema is not None:
            return
        lists = [kind for kind in self.kinds if kind in OBJECT_LISTS]
        for kind in lists:
            yield (kind,), f"the rule has {kind} and no schema", "add schema: NAME to the rule"
        if self.database is None and not lists:
            yield (), "the rule has neither schema nor database", "add schema: NAME to the rule"

    def _word_faults(self) -> Iterator[_Fault]:
        kinds = self.kinds
        for index, word in enumerate(self.allow):
            kind = next((kind for kind in kinds if word not in WORDS[kind]), None)
            if kind is not None:
                message = f'"{word}" is not a privilege of {_SINGULAR[kind]}'
                yield ("allow", index), message, self._word_hint(word, kind)

    def _word_hint(self, word: str, kind: str) -> str:
        if any(word in WORDS[other] for other in self.kinds):
            return f"give {kind} a rule of their own"
        if kind == "schema" and word in WORDS["tables"]:
            return f'add tables: "*", or a list of tables, for {word} on tables'
        return suggest(word, WORDS[kind]) or f"possible are {', '.join(WORDS[kind])}"

    def _creator_faults(self) -> Iterator[_Fault]:
        """PostgreSQL docs, ALTER DEFAULT PRIVILEGES: `ON TABLES` covers views too."""
        if not self.created_by:
            return
        every = [kind for kind in OBJECT_LISTS if getattr(self, kind) == "*"]
        if not every:
            message = "created_by is about future objects, and the rule lists existing ones"
            yield ("created_by",), message, 'write "*" for a list, or leave created_by out'
        if ("tables" in every) != ("views" in every):
            given, other = ("tables", "views") if "tables" in every else ("views", "tables")
            message = f"with created_by, PostgreSQL has one default for {given} and {other}"
            yield (given,), message, f'add {other}: "*", or leave created_by out'


_Fault: TypeAlias = tuple[tuple[str | int, ...], str, str]
"""The place within the rule, what is wrong, and what to do."""
