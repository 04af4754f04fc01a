"""Reads that are asked side by side, as many at a time as a product takes well.

Four, unless a product says otherwise: no limit is published of those that are read so, and FlowAuth
was measured to gain nothing by more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_One = TypeVar("_One")
_Other = TypeVar("_Other")


def side_by_side(
    ask: Callable[[_One], _Other], things: Iterable[_One], at_once: int = 4
) -> list[_Other]:
    """The answers for all things, in their order. Raises what the first of them raises."""
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        return list(pool.map(ask, things))
