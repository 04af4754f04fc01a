"""The options of a memory target."""

from __future__ import annotations

from pydantic import Field

from reconciler.provider import Options


class MemoryOptions(Options):
    """Where the target's state lies."""

    state: str = Field(min_length=1, description="Path of the JSON file that holds the state")
