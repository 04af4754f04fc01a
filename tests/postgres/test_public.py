"""What everybody (PUBLIC) may do: only what a rule names, object by object, and exact there."""

from __future__ import annotations

import re

import pytest

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.plan import Finding
from reconciler.plan_file import from_text, to_text
from reconciler.render.drift_phrases import deviation
from reconciler.render.phrases import phrase
from reconciler.state import Key
from tests.postgres.desk import PASSWORD, Access, Desk, Entry, on_tables

OBJECTS = """
    CREATE SCHEMA s;
    CREATE TABLE s.t (id int, name text);
    CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION s.g() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TYPE s.mood AS ENUM ('glad');
"""
NOBODY_CONNECTS: Entry = {"database": "postgres", "allow": []}


def everybody(*rules: Entry, privileges: object = (), **more: object) -> Access:
    """A manifest with these rules for PUBLIC, and amina, who holds the role reader."""
    return Access(
        servers={"store": {"public": list(rules)}},
        users=["amina"],
        roles={"reader": {"privileges": list(privileges)}},  # type: ignore[call-overload]  # rules
        grants=[("amina", "reader")],
        **more,  # type: ignore[arg-type]  # further fields of a manifest
    )


def may(desk: Desk, what: str, name: str, privilege: str, role: str = "public") -> bool:
    return bool(desk.value(f"SELECT has_{what}_privilege('{role}', '{name}', '{privilege}')"))


def of_public(changes: tuple[Change, ...]) -> list[Change]:
    return [each for each in changes if each.key.kind in ("public_privilege", "public_default")]


# What a rule names


@pytest.mark.parametrize(
    "rule, what, name, privilege",
    [
        (NOBODY_CONNECTS, "database", "postgres", "CONNECT, TEMPORARY"),
        ({"schema": "s", "functions": "*", "allow": []}, "function", "s.f()", "EXECUTE"),
        ({"schema": "s", "types": ["mood"], "allow": []}, "type", "s.mood", "USAGE"),
        ({"languages": ["plpgsql"], "allow": []}, "language", "plpgsql", "USAGE"),
    ],
    ids=["database", "function", "type", "language"],
)
def test_what_postgresql_gives_everybody_by_itself_is_seen_and_taken_traps_1_and_3(
    desk: Desk, rule: Entry, what: str, name: str, privilege: str
) -> None:
    desk.sql(OBJECTS)
    assert may(desk, what, name, privilege)

    desk.converge(everybody(rule))
    assert not may(desk, what, name, privilege)

    desk.converge(everybody({**rule, "allow": ["all"]}))
    assert may(desk, what, name, privilege)


def test_an_acl_without_entries_gives_everybody_nothing_and_is_no_default_trap_1(
    desk: Desk,
) -> None:
    desk.sql(OBJECTS)
    desk.sql("REVOKE ALL ON FUNCTION s.f() FROM PUBLIC, postgres")
    query = "SELECT proacl::text FROM pg_proc WHERE proname = 'f'"
    assert desk.value(query) == "{}"
    nothing = everybody({"schema": "s", "functions": ["f"], "allow": []})

    assert of_public(desk.changes(nothing)) == []
    desk.converge(everybody({"schema": "s", "functions": ["f"], "allow": ["execute"]}))
    desk.converge(nothing)

    assert desk.value(query) == "{}"


def test_what_is_as_the_rule_says_without_an_acl_is_not_written(desk: Desk) -> None:
    desk.sql(OBJECTS)
    rule = {"schema": "s", "functions": "*", "types": "*", "allow": ["all"]}

    desk.converge(everybody(rule))

    assert desk.value("SELECT proacl IS NULL FROM pg_proc WHERE proname = 'f'")


def test_what_no_rule_names_stays_as_it_is(desk: Desk) -> None:
    """An upgrade of another tool once took CONNECT from everybody."""
    desk.sql(OBJECTS)
    desk.sql("GRANT SELECT ON s.t TO PUBLIC; GRANT USAGE, CREATE ON SCHEMA s TO PUBLIC")

    desk.converge(everybody({"schema": "s", "functions": ["f"], "allow": []}))
    desk.converge(everybody())

    assert not may(desk, "function", "s.f()", "EXECUTE")  # nor given back by dropping the rule
    assert may(desk, "function", "s.g()", "EXECUTE")
    assert may(desk, "table", "s.t", "SELECT")
    assert may(desk, "schema", "s", "CREATE")
    assert may(desk, "database", "postgres", "CONNECT")


def test_a_rule_about_one_object_adds_to_the_rule_about_all(desk: Desk) -> None:
    desk.sql(OBJECTS)
    nothing = {"schema": "s", "functions": "*", "allow": []}

    desk.converge(everybody(nothing, {"schema": "s", "functions": ["g"], "allow": ["execute"]}))

    assert not may(desk, "function", "s.f()", "EXECUTE")
    assert may(desk, "function", "s.g()", "EXECUTE")


def test_everybody_gets_columns_parameters_and_tablespaces_and_loses_them(desk: Desk) -> None:
    desk.needs_version(15, "privileges on parameters")
    desk.sql(OBJECTS)
    rules: list[Entry] = [
        {"schema": "s", "tables": ["t"], "columns": ["id"], "allow": ["select"]},
        {"parameters": ["log_statement"], "allow": ["set"]},
        {"tablespaces": ["pg_default"], "allow": ["create"]},
    ]

    desk.converge(everybody(*rules))
    assert may(desk, "column", "s.t', 'id", "SELECT")
    assert may(desk, "parameter", "log_statement", "SET")
    assert may(desk, "tablespace", "pg_default", "CREATE")

    desk.converge(everybody(*({**each, "allow": []} for each in rules)))
    assert not may(desk, "column", "s.t', 'id", "SELECT")
    assert not may(desk, "parameter", "log_statement", "SET")
    assert not may(desk, "tablespace", "pg_default", "CREATE")


def test_a_table_is_taken_from_everybody_without_its_columns_trap_15(desk: Desk) -> None:
    desk.sql(OBJECTS)
    desk.sql("GRANT SELECT ON s.t TO PUBLIC; GRANT SELECT (name) ON s.t TO PUBLIC")

    desk.converge(everybody({"schema": "s", "tables": "*", "allow": []}))

    assert not may(desk, "column", "s.t', 'id", "SELECT")
    assert may(desk, "column", "s.t', 'name", "SELECT")


def test_the_create_that_postgresql_14_gives_everybody_on_schema_public_is_taken(
    desk: Desk,
) -> None:
    desk.needs_older_than(15, "everybody may create in schema public")
    assert may(desk, "schema", "public", "CREATE")

    desk.converge(everybody({"schema": "public", "allow": ["usage"]}))

    assert not may(desk, "schema", "public", "CREATE")
    assert may(desk, "schema", "public", "USAGE")


def test_a_schema_called_public_is_no_role_that_nobody_may_touch(desk: Desk) -> None:
    desk.sql("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    rule = {"schema": "public", "functions": "*", "allow": []}

    desk.converge(everybody(rule, policy={"protect": ["p*"]}))

    assert not may(desk, "function", "f()", "EXECUTE")


def test_a_schema_that_the_same_plan_creates_may_be_everybodys(desk: Desk) -> None:
    rules = [
        {"schema": "fresh", "allow": ["usage"]},
        {"schema": "fresh", "functions": "*", "allow": []},
    ]
    access = Access(servers={"store": {"schemas": {"fresh": {}}, "public": rules}})

    desk.converge(access)

    assert may(desk, "schema", "fresh", "USAGE")


# By whom


def test_what_a_delegate_granted_to_everybody_is_taken_as_the_delegate_trap_8(desk: Desk) -> None:
    desk.sql(OBJECTS)
    desk.sql("""
        CREATE ROLE delegate;
        GRANT USAGE ON SCHEMA s TO delegate;
        GRANT SELECT ON s.t TO delegate WITH GRANT OPTION;
        SET ROLE delegate;
        GRANT SELECT ON s.t TO PUBLIC;
    """)
    access = everybody({"schema": "s", "tables": ["t"], "allow": []})

    assert "SET LOCAL ROLE" in " ".join(desk.preview(access))
    desk.converge(access)

    assert not may(desk, "table", "s.t", "SELECT")
    assert may(desk, "table", "s.t", "SELECT", "delegate")


def test_what_everybody_has_of_a_role_that_loses_it_stays_as_ours(desk: Desk) -> None:
    desk.sql(OBJECTS)
    given = [{**on_tables("select", schema="s", tables=["t"]), "grant_option": True}]
    public = {"schema": "s", "tables": ["t"], "allow": ["select"]}
    desk.converge(everybody(privileges=given))
    desk.sql("GRANT USAGE ON SCHEMA s TO reader; SET ROLE reader; GRANT SELECT ON s.t TO PUBLIC")

    desk.converge(everybody(public))

    assert may(desk, "table", "s.t", "SELECT")
    acl = str(desk.value("SELECT relacl::text FROM pg_class WHERE relname = 't'"))
    assert "reader" not in acl


def test_a_role_is_given_before_everybody_loses(desk: Desk) -> None:
    desk.sql(OBJECTS)
    functions = {"schema": "s", "functions": "*", "allow": ["execute"]}
    access = everybody({**functions, "allow": []}, privileges=[functions])

    sql = desk.preview(access)

    given = next(i for i, text in enumerate(sql) if text.startswith("GRANT EXECUTE"))
    taken = next(i for i, text in enumerate(sql) if text.startswith("REVOKE EXECUTE"))
    assert given < taken
    assert "PUBLIC" in sql[taken]


# Shown


def test_a_plan_says_what_everybody_gains_and_loses(desk: Desk) -> None:
    desk.sql(OBJECTS)
    nothing = {"schema": "s", "functions": "*", "allow": []}
    given = {"schema": "s", "tables": ["t"], "allow": ["select"]}

    taken, gained = (phrase(each) for each in of_public(desk.changes(everybody(nothing, given))))

    assert taken.text == "everybody (PUBLIC) on functions of s in postgres"
    assert taken.parts == (("delete", "execute on f(), g()"),)
    assert gained.parts == (("create", "select on t"),)


def drift_of_public(desk: Desk, access: Access) -> list[Difference]:
    (target,) = desk.plan(access).targets
    return [each for each in target.drift if each.key.kind.startswith("public_")]


def test_a_grant_to_everybody_made_by_hand_is_widened_drift_and_is_repaired(desk: Desk) -> None:
    desk.sql(OBJECTS)
    access = everybody({"schema": "s", "tables": "*", "allow": []})
    desk.converge(access)
    desk.sql("GRANT SELECT ON s.t TO PUBLIC")

    (difference,) = drift_of_public(desk, access)

    assert difference.direction == "widened"
    assert deviation(difference) == "everybody (PUBLIC) has select on table s.t in postgres"
    desk.converge(access)
    assert not may(desk, "table", "s.t", "SELECT")


def test_what_everybody_lost_by_hand_is_narrowed_drift_and_is_repaired(desk: Desk) -> None:
    access = everybody({"database": "postgres", "allow": ["connect"]})
    desk.converge(access)
    desk.sql("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")

    (difference,) = drift_of_public(desk, access)

    assert difference.direction == "narrowed"
    assert deviation(difference) == "everybody (PUBLIC) lacks connect on database postgres"
    desk.converge(access)
    assert may(desk, "database", "postgres", "CONNECT")


def test_a_rule_that_is_new_is_an_edit_and_no_drift(desk: Desk) -> None:
    desk.converge(everybody())

    plan = desk.plan(everybody(NOBODY_CONNECTS))

    assert [each.cause for each in of_public(plan.changes)] == ["config"]
    assert plan.targets[0].drift == ()


def test_a_saved_plan_keeps_that_everybody_is_to_have_nothing(desk: Desk) -> None:
    plan = desk.plan(everybody(NOBODY_CONNECTS))

    (change,) = of_public(from_text(to_text(plan)).changes)

    assert change.after == {"postgres": ()}
    assert [change] == of_public(plan.changes)


# Who is shut out


def findings(desk: Desk, access: Access, dsn: str = "") -> dict[str, Finding]:
    return {each.rule: each for each in desk.plan(access, dsn).findings}


def as_tool(desk: Desk) -> str:
    """A role of ours that is no superuser."""
    desk.sql(f"CREATE ROLE tool LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
    return desk.login("tool")


def test_we_are_not_shut_out_of_the_database_unless_somebody_says_so(desk: Desk) -> None:
    dsn = as_tool(desk)

    found = findings(desk, everybody(NOBODY_CONNECTS), dsn)["own-access"]

    assert found.blocking
    assert found.keys == (Key("public_privilege", ("postgres", "database", "")),)
    assert '"tool"' in found.message


def test_nothing_is_taken_that_would_shut_us_out(desk: Desk) -> None:
    dsn = as_tool(desk)
    desk.sql("""
        CREATE ROLE keeper;
        ALTER DATABASE postgres OWNER TO keeper;
        REVOKE CONNECT ON DATABASE postgres FROM keeper;
        GRANT keeper TO tool;
    """)

    report = desk.apply(everybody(NOBODY_CONNECTS), dsn)

    assert report.exit_code == 5
    assert may(desk, "database", "postgres", "CONNECT")
    assert may(desk, "database", "postgres", "TEMPORARY")  # it is one change, and held back whole


@pytest.mark.parametrize(
    "own",
    [
        "GRANT CONNECT ON DATABASE postgres TO tool",
        "CREATE ROLE crew; GRANT crew TO tool; GRANT CONNECT ON DATABASE postgres TO crew",
        "ALTER DATABASE postgres OWNER TO tool",
        "ALTER ROLE tool SUPERUSER",
    ],
    ids=["granted", "by membership", "owner", "superuser"],
)
def test_we_are_not_shut_out_where_we_have_connect_in_another_way(desk: Desk, own: str) -> None:
    dsn = as_tool(desk)
    desk.sql(own)

    assert "own-access" not in findings(desk, everybody(NOBODY_CONNECTS), dsn)


def test_a_membership_that_is_not_inherited_does_not_let_us_in(desk: Desk) -> None:
    dsn = as_tool(desk)
    desk.sql("""
        ALTER ROLE tool NOINHERIT;
        CREATE ROLE crew;
        GRANT crew TO tool;
        GRANT CONNECT ON DATABASE postgres TO crew;
    """)

    assert findings(desk, everybody(NOBODY_CONNECTS), dsn)["own-access"].blocking


def test_those_who_could_not_connect_any_more_are_named(desk: Desk) -> None:
    desk.converge(everybody())

    found = findings(desk, everybody(NOBODY_CONNECTS))["lost-connect"]

    assert not found.blocking
    assert "1 account could not connect to database postgres any more: amina" in found.message


def test_nobody_is_named_where_a_role_lets_them_connect(desk: Desk) -> None:
    desk.converge(everybody())
    connect = {"database": "postgres", "allow": ["connect"]}

    access = everybody(NOBODY_CONNECTS, privileges=[connect])

    assert "lost-connect" not in findings(desk, access)
    desk.converge(access)
    assert may(desk, "database", "postgres", "CONNECT", "amina")


# What cannot be


@pytest.mark.parametrize(
    "rules, text",
    [
        ([{"schema": "nowhere", "allow": []}], 'there is no schema "nowhere"'),
        ([{"schema": "s", "functions": ["h"], "allow": []}], 'there is no function "h"'),
        (
            [
                {"schema": "s", "functions": ["f"], "allow": []},
                {"schema": "s", "functions": ["f()"], "allow": ["execute"]},
            ],
            r'allows everybody nothing with "f\(\)", and another something',
        ),
    ],
    ids=["no schema", "no function", "contradiction"],
)
def test_a_rule_that_leads_nowhere_is_a_fault_with_its_line(
    desk: Desk, rules: list[Entry], text: str
) -> None:
    desk.sql(OBJECTS)

    told = desk.faults(everybody(*rules))

    assert re.search(text, told)
    assert "servers.store.public." in told
