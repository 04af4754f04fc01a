"""Schemas that the manifest declares: created where they are not there, and never dropped."""

from __future__ import annotations

import pytest

from reconciler.errors import ManifestError
from tests.postgres.desk import Access, Desk, on_tables, one_role


def declared(*rules: object, roles: object = None, **schemas: object) -> Access:
    """Roles owner-a and reader, which has these rules, over a server with these schemas."""
    return Access(
        servers={"store": {"schemas": schemas}},
        roles={"owner-a": {}, "reader": {"privileges": list(rules)}},
    )


def schemas_of(desk: Desk) -> dict[object, object]:
    """The schemas of the database, each with its owner."""
    rows = desk.sql("""
        SELECT nspname::text, nspowner::regrole::text FROM pg_namespace
         WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
    """)
    return dict(rows)  # type: ignore[arg-type]  # rows of two


def test_a_declared_schema_is_created_with_its_owner_and_comment(desk: Desk) -> None:
    access = declared(made={"owner": "owner-a", "comment": "what's made"}, plain={})

    assert desk.preview(access)[-3:] == (
        'CREATE SCHEMA "made" AUTHORIZATION "owner-a";',
        "COMMENT ON SCHEMA \"made\" IS 'what''s made';",
        'CREATE SCHEMA "plain";',
    )
    desk.converge(access)

    assert schemas_of(desk) == {"made": '"owner-a"', "plain": "postgres"}
    assert desk.value("SELECT obj_description('made'::regnamespace)") == "what's made"


def test_a_schema_that_is_there_is_left_as_it_is(geography: Desk) -> None:
    geography.sql("COMMENT ON SCHEMA geography IS 'kept'")

    geography.converge(declared(geography={}))

    assert geography.changes(declared(geography={})) == ()
    assert geography.value("SELECT obj_description('geography'::regnamespace)") == "kept"


def test_a_comment_is_changed_and_an_empty_one_is_none(geography: Desk) -> None:
    geography.converge(declared(geography={"comment": "one"}))
    geography.converge(declared(geography={"comment": "two"}))
    assert geography.value("SELECT obj_description('geography'::regnamespace)") == "two"

    geography.converge(declared(geography={"comment": ""}))

    assert geography.value("SELECT obj_description('geography'::regnamespace)") is None


@pytest.mark.parametrize("prune", ["owned", "all"])
def test_a_schema_whose_line_goes_stays_with_its_owner(desk: Desk, prune: str) -> None:
    access = declared(made={"owner": "owner-a", "comment": "kept"})
    desk.converge(access)
    policy = {"prune": prune, "protect": []}

    without = Access(roles=access.roles, policy=policy)

    assert [each for each in desk.changes(without) if each.key.kind not in ("role",)] == []
    desk.apply(without)
    assert schemas_of(desk) == {"made": '"owner-a"'}
    assert desk.value("SELECT obj_description('made'::regnamespace)") == "kept"


def test_rights_in_a_schema_that_the_same_plan_creates_need_no_second_apply(desk: Desk) -> None:
    rules = [
        {"schema": "made", "allow": ["usage"]},
        {
            "schema": "made",
            **dict.fromkeys(("tables", "views", "sequences", "functions", "types"), "*"),
            "created_by": ["owner-a"],
            "allow": ["all"],
        },
    ]

    desk.converge(declared(*rules, made={"owner": "owner-a"}))

    assert desk.value("SELECT has_schema_privilege('reader', 'made', 'USAGE')")
    desk.sql('SET ROLE "owner-a"; CREATE TABLE made.later (id int)')
    assert desk.can("reader", "SELECT", "made.later")


def test_a_table_named_in_a_schema_that_is_not_there_yet_is_told_as_missing(desk: Desk) -> None:
    access = declared(on_tables("select", schema="made", tables=["t"]), made={})

    (finding,) = desk.plan(access).findings

    assert finding.rule == "missing-object"
    assert 'there is no table "t" in postgres.made' in finding.message


def test_an_undeclared_schema_is_still_a_fault(desk: Desk) -> None:
    with pytest.raises(ManifestError, match='there is no schema "other"'):
        desk.plan(declared(on_tables("select", schema="other"), made={}))


def test_a_schema_dropped_by_hand_is_drift_and_is_created_anew(desk: Desk) -> None:
    access = declared(made={"owner": "owner-a"})
    desk.converge(access)
    desk.sql("DROP SCHEMA made")

    drift = desk.plan(access).targets[0].drift

    assert {(each.key.kind, each.class_) for each in drift} == {
        ("schema", "drift"),
        ("ownership", "drift"),
    }
    desk.converge(access)
    assert schemas_of(desk) == {"made": '"owner-a"'}


def test_schemas_are_created_in_each_database(desk: Desk) -> None:
    desk.create_database("other")
    access = Access(
        servers={
            "store": {"schemas": {"made": {"owner": "owner-a"}}},
            "second": {"database": "other", "schemas": {"made": {"owner": "owner-a"}}},
        },
        roles={"owner-a": {}},
    )

    desk.converge(access)

    query = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'made'"
    assert desk.value(query) == desk.value(query, database="other") == '"owner-a"'


def test_a_plan_without_schemas_reads_no_comments(geography: Desk) -> None:
    access = one_role(on_tables("select"))
    geography.converge(access)

    with geography.run(access) as run:
        (reading,) = run.read().values()

    kinds = {key.path[1] for key in reading.observed.records if key.kind == "object"}
    assert not {"schema comment", "owned sequence"} & kinds
    assert not list(reading.observed.of_kind("schema", "ownership"))
