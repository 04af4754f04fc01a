"""WITH GRANT OPTION as a state: given, seen, taken, and what was passed on with it."""

from __future__ import annotations

from tests.postgres.desk import Access, Desk, Entry, on_tables, one_role

OPTIONS = """
    SELECT array_agg(privilege_type ORDER BY privilege_type)
      FROM pg_class, aclexplode(relacl)
     WHERE pg_class.oid = 'geography.cells'::regclass AND grantee = '{}'::regrole AND is_grantable
"""
ITEMS = "SELECT relacl::text[] FROM pg_class WHERE oid = 'geography.cells'::regclass"


def with_option(*allow: str, **more: object) -> Entry:
    return {**on_tables(*allow, tables=["cells"]), "grant_option": True, **more}


def test_a_grant_option_is_given_and_taken_while_the_privilege_stays(geography: Desk) -> None:
    geography.converge(one_role(with_option("select", "insert")))
    assert geography.value(OPTIONS.format("reader")) == ["INSERT", "SELECT"]

    plain = one_role(on_tables("select", "insert", tables=["cells"]))
    assert "REVOKE GRANT OPTION FOR" in " ".join(geography.preview(plain))
    geography.converge(plain)

    assert geography.value(OPTIONS.format("reader")) is None
    assert geography.can("reader", "INSERT", "geography.cells")


def test_all_with_grant_option_is_all_of_this_server(geography: Desk) -> None:
    geography.converge(one_role(with_option("all")))

    every = """
        SELECT array_agg(privilege_type ORDER BY privilege_type)
          FROM aclexplode(acldefault('r', 10))
    """
    assert geography.value(OPTIONS.format("reader")) == geography.value(every)


def test_a_grant_option_that_somebody_gave_by_hand_is_seen_and_taken(geography: Desk) -> None:
    access = one_role(on_tables("select", tables=["cells"]))
    geography.converge(access)
    geography.sql("GRANT SELECT ON geography.cells TO reader WITH GRANT OPTION")

    (change,) = geography.changes(access)
    geography.converge(access)

    assert (change.before, change.after) == (
        {"cells": ("SELECT", "SELECT*")},
        {"cells": ("SELECT",)},
    )
    assert geography.value(OPTIONS.format("reader")) is None


def test_every_kind_of_object_and_default_privileges_have_grant_options(desk: Desk) -> None:
    desk.sql("""
        CREATE SCHEMA s; CREATE TABLE s.t (id int); CREATE SEQUENCE s.q; CREATE DOMAIN s.d AS int;
        CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE ROLE ingest;
        CREATE FOREIGN DATA WRAPPER w; CREATE SERVER remote FOREIGN DATA WRAPPER w;
    """)
    rules: list[Entry] = [
        {"database": "postgres", "allow": ["temp"]},
        {"schema": "s", "allow": ["usage"]},
        {"schema": "s", "tables": ["t"], "columns": ["id"], "allow": ["select"]},
        {"schema": "s", "tables": "*", "views": "*", "allow": ["all"], "created_by": ["ingest"]},
        {"schema": "s", "sequences": "*", "allow": ["usage"], "created_by": ["ingest"]},
        {"schema": "s", "functions": "*", "allow": ["execute"], "created_by": ["ingest"]},
        {"schema": "s", "types": "*", "allow": ["usage"], "created_by": ["ingest"]},
        {"languages": ["sql"], "allow": ["usage"]},
        {"foreign_data_wrappers": ["w"], "allow": ["usage"]},
        {"foreign_servers": ["remote"], "allow": ["usage"]},
        {"tablespaces": ["pg_default"], "allow": ["create"]},
    ]
    if desk.major >= 15:
        rules.append({"parameters": ["work_mem"], "allow": ["set", "alter system"]})

    desk.converge(one_role(*({**rule, "grant_option": True} for rule in rules)))
    assert desk.value("SELECT count(*) FROM pg_default_acl WHERE defaclacl::text LIKE '%*%'") == 4
    desk.converge(one_role(*rules))

    assert desk.value("SELECT count(*) FROM pg_default_acl WHERE defaclacl::text LIKE '%*%'") == 0
    assert desk.value("SELECT count(*) FROM pg_default_acl") == 4


# What was passed on


def test_who_got_it_from_a_role_that_loses_its_option_keeps_it_trap_8(geography: Desk) -> None:
    geography.sql("CREATE ROLE stranger; GRANT USAGE ON SCHEMA geography TO PUBLIC")
    geography.converge(one_role(with_option("select")))
    geography.sql("""
        SET ROLE reader;
        GRANT SELECT ON geography.cells TO stranger WITH GRANT OPTION;
        GRANT SELECT ON geography.cells TO PUBLIC;
        SET ROLE stranger; GRANT SELECT ON geography.cells TO pg_monitor;
    """)

    geography.converge(one_role(on_tables("select", tables=["cells"])))

    items = geography.value(ITEMS)
    assert isinstance(items, list)
    assert {"reader=r/postgres", "stranger=r*/postgres", "=r/postgres"} < {*items}
    assert "pg_monitor=r/stranger" in items
    assert not [item for item in items if item.endswith("/reader")]


def test_a_whole_chain_of_grants_is_taken_from_its_end_trap_8(geography: Desk) -> None:
    chain = ["first", "second", "third"]
    roles: dict[str, Entry] = {name: {} for name in chain}
    everybody = [("amina", name) for name in chain]
    access = Access(users=["amina"], roles=roles, grants=everybody)
    geography.sql("GRANT USAGE ON SCHEMA geography TO PUBLIC")
    geography.converge(access)
    geography.sql("""
        GRANT SELECT ON geography.cells TO first WITH GRANT OPTION;
        SET ROLE first; GRANT SELECT ON geography.cells TO second WITH GRANT OPTION;
        SET ROLE second; GRANT SELECT ON geography.cells TO third;
    """)

    geography.converge(access)

    assert geography.value(ITEMS) == ["postgres=" + str(_owners(geography)) + "/postgres"]


def test_of_what_two_gave_a_delegate_takes_back_only_its_own_trap_8(geography: Desk) -> None:
    geography.converge(one_role())
    geography.sql("""
        CREATE ROLE delegate; GRANT USAGE ON SCHEMA geography TO delegate;
        GRANT SELECT ON geography.cells TO delegate WITH GRANT OPTION;
        GRANT SELECT, INSERT ON geography.cells TO reader;
        SET ROLE delegate; GRANT SELECT ON geography.cells TO reader;
    """)

    geography.converge(one_role())

    assert not geography.can("reader", "SELECT", "geography.cells")
    assert not geography.can("reader", "INSERT", "geography.cells")


def _owners(desk: Desk) -> str:
    text = str(desk.value("SELECT acldefault('r', 'postgres'::regrole)::text[]"))
    return text.partition("=")[2].partition("/")[0]


def test_what_a_delegate_gave_with_an_option_is_one_right_with_ours(geography: Desk) -> None:
    geography.sql("""
        CREATE ROLE delegate; GRANT USAGE ON SCHEMA geography TO delegate;
        GRANT SELECT ON geography.cells TO delegate WITH GRANT OPTION;
    """)
    access = one_role(on_tables("select", tables=["cells"]))
    geography.converge(access)
    geography.sql("SET ROLE delegate; GRANT SELECT ON geography.cells TO reader WITH GRANT OPTION")

    geography.converge(access)

    assert geography.value(OPTIONS.format("reader")) is None
    assert geography.can("reader", "SELECT", "geography.cells")


def test_people_read_of_the_option(geography: Desk) -> None:
    geography.converge(one_role(on_tables("select", tables=["cells"])))

    plan = geography.plan(one_role(with_option("select")))

    (gain,) = [each for each in plan.targets[0].access if each.account == "amina"]
    assert gain.rights == ("the grant option for select on table postgres.geography.cells",)
