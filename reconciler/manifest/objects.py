"""What a server itself has: schemas that are created, and who owns its objects.

Here belong the shapes of `schemas` and `owners` below a server. Whether the objects exist is for
the provider.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, Field, model_validator
from pydantic.dataclasses import dataclass

from reconciler.manifest.option_values import CONFIG
from reconciler.manifest.privilege_kinds import OBJECT_LISTS, any_of
from reconciler.manifest.privileges import ObjectList, rule_config
from reconciler.manifest.scalars import Name, Omittable, fault

_OWNER: Final = "A role, group or user of this manifest, or a role that exists on the target."


class Schema(BaseModel):
    """A schema that is created where it is not there. It is never dropped."""

    model_config = CONFIG

    owner: Omittable[Name] = Field(default=None, description=f"Who owns it. {_OWNER}")
    comment: Omittable[str] = Field(
        default=None, description="The comment of the schema; an empty one is none."
    )


@dataclass(
    frozen=True,
    slots=True,
    kw_only=True,
    config=rule_config(any_of(OBJECT_LISTS)),
)
class OwnerRule:
    """Who owns objects of one schema: a list of names each, or all that are there."""

    owner: Name = Field(description=_OWNER)
    schema: Name = Field(description="The schema that the objects are in.")
    tables: Omittable[ObjectList] = Field(
        default=None, description='Tables of the schema: a list of names, or "*" for all.'
    )
    views: Omittable[ObjectList] = Field(
        default=None, description='Views of the schema: a list of names, or "*" for all.'
    )
    sequences: Omittable[ObjectList] = Field(
        default=None,
        description='Sequences of the schema that belong to no column: a list, or "*" for all.',
    )
    functions: Omittable[ObjectList] = Field(
        default=None, description='Functions of the schema: a list of names, or "*" for all.'
    )
    types: Omittable[ObjectList] = Field(
        default=None,
        description='Types and domains of the schema: a list of names, or "*" for all.',
    )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The lists that the rule has, such as `tables`."""
        return tuple(kind for kind in OBJECT_LISTS if getattr(self, kind) is not None)

    @model_validator(mode="after")
    def _check(self) -> OwnerRule:
        if not self.kinds:
            text = "the rule names no objects"
            raise fault(
                text,
                'add a list such as tables: "*"; the owner of the schema itself '
                "stands under schemas",
            )
        return self
