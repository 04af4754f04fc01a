"""The time of day, for the edges of the program: the pure modules are told what time it is."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The instant it is, in UTC."""
    return datetime.now(UTC)
