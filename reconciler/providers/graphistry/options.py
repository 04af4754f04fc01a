"""The options of a Graphistry target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

from pydantic import Field, model_validator

from reconciler.provider import Options

DEFAULT_COMMAND: Final = (
    "./graphistry",
    *("exec", "-T", "nexus", "bash", "-c"),
    "source activate base; CELERY_BROKER_URL=zz python manage.py shell",
)
"""What the admin docs show for installations with docker compose."""

SIGNUP_SWITCHES: Final = ("IS_SIGNUPS_OPEN_AFTER_FIRST", "IS_SSO_SIGNUP")
"""Switches that let accounts appear without the manifest."""

PINS: Final = (
    *("org_model", "slug_field", "membership_model", "user_field", "org_field", "role_field"),
    "role_names",
)


class GraphistryOptions(Options):
    """How Django's shell inside Graphistry is started, and what of it is managed.

    The options from `org_model` to `role_names` go together: with none of them organisations are
    left alone.
    """

    command: tuple[str, ...] = Field(
        DEFAULT_COMMAND,
        min_length=1,
        description="The command that starts `manage.py shell` in nexus and takes its input from "
        "ours: a list of words, run without a shell",
    )
    workdir: str = Field("", description="The folder to run it in, such as that of docker compose")
    timeout_s: int = Field(60, ge=1, le=3600, description="Seconds to wait for one run of it")
    max_reply_bytes: int = Field(
        16 * 1024 * 1024, ge=4096, description="The longest answer that is taken"
    )
    page_size: int = Field(500, ge=1, le=10_000, description="Users in one query there")
    service_account: str = Field(
        "", description="The account that our own tools sign in with; no plan touches it"
    )
    allow_hard_delete: bool = Field(
        False, description="Let `leavers: delete` delete accounts, with what they own"
    )
    sso_only_users: tuple[str, ...] = Field(
        (), description="Accounts that sign in through SSO alone: they get no password"
    )
    settings_on: tuple[str, ...] = Field((), description="Site switches that have to be on")
    settings_off: tuple[str, ...] = Field(
        SIGNUP_SWITCHES, description="Site switches that have to be off"
    )
    settings_write: tuple[str, ...] = Field(
        (), description="Those of them that apply may turn; the others are only compared"
    )
    org_model: str = Field("", description="The model of organisations, such as `teams.Team`")
    slug_field: str = Field("", description="Its field that holds the organisation's ID")
    membership_model: str = Field("", description="The model that says who is in which")
    user_field: str = Field("", description="Its field that leads to the user")
    org_field: str = Field("", description="Its field that leads to the organisation")
    role_field: str = Field("", description="Its field that holds the role")
    role_names: tuple[str, ...] = Field(
        (), description="The values of that field, the least powerful role first"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        missing = [name for name in PINS if not getattr(self, name)]
        if missing and len(missing) < len(PINS):
            raise ValueError(f"organisations need {', '.join(missing)} too, or none of the seven")
        if both := sorted({*self.settings_on} & {*self.settings_off}):
            raise ValueError(f"settings_on and settings_off both have {', '.join(both)}")
        if unsaid := sorted({*self.settings_write} - {*self.settings_on, *self.settings_off}):
            names = ", ".join(unsaid)
            raise ValueError(f"settings_write has {names}, which is to be neither on nor off")
        return self

    @property
    def switches(self) -> Mapping[str, bool]:
        """What the site's switches have to be."""
        return {**dict.fromkeys(self.settings_on, True), **dict.fromkeys(self.settings_off, False)}

    @property
    def written_switches(self) -> Mapping[str, bool]:
        """Those of them that apply may turn."""
        return {k: v for k, v in self.switches.items() if k in self.settings_write}

    @property
    def has_organisations(self) -> bool:
        """Whether the operator has named the models of organisations."""
        return bool(self.org_model)

    @property
    def models(self) -> Mapping[str, str]:
        """The names of the models and fields of organisations."""
        return {name: getattr(self, name) for name in PINS[:-1]}
