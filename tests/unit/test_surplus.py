"""What a role holds beyond its rules under `mode: at_least`: found, and in no comparison."""

from __future__ import annotations

import pytest

from reconciler.diff import diff
from reconciler.engine.surplus import Sides, surplus, with_surplus
from reconciler.state import Fields, Key, State

KEY = Key("privilege", ("reader", "db", "table", "s"))
NAMES = frozenset({"reader"})


def state(fields: Fields | None) -> State:
    return State({} if fields is None else {KEY: fields})


@pytest.mark.parametrize(
    "desired, applied, observed, more",
    [
        ({"t": ("SELECT",)}, None, {"t": ("SELECT",)}, None),
        ({"t": ("SELECT",)}, None, {"t": ("INSERT", "SELECT")}, {"t": ("INSERT",)}),
        ({"t": ("SELECT",)}, None, {"u": ("SELECT",)}, {"u": ("SELECT",)}),
        (None, None, {"t": ("SELECT",)}, {"t": ("SELECT",)}),
        ({}, {"t": ("SELECT",)}, {"t": ("SELECT",)}, None),
        ({}, {"t": ("SELECT",)}, {"t": ("INSERT", "SELECT")}, {"t": ("INSERT",)}),
        ({"t": ("SELECT",)}, None, {"t": ("SELECT", "SELECT*")}, {"t": ("SELECT*",)}),
        ({}, {"t": ("SELECT",)}, {"t": ("SELECT", "SELECT*")}, {"t": ("SELECT", "SELECT*")}),
    ],
    ids=["nothing", "word", "object", "record", "ours", "ours and more", "option", "option alone"],
)
def test_it_is_what_nobody_asks_for_and_no_apply_left(
    desired: Fields | None, applied: Fields | None, observed: Fields, more: Fields | None
) -> None:
    sides = Sides(state(desired), state(applied), state(observed))

    assert surplus(sides, NAMES) == ({} if more is None else {KEY: more})


def test_without_memory_all_that_nobody_asks_for_is_surplus() -> None:
    sides = Sides(state({"t": ("SELECT",)}), None, state({"t": ("SELECT", "UPDATE")}))

    assert surplus(sides, NAMES) == {KEY: {"t": ("UPDATE",)}}


def test_of_other_roles_nothing_is() -> None:
    sides = Sides(state({}), None, state({"t": ("SELECT",)}))

    assert surplus(sides, frozenset({"writer"})) == {}
    assert surplus(sides, frozenset()) == {}


def test_it_is_no_difference_any_more() -> None:
    desired, observed = state({"t": ("SELECT",)}), state({"t": ("SELECT", "UPDATE"), "u": ("X",)})
    more = surplus(Sides(desired, None, observed), NAMES)

    assert diff(with_surplus(desired, more), observed) == ()


def test_what_is_lacking_still_is_a_difference() -> None:
    desired, observed = state({"t": ("INSERT", "SELECT")}), state({"t": ("SELECT", "UPDATE")})
    more = surplus(Sides(desired, None, observed), NAMES)

    (change,) = diff(with_surplus(desired, more), observed)

    assert change.after == {"t": ("INSERT", "SELECT", "UPDATE")}
