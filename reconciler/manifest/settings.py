"""Settings of accounts and roles: parameters of the target, each with a value or a list of values.

Here belongs what turns them from YAML into mappings. What they mean is for the provider.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from reconciler.manifest.scalars import Name, check_scalar, fault
from reconciler.state import Value


def check_setting(value: object) -> Value:
    """A text, a whole number, true or false as it is; another number as text; a list of texts."""
    if isinstance(value, list):
        return tuple(_item(each) for each in value)
    if isinstance(value, tuple):
        return value  # a model that is validated again
    if value is None:
        raise fault("has no value", "write a value, or leave the key out")
    if isinstance(value, dict):
        raise fault("must be a value or a list of values", "write it without a mapping")
    found = check_scalar(value)
    return str(found) if isinstance(found, float) else found


def _item(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise fault("must be a list of texts", "put each in quotes")


def _check_parameters(values: dict[str, Value]) -> dict[str, Value]:
    """Parameters by name in small letters, whatever case they are written in."""
    first: dict[str, str] = {}
    for name in values:
        other = first.setdefault(name.lower(), name)
        if other != name:
            raise fault(f'"{other}" and "{name}" are one parameter', "leave one of them out")
    return values


Setting: TypeAlias = Annotated[
    str | int | bool | tuple[str, ...] | None,
    PlainValidator(check_setting),
    WithJsonSchema(
        {"type": ["string", "number", "boolean", "array"], "items": {"type": ["string", "number"]}}
    ),
]
"""The value of one parameter, or the list of its values."""

Settings: TypeAlias = Annotated[dict[Name, Setting], AfterValidator(_check_parameters)]
"""The values of parameters by name. A parameter that is not named is not managed."""
