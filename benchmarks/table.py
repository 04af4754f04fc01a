"""Rows as a table for people and as a document for machines."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence, Set

from benchmarks.rows import Aim, Row

_HEAD = (
    "measured",
    "users",
    "median s",
    "min to max s",
    "peak MiB",
    "x memory",
    "limit",
    "limit s",
    "ratio",
    "aim",
    "met",
)
_RIGHT = frozenset({1, 2, 4, 5, 7, 8})
"""The columns of numbers."""


def machine() -> str:
    """The machine in words; the numbers are true for it alone."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, "
        f"Python {platform.python_version()}"
    )


def markdown(rows: Sequence[Row]) -> str:
    """One table, aligned, that reads the same on a terminal and in a Markdown page."""
    return aligned([_HEAD, *(_cells(row) for row in rows)], _RIGHT)


def growth(rows: Sequence[Row]) -> str:
    """How the time of a user grows between the two largest sizes: 1 is linear. Empty for one size.

    A process has a start that does not grow, so a number below 1 is nothing to be proud of.
    """
    sizes = sorted({row.size for row in rows if row.size and row.limit is not None})[-2:]
    if len(sizes) < 2:
        return ""
    lines = [("measured", *(f"ms a user, {size:,}" for size in sizes), "times")]
    for name in dict.fromkeys(row.measure for row in rows if row.limit is not None):
        each = [row.seconds / row.size for row in rows if row.measure == name and row.size in sizes]
        if len(each) == 2:
            shown = (f"{1000 * value:.3f}" for value in each)
            lines.append((name, *shown, f"{each[1] / each[0]:.2f}"))
    return aligned(lines, frozenset({1, 2, 3}))


def aligned(lines: Sequence[Sequence[str]], right: Set[int]) -> str:
    """Lines of cells as a table, the first its head; these columns to the right."""
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    rule = [
        "-" * (width - 1) + ":" if index in right else "-" * width
        for index, width in enumerate(widths)
    ]
    return "".join(_line(each, widths, right) for each in (lines[0], rule, *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int], right: Set[int]) -> str:
    padded = [
        cell.rjust(width) if index in right else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |\n"


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.measure,
        f"{row.size:,}" if row.size else "",
        _seconds(row.seconds),
        f"{_seconds(min(row.samples))} to {_seconds(max(row.samples))}",
        "" if row.peak_mib is None else f"{row.peak_mib:.0f}",
        "" if row.memory_ratio is None else f"{row.memory_ratio:.1f}",
        "" if row.limit is None else row.limit.name,
        "" if row.limit is None else _seconds(row.limit.seconds),
        "" if row.ratio is None else f"{row.ratio:.1f}",
        "" if row.aim is None else _aim(row.aim),
        {True: "yes", False: "no", None: ""}[row.is_met],
    )


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _aim(aim: Aim) -> str:
    return f"ratio <= {aim.most:g}" if aim.of == "ratio" else f"<= {aim.most:g} s"


def document(server: str, rows: Sequence[Row]) -> str:
    """Everything as JSON: all samples, in seconds, and what follows from them."""
    content = {
        "format": "reconciler.benchmark/v1",
        "machine": machine(),
        "server": server,
        "rows": [_row_document(row) for row in rows],
    }
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _row_document(row: Row) -> dict[str, object]:
    return {
        "measure": row.measure,
        "users": row.size,
        "samples_s": list(row.samples),
        "median_s": row.seconds,
        "peak_mib": row.peak_mib,
        "memory_ratio": row.memory_ratio,
        "limit": None if row.limit is None else row.limit.name,
        "limit_s": None if row.limit is None else row.limit.seconds,
        "ratio": row.ratio,
        "aim": None if row.aim is None else {"of": row.aim.of, "most": row.aim.most},
        "met": row.is_met,
    }
