"""`plan --format sql`: what is printed for a reviewer does, run with psql, what apply does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.render.sql_text import sql_text
from reconciler.sandbox.postgres.template import ClusterTemplate
from tests.postgres.desk import Access, Desk, on_tables, one_role
from tests.sample_plans import HOSTILE

ODD = "odd=\"'\\ name"
CATALOGS = """
    SELECT 'role', rolname::text, rolcanlogin::text, rolinherit::text, rolsuper::text FROM pg_roles
    UNION ALL
    SELECT 'edge', roleid::regrole::text, member::regrole::text, grantor::regrole::text,
           (to_jsonb(pg_auth_members) - '{oid,roleid,member,grantor}'::text[])::text
      FROM pg_auth_members
    UNION ALL
    SELECT 'database', datname::text, datacl::text, '', '' FROM pg_database
    UNION ALL
    SELECT 'schema', nspname::text, nspacl::text, '', '' FROM pg_namespace
    UNION ALL
    SELECT 'relation', relname::text, relacl::text, relowner::regrole::text, '' FROM pg_class
     WHERE relnamespace = 'geography'::regnamespace
    UNION ALL
    SELECT 'defaults', defaclrole::regrole::text, defaclnamespace::regnamespace::text,
           defaclobjtype::text, defaclacl::text FROM pg_default_acl
    ORDER BY 1, 2, 3, 4, 5
"""
TABLES = """
    CREATE SCHEMA geography;
    CREATE TABLE geography.cells (id int);
    CREATE VIEW geography.big AS SELECT 1;
    CREATE FUNCTION geography.area(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    GRANT USAGE ON SCHEMA geography TO deputy;
    GRANT TRUNCATE ON geography.cells TO deputy WITH GRANT OPTION;
"""
PSQL = shutil.which("psql")
HAS_PSQL = pytest.mark.skipif(PSQL is None, reason="psql is not installed on this machine")


def script(desk: Desk, access: Access) -> str:
    """What `plan --format sql` prints."""
    with desk.run(access) as run:
        plan = run.plan()
        return sql_text(plan, run.scripts(plan), run.preview(plan))


def run_psql(desk: Desk, text: str) -> subprocess.CompletedProcess[str]:
    """Run a script as psql does; it starts in a database that the script has to leave."""
    assert PSQL is not None
    call = [PSQL, "--no-psqlrc", "--dbname", desk.server.dsn(database="template1")]
    return subprocess.run(call, input=text, capture_output=True, text=True, check=False)


def catalog(desk: Desk, databases: Sequence[str]) -> dict[str, object]:
    """All that roles hold, by database."""
    return {name: desk.sql(CATALOGS, name) for name in databases}


def fill(desk: Desk, databases: Sequence[str]) -> None:
    """A cluster in which an earlier manifest was applied, and somebody did things by hand since."""
    desk.sql("CREATE ROLE flowapi; CREATE ROLE deputy; CREATE ROLE maker; CREATE ROLE intruder")
    for name in databases:
        if name != "postgres":
            desk.create_database(name)
        desk.sql(TABLES, name)
    desk.converge(before(databases))
    desk.sql("ALTER ROLE esi CREATEDB; GRANT reader TO intruder")
    for name in databases:
        role = roles_of(databases)[name]
        desk.sql(f'SET ROLE deputy; GRANT TRUNCATE ON geography.cells TO "{role}"', name)


def roles_of(databases: Sequence[str]) -> dict[str, str]:
    """A role for each database."""
    return {
        name: f"reader-{number}" if number else "reader" for number, name in enumerate(databases)
    }


def before(databases: Sequence[str]) -> Access:
    """The manifest that was applied: kofi is there, and another group and role are."""
    asked = after(databases)
    spare = {"spare": {"server": "s0", "privileges": [on_tables("delete")]}}
    rules = [{"schema": "geography", "allow": ["usage"]}, on_tables("select", "update")]
    return replace(
        asked,
        servers={name: {**each, "public": []} for name, each in asked.servers.items()},
        departed=(),
        groups={"analysts": ["kofi"], "old": ["esi"]},
        roles={n: {**r, "privileges": rules} for n, r in asked.roles.items()} | spare,
        grants=[("analysts", "reader"), ("old", "spare"), ("kofi", "reader")],
    )


def after(databases: Sequence[str]) -> Access:
    """The manifest of the plan: it gives, takes, alters and drops in every database."""
    rules = [
        {"schema": "geography", "allow": ["usage"]},
        on_tables("insert", "update") | {"views": "*", "created_by": ["maker"]},
        {"schema": "geography", "functions": ["area(integer)"], "allow": ["execute"]},
    ]
    public = [
        {"schema": "geography", "functions": "*", "allow": []},
        {"schema": "geography", "views": ["big"], "allow": ["select"]},
        {"types": "*", "allow": [], "created_by": ["maker"]},
    ]
    roles = roles_of(databases)
    return Access(
        servers={
            f"s{number}": {"database": name, "public": public}
            for number, name in enumerate(databases)
        },
        users=["amina", "esi", "kofi"],
        departed=["kofi"],
        groups={"analysts": ["amina"]},
        roles={
            role: {"server": f"s{number}", "privileges": rules, "inherits": ["flowapi"]}
            for number, role in enumerate(roles.values())
        },
        grants=[("analysts", "reader"), ("esi", "reader")],
        policy={"leavers": "delete"},
    )


@HAS_PSQL
@pytest.mark.parametrize("databases", [["postgres"], ["postgres", ODD]], ids=["one", "two"])
def test_the_script_run_with_psql_does_what_apply_does(
    desk: Desk, cluster_template: ClusterTemplate, databases: list[str], tmp_path: Path
) -> None:
    fill(desk, databases)
    asked = after(databases)
    text = script(desk, asked)
    (tmp_path / "copy").mkdir()
    with cluster_template.cluster() as second:
        copy = Desk(second, tmp_path / "copy")
        fill(copy, databases)

        done = run_psql(copy, text)
        report = desk.apply(asked)

        assert done.returncode == 0, done.stderr
        assert report.targets[0].is_converged, report
        assert catalog(copy, databases) == catalog(desk, databases)
        assert {"DROP ROLE", "REVOKE", "GRANT", "CREATE ROLE", "ALTER ROLE"} <= words(text)


def words(text: str) -> set[str]:
    """How the statements of a script begin."""
    return {
        " ".join(line.split()[:2]) if " ROLE " in line else line.split()[0]
        for line in text.splitlines()
        if line
    }


def test_databases_and_transactions_stand_in_the_order_of_an_apply(geography: Desk) -> None:
    geography.create_database("other")
    geography.sql("CREATE SCHEMA geography; CREATE TABLE geography.cells (id int)", "other")
    both = Access(
        servers={"a": {"database": "postgres"}, "b": {"database": "other"}},
        roles={
            "reader": {"server": "a", "privileges": [on_tables("select")]},
            "writer": {"server": "b", "privileges": [on_tables("insert")]},
        },
    )

    lines = script(geography, both).splitlines()

    assert [line for line in lines if line and not line.startswith(("SET ", "-- database"))][
        4:
    ] == [
        r"\set ON_ERROR_STOP on",
        f"-- db (postgres): PostgreSQL {geography.value('SHOW server_version')}, as postgres",
        r"\connect postgres",
        "-- transaction 1 of 3",
        "BEGIN;",
        'CREATE ROLE "reader" NOLOGIN INHERIT;',
        'CREATE ROLE "writer" NOLOGIN INHERIT;',
        "COMMIT;",
        r"\connect other",
        "-- transaction 2 of 3",
        "BEGIN;",
        'GRANT INSERT ON TABLE "geography"."cells" TO "writer";',
        "COMMIT;",
        r"\connect postgres",
        "-- transaction 3 of 3",
        "BEGIN;",
        'GRANT SELECT ON TABLE "geography"."cells", "geography"."sites" TO "reader";',
        "COMMIT;",
    ]


@HAS_PSQL
def test_a_password_that_apply_makes_cannot_be_run_by_hand(desk: Desk) -> None:
    text = script(desk, replace(one_role(), options={"passwords": "temporary"}))

    done = run_psql(desk, text)

    assert "SCRAM" not in text
    assert "/* made by apply: this cannot be run by hand */" in text
    assert done.returncode != 0
    assert "syntax error" in done.stderr
    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname IN ('amina', 'reader')") == []


@HAS_PSQL
def test_names_that_are_meant_to_do_harm_do_none_out_03(desk: Desk) -> None:
    table = HOSTILE.replace("\x00", "") + '"; \\! touch /harm \n\\q'
    identifier = '"' + table.replace('"', '""') + '"'
    desk.sql(f"CREATE SCHEMA geography; CREATE TABLE geography.{identifier} (id int)")

    text = script(desk, one_role(on_tables("select")))
    done = run_psql(desk, text)

    assert all(line.isprintable() for line in text.splitlines())
    assert done.returncode == 0, done.stderr
    query = (
        "SELECT has_table_privilege('reader', oid, 'SELECT') FROM pg_class WHERE relname LIKE 'ev%'"
    )
    assert desk.value(query) is True
    assert desk.plan(one_role(on_tables("select"))).changes == ()
