"""What of a thing's fields a manifest says, in the manifest's words.

Here belongs one thing by itself: an account, a role, a server. Fields that no manifest has words
for, such as whether somebody may sign in, are for `roster`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pydantic_core import PydanticCustomError

from reconciler.importing.yaml_text import Data
from reconciler.manifest.scalars import check_line
from reconciler.state import Fields, Value

Said = Mapping[str, Data | None]
"""Words with their values; None where no manifest can have the value. What is empty is absent."""

_UNITS: Final = (("d", 24 * 60), ("h", 60), ("m", 1))


def limits_of(fields: Fields) -> Said:
    """The limits of the tokens of a server or role."""
    said: dict[str, Data | None] = {}
    if (expires := fields.get("token_expires")) is not None:
        said["token_expires"] = _line(expires)
    if (life := fields.get("token_life_minutes")) is not None:
        said["token_life"] = duration(life) if isinstance(life, int) and life > 0 else None
    return said


def scopes_of(fields: Fields) -> Said:
    """The scopes of a server or role."""
    scopes = fields.get("scopes")
    if not isinstance(scopes, tuple):
        return {}
    return {"scopes": sorted(scopes) if all(map(is_line, scopes)) else None}


def texts_of(fields: Fields, names: Collection[str]) -> Said:
    """Those of these fields that an account has, such as the name to show."""
    return {name: _line(fields[name]) for name in sorted(names) if fields.get(name)}


def sayable(*parts: Said) -> dict[str, Data]:
    """What can be said of all this."""
    return {name: value for each in parts for name, value in each.items() if value is not None}


def unsayable(*parts: Said) -> list[str]:
    """The words whose values no manifest can have."""
    return [name for each in parts for name, value in each.items() if value is None]


def is_line(value: object) -> bool:
    """Whether a manifest can have this text in one line."""
    try:
        return isinstance(value, str) and check_line(value) == value
    except PydanticCustomError:
        return False


def duration(minutes: int) -> str:
    """Minutes as a manifest has them: `2d`, `1h30m`."""
    return "".join(_parts(minutes))


def _parts(minutes: int) -> Iterable[str]:
    for unit, size in _UNITS:
        number, minutes = divmod(minutes, size)
        if number:
            yield f"{number}{unit}"


def _line(value: Value) -> str | int | None:
    if isinstance(value, bool | int):
        return value
    return value if isinstance(value, str) and is_line(value) else None
