"""The diff by examples; what holds for all states is in tests/properties."""

from __future__ import annotations

import pytest

from reconciler.changes import Change
from reconciler.diff import diff, in_apply_order, narrows_account
from reconciler.scope import Capabilities
from reconciler.state import Fields, Key, Kind, State

AMINA = Key("account", ("amina",))
RIGHT = Key("privilege", ("reader", "flowdb", "table", "public"))
LEVELS = Capabilities(levels=("user", "manager", "admin"), disabled={"login": False})


def test_a_record_that_only_desired_has_is_created_with_all_its_fields() -> None:
    changes = diff(State({AMINA: {"login": True}}), State({}))

    assert changes == (Change("create", AMINA, None, {"login": True}),)


def test_a_record_that_only_observed_has_is_deleted() -> None:
    changes = diff(State({}), State({AMINA: {"login": True}}))

    assert changes == (Change("delete", AMINA, {"login": True}, None),)


def test_an_update_holds_the_fields_that_differ_and_no_others_dif_07() -> None:
    desired = State({AMINA: {"login": True, "level": "admin"}})
    observed = State({AMINA: {"login": True, "level": "user", "last_seen": "today"}})

    changes = diff(desired, observed)

    assert changes == (Change("update", AMINA, {"level": "user"}, {"level": "admin"}),)


def test_an_attribute_that_is_not_there_yet_is_updated_from_nothing_dif_07() -> None:
    changes = diff(State({AMINA: {"comment": "x"}}), State({AMINA: {}}))

    assert changes == (Change("update", AMINA, {"comment": None}, {"comment": "x"}),)


def test_fields_that_the_manifest_does_not_name_never_matter_dif_03() -> None:
    observed = State({AMINA: {"login": True, "oid": 16384, "status": "ok"}})

    assert diff(State({AMINA: {"login": True}}), observed) == ()


@pytest.mark.parametrize("kind", ["privilege", "default_privilege"])
def test_what_is_compared_whole_loses_what_nobody_asks_for(kind: Kind) -> None:
    key = Key(kind, RIGHT.path)
    asked: Fields = {"cells": ("SELECT",)}
    there: Fields = {"cells": ("SELECT",), "sites": ("DELETE",)}

    assert diff(State({key: asked}), State({key: there})) == (Change("update", key, there, asked),)


def test_inventory_is_neither_created_nor_deleted() -> None:
    tables, views = (
        Key("object", ("db", "table", "public")),
        Key("object", ("db", "view", "public")),
    )

    assert diff(State({tables: {"a": "x"}}), State({views: {"b": "x"}})) == ()


def test_a_name_that_is_part_of_another_is_another_name_dif_06() -> None:
    ann, anna = Key("account", ("ann",)), Key("account", ("anna",))

    changes = diff(State({ann: {}}), State({anna: {}}))

    assert [(each.action, each.key) for each in changes] == [("create", ann), ("delete", anna)]


ORDER: tuple[tuple[str, Kind, tuple[str, ...]], ...] = (
    ("create", "server", ("api",)),
    ("create", "role", ("reader",)),
    ("create", "group", ("analysts",)),
    ("create", "account", ("amina",)),
    ("update", "account", ("kofi",)),
    ("create", "setting", ("amina", "", "work_mem")),
    ("create", "membership", ("reader", "amina")),
    ("create", "privilege", ("reader", "db", "table", "public")),
    ("create", "default_privilege", ("reader", "db", "loader", "table", "public")),
    ("delete", "privilege", ("writer", "db", "table", "public")),
    ("delete", "setting", ("writer", "", "work_mem")),
    ("delete", "membership", ("writer", "amina")),
    ("update", "account", ("esi",)),
    ("delete", "account", ("gone",)),
    ("delete", "group", ("old",)),
    ("delete", "role", ("writer",)),
    ("delete", "server", ("old-api",)),
)


def test_changes_are_applied_in_the_order_that_is_safe() -> None:
    fields: dict[str, tuple[Fields, Fields]] = {
        "kofi": ({"level": "user"}, {"level": "admin"}),
        "esi": ({"level": "admin"}, {"level": "user"}),
    }
    wanted = [
        Change(action, Key(kind, path), *fields.get(path[-1], ({}, {})))  # type: ignore[arg-type]  # actions as text in the table above
        for action, kind, path in ORDER
    ]

    assert in_apply_order(reversed(wanted), LEVELS) == tuple(wanted)


@pytest.mark.parametrize(
    "before, after, narrows",
    [
        ({"login": True}, {"login": False}, True),
        ({"login": False}, {"login": True}, False),
        ({"level": "admin"}, {"level": "manager"}, True),
        ({"level": "user"}, {"level": "manager"}, False),
        ({"level": "owner"}, {"level": "user"}, False),
        ({"level": None}, {"level": "user"}, False),
        ({"comment": "a"}, {"comment": "b"}, False),
        ({"login": False, "level": "admin"}, {"login": True, "level": "user"}, True),
    ],
)
def test_an_update_that_takes_something_is_told_from_one_that_gives(
    before: Fields, after: Fields, *, narrows: bool
) -> None:
    assert narrows_account(Change("update", AMINA, before, after), LEVELS) is narrows
