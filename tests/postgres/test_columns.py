"""Privileges on columns, which PostgreSQL keeps apart from those on their table."""

from __future__ import annotations

import re

import pytest

from tests.postgres.desk import Desk, Entry, on_tables, one_role

PEOPLE = """
    CREATE SCHEMA s;
    CREATE TABLE s.people (id int, name text, salary int);
    CREATE TABLE s."odd.t\\x" (id int, "a.b" int);
    CREATE VIEW s.seen AS SELECT 1 AS id, 2 AS other;
    CREATE TABLE s.empty ();
"""
HELD = """
    SELECT array_agg(table_name || '/' || column_name || '/' || privilege_type
                     ORDER BY table_name || '/' || column_name || '/' || privilege_type)
      FROM (SELECT relname::text, attname::text, privilege_type
              FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl)
             WHERE grantee = 'reader'::regrole) AS held (table_name, column_name, privilege_type)
"""


def on_columns(
    *columns: str, tables: tuple[str, ...] = ("people",), allow: tuple[str, ...] = ("select",)
) -> Entry:
    return {"schema": "s", "tables": [*tables], "columns": [*columns], "allow": [*allow]}


def test_columns_of_tables_and_views_are_given_and_taken(desk: Desk) -> None:
    desk.sql(PEOPLE)
    view: Entry = {"schema": "s", "views": ["seen"], "columns": ["id"], "allow": ["select"]}
    odd = on_columns("a.b", tables=("odd.t\\x",), allow=("update",))

    desk.converge(one_role(on_columns("id", "name", allow=("select", "insert")), view, odd))

    assert desk.value(HELD) == [
        "odd.t\\x/a.b/UPDATE",
        "people/id/INSERT",
        "people/id/SELECT",
        "people/name/INSERT",
        "people/name/SELECT",
        "seen/id/SELECT",
    ]
    assert desk.value("SELECT has_column_privilege('amina', 's.people', 'name', 'SELECT')")
    assert not desk.value("SELECT has_column_privilege('amina', 's.people', 'salary', 'SELECT')")
    desk.converge(one_role())
    assert desk.value(HELD) is None


def test_all_on_columns_is_what_columns_have(desk: Desk) -> None:
    desk.sql(PEOPLE)

    desk.converge(one_role(on_columns("id", allow=("all",))))

    words = ("INSERT", "REFERENCES", "SELECT", "UPDATE")
    assert desk.value(HELD) == [f"people/id/{word}" for word in words]


def test_from_the_whole_table_to_some_columns_the_columns_stay_trap_15(desk: Desk) -> None:
    desk.sql(PEOPLE)
    desk.converge(one_role(on_tables("select", "insert", schema="s", tables=["people"])))

    desk.converge(one_role(on_columns("id", "name")))

    assert desk.value(HELD) == ["people/id/SELECT", "people/name/SELECT"]
    assert not desk.can("reader", "SELECT", "s.people")


def test_columns_that_were_there_before_stay_when_the_table_is_taken_trap_15(desk: Desk) -> None:
    desk.sql(PEOPLE)
    columns = on_columns("id", allow=("select", "update"))
    desk.converge(one_role(on_tables("select", schema="s", tables=["people"]), columns))

    desk.converge(one_role(columns))

    assert desk.value(HELD) == ["people/id/SELECT", "people/id/UPDATE"]
    assert not desk.can("reader", "SELECT", "s.people")


def test_a_right_on_a_table_does_not_hide_what_happened_to_a_column_trap_15(desk: Desk) -> None:
    desk.sql(PEOPLE)
    rules = on_tables("select", schema="s", tables=["people"]), on_columns("id", allow=("update",))
    desk.converge(one_role(*rules))
    desk.sql("GRANT SELECT (salary) ON s.people TO reader")  # it may read the whole table anyway

    (change,) = desk.changes(one_role(*rules))
    desk.converge(one_role(*rules))

    assert {*(change.before or {})} - {*(change.after or {})} == {"people.salary"}
    assert desk.value(HELD) == ["people/id/UPDATE"]


def test_what_the_owner_of_a_table_may_do_with_its_columns_is_left_alone_trap_2(
    desk: Desk,
) -> None:
    desk.sql(PEOPLE)
    access = one_role(on_columns("id"), on_columns("id", tables=("odd.t\\x",)))
    desk.converge(access)
    desk.sql("ALTER TABLE s.people OWNER TO reader; GRANT SELECT (name) ON s.people TO reader")

    assert desk.changes(access) == ()


def test_a_column_that_a_delegate_granted_is_really_revoked_trap_8(desk: Desk) -> None:
    desk.sql(PEOPLE)
    access = one_role(on_columns("id"))
    desk.converge(access)
    desk.sql("""
        CREATE ROLE delegate; GRANT USAGE ON SCHEMA s TO delegate;
        GRANT SELECT (salary) ON s.people TO delegate WITH GRANT OPTION;
        SET ROLE delegate; GRANT SELECT (salary) ON s.people TO reader;
    """)

    desk.converge(access)

    assert desk.value(HELD) == ["people/id/SELECT"]


def test_people_read_which_columns_are_meant(desk: Desk) -> None:
    desk.sql(PEOPLE)

    plan = desk.plan(one_role(on_columns("id", "name")))

    (gain,) = [each for each in plan.targets[0].access if each.account == "amina"]
    assert "select on columns postgres.s.people.id, postgres.s.people.name" in gain.rights


@pytest.mark.parametrize(
    "rule, text",
    [
        (on_columns("nam"), 'no column "people.nam" in postgres.s; did you mean "people.name"'),
        (on_columns("id", tables=("peeple",)), 'no column "peeple.id" .*"people.id"'),
    ],
    ids=["column", "table"],
)
def test_a_column_that_is_not_there_is_a_fault_with_its_line(
    desk: Desk, rule: Entry, text: str
) -> None:
    desk.sql(PEOPLE)

    told = desk.faults(one_role(rule))

    assert re.search(text, told)
    assert "roles.reader.privileges.0" in told
