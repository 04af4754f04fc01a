"""Changes as SQL: few statements, in an order that never takes before it gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Action, Change
from reconciler.providers.postgres.apply import transactions
from reconciler.providers.postgres.edges import Grantors, Options
from reconciler.providers.postgres.observe import ClusterRows, DatabaseRows
from reconciler.providers.postgres.standing_grants import Delegations, Held, Table
from reconciler.providers.postgres.statements import Rendering, Stages, Statement, render
from reconciler.providers.postgres.transactions import batches
from reconciler.state import Fields, Key

PG15, PG18 = Rendering(150000), Rendering(180000)
ROLE: Fields = {"login": False, "inherit": True, "superuser": False}
ACCOUNT: Fields = {**ROLE, "login": True}
EDGE: Fields = {"admin": False, "inherit": True, "set": True}


def _create(kind: str, *path: str, **fields: object) -> Change:
    known = {"account": ACCOUNT, "role": ROLE, "group": ROLE, "membership": EDGE}.get(kind, {})
    return Change("create", Key(kind, path), None, {**known, **fields})  # type: ignore[arg-type,dict-item]  # a test's words


def _change(action: Action, key: Key, before: Fields | None, after: Fields | None) -> Change:
    return Change(action, key, before, after)


def _texts(*changes: Change, rendering: Rendering = PG18) -> list[str]:
    stages = render(changes, rendering)
    return [query.as_string(None) for each in stages.statements for query in each.queries]


def _by(*grantors: str, admin: bool = False) -> Grantors:
    """The edges of r to u, one by each of these."""
    return {("r", "u"): {name: Options(admin=admin) for name in grantors}}


def test_a_new_role_is_born_with_its_memberships() -> None:
    edge = _create("membership", "reader", "amina")

    assert _texts(_create("account", "amina"), _create("role", "reader"), edge) == [
        'CREATE ROLE "reader" NOLOGIN INHERIT',
        'CREATE ROLE "amina" LOGIN INHERIT IN ROLE "reader"',
    ]


def test_a_membership_with_admin_is_granted_apart() -> None:
    edge = _create("membership", "reader", "amina", admin=True)

    assert _texts(_create("account", "amina"), edge)[1] == (
        'GRANT "reader" TO "amina" WITH ADMIN TRUE, INHERIT TRUE, SET TRUE'
    )


def test_roles_are_created_after_the_roles_that_they_are_in() -> None:
    names = [f"r{number}" for number in range(50)]
    edges = [_create("membership", names[i + 1], names[i]) for i in range(len(names) - 1)]

    texts = _texts(*(_create("role", name) for name in names), *edges)

    assert [text.split('"')[1] for text in texts] == names[::-1]


def test_members_of_the_same_roles_share_a_grant() -> None:
    edges = [_create("membership", role, who) for role in ("r1", "r2") for who in ("u1", "u2")]

    assert _texts(*edges) == [
        'GRANT "r1", "r2" TO "u1", "u2" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE'
    ]
    plain = [Change("create", each.key, None, {"admin": False}) for each in edges]
    assert _texts(*plain, rendering=PG15) == ['GRANT "r1", "r2" TO "u1", "u2"']


def test_a_password_comes_as_a_verifier_with_its_expiry() -> None:
    rendering = Rendering(
        180000, verifiers={"amina": ("SCRAM-SHA-256$1:a$b:c", "2030-01-01T00:00:00Z")}
    )

    (text,) = _texts(_create("account", "amina"), rendering=rendering)

    assert text.endswith("PASSWORD 'SCRAM-SHA-256$1:a$b:c' VALID UNTIL '2030-01-01T00:00:00Z'")
    assert "SCRAM" not in repr(rendering)
    assert "SCRAM" not in repr(render([_create("account", "amina")], rendering))


def test_an_expiry_of_the_manifest_stands_before_that_of_a_password() -> None:
    rendering = Rendering(180000, verifiers={"amina": ("v", "2030-01-01T00:00:00Z")})

    (text,) = _texts(_create("account", "amina", valid_until="infinity"), rendering=rendering)

    assert "VALID UNTIL 'infinity'" in text
    assert "2030" not in text


def test_an_edge_is_revoked_from_each_of_its_grantors() -> None:
    lost = _change("delete", Key("membership", ("r", "u")), EDGE, None)
    rendering = Rendering(180000, grantors=_by("chief", "postgres"))

    assert _texts(lost, rendering=rendering) == [
        'REVOKE "r" FROM "u" GRANTED BY "chief"',
        'REVOKE "r" FROM "u" GRANTED BY "postgres"',
    ]
    older = Rendering(150000, grantors=rendering.grantors)
    assert _texts(lost, rendering=older) == ['REVOKE "r" FROM "u"']


@pytest.mark.parametrize("version", [150000, 180000])
def test_an_edge_that_is_known_to_be_gone_needs_no_revoke(version: int) -> None:
    lost = _change("delete", Key("membership", ("r", "u")), EDGE, None)

    assert _texts(lost, rendering=Rendering(version, grantors={})) == []
    assert _texts(lost, rendering=Rendering(version)) == ['REVOKE "r" FROM "u"']


def test_an_admin_option_is_taken_in_place() -> None:
    change = _change("update", Key("membership", ("r", "u")), {"admin": True}, {"admin": False})
    known = _by("postgres", admin=True)

    assert _texts(change, rendering=Rendering(150000, grantors=known)) == [
        'REVOKE ADMIN OPTION FOR "r" FROM "u"'
    ]
    assert _texts(change, rendering=Rendering(180000, grantors=known)) == [
        'GRANT "r" TO "u" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE GRANTED BY "postgres"'
    ]


def _privilege(grantee: str, before: Fields | None, after: Fields | None) -> Change:
    action: Action = "create" if before is None else "delete" if after is None else "update"
    return _change(action, Key("privilege", (grantee, "db", "table", "s")), before, after)


def test_equal_privileges_of_many_on_many_are_one_grant() -> None:
    tables = {f"t{number}": ("SELECT",) for number in range(3)}

    assert _texts(_privilege("a", None, tables), _privilege("b", None, dict(tables))) == [
        'GRANT SELECT ON TABLE "s"."t0", "s"."t1", "s"."t2" TO "a", "b"'
    ]


def test_many_sets_of_few_privileges_on_an_object_are_one_grant_for_each_privilege() -> None:
    held = {"r1": ("INSERT",), "r2": ("INSERT", "SELECT"), "r3": ("SELECT",), "r4": ("INSERT",)}
    key = "postgres", "table", "public"

    texts = _texts(*(_create("privilege", who, *key, t=words) for who, words in held.items()))

    assert texts == [
        'GRANT INSERT ON TABLE "public"."t" TO "r1", "r2", "r4"',
        'GRANT SELECT ON TABLE "public"."t" TO "r2", "r3"',
    ]


def test_no_more_sets_than_privileges_are_one_grant_for_each_set() -> None:
    key = "postgres", "table", "public"
    both = _create("privilege", "r1", *key, t=("INSERT", "SELECT"))
    one = _create("privilege", "r2", *key, t=("SELECT",))

    texts = _texts(both, one)

    assert texts == [
        'GRANT INSERT, SELECT ON TABLE "public"."t" TO "r1"',
        'GRANT SELECT ON TABLE "public"."t" TO "r2"',
    ]


def test_what_is_given_comes_before_what_is_taken_and_only_the_difference_is_written() -> None:
    change = _privilege("a", {"t": ("INSERT", "SELECT")}, {"t": ("SELECT", "UPDATE")})

    assert _texts(change) == [
        'GRANT UPDATE ON TABLE "s"."t" TO "a"',
        'REVOKE INSERT ON TABLE "s"."t" FROM "a"',
    ]


def test_what_a_delegate_granted_is_taken_as_the_delegate_too() -> None:
    place = ("db", "table", "s", "t")
    held = {Held("a", *place): ("chief",)}
    passed_on = {Held("chief", *place): (("a", ("SELECT",)),)}
    change = _privilege("a", {"t": ("INSERT", "SELECT")}, None)

    rendering = Rendering(180000, delegations=Delegations(held, passed_on))
    assert _texts(change, rendering=rendering) == [
        'SET LOCAL ROLE "chief"',
        'REVOKE SELECT ON TABLE "s"."t" FROM "a"',
        "RESET ROLE",
        'REVOKE INSERT, SELECT ON TABLE "s"."t" FROM "a"',
    ]


def _taken_as_chief(usage: str, *changes: Change, is_superuser: bool = False) -> list[str]:
    """What is sent to take what chief granted in a schema whose ACL has this beside its owner's."""
    place = ("db", "table", "s", "t")
    acl = ["owner=UC/owner", *usage.split()]
    rendering = Rendering(
        180000,
        delegations=Delegations(
            {Held("a", *place): ("chief",)}, {Held("chief", *place): (("a", ("SELECT",)),)}
        ),
        catalogs=(
            ClusterRows([("chief", False, True, is_superuser)], (), ()),
            [DatabaseRows("db", [("s", "owner", acl)], (), ())],
        ),
    )
    gone = _privilege("a", {"t": ("SELECT",)}, None)
    texts = _texts(gone, *changes, rendering=rendering)
    return [each for each in texts if "chief" in each or "RESET" in each]


def test_a_delegate_that_may_not_enter_the_schema_is_lent_usage_for_its_revoke() -> None:
    lent = [
        'GRANT USAGE ON SCHEMA "s" TO "chief"',
        'SET LOCAL ROLE "chief"',
        "RESET ROLE",
        'REVOKE USAGE ON SCHEMA "s" FROM "chief"',
    ]

    assert _taken_as_chief("chief=C/owner") == lent
    assert _taken_as_chief("chief=U/owner") == lent[1:3]
    assert _taken_as_chief("=U/owner") == lent[1:3]
    assert _taken_as_chief("", is_superuser=True) == lent[1:3]


def test_usage_that_the_same_plan_gives_takes_or_moves_counts_as_it_is_at_the_revoke() -> None:
    own = Key("privilege", ("chief", "db", "schema", ""))
    given = _change("create", own, None, {"s": ("USAGE",)})
    taken = _change("delete", own, {"s": ("USAGE",)}, None)
    place = Key("ownership", ("db", "schema", ""))
    to_chief = _change("update", place, {"s": "owner"}, {"s": "chief"})

    assert not [each for each in _taken_as_chief("", given) if each.startswith("REVOKE USAGE")]
    assert _taken_as_chief("chief=U/owner", taken) == [
        'SET LOCAL ROLE "chief"',
        "RESET ROLE",
        'REVOKE USAGE ON SCHEMA "s" FROM "chief"',
    ]
    assert _taken_as_chief("chief=U/deputy", taken)[0] == 'GRANT USAGE ON SCHEMA "s" TO "chief"'
    assert _taken_as_chief("", to_chief)[1:] == ['SET LOCAL ROLE "chief"', "RESET ROLE"]


def test_what_was_granted_furthest_from_the_owner_is_taken_first() -> None:
    place = ("db", "table", "s", "t")
    held = {Held("b", *place): ("a",), Held("c", *place): ("b",)}
    words = ("SELECT", "SELECT*")
    passed_on = {Held("a", *place): (("b", words),), Held("b", *place): (("c", words),)}
    changes = [_privilege(name, {"t": words}, None) for name in ("a", "b", "c")]

    rendering = Rendering(180000, delegations=Delegations(held, passed_on))
    texts = _texts(*changes, rendering=rendering)

    revoke = 'REVOKE SELECT ON TABLE "s"."t" FROM'
    assert [text for text in texts if text != "RESET ROLE"] == [
        *('SET LOCAL ROLE "b"', f'{revoke} "c"') * 2,  # for b, who loses it, and for c
        *('SET LOCAL ROLE "a"', f'{revoke} "b"') * 2,
        f'{revoke} "a", "b", "c"',
    ]


def test_a_grant_option_is_given_with_its_privilege_and_taken_alone() -> None:
    before: Fields = {"t": ("DELETE", "INSERT", "INSERT*", "SELECT", "SELECT*")}
    after: Fields = {"t": ("DELETE", "DELETE*", "SELECT", "UPDATE", "UPDATE*")}

    assert _texts(_privilege("a", before, after)) == [
        'GRANT DELETE, UPDATE ON TABLE "s"."t" TO "a" WITH GRANT OPTION',
        'REVOKE INSERT ON TABLE "s"."t" FROM "a"',
        'REVOKE GRANT OPTION FOR SELECT ON TABLE "s"."t" FROM "a"',
    ]


def test_the_same_columns_of_several_tables_share_a_statement() -> None:
    key = Key("privilege", ("a", "db", "column", "s"))
    columns = {"t.id": ("SELECT", "UPDATE"), "t.name": ("SELECT", "UPDATE"), "u.id": ("SELECT",)}

    assert _texts(Change("create", key, None, columns)) == [
        'GRANT SELECT ("id") ON TABLE "s"."u" TO "a"',
        'GRANT SELECT ("id", "name"), UPDATE ("id", "name") ON TABLE "s"."t" TO "a"',
    ]


def test_columns_that_stay_are_granted_again_after_a_revoke_on_their_table_trap_15() -> None:
    held = {("a", Table("db", "s", "t")): {"id": ("SELECT", "UPDATE"), "name": ("SELECT",)}}
    columns = Key("privilege", ("a", "db", "column", "s"))
    new = {"t.id": ("SELECT", "UPDATE"), "t.size": ("SELECT", "SELECT*")}
    gone = Change("update", columns, {"t.id": ("SELECT", "UPDATE"), "t.name": ("SELECT",)}, new)
    rendering = Rendering(180000, columns=held)

    revoke, _ = render([_privilege("a", {"t": ("SELECT",)}, None), gone], rendering).taking

    assert [each.as_string(None) for each in revoke.queries] == [
        'REVOKE SELECT ON TABLE "s"."t" FROM "a"',
        'GRANT SELECT ("id") ON TABLE "s"."t" TO "a"',
        'GRANT SELECT ("size") ON TABLE "s"."t" TO "a" WITH GRANT OPTION',
    ]


def test_views_are_tables_and_procedures_are_routines_to_a_grant() -> None:
    view = Change("create", Key("privilege", ("a", "db", "view", "s")), None, {"v": ("SELECT",)})
    function = Key("privilege", ("a", "db", "function", "s"))
    routine = Change("create", function, None, {"p(integer)": ("EXECUTE",)})

    assert _texts(view, routine) == [
        'GRANT EXECUTE ON ROUTINE "s"."p"(integer) TO "a"',
        'GRANT SELECT ON TABLE "s"."v" TO "a"',
    ]


def test_default_privileges_of_many_grantees_share_a_statement() -> None:
    keys = [Key("default_privilege", (who, "db", "ingest", "table", "s")) for who in ("a", "b")]
    fields: Fields = {"privileges": ("SELECT",)}

    assert _texts(*(Change("create", key, None, fields) for key in keys)) == [
        'ALTER DEFAULT PRIVILEGES FOR ROLE "ingest" IN SCHEMA "s"'
        ' GRANT SELECT ON TABLES TO "a", "b"'
    ]


def test_an_account_is_disabled_after_everything_is_given() -> None:
    off = _change("update", Key("account", ("a",)), {"login": True}, {"login": False})

    stages = render([off, _create("role", "r")], PG18)

    assert [each.query.as_string(None) for each in stages.taking] == ['ALTER ROLE "a" NOLOGIN']
    assert len(stages.giving) == 1


NAMES = st.sampled_from(["a", "b", 'quo"te', "c d"])
TABLES = st.dictionaries(
    st.sampled_from(["t1", "t2", "t3"]),
    st.sets(st.sampled_from(["SELECT", "INSERT", "UPDATE"]), min_size=1).map(
        lambda s: tuple(sorted(s))
    ),
)


@given(st.dictionaries(NAMES, st.tuples(TABLES, TABLES)))
def test_every_change_of_privileges_is_written_by_exactly_its_statements(
    held: dict[str, tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]],
) -> None:
    changes = [_privilege(who, b, a) for who, (b, a) in held.items() if b != a]

    stages = render(changes, PG18)

    keys = {key for each in stages.statements for key in each.keys}
    assert keys == {change.key for change in changes}
    assert len({each.query.as_string(None) for each in stages.statements}) == len(stages.statements)
    assert render(list(reversed(changes)), PG18) == stages


# Transactions


def _statement(database: str, locks: int = 1) -> Statement:
    (statement,) = render([_create("role", "r")], PG18).giving
    return Statement(statement.query, statement.keys, database, locks=locks)


def test_one_database_is_one_transaction_with_the_roles_in_it() -> None:
    giving, taking = (_statement(""), _statement("one")), (_statement(""),)

    assert list(transactions(Stages(giving, taking, ()))) == [("one", (*giving, *taking))]


def test_several_databases_give_before_any_takes() -> None:
    names = ("", "two", "one")
    stages = Stages(tuple(map(_statement, names)), tuple(map(_statement, names)), ())

    order = [(database, len(each)) for database, each in transactions(stages)]

    assert order == [("", 1), ("one", 1), ("two", 1), ("one", 1), ("two", 1), ("", 1)]


@given(st.lists(st.integers(1, 12)), st.integers(1, 20))
def test_batches_keep_the_order_and_fit_the_lock_table(sizes: list[int], room: int) -> None:
    statements = [_statement("", locks=size) for size in sizes]

    found = list(batches(statements, room))

    assert [each for batch in found for each in batch] == statements
    assert all(len(batch) == 1 or sum(each.locks for each in batch) <= room for batch in found)
