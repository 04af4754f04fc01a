"""Phrases that several texts share: numbers of things, and lists of names. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SHOWN_NAMES: Final = 4


def counted(number: int, noun: str) -> str:
    """The number with its noun: `1 target`, `2 targets`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str], shown: int = SHOWN_NAMES) -> str:
    """The first few of the names and how many more there are."""
    if len(names) <= shown:
        return ", ".join(names)
    return f"{', '.join(names[:shown])} and {len(names) - shown} more"
