"""Privileges on large objects, which have a number and no name."""

from __future__ import annotations

import pytest

from reconciler.providers.postgres import observe
from reconciler.render.drift_phrases import deviation
from reconciler.render.phrases import phrase
from tests.postgres.desk import Desk, Entry, one_role
from tests.postgres.test_public import everybody

OBJECTS = "SELECT lo_create(4711), lo_create(4712), lo_create(4000000000)"
GIVEN: Entry = {"large_objects": [4711, 4000000000], "allow": ["select", "update"]}


def acl(desk: Desk, number: int) -> object:
    query = "SELECT lomacl::text FROM pg_largeobject_metadata WHERE oid = {}"
    return desk.value(query.format(number))


def may_read(desk: Desk, number: int, role: str) -> bool:
    """Whether a role may read it, which the server decides."""
    desk.sql(
        "CREATE OR REPLACE FUNCTION try(oid) RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM lo_get($1); RETURN 'yes'; EXCEPTION WHEN insufficient_privilege THEN"
        " RETURN 'no'; END $$"
    )
    return desk.value(f"SET ROLE {role}; SELECT try({number})") == "yes"


def test_large_objects_are_given_and_taken(desk: Desk) -> None:
    desk.sql(OBJECTS)

    desk.converge(one_role(GIVEN))
    assert acl(desk, 4711) == acl(desk, 4000000000) == "{postgres=rw/postgres,reader=rw/postgres}"
    assert may_read(desk, 4711, "amina")
    assert not may_read(desk, 4712, "amina")

    desk.converge(one_role())
    assert acl(desk, 4711) == "{postgres=rw/postgres}"


def test_all_large_objects_are_those_that_are_there(desk: Desk) -> None:
    desk.sql(OBJECTS)
    access = one_role({"large_objects": "*", "allow": ["all"]})

    desk.converge(access)
    desk.sql("SELECT lo_create(9)")

    (change,) = desk.changes(access)
    assert {*(change.after or {})} - {*(change.before or {})} == {"9"}


def test_everybody_is_given_a_large_object_and_loses_it(desk: Desk) -> None:
    desk.sql(OBJECTS)
    rule = {"large_objects": [4711], "allow": ["select"]}

    desk.converge(everybody(rule))
    assert may_read(desk, 4711, "amina")

    desk.converge(everybody({**rule, "allow": []}))
    assert not may_read(desk, 4711, "amina")


def test_an_acl_of_a_large_object_without_entries_is_seen_trap_1(desk: Desk) -> None:
    desk.sql(OBJECTS)
    desk.sql("REVOKE ALL ON LARGE OBJECT 4711 FROM postgres")
    assert acl(desk, 4711) == "{}"

    desk.converge(one_role({"large_objects": [4711], "allow": ["select"]}))

    assert acl(desk, 4711) == "{reader=r/postgres}"


def test_what_a_delegate_granted_on_a_large_object_is_taken_as_the_delegate_trap_8(
    desk: Desk,
) -> None:
    desk.sql(OBJECTS)
    access = one_role({"large_objects": [4711], "allow": ["select"]})
    desk.converge(access)
    desk.sql("""
        CREATE ROLE delegate;
        GRANT UPDATE ON LARGE OBJECT 4711 TO delegate WITH GRANT OPTION;
        SET ROLE delegate;
        GRANT UPDATE ON LARGE OBJECT 4711 TO reader;
    """)

    (target,) = desk.plan(access).targets
    (difference,) = target.drift
    assert deviation(difference) == "has update on large object 4711 in postgres"
    desk.converge(access)

    assert "reader=r/" in str(acl(desk, 4711))


def test_a_number_that_leads_nowhere_is_a_fault_with_its_line(desk: Desk) -> None:
    desk.sql(OBJECTS)

    told = desk.faults(one_role({"large_objects": [4713], "allow": ["select"]}))

    assert 'there is no large object "4713" in postgres' in told
    assert "roles.reader.privileges.0" in told


def test_a_plan_names_the_large_objects(desk: Desk) -> None:
    desk.sql(OBJECTS)

    (change,) = (each for each in desk.changes(one_role(GIVEN)) if each.key.kind == "privilege")

    assert phrase(change).text == (
        "select, update on 2 large objects in postgres: 4000000000, 4711"
    )


def test_large_objects_are_read_only_where_somebody_is_given_something_on_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sql(OBJECTS)
    asked: list[str] = []
    query = observe.catalog_query
    monkeypatch.setattr(observe, "catalog_query", lambda name: (asked.append(name), query(name))[1])

    desk.plan(one_role())
    assert "large_objects" not in asked
    desk.plan(one_role(GIVEN))
    assert "large_objects" in asked
