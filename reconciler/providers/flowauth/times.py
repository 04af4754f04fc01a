"""Times as FlowAuth writes them and as we do.

FlowAuth takes and gives `%Y-%m-%dT%H:%M:%S.%fZ`: fraction and Z are mandatory, anything else is
status 500. It gives six digits, so its texts are in the order of the times.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from reconciler.errors import UnexpectedResponseError

_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_SHAPE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def to_flowauth(time: str) -> str:
    """`2030-01-01T00:00:00Z` as FlowAuth wants it; a time that has a fraction keeps it."""
    return time if "." in time else f"{time.removesuffix('Z')}.000000Z"


def from_flowauth(target: str, text: str) -> str:
    """A time of FlowAuth's in our spelling: without the fraction where it is zero."""
    try:
        datetime.strptime(text, _FORMAT)
        is_time = _SHAPE.fullmatch(text) is not None
    except ValueError:
        is_time = False
    if not is_time:
        message = f"{text[:40]!r} is not a time as FlowAuth writes it"
        raise UnexpectedResponseError(target, message)
    return text.replace(".000000Z", "Z")


def is_later(time: str, other: str) -> bool:
    """Whether a time in our spelling is after the other."""
    return to_flowauth(time) > to_flowauth(other)
