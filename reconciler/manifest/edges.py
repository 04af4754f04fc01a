"""Options of a membership, as a grant and an entry of `inherits` may say them.

Here belong the forms that they have in the manifest. What a target makes of them is its provider's.
"""

from __future__ import annotations

from typing import Annotated, Final, Protocol, TypeAlias

from pydantic import BaseModel, Field, Tag

from reconciler.manifest.option_values import CONFIG
from reconciler.manifest.scalars import Name, told_apart
from reconciler.state import USUAL_EDGE, Fields

AdminOption: TypeAlias = Annotated[
    bool,
    Field(
        description="Whether the holder may also give the role to others and take it from them; "
        "on PostgreSQL."
    ),
]
InheritOption: TypeAlias = Annotated[
    bool,
    Field(
        description="Whether the holder has the rights of the role without SET ROLE; false needs "
        "PostgreSQL 16."
    ),
]
SetOption: TypeAlias = Annotated[
    bool,
    Field(
        description="Whether the holder may SET ROLE to the role, and so make things that are the "
        "role's; false needs PostgreSQL 16."
    ),
]


_AS_USUAL: Final[Fields] = {}


class InheritedRole(BaseModel):
    """A role that another includes, with options of the membership."""

    model_config = CONFIG

    role: Name = Field(description="The role whose rights are included.")
    admin: AdminOption = False
    inherit: InheritOption = True
    set: SetOption = True


def _kind(value: object) -> str | None:
    if isinstance(value, str):
        return "name"
    return "options" if isinstance(value, dict | InheritedRole) else None


Inherited: TypeAlias = Annotated[
    Annotated[Name, Tag("name")] | Annotated[InheritedRole, Tag("options")],
    told_apart(
        _kind,
        "must be the name of a role, or a mapping with role and options",
    ),
]
"""An entry of `inherits`: the name of a role, or a mapping with options."""


def role_name(entry: str | InheritedRole) -> str:
    """The role that an entry of `inherits` names."""
    return entry if isinstance(entry, str) else entry.role


class HasOptions(Protocol):
    """What says options of a membership."""

    @property
    def admin(self) -> bool:
        """Whether the role may be given on."""

    @property
    def inherit(self) -> bool:
        """Whether its rights are had without SET ROLE."""

    @property
    def set(self) -> bool:
        """Whether SET ROLE to it is allowed."""


def edge_options(entry: str | HasOptions) -> Fields:
    """The options that are not as usual, by name; a name alone has none."""
    if isinstance(entry, str) or (entry.inherit and entry.set and not entry.admin):
        return _AS_USUAL  # nearly all of thousands
    said = {"admin": entry.admin, "inherit": entry.inherit, "set": entry.set}
    return {name: value for name, value in said.items() if value != USUAL_EDGE[name]}
