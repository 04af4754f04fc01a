"""What `doctor` says of the rights of the tool's role is exactly what an apply needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reconciler.changes import Change
from reconciler.engine import Choice
from reconciler.engine.planning import selection_of
from reconciler.provider import Lack, Rights
from reconciler.report import Report
from reconciler.sandbox.postgres.template import ClusterTemplate
from reconciler.state import Key
from tests.postgres.desk import Access, Desk, messages, on_tables, one_role

SETUP = """
    CREATE ROLE manager LOGIN {powers} PASSWORD 'a-password-for-tests';
    CREATE ROLE flowapi; CREATE ROLE flowdb; CREATE ROLE deputy; CREATE ROLE intruder;
    CREATE SCHEMA geography;
    CREATE TABLE geography.cells (id int);
    CREATE SEQUENCE geography.ids;
    CREATE FUNCTION geography.area(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
"""
STAFF = Access(
    users=["amina", "kofi"],
    groups={"analysts": ["kofi"]},
    roles={
        "reader": {
            "inherits": ["flowapi"],
            "privileges": [
                {"database": "postgres", "allow": ["temp"]},
                {"schema": "geography", "allow": ["usage"]},
                on_tables("select", "update") | {"views": "*", "created_by": ["flowdb"]},
                {"schema": "geography", "sequences": "*", "allow": ["usage"]},
                {"schema": "geography", "functions": ["area(integer)"], "allow": ["execute"]},
            ],
        }
    },
    grants=[("amina", "reader"), ("analysts", "reader")],
)


@dataclass(frozen=True)
class Case:
    """A state that SQL makes, a manifest over it, and how much of it the role has before."""

    access: Access
    sql: str = ""
    powers: str = "CREATEROLE"


CASES = {
    "nothing but a login": Case(STAFF, powers=""),
    "creates roles alone": Case(STAFF),
    "roles of others": Case(
        STAFF,
        "CREATE ROLE reader CREATEDB; CREATE ROLE amina LOGIN CREATEDB",
    ),
    "other kinds of object": Case(
        one_role(
            {"schema": "geography", "types": ["mood"], "allow": ["usage"]},
            {"schema": "geography", "tables": ["odd.t"], "columns": ["id"], "allow": ["select"]},
            {"languages": ["plpgsql"], "allow": ["usage"]},
            {"foreign_data_wrappers": ["files"], "allow": ["usage"]},
            {"foreign_servers": ["archive"], "allow": ["usage"]},
        ),
        'CREATE TYPE geography.mood AS ENUM (); CREATE TABLE geography."odd.t" (id int);'
        "CREATE FOREIGN DATA WRAPPER files; CREATE SERVER archive FOREIGN DATA WRAPPER files;"
        "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
    ),
    "settings of others' roles": Case(
        one_role(settings={"work_mem": "64MB"}), "CREATE ROLE reader"
    ),
    "a superuser to disarm": Case(one_role(), "CREATE ROLE amina LOGIN SUPERUSER"),
    "powers before 16": Case(one_role(), "CREATE ROLE amina LOGIN REPLICATION BYPASSRLS"),
    "powers to give": Case(
        one_role(attributes={"createdb": True, "bypassrls": True, "replication": True})
    ),
    "a superuser to make": Case(one_role(attributes={"superuser": True})),
    "an owner's grants to take": Case(
        one_role({"schema": "geography", "allow": ["usage"]}),
        "CREATE ROLE reader; ALTER TABLE geography.cells OWNER TO flowdb;"
        "GRANT USAGE ON SCHEMA geography TO flowdb;"
        "GRANT SELECT ON geography.cells TO reader",
    ),
    "a superuser's grants to take": Case(
        one_role(), "CREATE ROLE reader; GRANT SELECT ON geography.cells TO reader"
    ),
    "delegated grants to take": Case(
        one_role(),
        "CREATE ROLE reader; GRANT USAGE ON SCHEMA geography TO deputy;"
        "GRANT SELECT ON geography.cells TO deputy WITH GRANT OPTION; SET ROLE deputy;"
        "GRANT SELECT ON geography.cells TO reader",
    ),
    "grants of one who may not enter the schema": Case(
        one_role(),
        "CREATE ROLE reader; ALTER TABLE geography.cells OWNER TO flowdb;"
        "GRANT USAGE ON SCHEMA geography TO deputy;"
        "GRANT SELECT ON geography.cells TO deputy WITH GRANT OPTION; SET ROLE deputy;"
        "GRANT SELECT ON geography.cells TO reader; RESET ROLE;"
        "REVOKE USAGE ON SCHEMA geography FROM deputy;"
        "CREATE ROLE landlord; ALTER SCHEMA geography OWNER TO landlord",
    ),
    "members that others added": Case(
        one_role(), "CREATE ROLE reader; GRANT reader TO intruder WITH ADMIN OPTION"
    ),
    "what everybody has": Case(
        Access(
            servers={
                "store": {
                    "public": [
                        {"database": "postgres", "allow": ["connect"]},
                        {"schema": "geography", "functions": "*", "allow": []},
                        {"schema": "geography", "tables": ["cells"], "allow": ["select"]},
                        {"functions": "*", "allow": [], "created_by": ["flowdb"]},
                    ]
                }
            }
        ),
        "ALTER FUNCTION geography.area OWNER TO flowdb; GRANT SELECT ON geography.cells TO flowdb",
    ),
    "what a deputy gave everybody": Case(
        Access(
            servers={
                "store": {"public": [on_tables(tables=["cells"])]},
            }
        ),
        "GRANT USAGE ON SCHEMA geography TO deputy;"
        "GRANT SELECT ON geography.cells TO deputy WITH GRANT OPTION; SET ROLE deputy;"
        "GRANT SELECT ON geography.cells TO PUBLIC",
    ),
    "schemas to make": Case(
        Access(
            servers={"store": {"schemas": {"made": {"owner": "amina"}, "plain": {}}}},
            roles={"amina": {}},
        ),
    ),
    "objects to hand over": Case(
        Access(
            servers={
                "store": {
                    "owners": [
                        {
                            "schema": "geography",
                            "owner": "deputy",
                            **{"tables": "*", "sequences": "*", "functions": "*"},
                        }
                    ]
                }
            },
        ),
        "ALTER TABLE geography.cells OWNER TO flowdb; ALTER SCHEMA geography OWNER TO flowdb;"
        "ALTER FUNCTION geography.area OWNER TO flowdb;"
        "ALTER SEQUENCE geography.ids OWNER TO flowdb",
    ),
    "a schema and a table to hand over to a role that it makes": Case(
        Access(
            servers={
                "store": {
                    "schemas": {"geography": {"owner": "amina"}},
                    "owners": [{"schema": "geography", "owner": "amina", "tables": "*"}],
                }
            },
            roles={
                "amina": {},
                "reader": {"privileges": [on_tables("select", tables=["cells"])]},
            },
        ),
        "ALTER TABLE geography.cells OWNER TO flowdb; ALTER SCHEMA geography OWNER TO flowdb",
    ),
    "a table to hand over to a role that it makes and lets create there": Case(
        Access(
            servers={
                "store": {
                    "owners": [{"schema": "geography", "owner": "amina", "tables": ["cells"]}]
                }
            },
            roles={"amina": {"privileges": [{"schema": "geography", "allow": ["create"]}]}},
        ),
        "ALTER TABLE geography.cells OWNER TO flowdb; ALTER SCHEMA geography OWNER TO flowdb",
    ),
    "a table of a superuser to hand over": Case(
        Access(
            servers={
                "store": {
                    "owners": [{"schema": "geography", "owner": "deputy", "tables": ["cells"]}]
                }
            },
        ),
    ),
    "a database to hand over": Case(
        Access(servers={"store": {"database": "template1", "owner": "deputy"}}),
        "ALTER DATABASE template1 OWNER TO flowdb",
    ),
    "large objects": Case(
        one_role({"large_objects": [4711], "allow": ["select", "update"]}),
        "SELECT lo_create(4711)",
    ),
    "ADMIN to give": Case(
        replace(one_role(), grants=[("amina", "reader", {"admin": True})]), "CREATE ROLE reader"
    ),
    "ADMIN to take from who used it": Case(
        replace(
            one_role(), users=["amina", "kofi"], grants=[("amina", "reader"), ("kofi", "reader")]
        ),
        "CREATE ROLE reader; CREATE ROLE amina LOGIN; CREATE ROLE kofi LOGIN;"
        "GRANT reader TO manager WITH ADMIN OPTION; SET ROLE manager;"
        "GRANT reader TO amina WITH ADMIN OPTION; SET ROLE amina; GRANT reader TO kofi",
    ),
    "defaults of a superuser": Case(
        one_role(on_tables("select") | {"views": "*", "created_by": ["postgres"]}),
        "ALTER SCHEMA geography OWNER TO manager; ALTER TABLE geography.cells OWNER TO manager",
    ),
    "defaults of a role that it makes": Case(
        one_role(on_tables("select") | {"views": "*", "created_by": ["amina"]}),
        "ALTER SCHEMA geography OWNER TO manager; ALTER TABLE geography.cells OWNER TO manager",
    ),
}


def rights(desk: Desk, access: Access) -> Rights:
    """What the role manager lacks for the plan of a manifest."""
    with desk.run(access, desk.login("manager")) as run:
        reading = run.read()["db"]
        changes = selection_of(run.target("db", reading), Choice()).changes
        provider = run.providers["db"]
        assert hasattr(provider, "lacking")
        found = provider.lacking(changes)
        assert isinstance(found, Rights)
        return found


def is_done(report: Report) -> bool:
    """Whether all of the plan was done; what only a superuser could do is not even tried."""
    is_held = any(each.rule == "out-of-reach" for each in report.plan.blocking)
    return report.targets[0].is_converged and not is_held


def give(desk: Desk, lacks: Sequence[Lack]) -> None:
    """Run the statements as a superuser."""
    for each in lacks:
        if each.statement:
            desk.sql(each.statement, each.database or "postgres")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_doctor_s_statements_are_enough_and_needed(desk: Desk, case: Case) -> None:
    desk.sql(SETUP.format(powers=case.powers) + case.sql)
    dsn = desk.login("manager")

    for _ in range(3):  # what an apply began is remembered, and the next plan takes more away
        lacking = rights(desk, case.access).lacking
        report = desk.apply(case.access, dsn)
        assert is_done(report) is not bool(lacking), (lacking, messages(report))
        give(desk, lacking)
        left = desk.changes(case.access, dsn)
        if not left:
            break

    assert left == ()


@pytest.mark.parametrize("name", ["nothing but a login", "powers to give"])
def test_doctor_s_statements_are_all_needed(
    cluster_template: ClusterTemplate, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    number, count = 0, 1
    while number < count:
        (tmp_path / str(number)).mkdir()
        with cluster_template.cluster() as cluster:
            desk = Desk(cluster, tmp_path / str(number))
            desk.sql(SETUP.format(powers=case.powers) + case.sql)
            lacking = rights(desk, case.access).lacking
            count = len(lacking)
            if not count:
                return
            give(desk, [each for each in lacking if each is not lacking[number]])

            report = desk.apply(case.access, desk.login("manager"))

            assert not is_done(report), lacking[number]
        number += 1


def test_ending_sessions_needs_a_right_of_its_own(desk: Desk) -> None:
    desk.sql(SETUP.format(powers="CREATEROLE") + "CREATE ROLE kofi LOGIN")
    key = Key("account", ("kofi",))
    change = Change("update", key, {"login": True}, {"login": False}, end_sessions=("kofi",))

    with desk.provider(desk.login("manager")) as provider:
        before = provider.lacking((change,)).lacking
        give(desk, before)
        after = provider.lacking((change,)).lacking

    assert 'GRANT pg_signal_backend TO "manager"' in {each.statement for each in before}
    assert after == ()


def test_what_is_not_compared_is_told(desk: Desk) -> None:
    desk.sql(SETUP.format(powers="CREATEROLE"))
    after = {"work_mem": ("SET",)}
    change = Change("create", Key("privilege", ("reader", "", "parameter", "")), None, after)

    with desk.provider(desk.login("manager")) as provider:
        found = provider.lacking((change,))

    assert found == Rights((), ("privileges on the kind parameter (1)",))


def test_a_role_that_cannot_create_where_it_is_to_own_something_is_told_of(desk: Desk) -> None:
    desk.sql(SETUP.format(powers="CREATEROLE"))
    owners = [{"schema": "geography", "owner": "amina", "tables": ["cells"]}]
    access = Access(servers={"store": {"owners": owners}}, roles={"amina": {}})

    lacking = rights(desk, access).lacking

    (told,) = [each for each in lacking if "needs CREATE there" in each.what]
    assert told.what.endswith("add schema: geography, allow: [create] to its privileges")
    assert told.statement == ""
