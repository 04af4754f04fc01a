"""Clocks of the simulator: seconds since the epoch, real or moved by hand."""

import time
from collections.abc import Callable

Clock = Callable[[], float]


class ManualClock:
    """A clock that stands still until it is told to move.

    It starts at `start`, or at the real time of its creation. Starting far in the past makes HTTP
    clients drop the session cookie at once, because its Expires is taken from this clock.
    """

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._now += seconds
