"""Memberships as PostgreSQL 16 has them: ADMIN, INHERIT and SET of each edge, kept by grantor.

Before version 16 there is ADMIN alone, and one edge a pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.changes import Change
from reconciler.errors import ManifestError
from reconciler.plan import Plan
from reconciler.providers.postgres.statements import Rendering, render
from reconciler.providers.postgres.transactions import run
from reconciler.render.text import plan_text
from reconciler.state import Key
from tests.postgres.desk import Access, Desk, on_tables, one_role, outcomes
from tests.postgres.desk import messages as told

PAIRS = "an edge has options of its own, and a pair several edges"
EDGES = """
    SELECT roleid::regrole::text, member::regrole::text, grantor::regrole::text,
           admin_option, inherit_option, set_option
      FROM pg_auth_members WHERE roleid = 'reader'::regrole ORDER BY 1, 2, 3
"""
DANGLING = """
    SELECT edges.member::regrole FROM pg_auth_members AS edges
     WHERE edges.grantor <> 10 AND NOT EXISTS (
           SELECT FROM pg_auth_members AS above
            WHERE above.roleid = edges.roleid AND above.member = edges.grantor
              AND above.admin_option)
"""
"""Edges whose grantor may not grant any more."""

STAFF = Access(
    users=["amina", "dele", "kofi"],
    roles={"reader": {"privileges": [on_tables("select")]}},
    grants=[("amina", "reader"), ("dele", "reader", {"admin": True}), ("kofi", "reader")],
    policy={"drift": {"narrowed": "repair"}},
)


def granting(**options: bool) -> Access:
    """Amina in reader with these options."""
    return replace(one_role(on_tables("select")), grants=[("amina", "reader", options)])


def edges(desk: Desk) -> Mapping[tuple[object, object], tuple[object, ...]]:
    """The options of the edges in reader, by member and grantor."""
    return {(member, grantor): tuple(rest) for _, member, grantor, *rest in desk.sql(EDGES)}


def text(plan: Plan) -> str:
    return plan_text(plan)


# Options


@pytest.mark.parametrize(
    "options",
    [
        {"admin": True},
        {"inherit": False},
        {"set": False},
        {"admin": True, "inherit": False, "set": False},
        {"admin": False, "inherit": False, "set": False},
    ],
    ids=str,
)
def test_an_edge_has_the_options_of_its_grant(geography: Desk, options: dict[str, bool]) -> None:
    geography.needs_version(16, PAIRS)

    geography.converge(granting(**options))

    wanted = {"admin": False, "inherit": True, "set": True, **options}
    assert edges(geography) == {("amina", "postgres"): tuple(wanted.values())}


def test_admin_is_given_and_taken_on_every_version_and_the_membership_stays(desk: Desk) -> None:
    admin = "SELECT pg_has_role('amina', 'reader', 'MEMBER WITH ADMIN OPTION')"
    access = replace(one_role(), grants=[("amina", "reader", {"admin": True})])

    desk.converge(access)
    assert desk.value(admin) is True
    statements = desk.preview(one_role())
    desk.converge(one_role())

    assert desk.value(admin) is False
    assert desk.value("SELECT pg_has_role('amina', 'reader', 'USAGE')") is True
    assert not any(each.startswith('REVOKE "reader"') for each in statements)


@pytest.mark.parametrize("option", ["inherit", "set"])
def test_before_16_an_option_that_there_is_not_is_refused_with_its_line(
    desk: Desk, option: str
) -> None:
    desk.needs_older_than(16, "only ADMIN is an option of an edge")

    with pytest.raises(ManifestError) as caught:
        desk.plan(replace(one_role(), grants=[("amina", "reader", {option: False})]))

    (problem,) = caught.value.problems
    assert f"{option}: false needs PostgreSQL 16; this server has {desk.major}" in problem.message
    assert problem.source
    assert problem.source.path == "grants.0"


def test_a_new_edge_inherits_whatever_its_member_does_by_itself_trap_7(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.sql("CREATE ROLE amina LOGIN NOINHERIT")  # a GRANT that says nothing would copy it

    geography.converge(granting())

    assert edges(geography) == {("amina", "postgres"): (False, True, True)}


def test_options_change_in_place_and_none_is_left_out_trap_7(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(granting(admin=True))
    row = "SELECT oid FROM pg_auth_members WHERE member = 'amina'::regrole"
    before = geography.sql(row)

    (statement,) = geography.preview(granting(set=False))
    geography.converge(granting(set=False))

    assert 'TO "amina" WITH ADMIN FALSE, INHERIT TRUE, SET FALSE' in statement
    assert edges(geography) == {("amina", "postgres"): (False, True, False)}
    assert geography.sql(row) == before


def test_lines_that_ask_for_one_membership_give_it_all_their_options(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    access = granting(admin=True, inherit=False, set=False)
    both = replace(access, grants=[*access.grants, ("amina", "reader", {"set": False})])

    geography.converge(both)

    assert edges(geography) == {("amina", "postgres"): (True, True, False)}


def test_a_role_that_must_not_be_inherited_stays_so_trap_17(desk: Desk) -> None:
    desk.needs_version(16, PAIRS)
    desk.sql("CREATE ROLE rds_iam; CREATE ROLE bystander")
    access = one_role(inherits=[{"role": "rds_iam", "inherit": False}])
    inherits = "SELECT pg_has_role('amina', 'rds_iam', 'USAGE')"

    desk.converge(access)
    assert desk.value(inherits) is False
    desk.sql("GRANT rds_iam TO reader WITH INHERIT TRUE")
    assert desk.value(inherits) is True
    desk.converge(access)

    assert desk.value(inherits) is False
    assert desk.value("SELECT pg_has_role('amina', 'rds_iam', 'SET')") is True


# By grantor


def test_another_grantors_admin_is_taken_from_the_edge_that_has_it_trap_5(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(STAFF)
    geography.sql("GRANT reader TO amina WITH ADMIN TRUE, INHERIT TRUE GRANTED BY dele")
    ours = "SELECT xmin::text FROM pg_auth_members WHERE member = 'amina'::regrole AND grantor = 10"
    before = geography.sql(ours)

    (statement,) = geography.preview(STAFF)
    geography.converge(STAFF)

    assert statement.endswith('GRANTED BY "dele";')
    assert edges(geography)["amina", "dele"] == (False, True, True)
    assert geography.sql(ours) == before


def test_an_edge_of_another_grantor_that_would_give_nothing_goes_trap_5(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(STAFF)
    geography.sql("GRANT reader TO amina WITH ADMIN TRUE, INHERIT FALSE, SET FALSE GRANTED BY dele")

    geography.converge(STAFF)

    assert ("amina", "dele") not in edges(geography)
    assert edges(geography)["amina", "postgres"] == (False, True, True)


def test_what_one_edge_lacks_is_given_though_another_is_to_lose_trap_5(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(STAFF)
    geography.sql("""
        GRANT reader TO amina WITH INHERIT FALSE;
        GRANT reader TO amina WITH ADMIN TRUE, INHERIT FALSE, SET FALSE GRANTED BY dele
    """)

    geography.converge(STAFF)

    union = [tuple(own) for (member, _), own in edges(geography).items() if member == "amina"]
    assert tuple(any(each) for each in zip(*union, strict=True)) == (False, True, True)
    assert geography.can("amina", "SELECT", "geography.cells")


def test_who_granted_what_is_taken_is_shown(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(STAFF)
    geography.sql("CREATE ROLE mallory; GRANT reader TO mallory GRANTED BY dele")
    geography.sql("GRANT reader TO amina WITH ADMIN TRUE GRANTED BY dele")

    shown = text(geography.plan(STAFF))

    assert "member of reader (granted by dele)" in shown
    assert "is a member of reader (granted by dele)" in shown
    assert "member of reader: admin is yes, was no (granted by dele)" in shown
    assert "granted by postgres" not in shown


def test_a_revoke_that_postgresql_only_warns_of_is_a_failure_trap_5(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(STAFF)
    geography.sql("REVOKE reader FROM amina; GRANT reader TO amina GRANTED BY dele")
    gone = Change("delete", Key("membership", ("reader", "amina")), {}, None)
    (naive,) = render([gone], Rendering(160000)).statements  # nobody read who granted it

    with geography.provider() as provider:
        failure = run(provider._connection(), [naive])

    assert failure is not None
    assert 'has not been granted membership in role "reader"' in failure.message
    assert ("amina", "dele") in edges(geography)


# What members granted


def test_members_keep_what_was_granted_by_who_loses_admin(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(STAFF)
    geography.sql("""
        CREATE ROLE esi LOGIN; GRANT reader TO esi WITH SET FALSE GRANTED BY dele;
        REVOKE reader FROM kofi; GRANT reader TO kofi WITH SET FALSE GRANTED BY dele
    """)
    fewer = replace(STAFF, policy={**STAFF.policy, "protect": ["esi"]})
    fewer = replace(fewer, grants=[("amina", "reader"), ("dele", "reader"), ("kofi", "reader")])

    statements = geography.preview(fewer)
    geography.converge(fewer)

    revoked = min(i for i, each in enumerate(statements) if each.startswith("REVOKE"))
    assert any('TO "esi"' in each for each in statements[:revoked])
    assert edges(geography) == {
        ("amina", "postgres"): (False, True, True),
        ("dele", "postgres"): (False, True, True),
        ("esi", "postgres"): (False, True, False),
        ("kofi", "postgres"): (False, True, True),
    }
    assert geography.sql(DANGLING) == []


def test_who_was_granted_it_goes_before_who_granted_it(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(STAFF)
    geography.sql("""
        GRANT reader TO kofi WITH ADMIN OPTION GRANTED BY dele;
        CREATE ROLE mallory; GRANT reader TO mallory GRANTED BY kofi
    """)
    only = replace(STAFF, users=["amina"], grants=[("amina", "reader")])
    only = replace(only, policy={"prune": "all", "leavers": "delete"})

    with geography.run(only) as run:
        plan = run.plan()
        report = run.apply(plan, accept=frozenset(each.id for each in plan.blocking))

    assert report.exit_code == 0, told(report)
    assert edges(geography) == {("amina", "postgres"): (False, True, True)}


def test_who_granted_memberships_leaves_and_members_keep_them(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    geography.converge(STAFF)
    geography.sql("REVOKE reader FROM kofi; GRANT reader TO kofi GRANTED BY dele")
    gone = replace(STAFF, users=["amina", "kofi"], policy={"leavers": "delete"})
    gone = replace(gone, grants=[("amina", "reader"), ("kofi", "reader")])

    with geography.run(gone) as run:
        script = "\n".join(run.scripts(run.plan())["db"])
    geography.converge(gone)

    assert "refuses" not in script
    assert geography.sql("SELECT 1 FROM pg_roles WHERE rolname = 'dele'") == []
    assert edges(geography)["kofi", "postgres"] == (False, True, True)


# Who may create roles, and is no superuser


@pytest.fixture
def managed(geography: Desk) -> Desk:
    """A server whose schema geography belongs to manager, who may create roles."""
    geography.sql("""
        CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'a-password-for-tests';
        ALTER SCHEMA geography OWNER TO manager;
        ALTER TABLE geography.cells OWNER TO manager;
        ALTER TABLE geography.sites OWNER TO manager;
    """)
    return geography


def test_what_the_server_gives_a_creator_is_neither_shown_nor_taken_trap_6(managed: Desk) -> None:
    dsn = managed.login("manager")
    access = replace(STAFF, policy={"prune": "all"})

    managed.converge(access, dsn)
    before = managed.sql("SELECT * FROM pg_auth_members WHERE member = 'manager'::regrole")
    plan = managed.plan(access, dsn)
    managed.converge(replace(access, grants=[("amina", "reader", {"admin": True})]), dsn)

    assert (plan.changes, plan.targets[0].drift) == ((), ())
    assert not any(key.kind == "membership" for each in plan.findings for key in each.keys)
    if managed.major >= 16:
        assert {("manager", "postgres"), ("manager", "manager")} <= edges(managed).keys()
        after = managed.sql("SELECT * FROM pg_auth_members WHERE member = 'manager'::regrole")
        assert after == before


def test_the_creator_may_act_as_what_it_creates_trap_6(managed: Desk) -> None:
    managed.needs_version(16, "a creator has ADMIN alone of what it creates")
    rule = on_tables("select") | {"views": "*", "created_by": ["loader"]}
    access = replace(one_role(rule), users=["amina", "loader"])
    access = replace(access, grants=[("amina", "reader"), ("loader", "reader")])

    managed.converge(access, managed.login("manager"))

    assert managed.sql("SELECT defaclrole::regrole::text FROM pg_default_acl") == [("loader",)]


def test_a_script_of_who_is_no_superuser_has_the_setting_trap_6(managed: Desk) -> None:
    managed.needs_version(16, "a creator has ADMIN alone of what it creates")
    setting = "SET createrole_self_grant = 'set, inherit';"

    with managed.run(STAFF, managed.login("manager")) as run:
        lines = run.scripts(run.plan())["db"]
    with managed.run(STAFF) as run:
        superusers = run.scripts(run.plan())["db"]

    assert setting in lines
    assert setting not in superusers


def test_an_edge_that_is_not_ours_to_take_fails_and_is_no_success_trap_5(managed: Desk) -> None:
    managed.needs_version(16, PAIRS)
    dsn = managed.login("manager")
    managed.converge(STAFF, dsn)
    managed.sql("GRANT reader TO amina WITH ADMIN OPTION")  # by the bootstrap superuser

    report = managed.apply(STAFF, dsn)

    (outcome,) = outcomes(report).values()
    assert outcome.status == "failed"
    assert "permission denied" in outcome.message


# What it means for people


def test_what_an_edge_lets_its_member_do_is_what_people_gain(geography: Desk) -> None:
    geography.needs_version(16, PAIRS)
    kinds = {
        "by_set": {"inherit": False},
        "giver": {"admin": True, "inherit": False, "set": False},
        "nothing": {"inherit": False, "set": False},
    }
    access = replace(
        one_role(on_tables("select")),
        users=list(kinds),
        grants=[(name, "reader", options) for name, options in kinds.items()],
    )

    plan = geography.plan(access)

    gained = {each.account: " ".join(each.rights) for each in plan.targets[0].access}
    assert "select on" in gained["by_set"]
    assert "role reader to give to others" in gained["giver"]
    assert "select on" not in gained["giver"] + gained["nothing"]
    assert "member of reader (admin, inherit: no, set: no)" in text(plan)
