"""A folder in the cache that several runs fill, one at a time, and never half.

What is made is made in `unfinished`, under the lock, and gets its final name last.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(cache: Path) -> Iterator[None]:
    """Hold the cache's lock, which the system lets go of however this process ends."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def unfinished(cache: Path) -> Iterator[Path]:
    """An empty folder to work in, under the lock; what a killed run left in it goes first."""
    folder = cache / "unfinished"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
