"""Row-level security of a table: whether it is on, and its policies, as the manifest says them.

Here belong the shape of one entry and PostgreSQL's rules about its words. Whether the table, the
roles and the columns exist is for the provider.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict

from reconciler.manifest.option_values import CONFIG
from reconciler.manifest.scalars import Name, Omittable, fault

Command = Literal["all", "select", "insert", "update", "delete"]

_WITHOUT_USING: Final = ("insert",)
_WITHOUT_CHECK: Final = ("select", "delete")
"""What a policy for these commands cannot have. Source: PostgreSQL docs, CREATE POLICY."""


def check_expression(value: str) -> str:
    """The SQL expression without blanks around it, or a fault: not one whole expression."""
    from reconciler.expression import expression_fault  # few manifests have any

    wrong = expression_fault(value)
    if wrong is not None:
        raise fault(f"the expression {wrong[0]}", wrong[1])
    return value.strip()


Expression: TypeAlias = Annotated[
    str,
    AfterValidator(check_expression),
    WithJsonSchema({"type": "string", "minLength": 1, "examples": ["owner = current_user"]}),
]


def _lowered(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class RowPolicy(BaseModel):
    """One policy: which rows a command of somebody sees, and which it may write."""

    model_config = CONFIG

    to: list[Name] = Field(
        default=["public"],
        min_length=1,
        description="Users, groups and roles of the manifest, or roles that exist on the target; "
        "public for everybody.",
    )
    command: Annotated[Command, BeforeValidator(_lowered)] = Field(
        default="all", description="The command it is for."
    )
    using: Omittable[Expression] = Field(
        default=None, description="SQL that is true for the rows that can be seen."
    )
    check: Omittable[Expression] = Field(
        default=None,
        description="SQL that must be true for new rows; without it, that of using.",
    )
    restrictive: bool = Field(
        default=False,
        description="Whether it must hold beside the other policies, instead of being one way.",
    )

    @model_validator(mode="after")
    def _check(self) -> RowPolicy:
        if self.using is None and self.check is None:
            raise fault("the policy says neither using nor check", "write one of them, or both")
        if self.using is not None and self.command in _WITHOUT_USING:
            raise fault(f"a policy for {self.command} has no using", "write check instead")
        if self.check is not None and self.command in _WITHOUT_CHECK:
            raise fault(f"a policy for {self.command} has no check", "write using instead")
        return self


def _no_policies(value: object) -> object:
    """An empty list is an empty mapping: there are to be none."""
    return {} if isinstance(value, list) and not value else value


def _with_empty_list(schema: JsonDict) -> None:
    """Let an editor accept an empty list of policies too."""
    properties = cast(dict[str, Any], schema["properties"])  # of a JSON schema
    known = properties["policies"]
    description = known.pop("description")
    none = {"type": "array", "maxItems": 0}
    properties["policies"] = {"anyOf": [known, none], "description": description}


class RowSecurity(BaseModel):
    """Row-level security of one table of a database. What is left out is not managed."""

    model_config = ConfigDict(**CONFIG, json_schema_extra=_with_empty_list)

    schema_: Name = Field(alias="schema", description="The schema of the table.")
    table: Name = Field(description="The table.")
    enabled: bool = Field(default=True, description="Whether policies decide who sees which rows.")
    forced: Omittable[bool] = Field(
        default=None, description="Whether they also hold for the owner of the table."
    )
    policies: Omittable[Annotated[dict[Name, RowPolicy], BeforeValidator(_no_policies)]] = Field(
        default=None,
        description="All policies of the table by name; empty for none. Without the key, those "
        "that are there stay.",
    )
