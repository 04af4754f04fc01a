"""The options of a Graphistry target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Self

from pydantic import Field, field_validator, model_validator

from reconciler.provider import Options, SecretText
from reconciler.providers.graphistry.argv import place_fault
from reconciler.providers.http_options import checked_url
from reconciler.secret import Secret

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
    transfer_command: tuple[str, ...] = Field(
        (),
        description="The command that gives what user {from} owns to user {to}, the policy's heir, "
        "before {from} is deleted",
    )
    url: str = Field(
        "",
        description="The address of Graphistry, such as https://graphs.example.org: who loses "
        "something is logged out there",
    )
    password: SecretText | None = Field(None, description="The password of service_account")
    personal_key: SecretText | None = Field(
        None, description="A personal key of service_account, `ID:SECRET`, instead of a password"
    )
    ca_file: str = Field("", description="A file of CA certificates to trust instead of the usual")
    keys_command: tuple[str, ...] = Field(
        (),
        description="The command that lists and revokes personal keys ({action} is list or revoke) "
        "of {user}; {id} is the key to be revoked",
    )
    keys_line: str = Field(
        "",
        description="The regular expression of a line that lists a key, with a group `id` and, if "
        "there is one, `name`",
    )
    keys_ignore: str = Field(
        "", description="The regular expression of its other lines, such as a heading"
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

    @field_validator("url")
    @classmethod
    def _is_url(cls, url: str) -> str:
        return checked_url(url) if url else url

    @field_validator("keys_line", "keys_ignore")
    @classmethod
    def _is_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _can_part(self) -> Self:
        if faults := [*self._rest_faults(), *self._script_faults()]:
            raise ValueError("; ".join(faults))
        return self

    def _rest_faults(self) -> Iterator[str]:
        given = [name for name in ("password", "personal_key") if getattr(self, name) is not None]
        if self.url and (len(given) != 1 or not self.service_account):
            yield "url needs service_account, and password or personal_key"
        if given and not self.url:
            yield f"{given[0]} is of no use without url"

    def _script_faults(self) -> Iterator[str]:
        if self.keys_command:
            names = ("action", "user", "id")
            if fault := place_fault(self.keys_command, names, names):
                yield f"keys_command: {fault}"
            if "id" not in re.compile(self.keys_line).groupindex:
                yield "keys_command needs keys_line, with a group (?P<id>...)"
        elif self.keys_line or self.keys_ignore:
            yield "keys_line and keys_ignore are of no use without keys_command"
        if self.transfer_command:
            both = ("from", "to")
            if fault := place_fault(self.transfer_command, both, both):
                yield f"transfer_command: {fault}"

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

    def secrets(self) -> tuple[Secret, ...]:
        """The password, or the personal key and what of it is secret."""
        key = self.personal_key.reveal().partition(":")[2] if self.personal_key else ""
        return (*super().secrets(), *((Secret(key),) if key else ()))

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
