"""Python's garbage collector in a program that ends soon.

A run makes hundreds of thousands of objects, and nearly all stay until its end. To look through
them again and again, and once more at the end, takes a quarter of the time of a `plan`
(docs/benchmarks.md). Here belongs when it collects, and nothing else.
"""

from __future__ import annotations

import gc
from typing import Final

_RARELY: Final = 200_000
"""New objects between two collections: garbage stays under some 50 MB, and a `plan` of thousands of
accounts sees one or two."""


def put_off() -> None:
    """Collect nothing until `resume`: what a program imports and reads at its start, it keeps."""
    gc.disable()


def resume() -> None:
    """After `put_off`, collect again, but seldom, and nothing of what is there already."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(_RARELY)
        gc.enable()


def leave_all() -> None:
    """Let Python end without a last look at everything, which the system frees at once."""
    gc.freeze()
