"""Every combination of what is known of a record has exactly one class (DRF-01)."""

from __future__ import annotations

from itertools import product

import pytest

from reconciler.classify import Cell, Class, Mark, classify, direction, restricted
from reconciler.state import Fields, Key

VALUES: dict[str, Fields | None] = {
    "absent": None,
    "r": {"t": ("SELECT",)},
    "rw": {"t": ("INSERT", "SELECT")},
    "rx": {"t": ("EXECUTE", "SELECT")},
}
MARKS: tuple[Mark, ...] = ("ours", "theirs", "none")


def _cells() -> list[Cell]:
    """Desired, applied or unknown, observed or unreadable, exclusive or shared, and the mark."""
    return [
        Cell(
            desired,
            None if applied == "unknown" else VALUES[applied],
            None if observed == "unreadable" else VALUES[observed],
            is_applied_known=applied != "unknown",
            is_readable=observed != "unreadable",
            is_exclusive=exclusive,
            mark=mark,
        )
        for desired, applied, observed, exclusive, mark in product(
            VALUES.values(), (*VALUES, "unknown"), (*VALUES, "unreadable"), (True, False), MARKS
        )
    ]


def _by_the_table(cell: Cell) -> list[Class]:
    """Every row of the published table that fits, written as conditions that exclude each other."""
    d, a, o = cell.desired, cell.applied, cell.observed
    stranger: Class = "rogue" if cell.is_exclusive else "unmanaged"
    is_foreign = cell.mark == "theirs" and o is not None
    judged = cell.is_readable and not is_foreign
    known, unknown = judged and cell.is_applied_known, judged and not cell.is_applied_known
    rows: list[tuple[bool, Class]] = [
        (not cell.is_readable, "unknown"),
        (cell.is_readable and is_foreign, "foreign"),
        (unknown and d == o, "in_sync"),
        (unknown and d != o and d is None and cell.mark == "ours", "orphan"),
        (unknown and d != o and d is None and cell.mark != "ours", stranger),
        (unknown and d != o and d is not None, "difference"),
        (known and d == a == o, "in_sync"),
        (known and d == a != o and d is None, stranger),
        (known and d == a != o and d is not None, "drift"),
        (known and d != a and o == a, "pending"),
        (known and d != a and o != a and o == d, "converged"),
        (known and d != a and o != a and o != d, "conflict"),
    ]
    return [name for holds, name in rows if holds]


def test_there_are_600_cells_and_each_has_the_class_of_the_table_drf_01() -> None:
    cells = _cells()

    assert len(cells) == 600
    assert [[classify(cell)] for cell in cells] == [_by_the_table(cell) for cell in cells]


def test_without_memory_nothing_has_a_cause_and_nothing_is_pending_drf_01() -> None:
    classes = {classify(cell) for cell in _cells() if not cell.is_applied_known}

    assert not classes & {"pending", "drift", "conflict", "converged"}


def test_only_a_pending_removal_deletes_without_further_consent_drf_01() -> None:
    removals = [
        cell
        for cell in _cells()
        if classify(cell) == "pending" and cell.desired is None and cell.observed is not None
    ]

    assert removals
    assert all(cell.applied == cell.observed for cell in removals)


@pytest.mark.parametrize(
    "before, after, said",
    [
        (None, {}, "widened"),
        ({}, None, "narrowed"),
        ({"t": ("SELECT",)}, {"t": ("INSERT", "SELECT")}, "widened"),
        ({"t": ("INSERT", "SELECT")}, {"t": ("SELECT",)}, "narrowed"),
        ({"t": ("INSERT",)}, {"t": ("SELECT",)}, "mixed"),
        ({"t": ("SELECT",)}, {"u": ("SELECT",)}, "mixed"),
        ({"login": False}, {"login": True}, "widened"),
        ({"login": True}, {"login": False}, "narrowed"),
        ({"login": True, "createdb": False}, {"login": False, "createdb": True}, "mixed"),
        ({"connection_limit": 5}, {"connection_limit": 6}, "mixed"),
        ({"comment": "a"}, {"comment": "b"}, "mixed"),
        ({"comment": "a", "login": False}, {"comment": "b", "login": True}, "widened"),
    ],
)
def test_the_direction_of_a_change_drf_04(
    before: Fields | None, after: Fields | None, said: str
) -> None:
    assert direction(before, after) == said


def test_only_managed_attributes_are_compared_and_privileges_whole() -> None:
    account, right = Key("account", ("amina",)), Key("privilege", ("reader", "db", "table", "s"))

    assert restricted({"login": True, "limit": 5}, {"login": True}, account) == {"login": True}
    assert restricted({"t": ("SELECT",), "u": ()}, {"t": ()}, right) == {
        "t": ("SELECT",),
        "u": (),
    }
    assert restricted(None, {"login": True}, account) is None
