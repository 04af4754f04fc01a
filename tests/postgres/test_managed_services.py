"""Roles of managed services: known, left alone, refused as one's own, and there to be inherited.

No such service runs here: a server is one of theirs by the role that only its operators can make.
"""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from reconciler.providers.postgres.services import SERVICES
from tests.postgres.desk import Access, Desk, on_tables, one_role

SIGNS = {
    "rdsadmin": "rds_iam",
    "cloudsqladmin": "cloudsqliamuser",
    "alloydbadmin": "alloydbiamuser",
    "azuresu": "azure_pg_admin",
    "supabase_admin": "service_role",
}


def test_every_service_is_looked_at_here() -> None:
    assert {each.sign for each in SERVICES} == SIGNS.keys()


@pytest.mark.parametrize("sign, given", SIGNS.items())
def test_the_roles_of_a_service_are_left_alone_and_can_be_inherited(
    geography: Desk, sign: str, given: str
) -> None:
    geography.sql(f"""
        CREATE ROLE {sign} SUPERUSER LOGIN; CREATE ROLE {given}; GRANT {given} TO {sign};
        GRANT SELECT ON geography.cells TO {sign}, {given};
        CREATE ROLE reader; GRANT reader TO {sign};
    """)
    one = one_role(on_tables("select"), inherits=[given])
    access = Access(users=one.users, roles=one.roles, grants=one.grants, policy={"prune": "all"})

    geography.converge(access)
    plan = geography.plan(access).target("db")

    assert (plan.changes, plan.drift, plan.unasked) == ((), (), ())
    assert not [key for key in plan.unmanaged if {sign, given} & {*key.path[1:]}]
    assert geography.value(f"SELECT pg_has_role('reader', '{given}', 'MEMBER')")
    assert geography.can(given, "SELECT", "geography.cells")
    assert geography.value(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{sign}'")


def test_a_manifest_that_declares_such_a_role_is_refused_with_its_line(desk: Desk) -> None:
    desk.sql("CREATE ROLE rdsadmin; CREATE ROLE rds_password; CREATE ROLE rds_iam")
    access = Access(roles={"rds_password": {}})

    with pytest.raises(ManifestError) as refused:
        desk.plan(access)

    (problem,) = refused.value.problems
    assert problem.source is not None
    assert problem.source.path == "roles.rds_password"
    assert '"rds_password" is a role of Amazon RDS there' in problem.message
    assert "inherits: [rds_password]" in str(problem)


def test_the_names_are_ordinary_on_any_other_server(geography: Desk) -> None:
    access = Access(
        users=["anon"],
        roles={"replication": {"privileges": [on_tables("select")]}},
        grants=[("anon", "replication")],
    )

    geography.converge(access)

    assert geography.can("anon", "SELECT", "geography.cells")


def test_doctor_says_whose_server_it_is(desk: Desk) -> None:
    desk.sql("CREATE ROLE rdsadmin; CREATE ROLE rds_iam")

    with desk.provider() as provider:
        remarks = provider.remarks()
        untouchable = provider.identify().untouchable

    said = "this is a server of Amazon RDS: what is its own is left alone (rds_iam, rdsadmin)"
    assert said in remarks
    assert untouchable >= {"rdsadmin", "rds_iam"}


def test_an_import_leaves_them_out(desk: Desk) -> None:
    desk.sql("CREATE ROLE rdsadmin LOGIN; CREATE ROLE rds_iam; CREATE ROLE app LOGIN")
    desk.sql("GRANT rds_iam TO app")

    with desk.provider() as provider:
        survey = provider.survey(())

    names = {key.path[-1] for key in survey.state.records if key.kind in ("account", "role")}
    assert "app" in names
    assert not names & {"rdsadmin", "rds_iam"}
