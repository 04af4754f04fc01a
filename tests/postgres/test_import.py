"""`import`: the manifest of a cluster that is in use, after which a plan changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.sandbox.postgres.flowdb import DATABASE
from tests.fix_postgres import FlowDBServer
from tests.postgres.desk import Desk
from tests.postgres.imports import assert_nothing_to_do, comments, imported, read

NASTY = (
    *("null", "~", "true", "No", "on", "12", "0x1F", "1e3", "1_000", "2030-01-01", "=", "<<", "-"),
    *(
        'quo"te',
        "it's",
        "back\\slash",
        "a: b",
        "# no",
        "a, b]",
        "{a}",
        "*",
        "&x",
        "!t",
        "@at",
        "%d",
    ),
    *("Upper", "amina@example.org", "ünï-çødé", "日本語", "🙂", "x" * 63, "dot.ted", "tab" + "le"),
)
"""Names that are legal in PostgreSQL, and mean something else to YAML, SQL or a pattern."""

UNSAYABLE = ("blank ", "tab\tbed", "bell\a", "e\u0301")
"""Names that are legal in PostgreSQL and that no manifest can have."""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def test_an_empty_cluster_is_imported_dif_01(desk: Desk, tmp_path: Path) -> None:
    text = imported(desk.dsn)

    assert list(read(text).servers) == ["postgres"]
    assert read(text).users == {}
    assert_nothing_to_do(text, desk.dsn, tmp_path)


def test_flowdb_is_imported_dif_01(flowdb: FlowDBServer, tmp_path: Path) -> None:
    text = imported(flowdb.dsn(), [DATABASE])

    found = read(text)
    assert {"analyst1", "flowapi", "flowmachine"} <= found.users.keys()
    assert found.targets["db"].policy.protect
    assert_nothing_to_do(text, flowdb.dsn(), tmp_path)


def test_all_databases_are_imported_unless_some_are_named_dif_01(
    desk: Desk, tmp_path: Path
) -> None:
    desk.sql(
        "CREATE ROLE in_both; CREATE ROLE one_only; CREATE ROLE amina LOGIN; GRANT in_both TO amina"
    )
    for name in ("one", "two"):
        desk.create_database(name)
        desk.sql("CREATE TABLE t (id int); GRANT SELECT ON t TO in_both", database=name)
    desk.sql("GRANT INSERT ON t TO one_only", database="one")

    text = imported(desk.dsn)

    found = read(text)
    assert list(found.servers) == ["one", "postgres", "two"]
    assert found.roles["in_both"].target == "db"
    assert [rule.database for rule in found.roles["in_both"].privileges] == ["one", "two"]
    assert found.roles["one_only"].server == "one"
    assert_nothing_to_do(text, desk.dsn, tmp_path)
    assert list(read(imported(desk.dsn, ["two"])).servers) == ["two"]


def test_nasty_names_are_imported_dif_01(desk: Desk, tmp_path: Path) -> None:
    for name in NASTY:
        role, user = _quoted(name), _quoted(f"u {name}"[:63])
        desk.sql(
            f"CREATE ROLE {role}; CREATE ROLE {user} LOGIN; GRANT {role} TO {user};"
            f"CREATE SCHEMA {role}; CREATE TABLE {role}.{role} (id int); "
            f"CREATE TABLE {role}.other (id int);"
            f"CREATE FUNCTION {role}.{role}(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
            f"GRANT USAGE ON SCHEMA {role} TO {role};"
            f"GRANT SELECT ON {role}.{role}, {role}.other TO {role};"
            f"GRANT UPDATE ON {role}.other TO {role};"
            f"GRANT EXECUTE ON FUNCTION {role}.{role} TO {role}"
        )

    text = imported(desk.dsn)

    found = read(text)
    assert set(NASTY) <= found.roles.keys()
    assert len(found.grants) == len(NASTY)
    assert_nothing_to_do(text, desk.dsn, tmp_path)


def test_names_that_no_manifest_can_have_are_protected_dif_01(desk: Desk, tmp_path: Path) -> None:
    desk.sql("CREATE ROLE fine; CREATE ROLE amina LOGIN; GRANT fine TO amina")
    for name in UNSAYABLE:
        role = _quoted(name)
        desk.sql(f"CREATE ROLE {role} LOGIN; GRANT fine TO {role}")

    text = imported(desk.dsn)

    assert list(read(text).users) == ["amina"]
    assert "has a name that a manifest cannot have" in comments(text)
    assert_nothing_to_do(text, desk.dsn, tmp_path)


def test_people_in_a_bare_role_that_is_in_a_role_are_a_group(desk: Desk, tmp_path: Path) -> None:
    desk.sql(
        "CREATE TABLE t (id int);"
        "CREATE ROLE reader; CREATE ROLE writer; CREATE ROLE team; CREATE ROLE squad;"
        "CREATE ROLE amina LOGIN; CREATE ROLE kofi LOGIN CREATEDB CONNECTION LIMIT 3;"
        "GRANT SELECT ON t TO reader; GRANT INSERT ON t TO writer; GRANT reader TO writer;"
        "GRANT team TO squad; GRANT writer TO team; GRANT squad TO amina; GRANT team TO kofi;"
        "GRANT reader TO kofi"
    )

    text = imported(desk.dsn)

    found = read(text)
    assert found.groups["team"].members == ["kofi"]
    assert found.groups["team"].groups == ["squad"]
    assert found.groups["squad"].members == ["amina"]
    assert found.roles.keys() == {"reader", "writer"}
    assert found.roles["writer"].inherits == ["reader"]
    grants = {(grant.group or grant.user, grant.role) for grant in found.grants}
    assert grants == {("team", "writer"), ("kofi", "reader")}
    assert "kofi: {accounts: {db: {attributes: {connection_limit: 3, createdb: true}}}}" in text
    assert_nothing_to_do(text, desk.dsn, tmp_path)


def test_what_a_role_has_on_all_objects_is_said_with_a_star(geography: Desk) -> None:
    geography.sql(
        "CREATE VIEW geography.shown AS SELECT 1; CREATE ROLE reader;"
        "GRANT USAGE ON SCHEMA geography TO reader; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA geography TO reader;"
        "GRANT INSERT, UPDATE ON geography.cells TO reader;"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA geography GRANT SELECT ON TABLES TO reader"
    )

    text = imported(geography.dsn)

    rules = [line.strip() for line in text.splitlines() if "schema: geography" in line]
    assert rules == [
        "- {schema: geography, allow: [usage]}",
        '- {schema: geography, tables: "*", views: "*", allow: [select], created_by: [postgres]}',
        "- {schema: geography, tables: [cells], allow: [insert, update]}",
    ]


def test_privileges_on_every_kind_of_object_are_imported_dif_01(
    geography: Desk, tmp_path: Path
) -> None:
    geography.sql(
        "CREATE ROLE reader; CREATE TYPE geography.level AS ENUM ('a');"
        "CREATE VIEW geography.shown AS SELECT 1 AS id; CREATE DOMAIN geography.age AS int;"
        "CREATE FOREIGN DATA WRAPPER wrap; CREATE SERVER far FOREIGN DATA WRAPPER wrap;"
        "GRANT USAGE ON TYPE geography.level TO reader; GRANT USAGE ON LANGUAGE sql TO reader;"
        "GRANT USAGE ON FOREIGN DATA WRAPPER wrap TO reader;"
        "GRANT USAGE ON FOREIGN SERVER far TO reader WITH GRANT OPTION;"
        "GRANT CREATE ON TABLESPACE pg_default TO reader;"
        "GRANT SELECT (id) ON geography.cells, geography.shown TO reader;"
        "GRANT INSERT, UPDATE ON geography.sites TO reader;"
        "GRANT UPDATE ON geography.sites TO reader WITH GRANT OPTION"
    )

    text = imported(geography.dsn)

    start = text.index("privileges:\n")
    rules = [line.strip() for line in text[start:].splitlines()[1:]]
    assert rules == [
        "- {tablespaces: [pg_default], allow: [create]}",
        "- {languages: [sql], allow: [usage]}",
        "- {foreign_data_wrappers: [wrap], allow: [usage]}",
        "- {foreign_servers: [far], allow: [usage], grant_option: true}",
        "- {schema: geography, tables: [sites], allow: [insert]}",
        "- {schema: geography, tables: [sites], allow: [update], grant_option: true}",
        "- {schema: geography, types: [level], allow: [usage]}",
        "- {schema: geography, tables: [cells], columns: [id], allow: [select]}",
        "- {schema: geography, views: [shown], columns: [id], allow: [select]}",
    ]
    assert_nothing_to_do(text, geography.dsn, tmp_path)


def test_privileges_on_parameters_are_imported_dif_01(desk: Desk, tmp_path: Path) -> None:
    desk.needs_version(15, "privileges on parameters")
    desk.sql("CREATE ROLE tuner; GRANT SET ON PARAMETER work_mem TO tuner")

    text = imported(desk.dsn)

    assert "privileges: [{parameters: [work_mem], allow: [set]}]" in text
    assert_nothing_to_do(text, desk.dsn, tmp_path)


def test_a_role_that_holds_what_cannot_be_said_is_protected(
    geography: Desk, tmp_path: Path
) -> None:
    geography.sql(
        "CREATE ROLE ahead; CREATE ROLE everywhere; CREATE ROLE lead; CREATE ROLE fine;"
        "CREATE ROLE amina LOGIN; CREATE ROLE slow LOGIN NOINHERIT;"
        "CREATE ROLE dba LOGIN SUPERUSER; CREATE ROLE idle_dba LOGIN SUPERUSER;"
        "GRANT SELECT ON geography.cells TO ahead, everywhere, lead, fine;"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA geography GRANT SELECT ON TABLES TO ahead;"
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO everywhere;"
        "GRANT fine TO lead WITH ADMIN OPTION; GRANT fine TO amina, slow, dba"
    )

    text = imported(geography.dsn)

    found, said = read(text), comments(text)
    assert list(found.roles) == ["everywhere", "fine", "lead"]
    assert found.targets["db"].policy.protect == [*("ahead", "idle_dba", "postgres", "slow")]
    assert "ahead: holds default privileges on tables and views in schema geography" in said
    assert "inherits: [{role: fine, admin: true}]" in text
    assert "slow: has NOINHERIT" in said
    assert "idle_dba: is a superuser" in said
    assert "(drift shows them): slow in fine" in said
    assert "dba: {accounts: {db: {attributes: {superuser: true}}}}" in text
    assert_nothing_to_do(text, geography.dsn, tmp_path)


def test_what_is_left_out_is_counted_in_comments(geography: Desk, tmp_path: Path) -> None:
    geography.sql(
        "CREATE ROLE amina LOGIN PASSWORD 'a-password'; CREATE ROLE gone; CREATE ROLE reader;"
        "GRANT reader, pg_monitor TO amina; ALTER ROLE amina SET work_mem TO '1MB';"
        "COMMENT ON ROLE amina IS 'secret-remark';"
        "GRANT SELECT ON geography.cells, geography.sites TO amina;"
        "GRANT SELECT ON geography.sites TO PUBLIC;"
        "ALTER TABLE geography.sites ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY mine ON geography.sites USING (true);"
        "SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO amina"
    )

    text = imported(geography.dsn)

    said = comments(text)
    for part in (
        *("passwords", "have nobody in them: gone", "amina in pg_monitor"),
        *("privileges that people hold directly: amina (3)", "comments on roles: amina (1)"),
        "settings of roles (ALTER ROLE ... SET): amina (1)",
        *("row-level security policies: sites (1)", "privileges of PUBLIC: postgres ("),
        "ownership of schemas, tables, views and sequences:",
    ):
        assert part in said
    assert "a-password" not in text
    assert "secret-remark" not in text
    assert "gone" not in read(text).roles
    assert_nothing_to_do(text, geography.dsn, tmp_path)


@pytest.mark.parametrize("names", [("Amina", "amina"), ("KOFI", "Kofi")])
def test_of_people_who_differ_in_case_one_is_imported(
    desk: Desk, tmp_path: Path, names: tuple[str, str]
) -> None:
    for name in names:
        desk.sql(f"CREATE ROLE {_quoted(name)} LOGIN")

    text = imported(desk.dsn)

    kept = sorted(names, key=lambda each: (each != each.lower(), each))[0]
    assert list(read(text).users) == [kept]
    assert "in nothing but case" in comments(text)
    assert_nothing_to_do(text, desk.dsn, tmp_path)


def test_large_objects_and_default_privileges_of_all_schemas_are_imported_dif_01(
    desk: Desk, tmp_path: Path
) -> None:
    desk.sql(
        "CREATE ROLE reader; CREATE ROLE amina LOGIN; GRANT reader TO amina;"
        "SELECT lo_create(4711), lo_create(9); GRANT ALL ON LARGE OBJECT 4711, 9 TO reader;"
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader;"
        "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO reader;"
        "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO reader WITH GRANT OPTION"
    )

    text = imported(desk.dsn)

    rules = read(text).roles["reader"].privileges
    assert [(rule.kinds, rule.large_objects) for rule in rules] == [
        (("large_objects",), [9, 4711]),
        (("tables", "views"), None),
        (("functions",), None),
        (("schemas",), None),
    ]
    assert rules[-1].grant_option
    assert_nothing_to_do(text, desk.dsn, tmp_path)


def test_an_account_that_may_only_read_catalogs_is_enough(desk: Desk, tmp_path: Path) -> None:
    desk.sql(
        "CREATE ROLE looker LOGIN PASSWORD 'a-password-for-tests'; CREATE ROLE reader;"
        "CREATE ROLE amina LOGIN; CREATE TABLE t (id int); GRANT SELECT ON t TO reader;"
        "GRANT reader TO amina"
    )

    text = imported(desk.login("looker"))

    assert list(read(text).users) == ["amina"]
    assert list(read(text).roles) == ["reader"]
    assert_nothing_to_do(text, desk.dsn, tmp_path)
