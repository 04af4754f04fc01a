"""The options of a MobiusFlow target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from reconciler.provider import SecretText
from reconciler.providers.http_options import HttpOptions
from reconciler.providers.mobiusflow.levels import LEVELS
from reconciler.providers.mobiusflow.routes import Route, route_table
from reconciler.source import suggest

Dialect = Literal["v1", "v3"]


class MobiusFlowOptions(HttpOptions):
    """Where the engine is, whom we log in as, and what of its API was tried."""

    url: str = Field(
        description="The whole base address, such as https://engine.example.org:8443/api/v1 or "
        "https://engine.example.org/api/engine/v3"
    )
    dialect: Dialect = Field(description="The generation of the Engine API at this address")
    username: str = Field(min_length=1, description="The administrator to log in as")
    password: SecretText = Field(description="The administrator's password")
    concurrency: int = Field(
        4, ge=1, le=4, description="v1 only: requests side by side while all users are read"
    )
    min_password_length: int = Field(
        8, ge=8, le=128, description="The fewest characters of a password that this engine takes"
    )
    emulate_inactive: bool = Field(
        False, description="v1 only: who is deactivated keeps the password and loses every right"
    )
    accept_unpublished_routes: bool = Field(
        False, description="v3 only: whether apply may use routes that nobody has verified"
    )
    routes: tuple[str, ...] = Field(
        (), description="v3 only: requests that are other than assumed, or were verified"
    )
    role_names: tuple[str, ...] = Field(
        (), description="v3 only: what the API calls a level, such as viewer=Viewer"
    )

    @field_validator("concurrency")
    @classmethod
    def _is_of_many_reads(cls, value: int, info: ValidationInfo) -> int:
        if info.data.get("dialect") == "v3":
            raise ValueError("v3 reads all users with one request; leave it out")
        return value

    @field_validator("emulate_inactive")
    @classmethod
    def _is_of_v1(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("dialect") == "v3":
            raise ValueError("v3 deactivates accounts itself; leave it out")
        return value

    @field_validator("accept_unpublished_routes", "routes", "role_names")
    @classmethod
    def _is_of_v3(cls, value: object, info: ValidationInfo) -> object:
        if value and info.data.get("dialect") == "v1":
            raise ValueError("all of v1 is published; leave it out, or write dialect: v3")
        return value

    @field_validator("routes")
    @classmethod
    def _are_routes(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        route_table(texts)
        return texts

    @field_validator("role_names")
    @classmethod
    def _are_role_names(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        _role_names(texts)
        return texts

    def table(self) -> Mapping[str, Route]:
        """The requests of v3 by verb."""
        return route_table(self.routes)

    def level_names(self) -> Mapping[str, str]:
        """What v3 calls each level."""
        return _role_names(self.role_names)


def _role_names(texts: tuple[str, ...]) -> Mapping[str, str]:
    """The name of each level; raises ValueError."""
    names = {level: level.capitalize() for level in LEVELS}
    said: set[str] = set()
    for text in texts:
        level, _, name = (part.strip() for part in text.partition("="))
        if level not in LEVELS:
            hint = suggest(level, LEVELS) or f"the levels are {', '.join(LEVELS)}"
            raise ValueError(f'"{text}": "{level}" is not a level; {hint}')
        if not name or level in said:
            raise ValueError(f'"{text}": each level needs one name, such as viewer=Viewer')
        said.add(level)
        names[level] = name
    if len(set(names.values())) < len(names):
        raise ValueError("two levels have one name")
    return names
