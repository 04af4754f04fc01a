"""How values of a JSON body become column values, for each backend, and how dates are spelled."""

from collections.abc import Container
from datetime import UTC, datetime
from email.utils import format_datetime

from reconciler.sandbox.flowauth.responses import crashed
from reconciler.sandbox.flowauth.settings import Backend
from reconciler.sandbox.flowauth.table import DatabaseRefusedError

_DATE_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


def parse_date(value: object) -> datetime:
    """A naive date; fraction and literal Z are mandatory, anything else is a 500 of shape 3."""
    if not isinstance(value, str):
        raise crashed()
    try:
        return datetime.strptime(value, _DATE_FORMAT)
    except ValueError:
        raise crashed() from None


def format_date(value: datetime | None) -> str | None:
    """The date with six digits of fraction and a Z; None stays None."""
    return None if value is None else value.strftime(_DATE_FORMAT)


def format_http_date(value: datetime | None) -> str | None:
    """The date as in an HTTP header (RFC 1123), which is how Flask spells a bare datetime."""
    return None if value is None else format_datetime(value.replace(tzinfo=UTC), usegmt=True)


def naive_utc(value: datetime | None) -> datetime | None:
    """A date as FlowAuth stores it: UTC without a zone. A naive one is taken to be UTC."""
    if value is None or value.tzinfo is None:
        return value
    return value.astimezone(UTC).replace(tzinfo=None)


def text_value(value: object) -> str:
    """A text column's value; numbers become text, null and structures are refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise DatabaseRefusedError("not a text")


def integer_value(value: object, backend: Backend) -> int | str:
    """An integer column's value; sqlite keeps a text that is no number, PostgreSQL refuses it."""
    if isinstance(value, bool) and backend == "postgres":
        raise DatabaseRefusedError("a boolean is not an integer")
    if isinstance(value, int | float):
        return round(value)
    if not isinstance(value, str):
        raise DatabaseRefusedError("not an integer")
    number = parse_id(value)
    if number is not None:
        return number
    if backend == "postgres":
        raise DatabaseRefusedError("not an integer")
    return value


def boolean_value(value: object) -> bool:
    """A boolean column's value; null reads back as false, a text such as "yes" is refused."""
    if value is None or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise DatabaseRefusedError("not a boolean")


def parse_id(text: str) -> int | None:
    """The number that a text spells, or None."""
    try:
        return int(text)
    except ValueError:
        return None


def looked_up_ids(values: object, known: Container[int], backend: Backend) -> tuple[int, ...]:
    """Those of the ids that exist, once each: unknown ones are silently dropped.

    A name instead of an id is dropped by sqlite and refused by PostgreSQL; what is no list is a
    500 of shape 3.
    """
    if not isinstance(values, list):
        raise crashed()
    found = (looked_up_id(value, backend) for value in values)
    return tuple(dict.fromkeys(row_id for row_id in found if row_id in known))


def looked_up_id(value: object, backend: Backend) -> int:
    """The id that a database makes of a value in a comparison; -1 for what can match no row."""
    if value is None:
        return -1
    stored = integer_value(value, backend)
    return stored if isinstance(stored, int) else -1
