"""The manifest as frozen models: what may stand in the file, key by key.

Here belong the shape of the manifest and the rules within one entry. Rules between entries are
`reconciler.manifest.check`; where a value was written is known to `reconciler.manifest.load`.
Docstrings and descriptions go into the JSON schema, so an editor shows them.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic.config import JsonDict

from reconciler.manifest.edges import (
    AdminOption,
    Inherited,
    InheritedRole,
    InheritOption,
    SetOption,
    role_name,
)
from reconciler.manifest.objects import OwnerRule, Schema
from reconciler.manifest.option_values import CONFIG, EnvRef, FileRef, OptionValue, SecretRef
from reconciler.manifest.policies import (
    Drift,
    Exemption,
    NeverTogether,
    PlanSignature,
    Policies,
    Policy,
    Removals,
)
from reconciler.manifest.privileges import PrivilegeRule, SharedRule
from reconciler.manifest.public import PublicRule
from reconciler.manifest.row_security import RowPolicy, RowSecurity
from reconciler.manifest.scalars import (
    Line,
    Minutes,
    Moment,
    Name,
    Omittable,
    Scalar,
    fault,
    told_apart,
)
from reconciler.manifest.settings import Settings

__all__ = [
    "Account",
    "Drift",
    "EnvRef",
    "Exemption",
    "FileRef",
    "Grant",
    "Group",
    "HeldPrivileges",
    "InheritedRole",
    "Manifest",
    "NeverTogether",
    "OptionValue",
    "OwnerRule",
    "PlanSignature",
    "Policies",
    "Policy",
    "PrivilegeRule",
    "PublicRule",
    "Removals",
    "Role",
    "RowPolicy",
    "RowSecurity",
    "Schema",
    "SecretRef",
    "Server",
    "Target",
    "User",
]


class Target(BaseModel):
    """A running system that the manifest is applied to."""

    model_config = CONFIG

    provider: Line = Field(description="The kind of system, such as postgres or flowauth.")
    description: str = Field(default="", description="For readers; not applied.")
    options: dict[Name, OptionValue] = Field(
        default_factory=dict,
        repr=False,
        description="How to reach the system; see the page of the provider. Secrets are written as "
        "{env: NAME} or {file: PATH}.",
    )
    policy: Policy = Field(default_factory=Policy, description="How the target is treated.")


class Server(BaseModel):
    """A thing on a target that roles give access to: a database, or a server in FlowAuth."""

    model_config = CONFIG

    target: Name = Field(description="The target it is on.")
    description: str = Field(default="", description="For readers; not applied.")
    database: Omittable[Name] = Field(
        default=None, description="The name of the database on a PostgreSQL target."
    )
    token_expires: Omittable[Moment] = Field(
        default=None, description="The latest instant to which a token for the server may be valid."
    )
    token_life: Omittable[Minutes] = Field(
        default=None, description="The longest life of a token for the server."
    )
    scopes: Omittable[list[Line]] = Field(
        default=None, description="The scopes that roles on the server may give."
    )
    row_security: list[RowSecurity] = Field(
        default_factory=list,
        description="Row-level security of tables of the database; of others it is not managed.",
    )
    public: list[PublicRule] = Field(
        default_factory=list,
        description="What everybody (PUBLIC) may do in the database of a PostgreSQL target; what "
        "no rule names is left as it is.",
    )
    owner: Omittable[Name] = Field(
        default=None,
        description="Who owns the database: a role, group or user of this manifest, or a role that "
        "exists on the target.",
    )
    schemas: dict[Name, Schema] = Field(
        default_factory=dict, description="Schemas that are created where they are not there."
    )
    owners: list[OwnerRule] = Field(
        default_factory=list, description="Who owns the objects of its schemas."
    )


class Account(BaseModel):
    """What one user is on one target, where it is not the same as elsewhere."""

    model_config = CONFIG

    name: Omittable[Name] = Field(
        default=None, description="The name of the account; without it that of the user."
    )
    attributes: dict[Name, Scalar] = Field(
        default_factory=dict, description="Properties of the account; see the page of the provider."
    )
    password: Omittable[SecretRef] = Field(
        default=None,
        description="Where its password is: {env: NAME} or {file: PATH}, a password in clear or a "
        "SCRAM-SHA-256 verifier. Where nothing is there, the password is left alone.",
    )
    settings: Settings = Field(
        default_factory=dict,
        description="Values of parameters that its sessions start with, in all databases.",
    )
    settings_in: dict[Name, Settings] = Field(
        default_factory=dict, description="The same for sessions in one database, by its name."
    )


def _account_kind(value: object) -> str | None:
    if isinstance(value, str):
        return "name"
    return "account" if isinstance(value, dict | Account) else None


class User(BaseModel):
    """A person or a service account."""

    model_config = CONFIG

    name: Omittable[Line] = Field(default=None, description="The name to show for the user.")
    email: Omittable[Line] = Field(default=None, description="The address of the user.")
    kind: Literal["person", "service"] = Field(
        default="person", description="A person, or an account that a program uses."
    )
    owner: Omittable[Name] = Field(
        default=None, description="The user who answers for this one, mostly for a service account."
    )
    state: Literal["active", "disabled", "departed"] = Field(
        default="active", description="disabled and departed take all access away."
    )
    accounts: dict[
        Name,
        Annotated[
            Annotated[Name, Tag("name")] | Annotated[Account, Tag("account")],
            told_apart(
                _account_kind,
                "must be the name of the account, or a mapping with name, attributes and settings",
            ),
        ],
    ] = Field(
        default_factory=dict,
        description="By target: the name of the account there, or name, attributes and settings.",
    )
    description: str = Field(default="", description="For readers; not applied.")

    def account_name(self, user: str, target: str) -> str:
        """The name of this user's account on a target; `user` is the name in the manifest."""
        account = self.accounts.get(target, user)
        return account if isinstance(account, str) else account.name or user


class Group(BaseModel):
    """A set of users. A key left out is not managed; an empty list means nobody."""

    model_config = CONFIG

    description: str = Field(default="", description="For readers; not applied.")
    members: Omittable[list[Name]] = Field(default=None, description="The users in the group.")
    groups: Omittable[list[Name]] = Field(
        default=None, description="The groups whose members belong to this group too."
    )
    min_members: int = Field(
        default=0,
        ge=0,
        description="The fewest users who must be in it, on a target with groups of its own.",
    )


class HeldPrivileges(BaseModel):
    """What a role holds, and what becomes of what it holds beside."""

    model_config = CONFIG

    mode: Literal["exact", "at_least"] = Field(
        default="exact",
        description="exact: what no rule gives is taken from it. at_least: what others gave it "
        "beside is left alone.",
    )
    rules: list[SharedRule] = Field(description="What it holds, as in a list of privileges.")


def _privileges_kind(value: object) -> str:
    return "mapping" if isinstance(value, dict | HeldPrivileges) else "list"


def _told_apart(schema: JsonDict) -> None:
    """Makes the two forms an if and else, so that an editor says what is wrong with a rule."""
    rules, mapping = cast(list[JsonDict], schema.pop("oneOf"))
    schema.update({"if": {"type": "object"}, "then": mapping, "else": rules})


_ROLE_SCHEMA: Final[JsonDict] = {"oneOf": [{"required": ["server"]}, {"required": ["target"]}]}


class Role(BaseModel):
    """A bundle of rights on one server, or on a whole target."""

    model_config = ConfigDict(**CONFIG, json_schema_extra=_ROLE_SCHEMA)

    server: Omittable[Name] = Field(
        default=None, description="The server it gives access to; instead of target."
    )
    target: Omittable[Name] = Field(
        default=None, description="The target it gives access to; instead of server."
    )
    name: Omittable[Name] = Field(
        default=None, description="Its name on the target; without it the key."
    )
    description: str = Field(default="", description="For readers; not applied.")
    inherits: list[Inherited] = Field(
        default_factory=list,
        description="Roles whose rights it includes: of this manifest, or existing on the target; "
        "each a name, or a mapping with role and the options admin, inherit and set.",
    )
    privileges: Annotated[
        Annotated[list[SharedRule], Tag("list")] | Annotated[HeldPrivileges, Tag("mapping")],
        Discriminator(_privileges_kind),
    ] = Field(
        default_factory=list,
        description="Privileges on the objects of a PostgreSQL target: a list of rules, or a "
        "mapping of mode and rules.",
        json_schema_extra=_told_apart,
    )
    scopes: Omittable[list[Line]] = Field(default=None, description="Scopes that it gives.")
    token_expires: Omittable[Moment] = Field(
        default=None, description="The latest instant to which its tokens may be valid."
    )
    token_life: Omittable[Minutes] = Field(
        default=None, description="The longest life of its tokens."
    )
    level: Omittable[Line] = Field(
        default=None, description="The level of access, on a target with levels."
    )
    attributes: dict[Name, Scalar] = Field(
        default_factory=dict, description="Properties of the role; see the page of the provider."
    )
    settings: Settings = Field(
        default_factory=dict,
        description="Values of parameters that sessions of the role itself start with; those who "
        "hold the role do not get them.",
    )
    settings_in: dict[Name, Settings] = Field(
        default_factory=dict, description="The same for sessions in one database, by its name."
    )
    min_holders: int = Field(
        default=0, ge=0, description="The fewest accounts that must hold it, directly or not."
    )
    risky: bool = Field(
        default=False, description="Whether it should never be granted without an end."
    )

    @model_validator(mode="after")
    def _check(self) -> Role:
        if (self.server is None) == (self.target is None):
            said = "neither server nor target" if self.server is None else "both server and target"
            raise fault(f"the role says {said}", "write exactly one of them")
        return self

    @property
    def includes(self) -> tuple[str, ...]:
        """The names of the roles that it inherits, as they are listed."""
        return tuple(map(role_name, self.inherits))

    @property
    def rules(self) -> list[PrivilegeRule]:
        """The rules of its privileges, in either form."""
        held = self.privileges
        return held.rules if isinstance(held, HeldPrivileges) else held

    @property
    def rules_at(self) -> tuple[str, ...]:
        """The keys below which its rules stand."""
        is_mapping = isinstance(self.privileges, HeldPrivileges)
        return ("privileges", "rules") if is_mapping else ("privileges",)

    @property
    def holds_at_least(self) -> bool:
        """Whether what others gave it beside its rules is left alone."""
        held = self.privileges
        return isinstance(held, HeldPrivileges) and held.mode == "at_least"


_GRANT_SCHEMA: Final[JsonDict] = {"oneOf": [{"required": ["user"]}, {"required": ["group"]}]}


class Grant(BaseModel):
    """A user or a group holds a role; from when, until when, and why."""

    model_config = ConfigDict(**CONFIG, json_schema_extra=_GRANT_SCHEMA)

    user: Omittable[Name] = Field(default=None, description="Who holds the role; or group.")
    group: Omittable[Name] = Field(
        default=None, description="The group whose members hold the role; or user."
    )
    role: Name = Field(description="The role that is held.")
    from_: Omittable[Moment] = Field(
        default=None, alias="from", description="The instant from which the role is held."
    )
    until: Omittable[Moment] = Field(
        default=None, description="The instant from which the role is not held any more."
    )
    reason: Omittable[Line] = Field(default=None, description="Why, such as a ticket number.")
    admin: AdminOption = False
    inherit: InheritOption = True
    set: SetOption = True
    end_sessions: bool = Field(
        default=False,
        description="Whether the open sessions of those who held it are ended on the target when "
        "it ends.",
    )

    @model_validator(mode="after")
    def _check(self) -> Grant:
        if (self.user is None) == (self.group is None):
            said = "neither user nor group" if self.user is None else "both user and group"
            raise fault(f"the grant says {said}", "write exactly one of them")
        if self.from_ and self.until and self.from_ >= self.until:
            raise fault("from is not before until, so the role is never held", "correct the times")
        return self


class Manifest(BaseModel):
    """Who may do what on which system."""

    model_config = CONFIG

    version: Literal[1] = Field(description="The version of the format of this file.")
    targets: dict[Name, Target] = Field(
        default_factory=dict, description="The systems that the manifest is applied to, by name."
    )
    servers: dict[Name, Server] = Field(
        default_factory=dict, description="What roles give access to, by name."
    )
    users: dict[Name, User] = Field(
        default_factory=dict, description="People and service accounts, by name."
    )
    groups: dict[Name, Group] = Field(default_factory=dict, description="Sets of users, by name.")
    roles: dict[Name, Role] = Field(default_factory=dict, description="Bundles of rights, by name.")
    grants: list[Grant] = Field(default_factory=list, description="Who holds which role.")
    policies: Policies = Field(
        default_factory=Policies, description="What must not happen, on all targets together."
    )
