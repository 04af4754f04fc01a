"""Times as FlowAuth up to 1.17 shows limits: as in the headers of HTTP, to the second.

It takes them in the spelling of the later releases: see `flowauth.times`.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

from reconciler.errors import UnexpectedResponseError


def from_http_date(target: str, text: str) -> str:
    """`Tue, 01 Jan 2030 00:00:00 GMT` in our spelling."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not text.endswith("GMT"):
        message = f"{text[:40]!r} is not a time as FlowAuth shows limits"
        raise UnexpectedResponseError(target, message)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
