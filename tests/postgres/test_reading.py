"""Reading: one round trip a database, one snapshot, with any role that can sign in."""

from __future__ import annotations

from reconciler.scope import Scope
from reconciler.state import Key
from tests.postgres.desk import Access, Desk, on_tables, one_role
from tests.postgres.proxy import Call, Proxy

SCOPE = Scope(
    accounts=frozenset({"amina"}),
    roles=frozenset({("reader",)}),
    servers=frozenset({"postgres"}),
)


def test_a_database_is_read_in_one_round_trip(geography: Desk) -> None:
    geography.converge(one_role(on_tables("select")))

    with Proxy(geography.dsn) as proxy, geography.provider(proxy.dsn) as provider:
        provider.identify()
        proxy.messages.clear()
        state = provider.observe(SCOPE)

    assert Key("account", ("amina",)) in state
    assert proxy.round_trips == 1, proxy.messages


def test_a_second_database_takes_one_more_round_trip(geography: Desk) -> None:
    geography.create_database("other")
    scope = Scope(servers=frozenset({"postgres", "other"}))

    with Proxy(geography.dsn) as proxy, geography.provider(proxy.dsn) as provider:
        provider.observe(scope)
        proxy.messages.clear()
        provider.observe(scope)

    assert proxy.round_trips == 2


def test_what_changes_between_two_statements_of_a_read_is_not_seen(geography: Desk) -> None:
    geography.converge(one_role(on_tables("select")))

    def change() -> None:
        reading = "SELECT count(backend_xmin) > 0 FROM pg_stat_activity"
        while not geography.value(f"{reading} WHERE application_name = 'reconciler'"):
            """The first statement, which takes the snapshot, is on its way."""
        geography.sql("""
            CREATE ROLE late; CREATE TABLE geography.late (id int);
            GRANT INSERT ON geography.cells TO reader;
        """)

    with Proxy(geography.dsn) as proxy, geography.provider(proxy.dsn) as provider:
        before = provider.observe(SCOPE)
        proxy.rule = Call(b"FROM pg_catalog.pg_class", change)
        during = provider.observe(SCOPE)
        after = provider.observe(SCOPE)

    assert proxy.rule is None
    assert during == before
    assert after != before


def test_a_role_without_any_rights_makes_the_same_plan(geography: Desk) -> None:
    geography.sql("CREATE ROLE onlooker LOGIN PASSWORD 'a-password-for-tests'")
    geography.sql("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
    geography.sql("GRANT CONNECT ON DATABASE postgres TO onlooker")
    geography.converge(one_role(on_tables("select"), {"schema": "geography", "allow": ["usage"]}))
    geography.sql("""
        ALTER ROLE amina SUPERUSER; REVOKE SELECT ON geography.cells FROM reader;
        GRANT INSERT ON geography.sites TO reader; CREATE TABLE geography.roads (id int);
        ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO reader;
    """)
    asked = Access(
        users=["amina", "kofi"],
        roles={"reader": {"privileges": [on_tables("select")]}},
        grants=[("amina", "reader"), ("kofi", "reader")],
    )

    as_superuser = geography.changes(asked)
    as_onlooker = geography.changes(asked, geography.login("onlooker"))

    assert as_superuser
    assert as_onlooker == as_superuser


def test_reading_writes_nothing_at_all(postgres_dsn: str, desk: Desk) -> None:
    with desk.provider(postgres_dsn) as provider:
        connection = provider._connection()
        wal = "SELECT pg_current_xact_id_if_assigned()::text"
        provider.identify()
        provider.observe(SCOPE)

        assert connection.execute(wal).fetchone() == (None,)
        assert not connection.info.transaction_status


def test_the_membership_that_a_server_gives_a_creator_of_roles_is_no_difference(desk: Desk) -> None:
    desk.sql("CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'a-password-for-tests'")
    access = one_role()

    desk.converge(access, desk.login("manager"))
    plan = desk.plan(access, desk.login("manager"))

    assert plan.findings == ()
    assert plan.changes == ()
