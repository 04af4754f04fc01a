"""Users as Graphistry has them, and the fields of accounts: which is which, both ways.

Source: graphistry-cli, docs/tools/user-creation.md: a superuser manages users and site, staff have
notebooks and private dashboards beside the visualisation API, which everybody has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.state import Fields, Value

Columns = Mapping[str, object]

LEVELS: Final[Mapping[str, tuple[bool, bool]]] = {
    "user": (False, False),
    "staff": (True, False),
    "admin": (True, True),
}
"""The levels, lowest first, with the flags of each: staff, superuser."""

COLUMNS: Final = ("username", "email", "name", "active", "staff", "superuser", "confirmed")
CUSTOM: Final = "custom{superuser}"
"""The level of a superuser who is not staff, which is none of the levels."""

_UNCONFIRMED: Final = "(not confirmed)"


def fields_of(row: Columns) -> Fields:
    """The fields of a user. An address that is no verified primary one says so: it is another."""
    flags = (row["staff"] is True, row["superuser"] is True)
    level = next((name for name, each in LEVELS.items() if each == flags), CUSTOM)
    email = str(row["email"])
    shown = email if row["confirmed"] is True else f"{email} {_UNCONFIRMED}".strip()
    active = row["active"] is True
    return {"active": active, "email": shown, "level": level, "name": str(row["name"])}


def columns_of(fields: Fields) -> dict[str, object]:
    """The columns that these fields are to be written to."""
    columns: dict[str, object] = {k: v for k, v in fields.items() if k != "level"}
    if "level" in fields:
        columns["staff"], columns["superuser"] = LEVELS[str(fields["level"])]
    return columns


def expected_of(fields: Mapping[str, Value]) -> dict[str, object]:
    """The columns that a user with these fields has."""
    columns: dict[str, object] = {
        k: v for k, v in fields.items() if k in ("active", "name") and v is not None
    }
    if fields.get("level") is not None:
        flags = LEVELS.get(str(fields["level"]), (False, True))
        columns["staff"], columns["superuser"] = flags
    if fields.get("email") is not None:
        email = str(fields["email"])
        bare = email.removesuffix(_UNCONFIRMED).strip()
        columns["email"], columns["confirmed"] = bare, bare == email
    return columns


def is_as(row: Columns | None, fields: Fields) -> bool:
    """Whether there is a user with these fields."""
    there = None if row is None else fields_of(row)
    return there is not None and all(there[name] == value for name, value in fields.items())


def is_power_left(fields: Fields) -> bool:
    """Whether somebody who may not sign in would be more than a user again if he or she might."""
    return fields["active"] is False and fields["level"] != "user"
