"""Memberships and attributes: options of edges, grantors, foreign roles, what was set by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import ManifestError
from tests.postgres.desk import Access, Desk, on_tables, one_role

EDGES = """
    SELECT roleid::regrole::text, member::regrole::text, grantor::regrole::text
      FROM pg_auth_members WHERE member = 'amina'::regrole ORDER BY 1, 3
"""


def test_a_role_that_is_there_already_is_inherited_and_not_touched(geography: Desk) -> None:
    geography.sql("CREATE ROLE flowapi LOGIN; GRANT SELECT ON geography.cells TO flowapi")
    before = geography.sql("SELECT xmin::text FROM pg_authid WHERE rolname = 'flowapi'")

    geography.converge(one_role(inherits=["flowapi", "pg_read_all_stats"]))

    assert geography.can("amina", "SELECT", "geography.cells")
    assert geography.value("SELECT pg_has_role('amina', 'pg_read_all_stats', 'USAGE')")
    assert geography.sql("SELECT xmin::text FROM pg_authid WHERE rolname = 'flowapi'") == before
    geography.converge(one_role())
    assert not geography.can("amina", "SELECT", "geography.cells")


def test_a_role_to_inherit_that_is_not_there_is_a_fault_with_its_line(desk: Desk) -> None:
    desk.sql("CREATE ROLE flowapi LOGIN")

    with pytest.raises(ManifestError, match=r'no role "flowapy"; did you mean "flowapi"') as caught:
        desk.plan(one_role(inherits=["flowapy"]))

    (problem,) = caught.value.problems
    assert problem.source
    assert problem.source.path == "roles.reader.inherits.0"


def test_a_predefined_role_misspelt_is_a_fault_with_a_suggestion(desk: Desk) -> None:
    with pytest.raises(ManifestError, match='did you mean "pg_read_all_data"'):
        desk.plan(one_role(inherits=["pg_read_al_data"]))


@pytest.mark.parametrize("place", ["roles", "groups"])
def test_a_role_or_group_that_can_sign_in_there_is_refused(desk: Desk, place: str) -> None:
    desk.sql("CREATE ROLE flowapi LOGIN")
    role, group = ("flowapi", "g") if place == "roles" else ("r", "flowapi")
    access = Access(users=["a"], groups={group: ["a"]}, roles={role: {}}, grants=[(group, role)])

    with pytest.raises(ManifestError, match=r"flowapi.* can sign in .* inherits: \[flowapi\]"):
        desk.plan(access)


def test_a_member_that_does_not_inherit_is_repaired_apl_11(geography: Desk) -> None:
    geography.sql("""
        CREATE ROLE reader; CREATE ROLE amina LOGIN NOINHERIT; GRANT reader TO amina;
        GRANT USAGE ON SCHEMA geography TO amina;
    """)
    access = one_role(on_tables("select"))
    assert not geography.can("amina", "SELECT", "geography.cells")

    geography.converge(access)

    assert geography.can("amina", "SELECT", "geography.cells")
    assert geography.value("SELECT rolinherit FROM pg_roles WHERE rolname = 'amina'")


def test_an_edge_without_inherit_or_set_is_repaired_in_place(geography: Desk) -> None:
    geography.needs_version(16, "an edge has options of its own")
    repairing = {"drift": {"narrowed": "repair"}}
    access = replace(one_role(on_tables("select")), policy=repairing)
    geography.converge(access)
    geography.sql("GRANT reader TO amina WITH INHERIT FALSE, SET FALSE, ADMIN TRUE")

    (change,) = geography.changes(access)
    (statement,) = geography.preview(access)
    geography.converge(access)

    assert change.before == {"admin": True, "inherit": False, "set": False}
    assert statement.startswith(
        'GRANT "reader" TO "amina" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE'
    )
    options = "SELECT admin_option, inherit_option, set_option FROM pg_auth_members"
    assert geography.sql(f"{options} WHERE member = 'amina'::regrole") == [(False, True, True)]


def test_an_admin_option_given_by_hand_is_taken_and_the_membership_stays_apl_11(desk: Desk) -> None:
    desk.converge(one_role())
    before = desk.sql(EDGES)
    desk.sql("GRANT reader TO amina WITH ADMIN OPTION")

    desk.converge(one_role())

    assert desk.sql(EDGES) == before
    assert desk.value("SELECT bool_or(admin_option) FROM pg_auth_members") is False


def test_edges_by_several_grantors_are_all_revoked_apl_11(desk: Desk) -> None:
    desk.needs_version(16, "a pair has several edges")
    desk.converge(one_role())
    desk.sql("""
        CREATE ROLE chief; GRANT reader TO chief WITH ADMIN OPTION;
        GRANT reader TO amina GRANTED BY chief;
    """)
    assert len(desk.sql(EDGES)) == 2
    fewer = replace(one_role(), grants=[], users=["amina", "kofi"])
    fewer = replace(fewer, grants=[("kofi", "reader")])

    with desk.run(fewer) as run:
        plan = run.plan()
        statements = run.preview(plan)["db"]
    desk.converge(replace(fewer, policy={"prune": "owned", "protect": ["chief"]}))

    assert sum("REVOKE" in each and "GRANTED BY" in each for each in statements) >= 2
    assert desk.sql(EDGES) == []
    assert plan.changes


@pytest.mark.parametrize("attribute", ["SUPERUSER", "CREATEROLE", "CREATEDB", "BYPASSRLS"])
def test_power_given_by_hand_is_taken_back(desk: Desk, attribute: str) -> None:
    desk.sql("CREATE ROLE chief LOGIN SUPERUSER")  # so that amina is never the last one
    desk.converge(one_role())
    desk.sql(f"ALTER ROLE amina {attribute}")

    report = desk.converge(one_role())

    (outcome,) = report.outcomes
    assert outcome.change.after == {attribute.lower(): False}


def test_power_given_to_a_role_by_hand_is_taken_back(desk: Desk) -> None:
    desk.converge(one_role())
    desk.sql("ALTER ROLE reader SUPERUSER")

    desk.converge(one_role())

    assert desk.value("SELECT rolsuper FROM pg_roles WHERE rolname = 'reader'") is False


def test_a_limit_that_the_manifest_does_not_name_is_left_alone(desk: Desk) -> None:
    desk.converge(one_role())
    desk.sql("ALTER ROLE amina CONNECTION LIMIT 3 VALID UNTIL '2030-01-01'")

    assert desk.changes(one_role()) == ()


def test_one_who_departs_cannot_sign_in_and_keeps_nothing(geography: Desk) -> None:
    access = one_role(on_tables("select"))
    geography.converge(access)

    geography.converge(replace(access, departed=["amina"]))

    assert geography.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'amina'") == [(False,)]
    assert not geography.can("amina", "SELECT", "geography.cells")


def test_who_administers_the_cluster_is_never_touched(desk: Desk) -> None:
    desk.sql("CREATE ROLE keeper LOGIN")
    desk.create_database("kept", owner="keeper")
    access = Access(
        users=["postgres", "keeper", "amina"],
        roles={"reader": {}},
        grants=[("postgres", "reader"), ("keeper", "reader"), ("amina", "reader")],
        departed=["keeper"],
        policy={"prune": "all"},
    )
    rows = "SELECT rolname::text, xmin::text FROM pg_authid WHERE rolname IN ('postgres', 'keeper')"
    before = desk.sql(rows)

    plan = desk.plan(access)
    desk.apply(access)

    assert {"postgres", "keeper"}.isdisjoint({each.key.path[-1] for each in plan.changes})
    assert desk.sql(rows) == before
    assert desk.sql(EDGES.replace("'amina'", "'keeper'")) == []
