"""The words for a change and its parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.changes import Change
from reconciler.render.phrases import origin, phrase
from reconciler.source import Source
from reconciler.state import Key
from reconciler.wording import listed
from tests.sample_plans import create, delete, update


def _privileges(kind: str, schema: str = "geography") -> Key:
    return Key("privilege", ("reader", "flowdb", kind, schema))


@pytest.mark.parametrize(
    "change, text, parts",
    [
        (
            create(_privileges("table"), {"a": ("SELECT",)}),
            "select on table geography.a in flowdb",
            (),
        ),
        (
            create(Key("privilege", ("reader", "", "tablespace", "")), {"fast": ("CREATE",)}),
            "create on tablespace fast",
            (),
        ),
        (
            create(
                Key("privilege", ("reader", "", "parameter", "")),
                {"work_mem": ("SET",), "jit": ("SET",)},
            ),
            "set on 2 parameters: jit, work_mem",
            (),
        ),
        (
            update(
                Key("privilege", ("reader", "", "parameter", "")),
                {"jit": ("SET",)},
                {"jit": ("ALTER SYSTEM", "SET")},
            ),
            "parameters of the cluster",
            (("create", "alter system on jit"),),
        ),
        (
            create(Key("privilege", ("reader", "db", "language", "")), {"sql": ("USAGE",)}),
            "usage on language sql in db",
            (),
        ),
        (
            create(_privileges("column"), {"cells.id": ("SELECT", "SELECT*", "UPDATE")}),
            "select with grant option, update on column geography.cells.id in flowdb",
            (),
        ),
        (
            update(_privileges("table"), {"a": ("SELECT", "SELECT*")}, {"a": ("SELECT",)}),
            "tables of geography in flowdb",
            (("delete", "the grant option for select on a"),),
        ),
        (
            create(_privileges("table"), {"b": ("SELECT",), "a": ("SELECT",)}),
            "select on 2 tables of geography in flowdb: a, b",
            (),
        ),
        (
            create(Key("setting", ("amina", "", "work_mem")), {"value": "64MB"}),
            "setting work_mem: 64MB",
            (),
        ),
        (
            update(Key("setting", ("amina", "db", "x.y")), {"value": "a"}, {"value": "b"}),
            "setting x.y in db: a -> b",
            (),
        ),
        (
            delete(Key("setting", ("amina", "", "search_path")), {"value": '"a, b", c'}),
            'setting search_path: "a, b", c',
            (),
        ),
        (
            create(_privileges("table"), {"*": ("SELECT",)}),
            "select on all tables of geography in flowdb",
            (),
        ),
        (
            create(_privileges("schema", ""), {"geography": ("USAGE",)}),
            "usage on schema geography in flowdb",
            (),
        ),
        (
            delete(_privileges("database", ""), {"flowdb": ("CONNECT", "CREATE")}),
            "connect, create on database flowdb",
            (),
        ),
        (
            create(_privileges("table"), {"a": ("SELECT",), "b": ("INSERT",)}),
            "tables of geography in flowdb",
            (("create", "insert on b"), ("create", "select on a")),
        ),
        (
            update(
                _privileges("table"),
                {"a": ("SELECT",), "b": ("SELECT",)},
                {"a": ("INSERT", "SELECT")},
            ),
            "tables of geography in flowdb",
            (("create", "insert on a"), ("delete", "select on b")),
        ),
        (
            update(
                Key("default_privilege", ("reader", "flowdb", "maker", "table", "")),
                {"privileges": ("SELECT",)},
                {"privileges": ("INSERT",)},
            ),
            "future tables in flowdb made by maker",
            (("create", "insert"), ("delete", "select")),
        ),
        (
            update(Key("account", ("x",)), {"login": False}, {"login": True}),
            "account: login: no -> yes",
            (),
        ),
        (
            update(Key("role", ("s", "x")), {"scopes": ("a", "b")}, {"scopes": ("b", "c")}),
            "role",
            (("create", "scopes: c"), ("delete", "scopes: a")),
        ),
        (
            create(
                Key("account", ("x",)),
                {"login": True, "inherit": True, "super": False, "createdb": True, "note": None},
            ),
            "account (createdb: yes)",
            (),
        ),
        (create(Key("membership", ("r", "x")), {"inherit": True}), "member of r", ()),
        (create(Key("membership", ("s", "r", "x")), {}), "member of r on s", ()),
        (
            update(Key("membership", ("r", "x")), {"admin": True}, {"admin": False}),
            "member of r: admin: yes -> no",
            (),
        ),
    ],
)
def test_a_change_in_words(change: Change, text: str, parts: tuple[tuple[str, str], ...]) -> None:
    assert phrase(change) == (text, parts)


def test_privileges_that_are_added_and_taken_on_many_objects_are_counted() -> None:
    before = {f"t{number}": ("SELECT",) for number in range(9)}
    after = dict.fromkeys(before, ("INSERT",))

    parts = phrase(update(_privileges("table"), before, after)).parts

    assert parts == (
        ("create", "insert on 9 tables: t0, t1, t2, t3 and 5 more"),
        ("delete", "select on 9 tables: t0, t1, t2, t3 and 5 more"),
    )


def test_names_are_listed_up_to_a_number() -> None:
    assert listed(["a", "b", "c", "d"]) == "a, b, c, d"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c, d and 1 more"


def test_a_line_that_asks_twice_is_named_once() -> None:
    twice = (Source("access.yaml", 4, 1), Source("access.yaml", 4, 9))

    assert origin(create(Key("account", ("x",)), {}, *twice)) == "access.yaml:4"


def test_a_cause_that_says_more_stands_behind_the_line() -> None:
    change = replace(delete(Key("membership", ("r", "x")), {}), cause="expiry")

    assert origin(change) == "its time has ended"


def test_a_leaver_is_told_that_no_grant_asks_for_the_account() -> None:
    change = update(Key("account", ("x",)), {"enabled": True}, {"enabled": False})

    assert origin(change) == "no grant asks for it"
