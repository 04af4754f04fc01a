"""What must not happen, as the manifest says it: for one target, and for all of them together.

Here belong the models of `targets.X.policy` and of `policies`. Judging a plan by them is
`reconciler.safety`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Tag,
    model_validator,
)
from pydantic.config import JsonDict

from reconciler.manifest.option_values import CONFIG, SecretRef
from reconciler.manifest.scalars import Line, Minutes, Moment, Name, Omittable, fault, told_apart


class Drift(BaseModel):
    """What becomes of that which somebody changed on the target by hand."""

    model_config = CONFIG

    narrowed: Literal["hold", "repair"] = Field(
        default="hold",
        description="An account or membership that somebody cut: shown and left as it is until it "
        "is accepted, or given back. Privileges on objects are always given back.",
    )


class Removals(BaseModel):
    """How much of a set one plan may take away. More is a finding that blocks it."""

    model_config = CONFIG

    percent: int = Field(
        default=50, ge=0, le=100, description="The largest part of the set, in percent."
    )
    at_most: int = Field(default=50, ge=0, description="The largest number.")
    floor: int = Field(
        default=2,
        ge=0,
        description="So many may always go, unless the set had more and would lose all.",
    )


class Policy(BaseModel):
    """How a target is treated: what may be removed, and what nobody may touch."""

    model_config = CONFIG

    prune: Literal["never", "owned", "all"] = Field(
        default="owned",
        description="What is removed when the manifest does not have it: nothing, what it once put "
        "there and rights in or of the roles and groups it declares, or everything.",
    )
    leavers: Literal["disable", "delete"] = Field(
        default="disable", description="What becomes of an account that lost its last grant."
    )
    heir: Omittable[Line] = Field(
        default=None,
        description="The role or user on the target that gets what an account, group or role owns "
        "there before it is deleted. Without it, who owns something is not deleted.",
    )
    protect: list[Line] = Field(
        default_factory=list,
        description="Names on the target that are never changed; * and ? stand for any characters.",
    )
    drift: Drift = Field(default_factory=Drift, description="What becomes of changes made by hand.")
    removals: Removals = Field(
        default_factory=Removals,
        description="How much one plan may take from a group, from the holders of a role, and from "
        "the target.",
    )


class Exemption(BaseModel):
    """A user to whom a rule does not apply, until it does."""

    model_config = CONFIG

    user: Name = Field(description="The user.")
    until: Moment = Field(description="The instant from which the rule applies again.")
    reason: Omittable[Line] = Field(default=None, description="Why, such as a ticket number.")


def _at_least_two(roles: list[str]) -> list[str]:
    if len(roles) < 2:
        raise fault(f"names {len(roles) or 'no'} role", "name two or more, or leave the set out")
    return roles


_Set: TypeAlias = Annotated[
    list[Name], AfterValidator(_at_least_two), Field(json_schema_extra={"minItems": 2})
]


class NeverTogether(BaseModel):
    """Roles that nobody may hold together."""

    model_config = CONFIG

    roles: _Set = Field(description="The roles; nobody holds two of them.")
    except_: list[Exemption] = Field(
        default_factory=list, alias="except", description="Who may, and until when."
    )


def _sets_kind(value: object) -> str | None:
    """One set of names, or several sets with their exemptions; an empty list is no set."""
    if not isinstance(value, list):
        return None
    is_one = bool(value) and not any(isinstance(each, dict | NeverTogether) for each in value)
    return "one" if is_one else "several"


_SIGNATURE_SCHEMA: Final[JsonDict] = {
    "oneOf": [
        {
            "required": ["key"],
            "properties": {
                "method": {"const": "hmac-sha256"},
                "private_key": False,
                "public_key": False,
            },
        },
        {
            "required": ["private_key", "public_key"],
            "properties": {"method": {"const": "ed25519"}, "key": False},
        },
    ]
}
_KEYS: Final = {"hmac-sha256": ("key",), "ed25519": ("private_key", "public_key")}


class PlanSignature(BaseModel):
    """How plan files are signed, so that only plans made with the key are applied."""

    model_config = ConfigDict(**CONFIG, json_schema_extra=_SIGNATURE_SCHEMA)

    method: Literal["hmac-sha256", "ed25519"] = Field(
        description="One secret for both sides, or a private key to sign and a public to check."
    )
    key: Omittable[SecretRef] = Field(default=None, description="The secret of hmac-sha256.")
    private_key: Omittable[SecretRef] = Field(
        default=None, description="What the job that plans signs with, for ed25519."
    )
    public_key: Omittable[SecretRef] = Field(
        default=None, description="What the job that applies checks with, for ed25519."
    )

    @model_validator(mode="after")
    def _check(self) -> PlanSignature:
        names = ("key", "private_key", "public_key")
        given = tuple(name for name in names if getattr(self, name) is not None)
        needed = _KEYS[self.method]
        if given != needed:
            message = f"{self.method} goes with {_listed(needed)}, not with {_listed(given)}"
            raise fault(message, f"write {_listed(needed)} and nothing else")
        return self


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names) or "no key at all"


class Policies(BaseModel):
    """What holds for all targets together."""

    model_config = CONFIG

    max_plan_age: Minutes = Field(
        default="24h",
        validate_default=True,
        description="How old a plan may be when it is applied.",
    )
    break_glass: list[Name] = Field(
        default_factory=list,
        description="Users for emergencies: their accounts must exist and stay as they are.",
    )
    removals: Removals = Field(
        default_factory=Removals,
        description="How much one plan may take away on all targets together.",
    )
    never_together: Annotated[
        Annotated[_Set, Tag("one")] | Annotated[list[NeverTogether], Tag("several")],
        told_apart(
            _sets_kind,
            "must be a list of roles, or of mappings with roles and except",
        ),
    ] = Field(
        default_factory=list,
        description="Roles that nobody may hold together: one set of them, or several sets.",
    )
    plan_signature: Omittable[PlanSignature] = Field(
        default=None, description="How plan files are signed; without it they are not."
    )

    @property
    def separations(self) -> tuple[NeverTogether, ...]:
        """The sets of roles that nobody may hold together, however they are written."""
        names = [each for each in self.never_together if isinstance(each, str)]
        several = (each for each in self.never_together if isinstance(each, NeverTogether))
        return (NeverTogether(roles=names),) if names else tuple(several)
