"""Strangers to the manifest who hold something at a place that it declares are always seen."""

from __future__ import annotations

from reconciler.plan import TargetPlan, Unasked
from reconciler.render.text import plan_text
from reconciler.state import Key
from tests.postgres.desk import Access, Desk, on_tables, one_role

READER = one_role({"schema": "geography", "allow": ["usage"]}, on_tables("select"))


def all_pruned(**policy: object) -> Access:
    return Access(
        users=READER.users,
        roles=READER.roles,
        grants=READER.grants,
        policy={"prune": "all", **policy},
    )


def planned(desk: Desk, access: Access = READER) -> TargetPlan:
    return desk.plan(access).target("db")


def held_by(plan: TargetPlan, name: str) -> tuple[str, ...]:
    return next((each.rights for each in plan.unasked if each.name == name), ())


def test_a_stranger_with_privileges_on_a_declared_schema_is_told_with_them(
    geography: Desk,
) -> None:
    geography.converge(READER)
    geography.sql("""
        CREATE ROLE mallory LOGIN; GRANT USAGE ON SCHEMA geography TO mallory;
        GRANT SELECT ON geography.cells, geography.sites TO mallory;
        GRANT CREATE ON DATABASE postgres TO mallory;
    """)

    plan = geography.plan(READER)

    assert plan.changes == ()
    assert held_by(plan.target("db"), "mallory") == (
        "create on database postgres",
        "usage on schema geography in postgres",
        "select on 2 tables of geography in postgres: cells, sites",
    )
    text = plan_text(plan)
    assert "db: mallory holds create on database postgres; usage on schema geography" in text


def test_a_stranger_who_holds_columns_and_types_alone_is_told_too(geography: Desk) -> None:
    geography.converge(READER)
    geography.sql("""
        CREATE ROLE mallory; GRANT SELECT (id) ON geography.cells TO mallory;
        CREATE DOMAIN geography.code AS text; GRANT USAGE ON TYPE geography.code TO mallory;
        CREATE SCHEMA aside; CREATE TABLE aside.notes (id int);
        GRANT SELECT (id) ON aside.notes TO mallory;
    """)

    rights = held_by(planned(geography), "mallory")

    assert rights == (
        "select on column geography.cells.id in postgres",
        "usage on type geography.code in postgres",
    )


def test_columns_that_somebody_gave_to_a_managed_role_are_taken_back(geography: Desk) -> None:
    access = one_role(on_tables("select", tables=["sites"]))
    geography.converge(access)
    geography.sql("GRANT SELECT (id) ON geography.cells TO reader")

    (found,) = planned(geography, access).drift
    geography.converge(access)

    assert (found.key.path[2], found.class_) == ("column", "rogue")
    assert not geography.value(
        "SELECT has_column_privilege('reader', 'geography.cells', 'id', 'SELECT')"
    )


def test_default_privileges_of_a_stranger_are_told_also_those_for_all_schemas(
    geography: Desk,
) -> None:
    geography.sql("CREATE ROLE mallory; CREATE ROLE ingest")
    geography.converge(READER)
    geography.sql("""
        ALTER DEFAULT PRIVILEGES FOR ROLE ingest IN SCHEMA geography GRANT SELECT ON TABLES
           TO mallory;
        ALTER DEFAULT PRIVILEGES FOR ROLE ingest GRANT EXECUTE ON FUNCTIONS TO mallory;
    """)

    rights = held_by(planned(geography), "mallory")

    assert rights == (
        "execute on future functions in postgres made by ingest",
        "select on future tables of geography in postgres made by ingest",
    )


def test_a_stranger_in_a_schema_that_no_line_names_is_nobodys_business(geography: Desk) -> None:
    geography.converge(READER)
    geography.sql("""
        CREATE SCHEMA aside; CREATE ROLE mallory; GRANT USAGE ON SCHEMA aside TO mallory;
    """)

    assert planned(geography).unasked == ()


def test_what_a_role_that_is_inherited_holds_is_no_strangers(geography: Desk) -> None:
    geography.sql("CREATE ROLE base; GRANT SELECT ON geography.cells TO base")
    access = one_role(on_tables("select"), inherits=["base"])

    geography.converge(access)

    assert planned(geography, access).unasked == ()


def test_a_role_that_is_only_mentioned_is_told_and_keeps_what_it_holds(geography: Desk) -> None:
    geography.sql("CREATE ROLE ingest; GRANT USAGE, CREATE ON SCHEMA geography TO ingest")
    rule = {**on_tables("select"), "views": "*", "created_by": ["ingest"]}
    one = one_role(rule)
    access = Access(users=one.users, roles=one.roles, grants=one.grants, policy={"prune": "all"})

    geography.converge(access)

    rights = held_by(planned(geography, access), "ingest")
    assert rights == ("create, usage on schema geography in postgres",)
    assert geography.value("SELECT has_schema_privilege('ingest', 'geography', 'CREATE')")


def test_a_stranger_who_holds_a_managed_role_is_drift(geography: Desk) -> None:
    geography.converge(READER)
    geography.sql("CREATE ROLE mallory LOGIN; GRANT reader TO mallory")

    (found,) = planned(geography).drift

    assert (found.key, found.class_) == (Key("membership", ("reader", "mallory")), "rogue")


def test_one_of_postgresqls_own_roles_in_a_managed_role_is_drift(geography: Desk) -> None:
    geography.converge(READER)
    geography.sql("GRANT reader TO pg_monitor")

    (found,) = planned(geography).drift
    geography.converge(READER)

    assert (found.key, found.class_) == (Key("membership", ("reader", "pg_monitor")), "rogue")
    assert not geography.value("SELECT pg_has_role('pg_monitor', 'reader', 'MEMBER')")


def test_prune_all_takes_it_away_and_leaves_what_no_line_is_about(geography: Desk) -> None:
    geography.converge(all_pruned())
    geography.sql("""
        CREATE SCHEMA aside; CREATE TABLE aside.notes (id int); CREATE ROLE mallory;
        GRANT SELECT ON geography.cells, aside.notes TO mallory;
    """)
    access = all_pruned(protect=["nobody"])

    (drift,) = [each for each in planned(geography, access).drift if each.key.kind == "privilege"]
    changes = {change.key: change.action for change in geography.changes(access)}

    key = Key("privilege", ("mallory", "postgres", "table", "geography"))
    assert (drift.key, drift.class_) == (key, "rogue")
    assert changes[key] == "delete"
    assert not [each for each in changes if "aside" in each.path]


def test_prune_all_does_not_touch_the_edges_between_postgresqls_own_roles(desk: Desk) -> None:
    access = Access(policy={"prune": "all"})
    desk.converge(access)

    assert desk.value("SELECT pg_has_role('pg_monitor', 'pg_read_all_settings', 'MEMBER')")


def test_a_protected_stranger_is_told_and_never_changed(geography: Desk) -> None:
    geography.sql("CREATE ROLE backup; GRANT SELECT ON geography.cells TO backup")
    access = all_pruned(protect=["backup"])

    geography.converge(access)

    findings = geography.plan(access).findings
    assert geography.can("backup", "SELECT", "geography.cells")
    assert any('"backup" is protected by policy.protect' in each.message for each in findings)


def test_nothing_is_taken_from_a_stranger_where_nothing_is_remembered(geography: Desk) -> None:
    geography.sql("CREATE ROLE mallory; GRANT SELECT ON geography.cells TO mallory")

    plan = planned(geography, all_pruned())

    assert [each.action for each in plan.changes if "mallory" in each.key.path] == []
    assert plan.unasked == (Unasked("mallory", ("select on table geography.cells in postgres",)),)
