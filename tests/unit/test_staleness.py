"""A plan is stale if and only if something it touches is no longer as it was."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.staleness import stale_reasons
from reconciler.state import EMPTY, Fields, Key, State

AMINA = Key("account", ("amina",))
RIGHT = Key("privilege", ("reader", "flowdb", "table", "public"))


def _reasons(change: Change, there: Fields | None) -> list[str]:
    observed = EMPTY if there is None else State({change.key: there})
    return list(stale_reasons([change], observed))


UPDATE = Change("update", AMINA, {"login": True, "level": "user"}, {"login": False, "level": "x"})
CREATE = Change("create", AMINA, None, {"login": True})
DELETE = Change("delete", AMINA, {"login": True}, None)
EXACT = Change("update", RIGHT, {"cells": ("SELECT",)}, {"cells": ("INSERT", "SELECT")})


@pytest.mark.parametrize(
    "change, there",
    [
        (UPDATE, {"login": True, "level": "user"}),
        (UPDATE, {"login": True, "level": "user", "comment": "by hand"}),
        (CREATE, None),
        (DELETE, {"login": True}),
        (EXACT, {"cells": ("SELECT",)}),
    ],
)
def test_what_is_as_it_was_planned_is_not_stale(change: Change, there: Fields | None) -> None:
    assert _reasons(change, there) == []


@pytest.mark.parametrize(
    "change, there, said",
    [
        (
            UPDATE,
            {"login": False, "level": "user"},
            "account amina was login=yes and is login=no",
        ),
        (UPDATE, None, "account amina was level=user, login=yes and is absent"),
        (CREATE, {"login": True}, "account amina was absent and is login=yes"),
        (CREATE, {}, "account amina was absent and is present"),
        (DELETE, None, "account amina was login=yes and is absent"),
        (
            EXACT,
            {"cells": ("SELECT",), "sites": ("DELETE", "SELECT")},
            "privilege reader/flowdb/table/public was sites=none and is sites=DELETE+SELECT",
        ),
    ],
)
def test_what_changed_is_named_with_both_values_pln_03(
    change: Change, there: Fields | None, said: str
) -> None:
    assert _reasons(change, there) == [said]


def test_what_the_plan_does_not_touch_may_have_changed_pln_04() -> None:
    observed = State({AMINA: {"login": True}, Key("account", ("kofi",)): {"login": False}})

    assert list(stale_reasons([DELETE], observed)) == []
