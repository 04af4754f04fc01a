"""Who owns databases, schemas and objects, and what a change of owners does to privileges."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.errors import ManifestError
from reconciler.plan_file import from_text, to_text
from reconciler.render.phrases import phrase
from tests.postgres.desk import Access, Desk, Entry, on_tables, outcomes
from tests.postgres.test_privileges import OBJECTS

EVERY_KIND = {
    "schema": "s",
    **dict.fromkeys(("tables", "views", "sequences", "functions", "types"), "*"),
}
TABLE = """
    CREATE ROLE old; CREATE ROLE new; CREATE ROLE third;
    CREATE SCHEMA s;
    CREATE TABLE s.t (id int, note text);
    ALTER TABLE s.t OWNER TO old;
"""
HOLDERS = ("old", "new", "third")


def owned(
    *rules: Entry,
    holding: Mapping[str, object] | None = None,
    schemas: Mapping[str, object] | None = None,
    **server: object,
) -> Access:
    """The roles old, new and third, which hold what `holding` says, and these rules of owners."""
    entry = {"owners": list(rules), "schemas": schemas or {}, **server}
    roles = {name: {"privileges": (holding or {}).get(name, [])} for name in HOLDERS}
    return Access(servers={"store": entry}, roles=roles)


def new_owner(**lists: object) -> dict[str, object]:
    """A rule that gives objects of the schema s to new."""
    return {"owner": "new", "schema": "s", **(lists or {"tables": ["t"]})}


def owner_of(desk: Desk, relation: str) -> object:
    query = f"SELECT relowner::regrole::text FROM pg_class WHERE oid = '{relation}'::regclass"
    return desk.value(query)


def acl_of(desk: Desk, relation: str) -> dict[str, str]:
    """By grantee, the privileges of the ACL in PostgreSQL's letters, without grantors."""
    rows = desk.sql(f"SELECT unnest(relacl)::text FROM pg_class WHERE oid = '{relation}'::regclass")
    items = (str(text).partition("/")[0].partition("=") for (text,) in rows)
    return {grantee: letters for grantee, _, letters in items}


def test_every_kind_of_object_is_given_to_its_owner(desk: Desk) -> None:
    desk.sql(OBJECTS + "CREATE DOMAIN s.positive AS int; CREATE TYPE s.pair AS (a int, b int)")

    desk.converge(owned(new_owner(**EVERY_KIND)))

    left = desk.sql("""
        SELECT oid::regclass::text FROM pg_class
         WHERE relnamespace = 's'::regnamespace AND relowner <> 'new'::regrole
        UNION ALL SELECT oid::regprocedure::text FROM pg_proc
         WHERE pronamespace = 's'::regnamespace AND proowner <> 'new'::regrole
        UNION ALL SELECT oid::regtype::text FROM pg_type
         WHERE typnamespace = 's'::regnamespace AND typowner <> 'new'::regrole
    """)
    assert left == []


def test_a_database_and_a_schema_are_given_to_their_owners(desk: Desk) -> None:
    desk.sql(TABLE)
    desk.create_database("shop", owner="old")
    access = owned(schemas={"public": {"owner": "third"}}, owner="new", database="shop")

    desk.converge(access)

    query = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'shop'"
    assert desk.value(query) == "new"
    query = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
    assert desk.value(query, database="shop") == "third"


def test_an_overloaded_function_is_named_by_its_types(desk: Desk) -> None:
    desk.sql(OBJECTS)

    desk.converge(owned(new_owner(functions=["f(integer,text[])", "many"])))

    rows = desk.sql("SELECT oid::regprocedure::text FROM pg_proc WHERE proowner = 'new'::regrole")
    assert sorted(rows) == [("s.f(integer,text[])",), ("s.many(integer[])",)]


def test_a_plan_says_in_words_who_owned_it_and_who_will(desk: Desk) -> None:
    desk.sql(TABLE)

    changes = desk.changes(owned(new_owner()))

    texts = [phrase(each).text for each in changes if each.key.kind == "ownership"]
    assert texts == ["owner of table s.t: old -> new"]


def test_only_named_objects_change_hands_and_only_when_they_must(desk: Desk) -> None:
    desk.sql(TABLE + "CREATE TABLE s.u (id int); CREATE TABLE s.w (id int);")
    desk.sql("ALTER TABLE s.u OWNER TO new")

    preview = desk.preview(owned(new_owner(tables=["t", "u"])))

    assert [each for each in preview if "OWNER" in each] == ['ALTER TABLE "s"."t" OWNER TO "new";']


def test_all_of_an_empty_schema_is_no_change(desk: Desk) -> None:
    desk.sql("CREATE ROLE new; CREATE SCHEMA s")

    desk.converge(owned(new_owner(**EVERY_KIND)))


def test_a_line_that_goes_leaves_the_owner(desk: Desk) -> None:
    desk.sql(TABLE)
    desk.converge(owned(new_owner()))

    assert desk.changes(owned()) == ()

    assert owner_of(desk, "s.t") == "new"


def test_the_owner_that_the_manifest_gives_a_database_stays_its_to_manage(desk: Desk) -> None:
    desk.sql(TABLE)
    desk.create_database("shop", owner="old")
    desk.converge(owned(owner="new", database="shop"))
    rule = {"database": "shop", "schema": "public", "allow": ["create"]}

    desk.converge(owned(owner="new", database="shop", holding={"new": [rule]}))

    query = "SELECT has_schema_privilege('new', 'public', 'CREATE')"
    assert desk.value(query, database="shop")
    plan = desk.plan(owned(database="shop"))
    assert [each.rule for each in plan.findings] == ["protected"]


def test_a_saved_plan_keeps_owners_and_schemas_and_is_still_current(desk: Desk) -> None:
    desk.sql(TABLE)
    access = owned(new_owner(), schemas={"made": {"owner": "new", "comment": "x"}})

    plan = from_text(to_text(desk.plan(access)))

    assert plan.changes == desk.changes(access)
    with desk.run(access) as run:
        report = run.apply(plan)
    assert report.targets[0].is_converged
    assert owner_of(desk, "s.t") == "new"


def test_the_script_of_a_plan_gives_objects_away_before_it_grants_on_them(desk: Desk) -> None:
    desk.sql(TABLE)
    access = owned(new_owner(), holding={"old": [on_tables("select", schema="s")]})

    with desk.run(access) as run:
        text = "\n".join(run.scripts(run.plan())["db"])

    assert 0 < text.index('ALTER TABLE "s"."t" OWNER TO "new";') < text.index("GRANT SELECT ON")


# What becomes of privileges


def test_a_grant_to_the_new_owner_is_merged_and_never_revoked_from_it(desk: Desk) -> None:
    desk.sql(TABLE)
    desk.converge(owned())
    desk.sql("GRANT SELECT ON s.t TO new")

    report = desk.converge(owned(new_owner()))

    assert "privilege" not in {key.kind for key in outcomes(report)}
    assert desk.can("new", "SELECT", "s.t")
    assert desk.can("new", "DELETE", "s.t")


def test_a_declared_grant_to_the_new_owner_is_no_reason_for_a_second_apply(desk: Desk) -> None:
    desk.sql(TABLE)
    holding = {"new": [on_tables("select", schema="s", tables=["t"])]}
    desk.converge(owned(holding=holding))

    desk.converge(owned(new_owner(), holding=holding))

    assert desk.can("new", "SELECT", "s.t")
    assert desk.can("new", "DELETE", "s.t")


def test_a_line_that_goes_with_the_change_of_owners_takes_nothing_from_the_new_one(
    desk: Desk,
) -> None:
    desk.sql(TABLE)
    desk.converge(owned(holding={"new": [on_tables("select", schema="s", tables=["t"])]}))

    desk.converge(owned(new_owner()))

    assert desk.can("new", "SELECT", "s.t")
    assert desk.can("new", "INSERT", "s.t")


def test_the_old_owner_keeps_what_it_is_to_hold(desk: Desk) -> None:
    desk.sql(TABLE)
    holding = {"old": [on_tables("select", schema="s")]}

    desk.converge(owned(new_owner(), holding=holding))

    assert desk.can("old", "SELECT", "s.t")
    assert not desk.can("old", "INSERT", "s.t")


def test_the_old_owner_keeps_nothing_that_no_line_gives(desk: Desk) -> None:
    desk.sql(TABLE + "GRANT SELECT ON s.t TO third")

    desk.converge(owned(new_owner(), holding={"third": [on_tables("select", schema="s")]}))

    assert acl_of(desk, "s.t").keys() == {"new", "third"}


def test_what_the_old_owner_granted_is_taken_in_the_same_apply(desk: Desk) -> None:
    desk.sql(TABLE + "GRANT ALL ON s.t TO third")
    desk.converge(owned(holding={"third": [on_tables("all", schema="s")]}))

    desk.converge(owned(new_owner(), holding={"third": [on_tables("select", schema="s")]}))

    assert acl_of(desk, "s.t")["third"] == "r"


def test_what_the_new_owner_granted_before_is_taken_in_the_same_apply(desk: Desk) -> None:
    desk.sql(TABLE + "GRANT SELECT, INSERT ON s.t TO new WITH GRANT OPTION")
    desk.sql("GRANT USAGE ON SCHEMA s TO new; SET ROLE new; GRANT SELECT, INSERT ON s.t TO third")
    usage = {"schema": "s", "allow": ["usage"]}
    holding = {
        "new": [usage, {**on_tables("select", "insert", schema="s"), "grant_option": True}],
        "third": [on_tables("select", "insert", schema="s")],
    }
    desk.converge(owned(holding=holding))

    holding = {"new": [usage], "third": [on_tables("insert", schema="s")]}
    desk.converge(owned(new_owner(), holding=holding))

    assert acl_of(desk, "s.t")["third"] == "a"
    assert desk.can("new", "SELECT", "s.t")


def test_privileges_on_columns_follow_the_owner_of_their_table(desk: Desk) -> None:
    desk.sql(TABLE + "GRANT SELECT (note) ON s.t TO new")
    rule = {"schema": "s", "tables": ["t"], "columns": ["note"], "allow": ["select"]}

    desk.converge(owned(new_owner(), holding={"old": [rule], "new": [rule]}))

    query = "SELECT has_column_privilege('{}', 's.t', '{}', 'SELECT')"
    assert desk.value(query.format("old", "note"))
    assert not desk.value(query.format("old", "id"))
    assert desk.value(query.format("new", "id"))


def test_owners_who_change_places_need_one_apply(desk: Desk) -> None:
    desk.sql(TABLE + "CREATE TABLE s.u (id int); ALTER TABLE s.u OWNER TO new")
    holding = {
        "old": [on_tables("select", schema="s")],
        "new": [on_tables("select", schema="s")],
    }
    rules = [new_owner(), {"owner": "old", "schema": "s", "tables": ["u"]}]

    desk.converge(owned(*rules, holding=holding))

    assert acl_of(desk, "s.t")["old"] == acl_of(desk, "s.u")["new"] == "r"
    assert (owner_of(desk, "s.t"), owner_of(desk, "s.u")) == ("new", "old")


def test_what_everybody_may_do_with_a_function_outlives_a_change_of_owners(desk: Desk) -> None:
    desk.sql(OBJECTS + "GRANT EXECUTE ON FUNCTION s.f() TO PUBLIC; CREATE ROLE anybody")

    desk.converge(owned(new_owner(functions="*")))

    assert desk.value("SELECT has_function_privilege('anybody', 's.f()', 'EXECUTE')")


def test_a_role_whose_objects_go_to_others_needs_no_heir_to_be_dropped(desk: Desk) -> None:
    desk.sql(TABLE)
    before = owned({**new_owner(), "owner": "old"})
    desk.converge(before)
    rest = {name: role for name, role in before.roles.items() if name != "old"}

    report = desk.converge(Access(servers=owned(new_owner()).servers, roles=rest))

    assert report.plan.findings == ()
    assert desk.sql("SELECT FROM pg_roles WHERE rolname = 'old'") == []
    assert owner_of(desk, "s.t") == "new"


# Sequences of columns


SERIAL = (
    TABLE
    + """
    CREATE TABLE s.serial (id serial, other int GENERATED ALWAYS AS IDENTITY);
    CREATE SEQUENCE s.free;
"""
)


def test_all_sequences_are_those_that_belong_to_no_column(desk: Desk) -> None:
    desk.sql(SERIAL)

    desk.converge(owned(new_owner(sequences="*")))

    assert owner_of(desk, "s.free") == "new"
    assert owner_of(desk, "s.serial_id_seq") == "postgres"


def test_a_named_sequence_of_a_column_is_a_fault_that_names_its_table(desk: Desk) -> None:
    desk.sql(SERIAL)

    with pytest.raises(ManifestError, match=r'belongs to a column of table "serial".*leave it out'):
        desk.plan(owned(new_owner(sequences=["serial_id_seq"])))


def test_privileges_on_a_sequence_of_a_column_count_with_the_owner_of_its_table(
    desk: Desk,
) -> None:
    desk.sql(SERIAL + "ALTER TABLE s.serial OWNER TO old; GRANT USAGE ON s.serial_id_seq TO new")
    rule = {"schema": "s", "sequences": "*", "allow": ["usage"]}

    desk.converge(owned(new_owner(tables=["serial"]), holding={"old": [rule], "new": [rule]}))

    query = "SELECT has_sequence_privilege('{}', 's.serial_id_seq', '{}')"
    assert desk.value(query.format("old", "USAGE"))
    assert not desk.value(query.format("old", "UPDATE"))
    assert desk.value(query.format("new", "UPDATE"))


# Drift, protection, faults


def test_an_owner_changed_by_hand_is_drift_and_is_repaired(desk: Desk) -> None:
    desk.sql(TABLE)
    access = owned(new_owner())
    desk.converge(access)
    desk.sql("ALTER TABLE s.t OWNER TO third")

    (difference,) = desk.plan(access).targets[0].drift

    assert (difference.key.kind, difference.class_) == ("ownership", "drift")
    assert difference.observed == {"t": "third"}
    desk.converge(access)
    assert owner_of(desk, "s.t") == "new"


def test_an_object_that_appears_later_is_given_to_its_owner(desk: Desk) -> None:
    desk.sql(TABLE)
    access = owned(new_owner(tables="*"))
    desk.converge(access)
    desk.sql("CREATE TABLE s.later (id int)")

    desk.converge(access)

    assert owner_of(desk, "s.later") == "new"


@pytest.mark.parametrize("protected", ["old", "new"])
def test_nothing_is_taken_from_a_protected_owner_or_given_to_one(
    desk: Desk, protected: str
) -> None:
    desk.sql(TABLE + "CREATE TABLE s.u (id int); ALTER TABLE s.u OWNER TO third")
    rules = [new_owner(), {**new_owner(tables=["u"]), "owner": "postgres"}]
    access = owned(*rules, holding={"old": [on_tables("select", schema="s")]})
    access = Access(servers=access.servers, roles=access.roles, policy={"protect": [protected]})

    plan = desk.plan(access)

    (finding,) = [each for each in plan.findings if each.rule == "protected"]
    assert f'"{protected}" is protected' in finding.message
    desk.apply(access)
    assert (owner_of(desk, "s.t"), owner_of(desk, "s.u")) == ("old", "postgres")
    kinds = {each.key.kind for each in desk.changes(access)}
    assert not kinds & {"ownership", "privilege"}


def test_an_owner_that_is_nowhere_is_a_fault_with_its_line(desk: Desk) -> None:
    desk.sql(TABLE)

    with pytest.raises(ManifestError, match=r'no role "nwe".*did you mean "new"'):
        desk.plan(owned({**new_owner(), "owner": "nwe"}))


def test_a_named_object_that_is_gone_is_told_and_the_others_are_given_to_their_owner(
    desk: Desk,
) -> None:
    desk.sql(TABLE)
    access = owned(new_owner(tables=["t", "gone"]))

    (finding,) = desk.plan(access).findings
    desk.apply(access)

    assert finding.rule == "missing-object"
    assert 'there is no table "gone" in postgres.s' in finding.message
    assert "access.yaml" in finding.message
    assert owner_of(desk, "s.t") == "new"


def test_a_role_that_exists_on_the_server_alone_may_own(desk: Desk) -> None:
    desk.sql(TABLE + "CREATE ROLE stranger")

    desk.converge(owned({**new_owner(), "owner": "stranger"}))

    assert owner_of(desk, "s.t") == "stranger"


def test_a_role_owns_what_the_plan_that_creates_it_says(desk: Desk) -> None:
    desk.sql("CREATE SCHEMA s; CREATE TABLE s.t (id int)")

    desk.converge(owned(new_owner(), schemas={"s": {"owner": "third"}}))

    assert owner_of(desk, "s.t") == "new"


def test_what_belongs_to_an_extension_keeps_its_owner(desk: Desk) -> None:
    desk.sql(TABLE + "CREATE TABLE s.own (id int); ALTER EXTENSION plpgsql ADD TABLE s.own")

    desk.converge(owned(new_owner(tables="*")))

    assert owner_of(desk, "s.own") == "postgres"
