"""The small types of the manifest: names, texts, times, durations, and plain values.

Here belongs what turns one YAML value into one Python value, with the words for the person who
wrote it wrong and the JSON schema for the editor. The shapes they stand in are
`reconciler.manifest.models`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Final, TypeAlias, TypeVar, cast

from pydantic import (
    AfterValidator,
    Discriminator,
    GetCoreSchemaHandler,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError

LONGEST_NAME: Final = 255

_UNSEEN: Final = r"[\u0000-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
"""Control characters and others that print nothing: names that look alike must be the same name."""

_UNSEEN_OR_HALF: Final = re.compile(_UNSEEN + r"|[\ud800-\udfff]")

_TIME_PATTERN: Final = (
    r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})$"
)
_TIME: Final = re.compile(_TIME_PATTERN, re.ASCII)
_TIME_START: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?P<clock>[Tt ]\d{2}:\d{2}(:\d{2})?)?", re.ASCII)
_TIME_HINT: Final = "write date, time and zone, such as 2027-06-30T18:00:00Z"

_DURATION_PATTERN: Final = r"^(?=\d)(\d{1,5}w)?(\d{1,5}d)?(\d{1,5}h)?(\d{1,7}m)?$"
_DURATION: Final = re.compile(_DURATION_PATTERN, re.ASCII)
_MINUTES: Final = (7 * 24 * 60, 24 * 60, 60, 1)
_DURATION_HINT: Final = 'write weeks, days, hours and minutes, such as "2w", "2d", "1h30m" or "90m"'


def fault(message: str, hint: str = "") -> PydanticCustomError:
    """The error that a validator of the manifest raises: what is wrong, and what to do."""
    return PydanticCustomError("manifest", "{message}", {"message": message, "hint": hint})


def told_apart(kind_of: Callable[[object], str | None], message: str) -> Discriminator:
    """Finds the form of a value that may have several; what is wrong with one that has none."""
    return Discriminator(kind_of, custom_error_type="manifest", custom_error_message=message)


def _check_seen(value: str) -> None:
    unseen = _UNSEEN_OR_HALF.search(value)
    if unseen:
        raise fault(
            f"contains the character U+{ord(unseen[0]):04X}, which cannot be seen", "take it out"
        )


@lru_cache(maxsize=1 << 16)
def check_name(value: str) -> str:
    """The name as it is, or a fault: empty, too long, blank at an end, unseen, not NFC."""
    is_plain = value.isascii() and value.isprintable() and value.strip() == value
    if is_plain and 0 < len(value) <= LONGEST_NAME:
        return value  # nearly all names
    if not value:
        raise fault("a name must not be empty")
    _check_seen(value)
    if value != value.strip():
        raise fault(f'the name "{value}" begins or ends with a blank', "take the blank out")
    if len(value) > LONGEST_NAME:
        raise fault(f"the name has {len(value)} characters; at most {LONGEST_NAME} are possible")
    if not unicodedata.is_normalized("NFC", value):
        raise fault(
            f'the name "{value}" is not in Unicode form NFC',
            f'write "{unicodedata.normalize("NFC", value)}" with composed letters',
        )
    return value


def check_line(value: str) -> str:
    """The text as it is, or a fault: empty, or with control or other unseen characters."""
    if value and value.isascii() and value.isprintable():
        return value  # nearly all texts
    if not value:
        raise fault("must not be empty", "leave the key out where there is nothing to say")
    _check_seen(value)
    return value


def parse_time(value: object) -> datetime:
    """The instant of an RFC 3339 text, in UTC. A date alone or a time without a zone is a fault."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    if not isinstance(value, str):
        raise fault("must be a time", _TIME_HINT)
    if not _TIME.match(value):
        raise _fault_of_time(value)
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise fault(f'"{value}" is no time that exists', _TIME_HINT) from None


def _fault_of_time(value: str) -> PydanticCustomError:
    start = _TIME_START.match(value)
    if not start:
        return fault(f'"{value}" is not a time', _TIME_HINT)
    if start["clock"] is None and start.end() == len(value):
        return fault(f'"{value}" is a date alone, which has no exact instant', _TIME_HINT)
    if start.end() == len(value):
        return fault(f'the time "{value}" has no zone', _TIME_HINT)
    return fault(f'"{value}" is not a time in the form of RFC 3339', _TIME_HINT)


def parse_minutes(value: object) -> int:
    """The whole minutes of a duration such as "2d" or "1h30m"; at least one."""
    if not isinstance(value, str):
        raise fault("must be a duration with its unit", _DURATION_HINT)
    match = _DURATION.match(value)
    if not match:
        raise fault(f'"{value}" is not a duration', _DURATION_HINT)
    parts = zip(match.groups(), _MINUTES, strict=True)
    minutes = sum(int(part[:-1]) * unit for part, unit in parts if part)
    if minutes < 1:
        raise fault(f'"{value}" is shorter than one minute', _DURATION_HINT)
    return minutes


def check_scalar(value: object) -> str | int | float | bool:
    """The value, if it is a text, a finite number, true or false."""
    if isinstance(value, float) and not math.isfinite(value):
        raise fault("must be a finite number", "put it in quotes if text is meant")
    if isinstance(value, str | int | float):
        return value
    raise fault("must be a text, a number, true or false")


class _NotNull:
    """Takes null out of `T | None`: the key may be left out, but not stand without a value."""

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # what pydantic hands to every annotation of a type
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        match handler(source):
            case {"type": "nullable", "schema": schema}:
                return cast(CoreSchema, schema)
            case other:
                raise TypeError(f"Omittable is for T | None, not {other['type']}")


_T = TypeVar("_T")
Omittable = Annotated[_T | None, _NotNull()]
"""A value whose key may be left out, which reads as None. A key that stands without a value is a
fault: nobody can tell whether a bare `members:` means nobody or not managed."""

_NAME_SCHEMA: Final[Mapping[str, Any]] = {  # a JSON schema
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_NAME,
    "not": {"pattern": rf"{_UNSEEN}|^\s|\s$"},
}
_LINE_SCHEMA: Final[Mapping[str, Any]] = {  # a JSON schema
    "type": "string",
    "minLength": 1,
    "not": {"pattern": _UNSEEN},
}
_TIME_SCHEMA: Final[Mapping[str, Any]] = {  # a JSON schema
    "type": "string",
    "format": "date-time",
    "pattern": _TIME_PATTERN,
    "examples": ["2027-06-30T18:00:00Z"],
}
_DURATION_SCHEMA: Final[Mapping[str, Any]] = {  # a JSON schema
    "type": "string",
    "pattern": _DURATION_PATTERN,
    "examples": ["2d", "90m", "1h30m", "2w"],
}

Name: TypeAlias = Annotated[str, AfterValidator(check_name), WithJsonSchema(dict(_NAME_SCHEMA))]
Line: TypeAlias = Annotated[str, AfterValidator(check_line), WithJsonSchema(dict(_LINE_SCHEMA))]
Moment: TypeAlias = Annotated[
    datetime, PlainValidator(parse_time), WithJsonSchema(dict(_TIME_SCHEMA))
]
Minutes: TypeAlias = Annotated[
    int, PlainValidator(parse_minutes), WithJsonSchema(dict(_DURATION_SCHEMA))
]
Scalar: TypeAlias = Annotated[
    str | int | float | bool,
    PlainValidator(check_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
