"""Users as Graphistry has them, and the fields of accounts: which is which, both ways.

Source: graphistry-cli, docs/tools/user-creation.md: a superuser manages users and site, staff have
notebooks and private dashboards beside the visualisation API, which everybody has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.changes import Change
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

LAG: Final = "may go on for as long as a token lives, an hour unless the site says otherwise"
"""What sessions and tokens do that nothing ends. Source: JWT_EXPIRATION_DELTA of the chart."""


def fields_of(row: Columns) -> Fields:
    """The fields of a user. An address that is no verified primary one says so: it is another."""
    flags = (row["staff"] is True, row["superuser"] is True)
    level = next((name for name, each in LEVELS.items() if each == flags), CUSTOM)
    email = str(row["email"])
    shown = email if row["confirmed"] is True else f"{email} {_UNCONFIRMED}".strip()
    active = row["active"] is True
    return {"active": active, "email": shown, "level": level, "name": str(row["name"])}


def is_confirmed(fields: Fields) -> bool:
    """Whether the address of an account is as a manifest would have it."""
    return not str(fields["email"]).endswith(_UNCONFIRMED)


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


def is_shut_out(change: Change) -> bool:
    """Whether somebody may not sign in any more after a change."""
    if change.key.kind != "account":
        return False
    return change.action == "delete" or (change.after or {}).get("active") is False


def loses(change: Change) -> bool:
    """Whether a change of an account takes something: the sign-in, or a flag of the level."""
    if change.key.kind != "account" or change.action == "create":
        return False
    before, after = (change.before or {}).get("level"), (change.after or {}).get("level")
    is_lowered = after is not None and any(
        had and not has for had, has in zip(_flags(before), _flags(after), strict=True)
    )
    return is_lowered or is_shut_out(change)


def _flags(level: Value) -> tuple[bool, bool]:
    """The flags of a level; of none that is known those of a superuser who is not staff."""
    return LEVELS.get(str(level), (False, True))
