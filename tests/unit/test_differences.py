"""Whose doing a difference is, and what would undo it."""

from __future__ import annotations

import pytest

from reconciler.changes import Cause
from reconciler.classify import Difference
from reconciler.differences import Timeline, repair
from reconciler.state import Fields, Key, State

KOFI = Key("account", ("kofi",))
IN_READER = Key("membership", ("reader", "kofi"))
RIGHTS = Key("privilege", ("reader", "db", "table", "public"))


def _states(*sides: Fields | None) -> list[State]:
    return [State({} if side is None else {KOFI: side}) for side in sides]


@pytest.mark.parametrize(
    "desired, applied, ended, unstarted, cause",
    [
        (None, {}, {}, None, "expiry"),
        (None, {}, None, None, "config"),
        ({}, None, {}, None, "start"),
        ({}, None, {}, {}, "config"),
        ({"level": "user"}, {"level": "admin"}, {"level": "admin"}, None, "expiry"),
        ({"level": "admin"}, {"level": "user"}, {"level": "admin"}, {"level": "user"}, "start"),
        ({"level": "admin"}, {"level": "user"}, {"level": "admin"}, {"level": "admin"}, "config"),
    ],
)
def test_a_cause_is_a_time_where_another_time_would_ask_what_was_applied_tim_01(
    desired: Fields | None,
    applied: Fields | None,
    ended: Fields | None,
    unstarted: Fields | None,
    cause: Cause,
) -> None:
    timeline = Timeline(*_states(desired, applied, ended, unstarted))

    assert timeline.cause(KOFI) == cause


def test_without_grants_that_ended_or_began_the_cause_is_an_edit() -> None:
    assert Timeline(*_states(None, {})).cause(KOFI) == "config"


def test_a_right_that_another_grant_still_gives_has_not_expired_tim_03() -> None:
    timeline = Timeline(State({IN_READER: {}}), State({IN_READER: {}}), State({IN_READER: {}}))

    assert timeline.cause(IN_READER) == "config"


def _difference(
    key: Key, applied: Fields | None, observed: Fields | None, desired: Fields | None = None
) -> Difference:
    return Difference("D-1", key, "drift", "mixed", "drift", desired, applied, observed)


def test_a_repair_gives_back_what_was_applied_and_leaves_other_objects() -> None:
    drift = _difference(RIGHTS, {"cells": ("SELECT",)}, {"cells": ("INSERT",)})
    observed = State({RIGHTS: {"cells": ("INSERT",), "sites": ("SELECT",)}})

    change = repair(drift, observed, State({}))

    assert change is not None
    assert (change.action, change.after) == (
        "update",
        {"cells": ("SELECT",), "sites": ("SELECT",)},
    )


def test_a_repair_of_a_record_that_is_gone_makes_it_as_it_was_applied() -> None:
    drift = _difference(KOFI, {}, None)

    change = repair(drift, State({}), State({KOFI: {"level": "user"}}))

    assert change is not None
    assert (change.action, change.after) == ("create", {"level": "user"})


def test_a_repair_of_what_nobody_asked_for_takes_it_away() -> None:
    change = repair(_difference(IN_READER, None, {}), State({IN_READER: {}}), State({}))

    assert change is not None
    assert change.action == "delete"


def test_there_is_nothing_to_repair_where_all_is_as_it_was() -> None:
    same: Fields = {"cells": ("SELECT",)}

    assert repair(_difference(RIGHTS, same, same), State({RIGHTS: same}), State({})) is None
