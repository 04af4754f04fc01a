"""Privileges on every kind of object, now and for objects to come."""

from __future__ import annotations

import re

import pytest

from reconciler.errors import ManifestError
from tests.postgres.desk import Access, Desk, on_tables, one_role

OBJECTS = """
    CREATE SCHEMA s;
    CREATE TABLE s.plain (id int);
    CREATE TABLE s.parent (id int) PARTITION BY RANGE (id);
    CREATE TABLE s.child PARTITION OF s.parent FOR VALUES FROM (0) TO (10);
    CREATE VIEW s.seen AS SELECT 1 AS one;
    CREATE MATERIALIZED VIEW s.stored AS SELECT 1 AS one;
    CREATE FOREIGN DATA WRAPPER nowhere;
    CREATE SERVER away FOREIGN DATA WRAPPER nowhere;
    CREATE FOREIGN TABLE s.far (id int) SERVER away;
    CREATE SEQUENCE s.counter;
    CREATE TYPE s."odd ""type" AS ENUM ('a');
    CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION s.f(integer, text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION s.f(s."odd ""type") RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION s.many(VARIADIC integer[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION s."brackets(in)"(character varying) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE s.p(INOUT a integer, OUT b integer) LANGUAGE sql AS 'SELECT 1, 2';
    CREATE AGGREGATE s.total(integer) (SFUNC = int4pl, STYPE = integer);
    REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA s FROM PUBLIC;
"""
EVERY_KIND = [
    {"schema": "s", "allow": ["usage"]},
    {"schema": "s", "tables": "*", "views": "*", "allow": ["select"]},
    {"schema": "s", "sequences": "*", "allow": ["usage"]},
    {"schema": "s", "functions": "*", "allow": ["execute"]},
]


def test_every_kind_of_object_is_given_and_taken(desk: Desk) -> None:
    desk.sql(OBJECTS)

    desk.converge(one_role(*EVERY_KIND))

    held = desk.value("""
        SELECT array_agg(name ORDER BY name COLLATE "C") FROM (
            SELECT relname::text FROM pg_class WHERE relnamespace = 's'::regnamespace
               AND has_table_privilege('amina', oid, 'SELECT') AND relkind <> 'S'
            UNION ALL SELECT 'counter' WHERE has_sequence_privilege('amina', 's.counter', 'USAGE')
            UNION ALL SELECT oid::regprocedure::text FROM pg_proc
             WHERE pronamespace = 's'::regnamespace
               AND has_function_privilege('amina', oid, 'EXECUTE')
        ) AS held (name)
    """)
    assert held == [
        "child",
        "counter",
        "far",
        "parent",
        "plain",
        's."brackets(in)"(character varying)',
        "s.f()",
        "s.f(integer,text[])",
        's.f(s."odd ""type")',
        "s.many(integer[])",
        "s.p(integer)",
        "s.total(integer)",
        "seen",
        "stored",
    ]
    desk.converge(one_role())
    assert not desk.can("amina", "SELECT", "s.plain")


def test_a_function_is_named_with_its_types_or_without_if_there_is_one(desk: Desk) -> None:
    desk.sql(OBJECTS)
    names = ["f(integer,text[])", "total"]

    desk.converge(one_role({"schema": "s", "functions": names, "allow": ["execute"]}))

    query = "SELECT has_function_privilege('reader', '{}', 'EXECUTE')"
    assert desk.value(query.format("s.f(integer, text[])"))
    assert desk.value(query.format("s.total(integer)"))
    assert not desk.value(query.format("s.f()"))


def test_an_overloaded_name_is_refused_and_the_overloads_are_named(desk: Desk) -> None:
    desk.sql(OBJECTS)

    with pytest.raises(
        ManifestError, match=r"3 functions in s; name one: .*f\(integer, text\[\]\)"
    ):
        desk.plan(one_role({"schema": "s", "functions": ["f"], "allow": ["execute"]}))


def test_a_partition_keeps_its_own_privileges(desk: Desk) -> None:
    desk.sql(OBJECTS)

    desk.converge(one_role(on_tables("select", schema="s", tables=["parent"])))

    assert desk.can("reader", "SELECT", "s.parent")
    assert not desk.can("reader", "SELECT", "s.child")


def test_what_belongs_to_an_extension_is_no_object_of_ours(geography: Desk) -> None:
    geography.sql("""
        CREATE FUNCTION geography.own() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE TABLE geography.extensions (id int);
        CREATE FUNCTION geography.extensions() RETURNS int LANGUAGE sql AS 'SELECT 1';
        ALTER EXTENSION plpgsql ADD TABLE geography.extensions;
        ALTER EXTENSION plpgsql ADD FUNCTION geography.extensions();
    """)
    functions = {"schema": "geography", "functions": "*", "allow": ["execute"]}

    report = geography.converge(one_role(on_tables("select"), functions))

    objects = {name for each in report.outcomes for name in each.change.after or {}}
    assert {"own()", "cells", "sites"} <= objects
    assert not {"extensions", "extensions()"} & objects
    assert not geography.can("reader", "SELECT", "geography.extensions")


def test_all_means_what_this_server_knows(geography: Desk) -> None:
    geography.converge(one_role(on_tables("all")))

    acl = geography.value("""
        SELECT array_agg(privilege_type ORDER BY 1) FROM pg_class, aclexplode(relacl)
         WHERE oid = 'geography.cells'::regclass AND grantee = 'reader'::regrole
    """)
    owners = geography.value("""
        SELECT array_agg(privilege_type ORDER BY 1) FROM aclexplode(acldefault('r', 10))
    """)
    assert acl == owners


def test_a_database_is_given_and_taken(desk: Desk) -> None:
    rule = {"database": "postgres", "allow": ["connect", "temp", "create"]}

    desk.converge(one_role(rule))
    assert desk.value("SELECT has_database_privilege('reader', 'postgres', 'CREATE')")

    desk.converge(one_role())
    assert not desk.value("SELECT has_database_privilege('reader', 'postgres', 'CREATE')")


# "*" and what is made later


def test_all_tables_of_an_empty_schema_is_nothing_and_no_difference(desk: Desk) -> None:
    desk.sql("CREATE SCHEMA geography")
    access = one_role(on_tables("select"))

    report = desk.converge(access)

    assert {each.change.key.kind for each in report.outcomes} == {"account", "role", "membership"}


def test_a_table_that_somebody_makes_later_is_a_difference_and_is_repaired(geography: Desk) -> None:
    access = one_role(on_tables("select"))
    geography.converge(access)
    geography.sql("CREATE TABLE geography.roads (id int)")

    (change,) = geography.changes(access)
    geography.converge(access)

    assert change.action == "update"
    assert {*(change.after or {})} - {*(change.before or {})} == {"roads"}
    assert geography.can("amina", "SELECT", "geography.roads")


def test_tables_that_a_named_creator_makes_later_come_with_the_privileges_apl_11(
    geography: Desk,
) -> None:
    geography.sql(
        "CREATE ROLE ingest LOGIN PASSWORD 'a-password-for-tests';"
        "GRANT CREATE, USAGE ON SCHEMA geography TO ingest"
    )
    rule = {**on_tables("select"), "views": "*", "created_by": ["ingest"]}
    access = one_role(rule)
    geography.converge(access)

    geography.sql("CREATE TABLE geography.roads (id int)", user="ingest")
    geography.sql("CREATE VIEW geography.short AS SELECT 1 AS one", user="ingest")

    assert geography.can("amina", "SELECT", "geography.roads")
    assert geography.can("amina", "SELECT", "geography.short")
    assert geography.changes(access) == ()
    geography.converge(one_role())
    assert geography.value("SELECT count(*) FROM pg_default_acl") == 0


def test_a_default_privilege_set_by_hand_for_a_declared_role_is_taken_back_apl_11(
    geography: Desk,
) -> None:
    geography.converge(one_role())
    geography.sql("""
        ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;
        ALTER DEFAULT PRIVILEGES IN SCHEMA geography GRANT USAGE ON SEQUENCES TO reader;
        ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO reader;
        ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO reader;
    """)

    report = geography.converge(one_role())

    assert {each.change.action for each in report.outcomes} == {"delete"}
    assert len(report.outcomes) == 4


# Whose rights are left alone


def test_what_an_owner_holds_is_neither_revoked_nor_granted_again(geography: Desk) -> None:
    geography.converge(one_role())
    geography.sql("ALTER TABLE geography.cells OWNER TO reader")
    geography.sql("GRANT SELECT ON geography.cells TO PUBLIC")  # materialises the owner's entry
    rows = "SELECT relname::text, relacl::text FROM pg_class WHERE relname = 'cells'"
    before = geography.sql(rows)

    report = geography.converge(one_role(on_tables("select")))

    (change,) = [each.change for each in report.outcomes]
    assert change.after == {"sites": ("SELECT",)}
    assert geography.sql(rows) == before
    geography.converge(one_role())
    assert geography.sql(rows) == before


def test_an_empty_acl_is_not_the_default_one(geography: Desk) -> None:
    access = one_role(on_tables("select"))
    geography.converge(access)
    geography.sql("REVOKE ALL ON geography.cells FROM reader, postgres")
    assert geography.value("SELECT relacl::text FROM pg_class WHERE relname = 'cells'") == "{}"

    geography.converge(access)

    assert geography.can("reader", "SELECT", "geography.cells")
    acl = geography.value("SELECT relacl::text FROM pg_class WHERE relname = 'cells'")
    assert acl == "{reader=r/postgres}"


def test_public_is_never_touched_apl_11(geography: Desk) -> None:
    geography.sql("""
        GRANT SELECT ON geography.cells TO PUBLIC;
        CREATE FUNCTION geography.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        ALTER DEFAULT PRIVILEGES IN SCHEMA geography GRANT SELECT ON TABLES TO PUBLIC;
    """)
    functions = {"schema": "geography", "functions": "*", "allow": ["execute"]}

    geography.converge(one_role(on_tables("insert"), functions))
    geography.converge(one_role())

    public = "SELECT has_table_privilege('public', 'geography.cells', 'SELECT')"
    assert geography.value(public)
    assert geography.value("SELECT has_function_privilege('public', 'geography.f()', 'EXECUTE')")
    assert geography.value("SELECT defaclacl::text FROM pg_default_acl") == "{=r/postgres}"


def test_privileges_of_roles_that_the_manifest_does_not_name_stay(geography: Desk) -> None:
    geography.sql("CREATE ROLE stranger; GRANT ALL ON geography.cells TO stranger")

    geography.converge(one_role(on_tables("select")))
    geography.converge(one_role())

    assert geography.can("stranger", "DELETE", "geography.cells")


def test_what_a_delegate_granted_is_really_revoked_apl_11(geography: Desk) -> None:
    geography.sql("""
        CREATE ROLE delegate;
        GRANT USAGE ON SCHEMA geography TO delegate;
        GRANT SELECT ON geography.cells TO delegate WITH GRANT OPTION;
    """)
    geography.converge(one_role())
    geography.sql("SET ROLE delegate; GRANT SELECT ON geography.cells TO reader")

    assert "SET LOCAL ROLE" in " ".join(geography.preview(one_role()))
    geography.converge(one_role())

    assert not geography.can("reader", "SELECT", "geography.cells")
    assert geography.can("delegate", "SELECT", "geography.cells")


# Names that lead nowhere


@pytest.mark.parametrize(
    "rule, text",
    [
        (on_tables("select", schema="geograpy"), 'no schema "geograpy" .*did you mean "geography"'),
        (on_tables("select", tables=["cell"]), 'no table "cell" in .*did you mean "cells"'),
        (
            {**on_tables("select"), "views": "*", "created_by": ["ingets"]},
            'no role "ingets" .*did you mean "ingest"',
        ),
        (
            {"schema": "geography", "sequences": ["cells"], "allow": ["usage"]},
            'no sequence "cells"',
        ),
    ],
    ids=["schema", "table", "creator", "sequence"],
)
def test_a_name_that_leads_nowhere_is_a_fault_with_its_line(
    geography: Desk, rule: dict[str, object], text: str
) -> None:
    geography.sql("CREATE ROLE ingest")

    told = geography.faults(one_role(rule))

    assert re.search(text, told)
    assert "roles.reader.privileges.0" in told


def test_a_database_that_is_not_there_is_a_fault_with_its_line(geography: Desk) -> None:
    servers = {"store": {"database": "postgers"}}
    role = {"privileges": [on_tables("select")]}

    with pytest.raises(ManifestError, match=r'no database "postgers"; did you mean "postgres"'):
        geography.plan(
            Access(
                servers=servers,
                users=["amina"],
                roles={"reader": role},
                grants=[("amina", "reader")],
            )
        )
