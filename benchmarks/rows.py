"""What was measured, as rows: samples of the product, the limit beside them, and the aim.

Here belongs the arithmetic. How rows look is `table`; how the numbers came about is `rounds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from benchmarks.process import Sample


@dataclass(frozen=True, slots=True)
class Aim:
    """What a row should not exceed: a ratio to its limit, or so many seconds."""

    of: Literal["ratio", "seconds"]
    most: float


@dataclass(frozen=True, slots=True)
class Limit:
    """What a row is measured against: in words, the median of its seconds, and its memory."""

    name: str
    seconds: float
    peak_mib: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured several times.

    `size` is the number of users, 0 where there are none. A row without a limit is itself one.
    """

    measure: str
    size: int
    samples: tuple[float, ...]
    peak_mib: float | None = None
    limit: Limit | None = None
    aim: Aim | None = None

    @property
    def seconds(self) -> float:
        return median(self.samples)

    @property
    def ratio(self) -> float | None:
        return None if self.limit is None else self.seconds / self.limit.seconds

    @property
    def memory_ratio(self) -> float | None:
        """The peak memory against that of the limit; None where either is not known."""
        of = None if self.limit is None else self.limit.peak_mib
        return None if of is None or self.peak_mib is None else self.peak_mib / of

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is reached; None where there is none."""
        if self.aim is None:
            return None
        value = self.seconds if self.aim.of == "seconds" else self.ratio
        return value is not None and value <= self.aim.most


def row_of(
    measure: str,
    size: int,
    samples: Sequence[Sample],
    limit: Limit | None = None,
    aim: Aim | None = None,
) -> Row:
    """The row of a program's runs; its memory is the largest of them."""
    seconds = tuple(sample.seconds for sample in samples)
    peak_mib = max(sample.peak_mib for sample in samples)
    return Row(measure, size, seconds, peak_mib, limit, aim)
