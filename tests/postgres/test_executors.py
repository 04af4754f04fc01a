"""Applying without SUPERUSER: what a role with CREATEROLE can do, and how the rest fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.state import Key
from tests.postgres.desk import Access, Desk, on_tables, one_role, outcomes

STAFF = Access(
    users=["amina", "kofi"],
    groups={"analysts": ["kofi"]},
    roles={"reader": {"privileges": [on_tables("select")]}},
    grants=[("amina", "reader"), ("analysts", "reader")],
)

NEEDS_ADMIN = "CREATEROLE needs the ADMIN option to give a role or take it"


@pytest.fixture
def managed(desk: Desk) -> Desk:
    """A server whose schema geography belongs to manager, who may create roles."""
    desk.sql("""
        CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'a-password-for-tests';
        CREATE SCHEMA geography AUTHORIZATION manager;
        SET ROLE manager;
        CREATE TABLE geography.cells (id int);
    """)
    return desk


def test_accounts_groups_roles_and_own_objects_are_managed(managed: Desk) -> None:
    dsn = managed.login("manager")

    managed.converge(STAFF, dsn)
    assert managed.can("kofi", "SELECT", "geography.cells")

    fewer = replace(STAFF, departed=["kofi"], grants=[("amina", "reader")])
    managed.converge(replace(fewer, policy={"prune": "all", "leavers": "delete"}), dsn)
    assert managed.sql("SELECT 1 FROM pg_roles WHERE rolname IN ('kofi', 'analysts')") == []
    assert managed.can("amina", "SELECT", "geography.cells")


def test_power_that_only_a_superuser_gives_or_takes_is_said_before_anything_is_sent(
    managed: Desk,
) -> None:
    managed.sql("CREATE ROLE amina LOGIN SUPERUSER")
    power = {"attributes": {"superuser": True}}
    access = replace(one_role(), users=["amina", "kofi"], grants=[("amina", "reader")])
    access = replace(access, grants=[*access.grants, ("kofi", "reader")], accounts={"kofi": power})

    plan = managed.plan(access, managed.login("manager"))

    found = {each.keys: each.message for each in plan.blocking}
    amina, kofi = (found[(Key("account", (name,)),)] for name in ("amina", "kofi"))
    assert "amina is given or loses SUPERUSER, and manager, no superuser, may not" in amina
    assert "kofi is given or loses SUPERUSER" in kofi


def test_power_that_an_administrator_insists_on_fails_clearly(managed: Desk) -> None:
    managed.sql("CREATE ROLE amina LOGIN SUPERUSER")
    with managed.run(one_role(), managed.login("manager")) as run:
        plan = run.plan()
        report = run.apply(plan, accept=frozenset(each.id for each in plan.blocking))

    outcome = outcomes(report)[Key("account", ("amina",))]
    assert outcome.status == "failed"
    words = "permission denied to alter role" if managed.major >= 16 else "must be superuser"
    assert words in outcome.message
    assert "SUPERUSER" in outcome.message.upper()
    assert managed.sql("SELECT 1 FROM pg_roles WHERE rolname = 'reader'") == []


def test_a_role_of_others_to_inherit_fails_clearly(managed: Desk) -> None:
    managed.needs_version(16, NEEDS_ADMIN)
    managed.sql("CREATE ROLE flowapi")

    report = managed.apply(one_role(inherits=["flowapi"]), managed.login("manager"))

    failed = [each for each in report.outcomes if each.status == "failed"]
    assert Key("membership", ("flowapi", "reader")) in {each.change.key for each in failed}
    assert all('permission denied to grant role "flowapi"' in each.message for each in failed)
    assert all("ADMIN option" in each.message for each in failed)


def test_a_membership_that_a_superuser_gave_fails_clearly(managed: Desk) -> None:
    managed.needs_version(16, NEEDS_ADMIN)
    dsn = managed.login("manager")
    managed.converge(STAFF, dsn)
    managed.sql("CREATE ROLE intruder; GRANT reader TO intruder")

    report = managed.apply(STAFF, dsn)

    (outcome,) = report.outcomes
    assert outcome.status == "failed"
    assert "permission denied to revoke privileges granted by role" in outcome.message


def test_before_version_16_the_memberships_of_others_are_managed_too(managed: Desk) -> None:
    managed.needs_older_than(16, "CREATEROLE alone manages memberships of all but superusers")
    dsn = managed.login("manager")
    managed.sql("CREATE ROLE flowapi")
    managed.converge(one_role(inherits=["flowapi"]), dsn)
    managed.sql("CREATE ROLE intruder; GRANT reader TO intruder")

    managed.converge(one_role(inherits=["flowapi"]), dsn)

    assert managed.value("SELECT pg_has_role('amina', 'flowapi', 'USAGE')") is True
    assert managed.value("SELECT pg_has_role('intruder', 'reader', 'MEMBER')") is False


def test_objects_of_others_fail_clearly(managed: Desk) -> None:
    managed.sql("CREATE TABLE geography.foreign_table (id int)")

    report = managed.apply(STAFF, managed.login("manager"))

    (failed,) = [each for each in report.outcomes if each.status == "failed"]
    assert failed.change.key.kind == "privilege"
    assert "permission denied for table foreign_table" in failed.message


def test_the_executor_is_never_changed(managed: Desk) -> None:
    dsn = managed.login("manager")
    access = replace(STAFF, users=["amina", "kofi", "manager"], policy={"prune": "all"})

    plan = managed.plan(access, dsn)

    assert all("manager" not in each.key.path for each in plan.changes)
