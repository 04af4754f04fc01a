"""Instants as text, in the one spelling of plans, records and files of passwords. Pure."""

from __future__ import annotations

from datetime import UTC, datetime


def time_text(time: datetime) -> str:
    """The instant as RFC 3339 text in UTC, to the second: `2030-06-30T00:00:00Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
