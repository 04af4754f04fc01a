"""Leaving for good: a role is dropped only when it owns nothing, and its rights go everywhere."""

from __future__ import annotations

from dataclasses import replace

from reconciler.state import Key
from tests.postgres.desk import Access, Desk, messages, one_role, outcomes

AMINA = Key("account", ("amina",))
POLICY = {"prune": "all", "leavers": "delete"}


def _nobody(desk: Desk) -> Access:
    keep = [
        str(name) for (name,) in desk.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'keep%'")
    ]
    policy = {**POLICY, "protect": keep}
    return replace(one_role(), departed=["amina"], policy=policy)


def test_one_who_owns_objects_is_not_dropped_and_we_are_told_what_and_where_apl_10(
    desk: Desk,
) -> None:
    desk.create_database("other")
    desk.converge(one_role())
    desk.sql("CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO amina", database="other")
    for number in range(5):
        desk.sql(f"CREATE TABLE own{number} (id int); ALTER TABLE own{number} OWNER TO amina")

    plan = desk.plan(_nobody(desk))
    report = desk.apply(_nobody(desk))

    (found,) = plan.blocking
    assert (found.rule, report.exit_code) == ("owned-objects", 5)
    assert "amina owns 6 objects: " in found.message
    assert "table public.mine in database other" in found.message
    assert "public.own1, table public.own2 and 2 more in database postgres" in found.message
    assert "policy.heir" in found.message
    assert desk.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'amina'") == [(False,)]
    assert not desk.value("SELECT pg_has_role('amina', 'reader', 'MEMBER')")


def test_one_who_only_holds_rights_is_dropped_with_those_in_every_database_apl_10(
    desk: Desk,
) -> None:
    desk.create_database("other")
    desk.converge(one_role())
    for database in ("postgres", "other"):
        desk.sql(
            f"CREATE TABLE kept (id int); GRANT SELECT ON kept TO amina;"
            f"GRANT CREATE ON DATABASE {database} TO amina;"
            "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO amina",
            database=database,
        )

    report = desk.converge(_nobody(desk))

    assert outcomes(report)[AMINA].status == "done", messages(report)
    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'") == []
    for database in ("postgres", "other"):
        assert desk.value("SELECT count(*) FROM kept", database=database) == 0


def test_a_drop_that_fails_does_not_stop_the_next(desk: Desk) -> None:
    access = Access(
        users=["amina", "kofi"],
        roles={"reader": {}},
        grants=[("amina", "reader"), ("kofi", "reader")],
    )
    desk.converge(access)
    with desk.run(replace(access, departed=["amina", "kofi"], policy=POLICY)) as run:
        plan = run.plan()
        desk.sql("CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO amina")
        report = run.apply(plan)

    assert outcomes(report)[AMINA].status == "failed"
    assert outcomes(report)[Key("account", ("kofi",))].status == "done"
    assert report.exit_code == 8


def test_groups_and_roles_that_the_manifest_forgot_are_dropped_with_prune_all(desk: Desk) -> None:
    access = Access(
        users=["amina"],
        groups={"staff": ["amina"], "guests": ["amina"]},
        roles={"reader": {}, "writer": {}},
        grants=[("staff", "reader"), ("guests", "writer")],
    )
    desk.converge(access)

    fewer = Access(
        users=["amina"],
        groups={"staff": ["amina"]},
        roles={"reader": {}},
        grants=[("staff", "reader")],
        policy={"prune": "all"},
    )
    desk.converge(fewer)

    rows = desk.sql("SELECT rolname::text FROM pg_roles WHERE oid >= 16384 ORDER BY 1")
    assert rows == [("amina",), ("reader",), ("staff",)]


def test_whom_a_line_names_without_declaring_is_not_dropped_with_prune_all(desk: Desk) -> None:
    desk.sql("CREATE SCHEMA geography; CREATE ROLE archive; CREATE ROLE etl; CREATE ROLE other")
    rule = {"schema": "geography", "tables": "*", "views": "*", "created_by": ["etl"]}
    access = replace(
        one_role({**rule, "allow": ["select"]}), policy={"prune": "all", "heir": "archive"}
    )
    desk.apply(access)  # the first takes nothing away

    desk.converge(access)

    rows = desk.sql("SELECT rolname::text FROM pg_roles WHERE oid >= 16384 ORDER BY 1")
    assert rows == [("amina",), ("archive",), ("etl",), ("reader",)]


def test_an_account_of_nobody_that_was_shut_out_is_not_dropped_by_the_next_run(
    desk: Desk,
) -> None:
    access = replace(one_role(), policy={"prune": "all", "leavers": "disable"})
    desk.converge(access)
    desk.sql("CREATE ROLE stranger LOGIN")

    desk.converge(access)

    assert desk.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'stranger'") == [(False,)]
    assert desk.changes(access) == ()


def test_what_a_delegate_granted_does_not_stand_against_the_drop_trap_9(desk: Desk) -> None:
    desk.converge(one_role())
    desk.sql("""
        CREATE ROLE delegate; CREATE TABLE kept (id int); CREATE TYPE mood AS ENUM ();
        CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE SCHEMA s; CREATE VIEW v AS SELECT 1 AS id; CREATE SEQUENCE q;
        CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w;
        CREATE ROLE leaver; GRANT CREATE ON SCHEMA public TO PUBLIC;
    """)
    objects = ["TABLE kept", "TABLE v", "TYPE mood", "FUNCTION f(int)", "SCHEMA s", "SEQUENCE q"]
    objects += ["FOREIGN DATA WRAPPER w", "FOREIGN SERVER far", "LANGUAGE sql"]
    objects += ["DATABASE postgres", "TABLESPACE pg_default"]
    if desk.major >= 15:
        objects.append("PARAMETER work_mem")
    for name in objects:
        desk.sql(f"""
            GRANT ALL ON {name} TO delegate WITH GRANT OPTION;
            SET ROLE delegate; GRANT ALL ON {name} TO leaver;
        """)
    desk.sql("""
        GRANT SELECT (id), UPDATE (id) ON kept TO delegate WITH GRANT OPTION;
        SET ROLE delegate; GRANT UPDATE (id) ON kept TO leaver;
    """)
    access = replace(one_role(), policy={**POLICY, "protect": ["delegate"]})

    assert 'SET LOCAL ROLE "delegate";' in desk.preview(access)
    desk.converge(access)

    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname = 'leaver'") == []
    assert desk.can("delegate", "SELECT WITH GRANT OPTION", "kept")


def test_who_got_something_from_one_who_is_dropped_keeps_it(desk: Desk) -> None:
    desk.converge(one_role())
    desk.sql("""
        CREATE ROLE leaver; CREATE ROLE heirless; CREATE TABLE kept (id int);
        GRANT SELECT ON kept TO leaver WITH GRANT OPTION; SET ROLE leaver;
        GRANT SELECT ON kept TO heirless WITH GRANT OPTION; GRANT SELECT ON kept TO PUBLIC;
    """)

    desk.converge(replace(one_role(), policy={**POLICY, "protect": ["heirless"]}))

    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname = 'leaver'") == []
    assert desk.can("heirless", "SELECT WITH GRANT OPTION", "kept")
    assert desk.can("reader", "SELECT", "kept")


def test_what_the_plan_takes_is_not_granted_anew_for_one_who_is_dropped(desk: Desk) -> None:
    desk.converge(one_role())
    desk.sql("""
        CREATE ROLE leaver; CREATE TABLE kept (id int);
        GRANT SELECT ON kept TO leaver WITH GRANT OPTION;
        SET ROLE leaver; GRANT SELECT ON kept TO reader;
    """)
    access = replace(one_role(), policy=POLICY)

    with desk.run(access) as run:
        plan = run.plan()
        sent = [*run.preview(plan)["db"], *run.scripts(plan)["db"]]
        run.apply(plan)

    assert [each for each in sent if each.startswith("GRANT")] == []
    assert not desk.can("reader", "SELECT", "kept")
    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname = 'leaver'") == []
