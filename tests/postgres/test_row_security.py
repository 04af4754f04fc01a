"""Row-level security as declared state: switches, policies, expressions in any spelling."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from psycopg.conninfo import make_conninfo

from reconciler.errors import ManifestError
from reconciler.render.drift_phrases import deviation
from reconciler.render.phrases import phrase
from reconciler.state import Key
from tests.postgres.desk import PASSWORD, Access, Desk, Entry

TABLES = """
    CREATE SCHEMA analytics;
    CREATE TABLE analytics.cells (
        id int, owner text, region varchar(8), at timestamptz,
        twice int GENERATED ALWAYS AS (id * 2) STORED
    );
    CREATE TABLE analytics.members (cell int, who name);
    CREATE FUNCTION analytics.may(text) RETURNS boolean
        LANGUAGE sql STABLE AS 'SELECT $1 = current_user';
    CREATE FUNCTION analytics.whole(analytics.cells) RETURNS boolean
        LANGUAGE sql STABLE AS 'SELECT true';
    INSERT INTO analytics.cells VALUES (1, 'amina', 'north'), (2, 'kofi', 'south');
"""
READS = {"schema": "analytics", "tables": ["cells"], "allow": ["select"]}
USES = {"schema": "analytics", "allow": ["usage"]}
OWN: Entry = {"to": ["reader"], "command": "select", "using": "owner = current_user"}


@pytest.fixture
def analytics(desk: Desk) -> Desk:
    """A server with two tables."""
    desk.sql(TABLES)
    return desk


def _access(
    policies: Mapping[str, Entry] | None = None, table: str = "cells", **more: object
) -> Access:
    """Amina and kofi read a table with these policies; None: policies are not managed."""
    entry: dict[str, object] = {"schema": "analytics", "table": table, **more}
    if policies is not None:
        entry["policies"] = policies
    return Access(
        servers={"store": {"row_security": [entry]}},
        users=["amina", "kofi"],
        roles={"reader": {"privileges": [READS, USES]}},
        grants=[("amina", "reader"), ("kofi", "reader")],
    )


def _using(text: str) -> Access:
    return _access({"own": {**OWN, "using": text}})


def _switches(desk: Desk, table: str = "analytics.cells") -> tuple[object, ...]:
    query = (
        f"SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = '{table}'::regclass"
    )
    return desk.sql(query)[0]


def _policies(desk: Desk) -> list[object]:
    return [name for (name,) in desk.sql("SELECT polname::text FROM pg_policy ORDER BY 1")]


def _marks(desk: Desk) -> list[tuple[object, ...]]:
    """The catalog rows of the policies: which, and by which transaction they were written."""
    return desk.sql("SELECT oid, xmin::text, polname FROM pg_policy ORDER BY 1")


def _seen(desk: Desk, user: str) -> list[object]:
    desk.sql(f"ALTER ROLE {user} PASSWORD '{PASSWORD}'")
    return [row for (row,) in desk.sql("SELECT id FROM analytics.cells ORDER BY 1", user=user)]


# Effect


def test_a_reader_sees_own_rows_alone(analytics: Desk) -> None:
    analytics.converge(_access({"own": OWN}))

    assert _seen(analytics, "amina") == [1]
    assert _seen(analytics, "kofi") == [2]
    assert _switches(analytics) == (True, False)


def test_policies_are_there_before_row_security_is_on_and_go_after_it_is_off(
    analytics: Desk,
) -> None:
    on = [each for each in analytics.preview(_access({"own": OWN})) if "analytics" in each]
    analytics.converge(_access({"own": OWN}))
    off = analytics.preview(_access({}, enabled=False))

    assert ["CREATE POLICY" in each for each in on][-2:] == [True, False]
    assert "ENABLE ROW LEVEL SECURITY" in on[-1]
    assert off == (
        'ALTER TABLE "analytics"."cells" DISABLE ROW LEVEL SECURITY;',
        'DROP POLICY "own" ON "analytics"."cells";',
    )


def test_forced_is_managed_only_where_it_is_said(analytics: Desk) -> None:
    analytics.sql("ALTER TABLE analytics.cells FORCE ROW LEVEL SECURITY")

    analytics.converge(_access({"own": OWN}))
    assert _switches(analytics) == (True, True)
    analytics.converge(_access({"own": OWN}, forced=False))
    assert _switches(analytics) == (True, False)
    analytics.converge(_access({"own": OWN}, enabled=False, forced=True))
    assert _switches(analytics) == (False, True)


def test_everybody_is_meant_where_nobody_is_named_and_in_any_company(analytics: Desk) -> None:
    policies = {
        "all": {"using": "true"},
        "most": {"to": ["reader", "PUBLIC"], "using": "true", "command": "update"},
    }

    analytics.converge(_access(policies))

    rows = analytics.sql("SELECT polname::text, polroles::text FROM pg_policy ORDER BY 1")
    assert rows == [("all", "{0}"), ("most", "{0}")]


def test_a_user_without_an_account_is_in_no_policy(analytics: Desk) -> None:
    """An end of a grant must neither fail the plan nor leave the account in a policy."""
    policies = {
        "two": {"to": ["amina", "esi"], "using": "true"},
        "one": {"to": ["esi"], "using": "true"},
    }
    access = _access(policies)
    with_esi = Access(
        servers=access.servers,
        users=["amina", "kofi", "esi"],
        roles=access.roles,
        grants=access.grants,
    )

    analytics.converge(with_esi)

    rows = analytics.sql("SELECT polname::text, polroles::regrole[]::text FROM pg_policy")
    assert rows == [("two", "{amina}")]


# Spelling


SPELLINGS = [
    "owner=current_user",
    "(owner = CURRENT_USER)",
    "((  owner\n=  current_user ))",
    '"owner" = current_user::text',
    "id in (1, 2,3)",
    "id = any (array[1,2])",
    "owner like 'a%' or not (id between 1 and 5)",
    "region = 'north'",
    "at > now() - interval '1 day'",
    "coalesce(owner, 'x') <> 'it''s; -- not a comment'",
    "analytics.may(owner)",
    "pg_has_role(current_user, 'reader', 'member')",
    "exists (select 1 from analytics.members m where m.cell = cells.id and m.who = current_user)",
    "id in (select cell from analytics.members)",
    "exists (select 1 from analytics.cells c where c.id = cells.id)",
    "current_setting('app.tenant', true) = owner",
    "case when id > 3 then true else false end",
    "twice = 4 and tableoid is not null",
    "cells is not null",
    "true",
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_no_spelling_is_a_difference_once_it_is_applied(analytics: Desk, text: str) -> None:
    analytics.converge(_using(text))
    before = _marks(analytics)

    analytics.converge(_using(text))

    assert _marks(analytics) == before


def test_another_expression_is_a_difference(analytics: Desk) -> None:
    analytics.converge(_using("id in (1, 2)"))

    changes = analytics.changes(_using("id in (1, 2, 3)"))

    assert [each.after for each in changes] == [{"using": "(id = ANY (ARRAY[1, 2, 3]))"}]


def test_nothing_is_sent_to_compare_what_is_in_the_words_of_the_server(
    analytics: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    analytics.converge(_using("id = ANY (array[1, 2])"))
    monkeypatch.setattr(
        "reconciler.providers.postgres.policy_spelling.probe", lambda *_: pytest.fail("asked")
    )

    assert analytics.changes(_using("id = ANY (array[1, 2])")) == ()


def test_comparing_leaves_nothing_behind(analytics: Desk) -> None:
    analytics.converge(_using("id in (1, 2)"))
    before = _marks(analytics), analytics.value("SELECT count(*) FROM pg_class")

    assert analytics.changes(_using("id in (1,2)")) == ()

    assert (_marks(analytics), analytics.value("SELECT count(*) FROM pg_class")) == before


@pytest.mark.parametrize(
    "text, said",
    [
        ("ownr = current_user", 'column "ownr" does not exist'),
        ("owner = = 3", "syntax error"),
        ("id", "must be type boolean"),
        ("may(owner)", "function may(text) does not exist"),
        ("exists (select from cells)", 'relation "cells" does not exist'),
        ("(true) with check (true)", "syntax error"),
    ],
)
def test_what_the_server_refuses_is_a_fault_with_its_line(
    analytics: Desk, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        analytics.plan(_using(text))

    (problem,) = caught.value.problems
    assert said in problem.message
    assert problem.source is not None
    assert problem.source.path == "servers.store.row_security.0.policies.own"
    assert caplog.records == []


def test_all_that_does_not_fit_is_told_at_once(analytics: Desk) -> None:
    policies = {
        "one": {"to": ["raeder"], "using": "true"},
        "two": {"using": "ownr = 1"},
        "three": {"using": "true"},
    }
    entry = {"schema": "analytics", "table": "cell", "policies": {}}
    rows = [{"schema": "analytics", "table": "cells", "policies": policies}, entry]

    with pytest.raises(ManifestError) as caught:
        analytics.plan(Access(servers={"store": {"row_security": rows}}))

    text = str(caught.value)
    assert 'there is no role "raeder"' in text
    assert "there is no table analytics.cell in postgres" in text
    assert '"cells"' in text
    assert 'column "ownr" does not exist' in text
    assert len(caught.value.problems) == 3


def test_the_spelling_of_the_spelling_is_the_same(analytics: Desk) -> None:
    with analytics.run(_using("id in (1,2)")) as run:
        reading = run.read()["db"]
        once = reading.desired.state

        again = run.providers["db"].normalize(once, reading.observed)

    policy = once.get(Key("policy", ("postgres", "analytics", "cells", "own")))
    assert policy is not None
    assert policy["using"] == "(id = ANY (ARRAY[1, 2]))"
    assert again == once


# Where nobody can compare


def test_an_account_that_cannot_compare_says_so_and_does_not_write_for_ever(
    analytics: Desk,
) -> None:
    analytics.sql(
        f"CREATE ROLE keeper LOGIN CREATEROLE PASSWORD '{PASSWORD}';"
        "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;"
        "GRANT USAGE ON SCHEMA analytics TO keeper; ALTER TABLE analytics.cells OWNER TO keeper;"
    )
    dsn = analytics.login("keeper")
    rows = [
        {"schema": "analytics", "table": "cells", "policies": {"own": {"using": "id in (1,2)"}}}
    ]
    access = Access(servers={"store": {"row_security": rows}})
    analytics.converge(access, dsn)
    before = _marks(analytics)

    plan = analytics.plan(access, dsn)
    analytics.converge(access, dsn)

    assert plan.changes == ()
    assert [each.rule for each in plan.findings] == ["policy-spelling"]
    assert "permission denied to create temporary tables" in plan.findings[0].message
    assert _marks(analytics) == before
    edited = [{**rows[0], "policies": {"own": {"using": "id in (1,2,3)"}}}]
    analytics.converge(Access(servers={"store": {"row_security": edited}}), dsn)
    using = "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy"
    assert analytics.value(using) == "(id = ANY (ARRAY[1, 2, 3]))"


def test_a_session_that_may_only_read_plans_and_says_what_it_cannot_compare(
    analytics: Desk,
) -> None:
    access = _using("id in (1, 2)")
    analytics.converge(access)
    dsn = make_conninfo(analytics.dsn, options="-c default_transaction_read_only=on")

    plan = analytics.plan(access, dsn)

    assert plan.changes == ()
    (finding,) = plan.findings
    assert finding.rule == "policy-spelling"
    assert "in a read-only transaction" in finding.message


@pytest.mark.parametrize("text", ["analytics.cells.id = 1", "analytics.whole(cells)"])
def test_what_only_the_real_table_understands_converges_too(analytics: Desk, text: str) -> None:
    analytics.converge(_using(text))
    before = _marks(analytics)

    analytics.converge(_using(text))

    assert _marks(analytics) == before


# Drift


@pytest.mark.parametrize(
    "by_hand, direction, told",
    [
        (
            "ALTER TABLE analytics.cells DISABLE ROW LEVEL SECURITY",
            "widened",
            "disabled, was enabled",
        ),
        (
            "ALTER TABLE analytics.cells FORCE ROW LEVEL SECURITY",
            "narrowed",
            "forced, was not forced",
        ),
        ("DROP POLICY own ON analytics.cells", "narrowed", "is gone"),
        ("DROP POLICY strict ON analytics.cells", "widened", "is gone"),
        ("CREATE POLICY more ON analytics.cells USING (true)", "widened", "is there"),
        (
            "CREATE POLICY less ON analytics.cells AS RESTRICTIVE USING (true)",
            "narrowed",
            "is there",
        ),
        (
            "ALTER POLICY own ON analytics.cells USING (true)",
            "mixed",
            "using (true), was using (owner",
        ),
        (
            "ALTER POLICY own ON analytics.cells TO PUBLIC",
            "mixed",
            "to everybody (PUBLIC), was to reader",
        ),
        (
            "DROP POLICY own ON analytics.cells;"
            "CREATE POLICY own ON analytics.cells TO reader USING (owner = current_user)",
            "mixed",
            "for all, was for select",
        ),
    ],
)
def test_each_change_by_hand_is_drift_and_is_put_right(
    analytics: Desk, by_hand: str, direction: str, told: str
) -> None:
    access = _access({"own": OWN, "strict": {"using": "id > 0", "restrictive": True}}, forced=False)
    analytics.converge(access)
    analytics.sql(by_hand)

    (difference,) = analytics.plan(access).targets[0].drift
    analytics.converge(access)

    assert (difference.direction, told in deviation(difference)) == (direction, True)
    assert _policies(analytics) == ["own", "strict"]
    assert _switches(analytics) == (True, False)


def test_policies_of_tables_without_the_key_are_never_touched(analytics: Desk) -> None:
    analytics.sql("CREATE POLICY theirs ON analytics.cells USING (true)")
    analytics.sql("CREATE POLICY others ON analytics.members USING (true)")

    analytics.converge(_access())
    analytics.converge(_access(forced=True))

    assert _policies(analytics) == ["others", "theirs"]


def test_what_is_declared_no_more_stays_where_the_table_is_not_named(analytics: Desk) -> None:
    analytics.converge(_access({"own": OWN}))
    access = _access({"own": OWN})

    without = Access(users=access.users, roles=access.roles, grants=access.grants)
    analytics.converge(without)

    assert _policies(analytics) == ["own"]
    assert _switches(analytics) == (True, False)


def test_a_policy_that_was_there_before_is_taken_over_and_others_are_left_the_first_time(
    analytics: Desk,
) -> None:
    analytics.sql("CREATE POLICY own ON analytics.cells USING (true)")
    analytics.sql("CREATE POLICY theirs ON analytics.cells USING (true)")

    analytics.apply(_access({"own": OWN}))
    assert _policies(analytics) == ["own", "theirs"]
    analytics.converge(_access({"own": OWN}))

    assert _policies(analytics) == ["own"]
    assert analytics.value("SELECT polcmd::text FROM pg_policy") == "r"


# Edits


EDITS: list[tuple[Entry, list[str]]] = [
    ({**OWN, "to": ["public"]}, ["ALTER POLICY"]),
    ({**OWN, "using": "id = 1"}, ["ALTER POLICY"]),
    ({**OWN, "restrictive": True}, ["DROP POLICY", "CREATE POLICY"]),
    ({"to": ["reader"], "using": "owner = current_user"}, ["DROP POLICY", "CREATE POLICY"]),
    ({"to": ["reader"], "check": "id > 0"}, ["DROP POLICY", "CREATE POLICY"]),
]


@pytest.mark.parametrize("policy, words", EDITS)
def test_an_edit_is_made_in_place_where_postgresql_can(
    analytics: Desk, policy: Entry, words: list[str]
) -> None:
    analytics.converge(_access({"own": OWN}))

    preview = analytics.preview(_access({"own": policy}))
    analytics.converge(_access({"own": policy}))

    assert [" ".join(each.split()[:2]) for each in preview] == words


@pytest.mark.parametrize("command", ["all", "select", "insert", "update", "delete"])
def test_every_command_converges(analytics: Desk, command: str) -> None:
    policy = {
        **({} if command == "insert" else {"using": "id=1"}),
        **({} if command in ("select", "delete") else {"check": "id=2"}),
    }

    analytics.converge(_access({"p": {**policy, "command": command}}))


def test_a_role_goes_with_the_policy_that_named_it(analytics: Desk) -> None:
    policies = {"own": OWN, "both": {"to": ["reader", "auditor"], "using": "true"}}
    access = _access(policies)
    roles = {**access.roles, "auditor": {}}
    analytics.converge(
        Access(servers=access.servers, users=access.users, roles=roles, grants=access.grants)
    )

    analytics.converge(_access({"own": OWN, "both": {"to": ["reader"], "using": "true"}}))

    assert analytics.value("SELECT count(*) FROM pg_roles WHERE rolname = 'auditor'") == 0
    assert _policies(analytics) == ["both", "own"]


def test_names_with_quotes_in_them_are_quoted(analytics: Desk) -> None:
    table = 'ce"l; ls'
    quoted = '"ce""l; ls"'
    analytics.sql(f"CREATE TABLE analytics.{quoted} (id int)")
    policies = {'o"wn; --': {"using": "exists (select from analytics.members where cell=id)"}}

    analytics.converge(_access(policies, table=table))

    assert _policies(analytics) == ['o"wn; --']
    assert _switches(analytics, f"analytics.{quoted}") == (True, False)


def test_tables_of_one_name_in_two_schemas_and_parts_of_tables_are_told_apart(
    analytics: Desk,
) -> None:
    analytics.sql(
        "CREATE SCHEMA other; CREATE TABLE other.cells (owner int) PARTITION BY LIST (owner)"
    )
    own = {"using": "owner in ('1', '2')"}
    rows = [
        {"schema": s, "table": "cells", "policies": {"own": own}} for s in ("analytics", "other")
    ]

    analytics.converge(Access(servers={"store": {"row_security": rows}}))

    found = analytics.sql("SELECT pg_get_expr(polqual, polrelid) FROM pg_policy ORDER BY 1")
    assert len(set(found)) == 2


def test_a_view_has_no_row_security(analytics: Desk) -> None:
    analytics.sql("CREATE VIEW analytics.seen AS SELECT 1 AS id")

    with pytest.raises(ManifestError, match=r"no table analytics\.seen in postgres that can have"):
        analytics.plan(_access({}, table="seen"))


# Words and rights


def test_the_plan_says_it_in_words(analytics: Desk) -> None:
    changes = analytics.changes(_access({"own": OWN}))

    texts = [phrase(each).text for each in changes if each.key.kind in ("row_security", "policy")]
    assert texts == [
        "policy own on analytics.cells: for select to reader using (owner = CURRENT_USER)",
        "row security on analytics.cells: enabled",
    ]


def test_doctor_tells_who_owns_the_table_and_what_comparing_takes(analytics: Desk) -> None:
    analytics.sql(
        f"CREATE ROLE keeper LOGIN CREATEROLE PASSWORD '{PASSWORD}'; CREATE ROLE maker;"
        "REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;"
        "GRANT USAGE ON SCHEMA analytics TO keeper; ALTER TABLE analytics.cells OWNER TO maker"
    )
    rows = [{"schema": "analytics", "table": "cells", "policies": {"own": {"using": "id=1"}}}]
    access = Access(servers={"store": {"row_security": rows}})

    with analytics.run(access, analytics.login("keeper")) as run:
        changes = run.plan().changes
        provider = run.providers["db"]
        needed = [each.statement for each in provider.lacking(changes).lacking]
        to_read = [
            each.statement for each in provider.lacking_to_read(run.desired["db"].scope).lacking
        ]

    assert to_read == ['GRANT TEMPORARY ON DATABASE "postgres" TO "keeper"']
    assert [each.partition(" WITH")[0] for each in needed] == ['GRANT "maker" TO "keeper"']
    for statement in (*needed, *to_read):
        analytics.sql(statement)
    analytics.converge(access, analytics.login("keeper"))
