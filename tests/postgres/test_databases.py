"""Several databases of one target: privileges in each, and nothing is taken before all is given."""

from __future__ import annotations

import pytest

from reconciler.errors import TargetError
from reconciler.state import Key
from tests.conformance.bench import Notes
from tests.postgres.desk import Access, Desk, on_tables
from tests.postgres.proxy import Call, Proxy

TWO = {"one": {"database": "one"}, "two": {"database": "two"}}


def _in_two(desk: Desk, *, first: str, second: str) -> Access:
    rules = [on_tables(allow, schema="public") for allow in (first, second)]
    return Access(
        servers=TWO,
        users=["amina"],
        roles={
            "first": {"server": "one", "privileges": [rules[0]]},
            "second": {"server": "two", "privileges": [rules[1]]},
        },
        grants=[("amina", "first"), ("amina", "second")],
    )


@pytest.fixture
def two(desk: Desk) -> Desk:
    """A server with the databases one and two beside that of the dsn, a table t in each."""
    for name in TWO:
        desk.create_database(name)
        desk.sql("CREATE TABLE t (id int)", database=name)
    return desk


def test_roles_get_privileges_in_several_databases(two: Desk) -> None:
    two.converge(_in_two(two, first="select", second="insert"))

    assert two.can("amina", "SELECT", "t", database="one")
    assert two.can("amina", "INSERT", "t", database="two")
    assert not two.can("amina", "SELECT", "t", database="two")


def test_all_databases_are_given_before_any_is_taken_from(two: Desk) -> None:
    two.converge(_in_two(two, first="select", second="insert"))
    swapped = _in_two(two, first="insert", second="select")
    kept: list[bool] = []

    with two.run(swapped) as run:
        changes = run.plan().changes
    with Proxy(two.dsn) as proxy, two.provider(proxy.dsn) as provider:
        proxy.rule = Call(
            b"REVOKE ",
            lambda: kept.extend(
                two.can("amina", each, "t", database=name)
                for name in ("one", "two")
                for each in ("SELECT", "INSERT")
            ),
        )
        told = list(provider.apply(changes, Notes()))

    assert kept == [True] * 4
    assert {each.status for each in told} == {"done"}
    assert two.changes(swapped) == ()


def test_a_failure_in_the_second_database_tells_what_the_first_has(two: Desk) -> None:
    with two.run(_in_two(two, first="select", second="insert")) as run, two.provider() as provider:
        changes = run.plan().changes
        two.sql("DROP TABLE t", database="two")

        told = {each.change.key: each.status for each in provider.apply(changes, Notes())}

    assert told[Key("privilege", ("first", "one", "table", "public"))] == "done"
    assert told[Key("privilege", ("second", "two", "table", "public"))] == "failed"


def test_a_database_that_cannot_be_entered_stops_before_anything_is_written(two: Desk) -> None:
    with two.run(_in_two(two, first="select", second="insert")) as run:
        plan = run.plan()
        two.sql("ALTER DATABASE two ALLOW_CONNECTIONS false")
        with (
            two.provider() as provider,
            pytest.raises(TargetError, match="not currently accepting"),
        ):
            list(provider.apply(plan.changes, Notes()))

    assert two.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'") == []
