"""The FlowDB-like database answers as FlowDB does: who may connect, read, write and own what, on a
real server.

Each test logs in with a role's own password over the server's SCRAM authentication; only the
superuser is trusted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import errors

from reconciler.secret import Secret
from tests.fix_postgres import FlowDBServer

ALL_ON_TABLES = {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}
READ_ONLY = ("dfs", "etl", "events", "infrastructure", "interactions", "routing")


@contextmanager
def connected(flowdb: FlowDBServer, user: str | None = None) -> Iterator[psycopg.Connection]:
    """A connection in autocommit mode, as the superuser unless a role is named."""
    with psycopg.connect(flowdb.dsn(user), autocommit=True) as connection:
        yield connection


def owner_of(flowdb: FlowDBServer, table: str) -> str:
    """The owner of a table as the catalog says it."""
    query = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = %s::regclass"
    with connected(flowdb) as superuser:
        (owner,) = superuser.execute(query, (table,)).fetchone() or ("",)
    return str(owner)


@pytest.mark.parametrize("role", ["orphan1", "stuck1"])
def test_a_role_that_inherits_no_connect_right_is_refused(flowdb: FlowDBServer, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(flowdb.dsn(role))


def test_a_wrong_password_is_refused(flowdb: FlowDBServer) -> None:
    wrong = flowdb.cluster.dsn(
        database="flowdb", user="analyst1", password=flowdb.passwords["viewer1"]
    )

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


@pytest.mark.parametrize("role", ["analyst1", "analyst2"])
def test_a_member_of_flowmachine_reads_events_and_etl(flowdb: FlowDBServer, role: str) -> None:
    """Also through a group: analyst2 is a member of group_a, group_a of flowmachine."""
    with connected(flowdb, role) as member:
        calls = member.execute("SELECT id FROM events.calls ORDER BY id").fetchall()
        records = member.execute("SELECT cdr_type, state FROM etl.etl_records").fetchall()

    assert calls == [("c1",), ("c2",), ("c3",)]
    assert records == [("calls", "ingested")]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO events.calls VALUES ('c9', '2026-01-04T00:00:00Z', '\\x00', 'L1')",
        "CREATE TABLE events.mine (id text)",
    ],
)
def test_a_member_of_flowmachine_cannot_write_events(flowdb: FlowDBServer, statement: str) -> None:
    with connected(flowdb, "analyst1") as member, pytest.raises(errors.InsufficientPrivilege):
        member.execute(statement.encode())


def test_a_member_of_flowmachine_writes_geography_and_owns_what_it_makes(
    flowdb: FlowDBServer,
) -> None:
    with connected(flowdb, "analyst1") as member:
        member.execute("INSERT INTO geography.admin3 VALUES ('GH0201', 'Kumasi')")
        member.execute("INSERT INTO geography.admin2 VALUES ('GH02', 'Ashanti')")
        member.execute("CREATE TABLE geography.mine (id text)")

    assert owner_of(flowdb, "geography.mine") == "analyst1"


def test_flowapi_reads_geography_tables_made_after_the_script_only(flowdb: FlowDBServer) -> None:
    with connected(flowdb, "flowapi") as flowapi:
        later = flowapi.execute("SELECT admin2pcod FROM geography.admin2").fetchall()
        with pytest.raises(errors.InsufficientPrivilege):
            flowapi.execute("SELECT * FROM geography.admin3")

    assert later == [("GH01",)]


def test_flowapi_reads_cache_tables_made_after_the_script_only(flowdb: FlowDBServer) -> None:
    with connected(flowdb, "flowapi") as flowapi:
        later = flowapi.execute("SELECT location_id, value FROM cache.x8d31a").fetchall()
        with pytest.raises(errors.InsufficientPrivilege):
            flowapi.execute("SELECT * FROM cache.cached")

    assert later == [("L1", 2)]


def test_flowapi_cannot_read_a_geography_table_that_a_member_made(flowdb: FlowDBServer) -> None:
    with connected(flowdb, "analyst1") as member:
        member.execute("CREATE TABLE geography.mine (id text)")

    with connected(flowdb, "flowapi") as flowapi, pytest.raises(errors.InsufficientPrivilege):
        flowapi.execute("SELECT * FROM geography.mine")


def test_a_cache_table_that_a_member_made_goes_to_flowmachine_unreadable_for_flowapi(
    flowdb: FlowDBServer,
) -> None:
    with connected(flowdb, "analyst1") as member:
        member.execute("CREATE TABLE cache.mine (id text)")

    assert owner_of(flowdb, "cache.mine") == "flowmachine"
    with connected(flowdb, "flowapi") as flowapi, pytest.raises(errors.InsufficientPrivilege):
        flowapi.execute("SELECT * FROM cache.mine")


def test_a_cache_table_made_under_set_role_flowmachine_is_readable_for_flowapi(
    flowdb: FlowDBServer,
) -> None:
    with connected(flowdb, "analyst1") as member:
        member.execute("SET ROLE flowmachine")
        member.execute("CREATE TABLE cache.ours (id text)")

    with connected(flowdb, "flowapi") as flowapi:
        rows = flowapi.execute("SELECT * FROM cache.ours").fetchall()

    assert rows == []
    assert owner_of(flowdb, "cache.ours") == "flowmachine"


def test_create_table_as_in_cache_escapes_the_trigger(flowdb: FlowDBServer) -> None:
    with connected(flowdb, "analyst1") as member:
        member.execute("CREATE TABLE cache.mine AS SELECT 1 AS value")

    assert owner_of(flowdb, "cache.mine") == "analyst1"
    with connected(flowdb, "flowapi") as flowapi, pytest.raises(errors.InsufficientPrivilege):
        flowapi.execute("SELECT * FROM cache.mine")


def test_flowmachine_draws_from_the_cache_counter(flowdb: FlowDBServer) -> None:
    with connected(flowdb, "flowmachine") as flowmachine:
        touches = flowmachine.execute("SELECT nextval('cache.cache_touches')").fetchone()

    assert touches == (1,)


def test_flowmachine_cannot_drop_a_cache_table_of_the_superuser(flowdb: FlowDBServer) -> None:
    with (
        connected(flowdb, "flowmachine") as flowmachine,
        pytest.raises(errors.InsufficientPrivilege, match="must be owner"),
    ):
        flowmachine.execute("DROP TABLE cache.cached")


@pytest.mark.parametrize("role", ["analyst1", "flowapi"])
def test_both_services_and_their_members_create_schemas(flowdb: FlowDBServer, role: str) -> None:
    with connected(flowdb, role) as creator:
        creator.execute("CREATE SCHEMA scratch")
        owner = creator.execute(
            "SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'scratch'"
        ).fetchone()

    assert owner == (role,)


def test_a_role_that_owns_objects_is_dropped_only_after_reassign_and_drop_owned(
    flowdb: FlowDBServer,
) -> None:
    with connected(flowdb) as superuser:
        with pytest.raises(errors.DependentObjectsStillExist):
            superuser.execute("DROP ROLE owner1")

        superuser.execute("REASSIGN OWNED BY owner1 TO flowmachine")
        superuser.execute("DROP OWNED BY owner1")
        superuser.execute("DROP ROLE owner1")
        left = superuser.execute("SELECT 1 FROM pg_roles WHERE rolname = 'owner1'").fetchone()

    assert left is None
    assert owner_of(flowdb, "geography.owner1_areas") == "flowmachine"


def test_a_schema_outside_the_script_is_closed_to_flowmachine(flowdb: FlowDBServer) -> None:
    with (
        connected(flowdb, "flowmachine") as flowmachine,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        flowmachine.execute("SELECT * FROM reduced.sightings")


def test_a_member_cannot_pass_its_membership_on(flowdb: FlowDBServer) -> None:
    with connected(flowdb, "analyst1") as member, pytest.raises(errors.InsufficientPrivilege):
        member.execute("GRANT flowmachine TO orphan1")


@pytest.mark.parametrize("role", ["flowmachine", "flowapi", "analyst1", "analyst2", "viewer1"])
def test_everybody_reads_public_tables_made_after_the_script_only(
    flowdb: FlowDBServer, role: str
) -> None:
    with connected(flowdb, role) as reader:
        later = reader.execute("SELECT name FROM public.holidays").fetchall()
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("SELECT * FROM public.files")

    assert later == [("Independence Day",)]


def test_the_default_privileges_are_those_of_the_script_and_no_others(
    flowdb: FlowDBServer,
) -> None:
    query = """
        SELECT pg_get_userbyid(defaclrole), nspname, defaclobjtype::text,
               coalesce(rolname, 'PUBLIC'), privilege_type
        FROM pg_default_acl
        CROSS JOIN LATERAL aclexplode(defaclacl)
        LEFT JOIN pg_namespace ON pg_namespace.oid = defaclnamespace
        LEFT JOIN pg_roles ON pg_roles.oid = grantee
    """

    with connected(flowdb) as superuser:
        observed = set(superuser.execute(query).fetchall())
        version = superuser.info.server_version

    everything = ALL_ON_TABLES | ({"MAINTAIN"} if version >= 170000 else set())
    writable = {
        (creator, schema, "r", "flowmachine", right)
        for creator in ("flowdb", "flowmachine")
        for schema in ("cache", "geography", "population", "elevation")
        for right in everything
    }
    readable = {
        ("flowdb", schema, kind, "flowmachine", "SELECT") for schema in READ_ONLY for kind in "rS"
    }
    for_others = {
        ("flowdb", "cache", "r", "flowapi", "SELECT"),
        ("flowmachine", "cache", "r", "flowapi", "SELECT"),
        ("flowdb", "geography", "r", "flowapi", "SELECT"),
        ("flowdb", "public", "r", "PUBLIC", "SELECT"),
    }
    assert observed == writable | readable | for_others


def test_public_keeps_temp_and_loses_connect(flowdb: FlowDBServer) -> None:
    query = """
        SELECT privilege_type
        FROM pg_database CROSS JOIN LATERAL aclexplode(datacl)
        WHERE datname = 'flowdb' AND grantee = 0
    """

    with connected(flowdb) as superuser:
        rights = superuser.execute(query).fetchall()

    assert rights == [("TEMPORARY",)]


def test_the_membership_of_stuck1_does_not_inherit(flowdb: FlowDBServer) -> None:
    """From PostgreSQL 16 the flag is on the membership and has to be false there too."""
    with connected(flowdb) as superuser:
        if superuser.info.server_version < 160000:
            query = "SELECT rolinherit FROM pg_roles WHERE rolname = 'stuck1'"
        else:
            query = "SELECT inherit_option FROM pg_auth_members WHERE member = 'stuck1'::regrole"
        inherits = superuser.execute(query).fetchone()

    assert inherits == (False,)


def test_group_a_cannot_log_in(flowdb: FlowDBServer) -> None:
    password = Secret("correct-all-the-same")
    dsn = flowdb.cluster.dsn(database="flowdb", user="group_a", password=password)
    with connected(flowdb) as superuser:
        superuser.execute("ALTER ROLE group_a PASSWORD 'correct-all-the-same'")

    with pytest.raises(psycopg.OperationalError, match="is not permitted to log in"):
        psycopg.connect(dsn)


def test_passwords_are_stored_as_scram_verifiers(flowdb: FlowDBServer) -> None:
    query = "SELECT rolname, left(rolpassword, 14) FROM pg_authid WHERE rolcanlogin"

    with connected(flowdb) as superuser:
        stored = dict(superuser.execute(query).fetchall())

    assert stored == dict.fromkeys({*flowdb.passwords, "flowdb"}, "SCRAM-SHA-256$")
