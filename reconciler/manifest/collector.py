"""A pause for Python's garbage collector while many objects are made that all stay.

Reading 50,000 users makes a million objects and no garbage, and the collector would look through
all of them again and again: it takes as long as the work itself.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the garbage collector, and go on as before however the block ends."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
