"""WITH GRANT OPTION as a state: given, seen, taken, and what was passed on with it."""

from __future__ import annotations

import pytest

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


# Where who passed it on may not enter the schema any more

HANDED_ON = """
    CREATE ROLE deputy; CREATE SCHEMA store AUTHORIZATION deputy;
    CREATE TABLE store.parts (id int); ALTER TABLE store.parts OWNER TO postgres;
    GRANT ALL ON store.parts TO deputy WITH GRANT OPTION;
    SET ROLE deputy; GRANT ALL ON store.parts TO reader; RESET ROLE;
    ALTER SCHEMA store OWNER TO postgres;
"""
LENT = 'GRANT USAGE ON SCHEMA "store" TO "deputy";'
OF_SCHEMA = "SELECT nspacl::text[] FROM pg_namespace WHERE nspname = 'store'"
OF_PARTS = "SELECT relacl::text[] FROM pg_class WHERE relname = 'parts'"
ENTERS = "SELECT has_schema_privilege('deputy', 'store', 'USAGE')"
GONE: Entry = {"prune": "all", "leavers": "delete"}


@pytest.fixture
def handed_on(desk: Desk) -> Desk:
    desk.converge(one_role())
    desk.sql(HANDED_ON)
    return desk


def _is_taken(desk: Desk) -> bool:
    items = desk.value(OF_PARTS)
    assert isinstance(items, list)
    return not [each for each in items if each.startswith("reader=")]


def test_a_delegate_that_may_not_enter_the_schema_is_let_in_to_take_back_trap_8(
    handed_on: Desk,
) -> None:
    handed_on.converge(one_role())

    assert _is_taken(handed_on)
    assert handed_on.value(ENTERS) is False
    assert handed_on.value(OF_SCHEMA) == ["postgres=UC/postgres"]


def test_leavers_who_passed_on_what_they_cannot_name_any_more_are_dropped_trap_9(
    handed_on: Desk,
) -> None:
    handed_on.converge(Access(policy=GONE))

    left = "SELECT 1 FROM pg_roles WHERE rolname IN ('deputy', 'reader')"
    assert handed_on.sql(left) == []
    assert handed_on.value(OF_PARTS) == [f"postgres={_owners(handed_on)}/postgres"]
    assert handed_on.value(OF_SCHEMA) == ["postgres=UC/postgres"]


def test_where_nobody_plans_to_take_it_a_drop_lets_the_delegate_in_too_trap_9(desk: Desk) -> None:
    desk.create_database("elsewhere")
    desk.converge(one_role())
    desk.sql(HANDED_ON, "elsewhere")
    leaves = Access(policy={**GONE, "protect": ["deputy"]})

    assert LENT in desk.preview(leaves)
    desk.converge(leaves)

    assert desk.value("SELECT count(*) FROM pg_roles WHERE rolname = 'reader'") == 0
    assert desk.value(OF_SCHEMA, "elsewhere") == ["postgres=UC/postgres"]


@pytest.mark.parametrize(
    "way",
    [
        "GRANT USAGE ON SCHEMA store TO deputy",
        "GRANT USAGE ON SCHEMA store TO PUBLIC",
        "CREATE ROLE door; GRANT USAGE ON SCHEMA store TO door; GRANT door TO deputy",
        "GRANT pg_read_all_data TO deputy",
        "CREATE ROLE door; ALTER SCHEMA store OWNER TO door; GRANT door TO deputy",
        "ALTER SCHEMA store OWNER TO deputy",
        "ALTER SCHEMA store OWNER TO pg_database_owner; ALTER DATABASE postgres OWNER TO deputy",
    ],
)
def test_a_delegate_that_may_enter_in_some_way_is_lent_nothing(handed_on: Desk, way: str) -> None:
    handed_on.sql(way)
    before = handed_on.value(OF_SCHEMA)

    assert LENT not in handed_on.preview(one_role())
    handed_on.converge(one_role())

    assert _is_taken(handed_on)
    assert handed_on.value(OF_SCHEMA) == before


def test_a_membership_without_its_rights_opens_no_schema(handed_on: Desk) -> None:
    given = "WITH INHERIT FALSE" if handed_on.major >= 16 else "; ALTER ROLE deputy NOINHERIT"
    handed_on.sql(f"""
        CREATE ROLE door; GRANT USAGE ON SCHEMA store TO door;
        GRANT door TO deputy {given}
    """)

    assert LENT in handed_on.preview(one_role())
    handed_on.converge(one_role())

    assert _is_taken(handed_on)
    assert handed_on.value(ENTERS) is False


def test_a_delegate_that_the_same_plan_lets_in_stays_in(handed_on: Desk) -> None:
    usage = {"privileges": [{"schema": "store", "allow": ["usage"]}]}
    access = Access(roles={"deputy": usage, "reader": {}})

    handed_on.converge(access)

    assert _is_taken(handed_on)
    assert handed_on.value(ENTERS) is True


def test_a_delegate_that_the_same_plan_shuts_out_stays_out(handed_on: Desk) -> None:
    handed_on.sql("""
        CREATE ROLE door; GRANT USAGE ON SCHEMA store TO door WITH GRANT OPTION;
        SET ROLE door; GRANT USAGE ON SCHEMA store TO deputy
    """)

    handed_on.converge(Access(roles={"deputy": {}, "reader": {}, "door": {}}))

    assert _is_taken(handed_on)
    assert handed_on.value(OF_SCHEMA) == ["postgres=UC/postgres"]


def test_a_delegate_whose_schema_gets_another_owner_in_the_same_plan_is_let_in(
    handed_on: Desk,
) -> None:
    handed_on.sql("CREATE ROLE keeper; ALTER SCHEMA store OWNER TO deputy")
    owned = {"store": {"schemas": {"store": {"owner": "keeper"}}}}

    handed_on.converge(Access(servers=owned, roles={"reader": {}, "keeper": {}}))

    assert _is_taken(handed_on)
    assert handed_on.value(ENTERS) is False
    assert handed_on.value(OF_SCHEMA) == ["keeper=UC/keeper"]
