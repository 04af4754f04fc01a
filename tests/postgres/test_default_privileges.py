"""What future objects come with: in one schema or in all of them, for a role or for everybody."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from reconciler.render.drift_phrases import deviation
from reconciler.render.phrases import phrase
from reconciler.state import Key
from tests.postgres.desk import Desk, Entry, one_role
from tests.postgres.test_public import everybody, may

F = "RETURNS int LANGUAGE sql AS 'SELECT 1'"
TABLES: Entry = {"tables": "*", "views": "*", "created_by": ["maker"]}
FUNCTIONS: Entry = {"functions": "*", "created_by": ["maker"]}


@pytest.fixture
def made(desk: Desk) -> Desk:
    """A server with the role maker, who makes objects in the schemas s and other."""
    desk.sql("""
        CREATE ROLE maker;
        GRANT CREATE ON DATABASE postgres TO maker;
        CREATE SCHEMA s AUTHORIZATION maker;
        CREATE SCHEMA other AUTHORIZATION maker;
    """)
    return desk


def make(desk: Desk, statement: str, role: str = "maker") -> None:
    desk.sql(f"SET ROLE {role}; {statement}")


def kept(desk: Desk) -> list[tuple[object, ...]]:
    """The default privileges that the server keeps."""
    return desk.sql(
        "SELECT COALESCE(nspname::text, ''), defaclobjtype::text, defaclacl::text"
        " FROM pg_default_acl LEFT JOIN pg_namespace ON pg_namespace.oid = defaclnamespace"
        " ORDER BY 1, 2"
    )


# A role's


def test_a_default_without_schema_holds_in_every_schema_and_for_no_object_that_is_there(
    made: Desk,
) -> None:
    make(made, "CREATE TABLE s.before (id int)")
    access = one_role({**TABLES, "allow": ["select"]})

    made.converge(access)
    make(made, "CREATE TABLE s.t (id int); CREATE TABLE other.t (id int)")

    assert made.can("amina", "SELECT", "s.t")
    assert made.can("amina", "SELECT", "other.t")
    assert not made.can("amina", "SELECT", "s.before")
    assert made.changes(access) == ()  # what they came with is not too much
    made.converge(one_role())
    assert not made.can("amina", "SELECT", "s.t")
    assert kept(made) == []


def test_what_an_object_came_with_is_all_that_stays_on_it(made: Desk) -> None:
    access = one_role({**TABLES, "allow": ["select"]})
    made.converge(access)
    make(made, "CREATE TABLE s.t (id int); CREATE VIEW s.v AS SELECT 1 AS one")
    made.sql("CREATE TABLE s.foreign (id int)")
    make(made, "GRANT INSERT ON s.t TO reader")
    made.sql("GRANT SELECT ON s.foreign TO reader")

    (tables,) = made.changes(access)

    assert tables.after == {"t": ("SELECT",)}
    made.converge(access)
    assert made.can("reader", "SELECT", "s.v")
    assert not made.can("reader", "INSERT", "s.t")
    assert not made.can("reader", "SELECT", "s.foreign")


def test_a_global_default_keeps_what_the_owner_and_everybody_have_by_themselves_trap_4(
    made: Desk,
) -> None:
    access = one_role({**FUNCTIONS, "allow": ["execute"]})

    made.converge(access)

    assert kept(made) == [("", "f", "{=X/maker,maker=X/maker,reader=X/maker}")]
    assert made.changes(access) == ()
    made.converge(one_role())
    assert kept(made) == []


def test_schemas_that_a_creator_makes_later_come_with_the_privileges(made: Desk) -> None:
    access = one_role({"schemas": "*", "allow": ["usage"], "created_by": ["maker"]})

    made.converge(access)
    make(made, "CREATE SCHEMA later")

    assert may(made, "schema", "later", "USAGE", "amina")
    assert not may(made, "schema", "s", "USAGE", "amina")
    assert made.changes(access) == ()
    made.converge(one_role())
    assert kept(made) == []


def test_large_objects_that_a_creator_makes_later_come_with_the_privileges(made: Desk) -> None:
    made.needs_version(18, "default privileges on large objects")
    rule = {"large_objects": "*", "allow": ["select"], "created_by": ["maker"]}
    made.sql("SELECT lo_create(4711)")
    access = one_role(rule)

    made.converge(access)
    make(made, "SELECT lo_create(4712)")

    query = "SELECT has_largeobject_privilege('amina', {}::oid, 'SELECT')"
    assert made.value(query.format(4711))
    assert made.value(query.format(4712))
    assert made.changes(access) == ()


def test_large_objects_have_no_defaults_before_postgresql_18(made: Desk) -> None:
    made.needs_older_than(18, "large objects have no default privileges")
    rule = {"large_objects": "*", "allow": ["select"], "created_by": ["maker"]}

    with pytest.raises(ManifestError, match="default privileges from PostgreSQL 18"):
        made.plan(one_role(rule))


def test_the_creator_may_be_a_user_whom_the_same_plan_creates(made: Desk) -> None:
    access = one_role({**TABLES, "created_by": ["amina"], "allow": ["select"]})

    made.converge(access)
    made.sql("GRANT USAGE, CREATE ON SCHEMA s TO amina")
    make(made, "CREATE TABLE s.t (id int)", "amina")

    assert made.can("reader", "SELECT", "s.t")


def test_a_global_default_added_by_hand_is_drift_of_the_role(made: Desk) -> None:
    access = one_role({**TABLES, "allow": ["select"]})
    made.converge(access)
    made.sql("ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT DELETE ON TABLES TO reader")

    (target,) = made.plan(access).targets

    (difference,) = target.drift
    assert deviation(difference) == "has delete on future tables in postgres made by maker"
    made.converge(access)
    assert "reader=r/maker" in str(kept(made))


# Everybody's


def test_everybody_loses_what_future_functions_come_with_in_all_schemas_trap_4(
    made: Desk,
) -> None:
    make(made, f"CREATE FUNCTION s.before() {F}")
    access = everybody({**FUNCTIONS, "allow": []})

    made.converge(access)
    make(made, f"CREATE FUNCTION s.f() {F}; CREATE FUNCTION other.f() {F}")

    assert not may(made, "function", "s.f()", "EXECUTE")
    assert not may(made, "function", "other.f()", "EXECUTE")
    assert may(made, "function", "s.before()", "EXECUTE")
    assert kept(made) == [("", "f", "{maker=X/maker}")]
    assert made.changes(access) == ()


def test_a_missing_row_is_the_built_in_default_and_no_difference_trap_4(made: Desk) -> None:
    built_in = {**FUNCTIONS, "allow": ["execute"]}
    made.converge(everybody({**FUNCTIONS, "allow": []}))
    made.converge(everybody(built_in))
    assert kept(made) == []  # PostgreSQL drops the row that says what holds anyway

    report = made.converge(everybody(built_in))

    assert report.outcomes == ()


def test_everybody_gains_what_future_objects_of_one_schema_come_with(made: Desk) -> None:
    access = everybody({**TABLES, "schema": "s", "allow": ["select"]})

    made.converge(access)
    make(made, "CREATE TABLE s.t (id int); CREATE TABLE other.t (id int)")

    assert may(made, "table", "s.t", "SELECT")
    assert not may(made, "table", "other.t", "SELECT")
    made.converge(everybody({**TABLES, "schema": "s", "allow": []}))
    assert kept(made) == []
    assert may(made, "table", "s.t", "SELECT") is False  # the rule is about "*", and now says []


def test_everybody_loses_and_gains_what_future_types_and_schemas_come_with(made: Desk) -> None:
    rules: list[Entry] = [
        {"types": "*", "allow": [], "created_by": ["maker"]},
        {"schemas": "*", "allow": ["usage"], "created_by": ["maker"]},
    ]

    made.converge(everybody(*rules))
    make(made, "CREATE TYPE s.mood AS ENUM ('glad'); CREATE SCHEMA later")

    assert not may(made, "type", "s.mood", "USAGE")
    assert may(made, "schema", "later", "USAGE")


def test_postgresql_does_nothing_where_one_schema_takes_a_built_in_trap_4(made: Desk) -> None:
    """Why such a rule is refused: the statement succeeds, stores nothing and takes nothing."""
    made.sql(
        "ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA s REVOKE EXECUTE ON ROUTINES FROM PUBLIC"
    )
    make(made, f"CREATE FUNCTION s.f() {F}")

    assert kept(made) == []
    assert may(made, "function", "s.f()", "EXECUTE")


@pytest.mark.parametrize(
    "rule", [{**FUNCTIONS, "allow": []}, {"types": "*", "created_by": ["maker"], "allow": []}]
)
def test_a_rule_that_takes_a_built_in_from_one_schema_is_refused_with_its_line_trap_4(
    made: Desk, rule: Entry
) -> None:
    with pytest.raises(ManifestError, match="one schema cannot take that back") as caught:
        made.plan(everybody({**rule, "schema": "s"}))

    (problem,) = caught.value.problems
    assert problem.source
    assert problem.source.path == "servers.store.public.0.schema"
    assert "without schema" in problem.hint


def test_a_schema_may_say_nothing_where_the_global_rule_says_it_too(made: Desk) -> None:
    nothing = {**FUNCTIONS, "allow": []}
    access = everybody({**nothing, "schema": "s"}, nothing)

    make(made, f"CREATE FUNCTION s.before() {F}")
    made.converge(access)
    make(made, f"CREATE FUNCTION s.f() {F}")

    assert not may(made, "function", "s.f()", "EXECUTE")
    assert not may(made, "function", "s.before()", "EXECUTE")


def test_a_default_of_everybody_changed_by_hand_is_drift_and_is_repaired(made: Desk) -> None:
    access = everybody({**FUNCTIONS, "allow": []})
    made.converge(access)
    made.sql("ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT EXECUTE ON FUNCTIONS TO PUBLIC")

    (target,) = made.plan(access).targets

    (difference,) = target.drift
    assert difference.key == Key("public_default", ("postgres", "maker", "function", ""))
    assert difference.direction == "widened"
    text = "everybody (PUBLIC) has execute on future functions in postgres made by maker"
    assert deviation(difference) == text
    made.converge(access)
    assert kept(made) == [("", "f", "{maker=X/maker}")]


def test_a_plan_says_what_future_objects_come_with(made: Desk) -> None:
    (change,) = (
        each
        for each in made.changes(everybody({**FUNCTIONS, "allow": []}))
        if each.key.kind == "public_default"
    )

    text, parts = phrase(change)

    assert text == "everybody (PUBLIC) on future functions in postgres made by maker"
    assert parts == (("delete", "execute"),)


def test_what_others_have_by_default_stays(made: Desk) -> None:
    made.sql("""
        CREATE ROLE stranger;
        ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT EXECUTE ON FUNCTIONS TO stranger;
        ALTER DEFAULT PRIVILEGES FOR ROLE maker GRANT SELECT ON TABLES TO PUBLIC;
    """)

    made.converge(everybody({**FUNCTIONS, "allow": []}))

    functions, tables = kept(made)
    assert functions == ("", "f", "{maker=X/maker,stranger=X/maker}")
    assert "=r/maker" in str(tables)
