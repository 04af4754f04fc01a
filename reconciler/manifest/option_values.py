"""Values that stand in the manifest, or where they are found: `{env: NAME}` and `{file: PATH}`.

Here belong references to secrets as they are written. Following them is `reconciler.options`.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, Tag

from reconciler.manifest.scalars import Line, Scalar, told_apart

CONFIG: Final = ConfigDict(
    extra="forbid",
    frozen=True,
    strict=True,
    defer_build=True,  # only Manifest is validated directly, and it holds the others
    hide_input_in_errors=True,  # an option may be a secret that somebody wrote out
)
"""The configuration of every model of the manifest."""


class EnvRef(BaseModel):
    """The value of an environment variable, read when it is needed."""

    model_config = CONFIG

    env: Line = Field(description="The name of the environment variable.")


class FileRef(BaseModel):
    """The content of a file, read when it is needed."""

    model_config = CONFIG

    file: Line = Field(description="The path of the file.")


def _reference_kind(value: object) -> str | None:
    if isinstance(value, dict):
        keys = [key for key in ("env", "file") if key in value]
        return keys[0] if len(keys) == len(value) == 1 else None
    if isinstance(value, EnvRef | FileRef):
        return "env" if isinstance(value, EnvRef) else "file"
    return None


def _option_kind(value: object) -> str | None:
    if isinstance(value, dict | EnvRef | FileRef):
        return _reference_kind(value)
    if isinstance(value, list):
        return "list"
    return None if value is None else "scalar"


OptionValue: TypeAlias = Annotated[
    Annotated[EnvRef, Tag("env")]
    | Annotated[FileRef, Tag("file")]
    | Annotated[list[Scalar], Tag("list")]
    | Annotated[Scalar, Tag("scalar")],
    told_apart(
        _option_kind,
        "must be a plain value, a list of them, {env: NAME} or {file: PATH}",
    ),
]

SecretRef: TypeAlias = Annotated[
    Annotated[EnvRef, Tag("env")] | Annotated[FileRef, Tag("file")],
    told_apart(
        _reference_kind,
        "must be {env: NAME} or {file: PATH}, never the secret itself",
    ),
]
"""A secret that may not be written out."""
