"""What a role may do in a PostgreSQL database: one rule under `privileges:`.

Here belong the shape of the rule and the checks within it. PostgreSQL's words, and the same checks
as a JSON schema, are `privilege_kinds`. Whether the objects exist is for the provider, and the SQL
is there too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    Tag,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import InitErrorDetails

from reconciler.manifest.privilege_kinds import (
    ALL_LISTS,
    CLUSTER_LISTS,
    FUTURE_LISTS,
    OBJECT_LISTS,
    SINGULAR,
    WITH_COLUMNS,
    WORDS,
    rules_schema,
)
from reconciler.manifest.scalars import Line, Name, Omittable, fault, told_apart
from reconciler.source import suggest


def _lowered(value: str) -> str:
    lowered = value.lower()
    return "temporary" if lowered == "temp" else lowered


def _all_or_list(value: object) -> str | None:
    return "list" if isinstance(value, list) else "all" if value == "*" else None


_ALL_WORDS: Final = tuple(sorted({word for words in WORDS.values() for word in words}))

Privilege: TypeAlias = Annotated[
    Line, AfterValidator(_lowered), WithJsonSchema({"type": "string", "examples": list(_ALL_WORDS)})
]
ObjectList: TypeAlias = Annotated[
    Annotated[Literal["*"], Tag("all")] | Annotated[list[Name], Field(min_length=1), Tag("list")],
    told_apart(
        _all_or_list,
        'must be "*" for all, or a list of names',
    ),
]
NameList: TypeAlias = Annotated[list[Name], Field(min_length=1)]
LargeObject: TypeAlias = Annotated[int, Field(strict=True, ge=1, lt=2**32)]
LargeObjectList: TypeAlias = Annotated[
    Annotated[Literal["*"], Tag("all")]
    | Annotated[list[LargeObject], Field(min_length=1), Tag("list")],
    told_apart(
        _all_or_list,
        'must be "*" for all, or a list of the numbers of large objects',
    ),
]


def rule_config(schema: dict[str, Any]) -> ConfigDict:  # a JSON schema
    """The configuration of a rule, with what it checks across its keys."""
    return ConfigDict(
        extra="forbid",
        defer_build=True,
        hide_input_in_errors=True,
        json_schema_extra=schema,
    )


@dataclass(
    frozen=True,
    slots=True,
    kw_only=True,
    config=rule_config(rules_schema()),
)
class PrivilegeRule:
    """Privileges on a database, on a schema, or on objects of PostgreSQL.

    Without any list of objects it is about the schema, or without `schema` about the database. With
    `created_by` and without `schema` it is about future objects alone, in whatever schema.
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
    types: Omittable[ObjectList] = Field(
        default=None,
        description='Types and domains of the schema: a list of names, or "*" for all.',
    )
    columns: Omittable[NameList] = Field(
        default=None,
        description="Columns of each of the tables and views listed; the rule is about these.",
    )
    languages: Omittable[NameList] = Field(
        default=None, description="Languages of the database; without schema."
    )
    foreign_data_wrappers: Omittable[NameList] = Field(
        default=None, description="Foreign-data wrappers of the database; without schema."
    )
    foreign_servers: Omittable[NameList] = Field(
        default=None, description="Foreign servers of the database; without schema."
    )
    large_objects: Omittable[LargeObjectList] = Field(
        default=None,
        description='Large objects of the database: a list of their numbers, or "*" for all; '
        "without schema.",
    )
    schemas: Omittable[Literal["*"]] = Field(
        default=None,
        description="Future schemas of the creators in created_by; those that are there are given "
        "with schema.",
    )
    tablespaces: Omittable[NameList] = Field(
        default=None, description="Tablespaces of the cluster; without schema and database."
    )
    parameters: Omittable[NameList] = Field(
        default=None,
        description="Configuration parameters of the cluster, from PostgreSQL 15; without schema "
        "and database.",
    )
    allow: Annotated[list[Privilege], Field(min_length=1)] = Field(
        description="What is allowed, in PostgreSQL's words: select, usage, execute, ... or all."
    )
    grant_option: bool = Field(
        default=False,
        description="Whether the role may also give others what is allowed (WITH GRANT OPTION).",
    )
    created_by: list[Name] = Field(
        default_factory=list,
        description='Roles whose future objects are included too; with "*" only.',
    )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of object the rule is about: `columns`, or lists of objects, or `schema`, or
        `database`.
        """
        if self.columns is not None:
            return ("columns",)
        lists = tuple([kind for kind in ALL_LISTS if getattr(self, kind) is not None])
        return lists or (("schema",) if self.schema is not None else ("database",))

    @property
    def is_cluster_wide(self) -> bool:
        """Whether the rule is about what all databases share."""
        return any(kind in CLUSTER_LISTS for kind in self.kinds)

    @model_validator(mode="after")
    def _check(self) -> PrivilegeRule:
        faults = [
            *self._place_faults(),
            *self._mixture_faults(),
            *self._column_faults(),
            *self._word_faults(),
            *self._creator_faults(),
            *self._further_faults(),
        ]
        if faults:
            details = [
                InitErrorDetails(type=fault(message, hint), loc=loc, input="")
                for loc, message, hint in faults
            ]
            raise ValidationError.from_exception_data("PrivilegeRule", details)
        return self

    def _further_faults(self) -> Iterator[RuleFault]:
        """What else is wrong with the rule, for whom it is."""
        yield from ()

    def _place_faults(self) -> Iterator[RuleFault]:
        if self.schema is not None:
            return
        for kind in self.kinds:
            if kind in OBJECT_LISTS and self.created_by and getattr(self, kind) == "*":
                continue  # future objects, in whatever schema
            if kind in (*OBJECT_LISTS, "columns"):
                yield (kind,), f"the rule has {kind} and no schema", "add schema: NAME to the rule"
        if self.database is None and self.kinds == ("database",):
            yield (), "the rule has neither schema nor database", "add schema: NAME to the rule"

    def _mixture_faults(self) -> Iterator[RuleFault]:
        """What is in no schema, or in no database, has a rule of its own."""
        given = [kind for kind in ALL_LISTS if getattr(self, kind) is not None]
        for kind in given:
            hint = f"give {kind} a rule of their own"
            if self.schema is not None and kind not in OBJECT_LISTS:
                yield (kind,), f"{kind} are in no schema", hint
            elif kind in CLUSTER_LISTS and self.database is not None:
                text = f"{kind} belong to the cluster and to no database"
                yield (kind,), text, "leave database out of the rule"
            elif kind in CLUSTER_LISTS and any(each not in CLUSTER_LISTS for each in given):
                yield (kind,), f"{kind} belong to the cluster and to no database", hint

    def _column_faults(self) -> Iterator[RuleFault]:
        if self.columns is None or self.schema is None:
            return
        hint = "write tables: [NAME], whose columns they are"
        if self.tables is None and self.views is None:
            yield ("columns",), "the rule has columns and neither tables nor views", hint
        for kind in OBJECT_LISTS:
            if kind not in WITH_COLUMNS and getattr(self, kind) is not None:
                text = f"the rule is about columns, and {kind} have none"
                yield (kind,), text, f"give {kind} a rule of their own"
            elif getattr(self, kind) == "*":
                yield (kind,), "with columns, the tables and views are named", hint

    def _word_faults(self) -> Iterator[RuleFault]:
        kinds = self.kinds
        for index, word in enumerate(self.allow):
            kind = next((kind for kind in kinds if word not in WORDS[kind]), None)
            if kind is not None:
                message = f'"{word}" is not a privilege of {SINGULAR[kind]}'
                yield ("allow", index), message, self._word_hint(word, kind)

    def _word_hint(self, word: str, kind: str) -> str:
        if any(word in WORDS[other] for other in self.kinds):
            return f"give {kind} a rule of their own"
        if kind == "columns" and word in WORDS["tables"]:
            return f"{word} is for whole tables: leave columns out"
        if kind == "schema" and word in WORDS["tables"]:
            return f'add tables: "*", or a list of tables, for {word} on tables'
        return suggest(word, WORDS[kind]) or f"possible are {', '.join(WORDS[kind])}"

    def _creator_faults(self) -> Iterator[RuleFault]:
        """PostgreSQL docs, ALTER DEFAULT PRIVILEGES: `ON TABLES` covers views too."""
        if not self.created_by:
            if self.schemas is not None:
                message = "schemas are future ones, and the rule does not say whose"
                yield ("schemas",), message, "add created_by: [NAME], or write schema: NAME"
            return
        every = [kind for kind in FUTURE_LISTS if getattr(self, kind) == "*"]
        if not every:
            message = "created_by is about future objects, and the rule lists existing ones"
            yield ("created_by",), message, 'write "*" for a list, or leave created_by out'
        if ("tables" in every) != ("views" in every):
            given, other = ("tables", "views") if "tables" in every else ("views", "tables")
            message = f"with created_by, PostgreSQL has one default for {given} and {other}"
            yield (given,), message, f'add {other}: "*", or leave created_by out'


def _validated_once(
    data: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> object:
    """The rule of this data, made once: hundreds of roles repeat few rules, and validating those of
    5,000 users takes two thirds less time. The context of the validation keeps them.
    """
    known = info.context
    if not isinstance(known, dict) or not isinstance(data, dict):
        return validate(data)
    text = repr(data)  # tells 1 from true and from "1", as a key of a dict would not
    if text not in known:
        known[text] = validate(data)
    return known[text]


SharedRule: TypeAlias = Annotated[PrivilegeRule, WrapValidator(_validated_once)]
"""A rule that every equal one of a manifest is the same object as; rules cannot be changed."""

RuleFault: TypeAlias = tuple[tuple[str | int, ...], str, str]
"""The place within the rule, what is wrong, and what to do."""
