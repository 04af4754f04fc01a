"""Privileges on types, columns, and what belongs to a database or cluster and to no schema."""

from __future__ import annotations

import re

import pytest

from reconciler.errors import ManifestError
from reconciler.providers.postgres import observe
from reconciler.state import Key
from tests.postgres.desk import Access, Desk, Entry, on_tables, one_role

TYPES = """
    CREATE SCHEMA s;
    CREATE TYPE s.mood AS ENUM ('glad');
    CREATE TYPE s.pair AS (a int, b int);
    CREATE TYPE s.span AS RANGE (subtype = int);
    CREATE DOMAIN s."odd ""domain" AS int;
    CREATE TABLE s.row_type (id int);
    REVOKE USAGE ON TYPE s.mood, s.pair, s.span, s."odd ""domain" FROM PUBLIC;
"""
FOREIGN = """
    CREATE FOREIGN DATA WRAPPER files;
    CREATE SERVER archive FOREIGN DATA WRAPPER files;
    CREATE SERVER other FOREIGN DATA WRAPPER files;
"""
IN_DATABASE: list[Entry] = [
    {"languages": ["plpgsql"], "allow": ["usage"]},
    {"foreign_data_wrappers": ["files"], "allow": ["usage"]},
    {"foreign_servers": ["archive"], "allow": ["all"]},
]


def on_types(types: object = "*", **more: object) -> dict[str, object]:
    return {"schema": "s", "types": types, "allow": ["usage"], **more}


# Types and domains


def test_types_and_domains_are_given_and_taken(desk: Desk) -> None:
    desk.sql(TYPES)
    usage = """
        SELECT array_agg(typname::text ORDER BY typname) FROM pg_type
         WHERE typnamespace = 's'::regnamespace AND typtype <> 'm' AND typcategory <> 'A'
           AND typname <> 'row_type' AND has_type_privilege('amina', oid, 'USAGE')
    """

    desk.converge(one_role(on_types()))
    assert desk.value(usage) == ["mood", 'odd "domain', "pair", "span"]

    desk.converge(one_role(on_types(["mood"])))
    assert desk.value(usage) == ["mood"]
    desk.converge(one_role())
    assert desk.value(usage) is None


def test_a_privilege_of_public_on_a_type_is_none_of_the_role_and_no_drift_trap_3(
    desk: Desk,
) -> None:
    desk.sql("CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('glad'); CREATE DOMAIN s.day AS int")

    report = desk.converge(one_role(on_types(["mood"])))

    (change,) = [each.change for each in report.outcomes if each.change.key.kind == "privilege"]
    assert change.action == "create"  # PUBLIC may use it already, and the role is given it still
    acl = desk.value("SELECT typacl::text FROM pg_type WHERE typname = 'mood'")
    assert acl == "{=U/postgres,postgres=U/postgres,reader=U/postgres}"
    assert desk.value("SELECT typacl IS NULL FROM pg_type WHERE typname = 'day'")
    desk.converge(one_role())
    assert desk.value("SELECT has_type_privilege('public', 's.mood', 'USAGE')")


def test_a_type_whose_acl_is_empty_is_there_trap_1(desk: Desk) -> None:
    desk.sql(TYPES)
    desk.sql("REVOKE ALL ON TYPE s.mood FROM postgres")
    assert desk.value("SELECT typacl::text FROM pg_type WHERE typname = 'mood'") == "{}"

    desk.converge(one_role(on_types(["mood"])))

    assert desk.value("SELECT has_type_privilege('reader', 's.mood', 'USAGE')")


def test_what_the_owner_of_a_type_may_do_is_left_alone_trap_2(desk: Desk) -> None:
    desk.sql(TYPES)
    desk.converge(one_role())
    desk.sql("ALTER TYPE s.mood OWNER TO reader")
    before = desk.value("SELECT typacl::text FROM pg_type WHERE typname = 'mood'")

    report = desk.converge(one_role(on_types()))
    desk.converge(one_role())

    (change,) = [each.change for each in report.outcomes]
    assert {*(change.after or {})} == {'odd "domain', "pair", "span"}
    assert desk.value("SELECT typacl::text FROM pg_type WHERE typname = 'mood'") == before


def test_types_that_a_named_creator_makes_later_come_with_usage(desk: Desk) -> None:
    desk.sql(TYPES)
    desk.sql("CREATE ROLE ingest; GRANT USAGE, CREATE ON SCHEMA s TO ingest")
    desk.sql("ALTER DEFAULT PRIVILEGES FOR ROLE ingest REVOKE USAGE ON TYPES FROM PUBLIC")
    access = one_role(on_types(created_by=["ingest"]))
    desk.converge(access)

    desk.sql("SET ROLE ingest; CREATE TYPE s.later AS ENUM ('a')")

    assert desk.value("SELECT has_type_privilege('reader', 's.later', 'USAGE')")
    assert desk.changes(access) == ()
    desk.converge(one_role())
    assert desk.value("SELECT defaclacl::text FROM pg_default_acl") == "{ingest=U/ingest}"


# Objects of a database without a schema


def test_languages_wrappers_and_servers_are_given_and_taken(desk: Desk) -> None:
    desk.sql(FOREIGN + "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC")
    held = """
        SELECT has_language_privilege('amina', 'plpgsql', 'USAGE'),
               has_foreign_data_wrapper_privilege('amina', 'files', 'USAGE'),
               has_server_privilege('amina', 'archive', 'USAGE'),
               has_server_privilege('amina', 'other', 'USAGE')
    """

    desk.converge(one_role(*IN_DATABASE))
    assert desk.sql(held) == [(True, True, True, False)]

    desk.converge(one_role())
    assert desk.sql(held) == [(False, False, False, False)]


def test_a_privilege_of_public_on_a_language_is_no_drift_trap_3(desk: Desk) -> None:
    desk.converge(one_role({"languages": ["sql"], "allow": ["usage"]}))
    desk.converge(one_role())

    acl = desk.value("SELECT lanacl::text FROM pg_language WHERE lanname = 'sql'")
    assert acl == "{=U/postgres,postgres=U/postgres}"


def test_each_database_has_foreign_servers_of_its_own(desk: Desk) -> None:
    desk.create_database("second")
    for database in ("postgres", "second"):
        desk.sql(FOREIGN, database)
    rule = {"foreign_servers": ["archive"], "allow": ["usage"]}
    access = Access(
        servers={"store": {}, "far": {"database": "second"}},
        users=["amina"],
        roles={"reader": {"privileges": [rule], "server": "far"}},
        grants=[("amina", "reader")],
    )

    desk.converge(access)

    query = "SELECT has_server_privilege('amina', 'archive', 'USAGE')"
    assert desk.value(query, "second")
    assert not desk.value(query)


# What the databases of a cluster share


def test_a_tablespace_is_given_and_taken(desk: Desk) -> None:
    query = "SELECT has_tablespace_privilege('amina', 'pg_default', 'CREATE')"
    rule: Entry = {"tablespaces": ["pg_default"], "allow": ["create"]}

    desk.converge(one_role(rule))
    assert desk.value(query)

    desk.converge(one_role())
    assert not desk.value(query)


def test_parameters_are_given_and_taken_whatever_the_case_of_their_names(desk: Desk) -> None:
    desk.needs_version(15, "parameters have privileges")
    rules: list[Entry] = [
        {"parameters": ["Log_Statement", "DateStyle"], "allow": ["set"]},
        {"parameters": ["work_mem", "later.to_come"], "allow": ["set", "alter system"]},
    ]
    query = """
        SELECT parname, array_agg(privilege_type ORDER BY privilege_type)
          FROM pg_parameter_acl, aclexplode(paracl)
         WHERE grantee = 'reader'::regrole GROUP BY parname ORDER BY parname
    """

    desk.converge(one_role(*rules))
    assert desk.sql(query) == [
        ("datestyle", ["SET"]),
        ("later.to_come", ["ALTER SYSTEM", "SET"]),
        ("log_statement", ["SET"]),
        ("work_mem", ["ALTER SYSTEM", "SET"]),
    ]
    assert desk.value("SELECT has_parameter_privilege('amina', 'log_statement', 'SET')")

    desk.converge(one_role())
    assert desk.sql(query) == []


def test_a_role_that_may_not_see_every_parameter_makes_the_same_plan(desk: Desk) -> None:
    desk.needs_version(15, "parameters have privileges")
    desk.sql("CREATE ROLE onlooker LOGIN PASSWORD 'a-password-for-tests'")
    hidden: Entry = {"parameters": ["session_preload_libraries"], "allow": ["set"]}
    settings = "SELECT count(*) FROM pg_settings WHERE name = 'session_preload_libraries'"
    assert desk.value(settings, user="onlooker") == 0

    as_onlooker = desk.changes(one_role(hidden), desk.login("onlooker"))

    assert as_onlooker == desk.changes(one_role(hidden))


def test_parameters_on_an_older_server_are_a_fault_with_its_line(desk: Desk) -> None:
    desk.needs_older_than(15, "parameters had no privileges")

    with pytest.raises(ManifestError, match="parameters have privileges from PostgreSQL 15"):
        desk.plan(one_role({"parameters": ["work_mem"], "allow": ["set"]}))


def test_a_role_that_holds_a_tablespace_in_no_line_can_be_dropped_trap_9(desk: Desk) -> None:
    leaving = Access(users=["amina"], roles={"reader": {}}, grants=[("amina", "reader")])
    desk.converge(leaving)
    desk.sql("GRANT CREATE ON TABLESPACE pg_default TO reader")

    desk.converge(Access(users=["amina"]))

    assert desk.value("SELECT count(*) FROM pg_roles WHERE rolname = 'reader'") == 0
    acl = "SELECT spcacl::text FROM pg_tablespace WHERE spcname = 'pg_default'"
    assert desk.value(acl) in (None, "{postgres=C/postgres}")


# What is read, and what is not there


def test_kinds_that_nobody_declares_are_not_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sql(TYPES)
    read: list[str] = []
    query = observe.catalog_query
    monkeypatch.setattr(observe, "catalog_query", lambda name: read.append(name) or query(name))

    desk.changes(one_role(on_tables("select", schema="s")))
    usual = {*read}
    read.clear()
    desk.changes(one_role(on_types(), {"tablespaces": ["pg_default"], "allow": ["create"]}))

    assert {*read} - usual == {"types", "tablespaces"}
    further = {"columns", "languages", "foreign_servers", "parameter_privileges"}
    assert not usual & (further | {"types", "tablespaces", "foreign_data_wrappers"})


def test_what_was_given_once_is_read_until_it_is_taken(desk: Desk) -> None:
    desk.sql(TYPES)
    desk.converge(one_role(on_types(["mood"])))
    desk.sql("GRANT USAGE ON TYPE s.pair TO reader")

    changes = desk.changes(one_role())

    (change,) = [each for each in changes if each.key.kind == "privilege"]
    assert change.key == Key("privilege", ("reader", "postgres", "type", "s"))
    assert change.before == {"mood": ("USAGE",), "pair": ("USAGE",)}


@pytest.mark.parametrize(
    "rule, text",
    [
        (on_types(["moood"]), 'no type "moood" in postgres.s; did you mean "mood"'),
        (on_types(["row_type"]), 'no type "row_type"'),
        ({"languages": ["plpgsq"], "allow": ["usage"]}, 'no trusted language .*"plpgsql"'),
        ({"languages": ["c"], "allow": ["usage"]}, 'no trusted language "c"'),
        ({"foreign_servers": ["archiv"], "allow": ["usage"]}, 'did you mean "archive"'),
        ({"foreign_data_wrappers": ["file"], "allow": ["usage"]}, 'did you mean "files"'),
        ({"tablespaces": ["pg_defalt"], "allow": ["create"]}, 'in the cluster; .*"pg_default"'),
    ],
    ids=["type", "row type", "language", "untrusted", "server", "wrapper", "tablespace"],
)
def test_a_name_that_leads_nowhere_is_a_fault_with_its_line(
    desk: Desk, rule: Entry, text: str
) -> None:
    desk.sql(TYPES + FOREIGN)

    told = desk.faults(one_role(rule))

    assert re.search(text, told)
    assert "roles.reader.privileges.0" in told


def test_a_parameter_that_is_not_there_is_a_fault(desk: Desk) -> None:
    desk.needs_version(15, "parameters have privileges")

    with pytest.raises(ManifestError, match='no parameter "wrk_mem"; did you mean "work_mem"'):
        desk.plan(one_role({"parameters": ["wrk_mem"], "allow": ["set"]}))
