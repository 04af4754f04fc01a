"""Applying: few statements, one transaction, and the truth about what became of each change."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from reconciler.changes import Change, Outcome
from reconciler.engine import Limits
from reconciler.errors import LockHeldError
from reconciler.providers.postgres.lock import LOCK_KEY
from reconciler.sandbox.postgres.server import ServerOptions
from reconciler.sandbox.postgres.template import ClusterTemplate
from reconciler.state import Key
from tests.conformance.bench import Notes
from tests.postgres.desk import Access, Desk, on_tables, one_role, outcomes
from tests.postgres.proxy import Call, Cut, Proxy

TRIGGER = """
    CREATE FUNCTION public.react() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$;
    CREATE EVENT TRIGGER react ON ddl_command_end WHEN TAG IN ('GRANT')
        EXECUTE FUNCTION public.react();
"""


def _many(users: int, groups: int) -> Access:
    names = [f"u{number}" for number in range(users)]
    members = {f"g{number}": names[number::groups] for number in range(groups)}
    return Access(
        users=names,
        groups=members,
        roles={"reader": {"privileges": [on_tables("select")]}, "other": {}},
        grants=[(group, role) for group in members for role in ("reader", "other")],
    )


# Few statements


def test_each_catalog_row_is_written_once(geography: Desk) -> None:
    for number in range(10):
        geography.sql(f"CREATE TABLE geography.t{number} (id int)")
    roles = {f"r{n}": {"privileges": [on_tables("select")]} for n in range(20)}
    access = Access(users=["amina"], roles=roles, grants=[("amina", name) for name in roles])

    statements = geography.preview(access)

    grants = [each for each in statements if not each.startswith("CREATE ROLE")]
    (grant,) = grants
    assert grant.startswith("GRANT SELECT ON TABLE ")
    assert all(f'"geography"."t{number}"' in grant for number in range(10))
    assert all(f'"r{number}"' in grant for number in range(20))
    (amina,) = [each for each in statements if '"amina"' in each]
    assert amina.startswith('CREATE ROLE "amina" LOGIN INHERIT IN ROLE "r0", "r1", "r10"')
    assert len(statements) == 1 + 20 + 1


def test_an_apply_waits_for_the_server_a_few_times_however_much_there_is(geography: Desk) -> None:
    waits = {}
    counts = {}
    for size in (5, 200):
        access = _many(size, 5)
        with geography.run(access) as run:
            changes = run.plan().changes
        with Proxy(geography.dsn) as proxy, geography.provider(proxy.dsn) as provider:
            list(provider.apply(changes, Notes()))
            waits[size] = proxy.round_trips
            counts[size] = proxy.messages

    assert waits[5] == waits[200] <= 7, counts


def test_an_apply_in_one_database_is_one_transaction(geography: Desk) -> None:
    geography.converge(one_role(on_tables("insert", "update")))
    access = _many(20, 3)

    geography.converge(access)

    stamps = geography.value("""
        SELECT array_agg(DISTINCT xmin::text) FROM (
            SELECT xmin FROM pg_authid WHERE rolname ~ '^(u|g)[0-9]|other'
            UNION ALL SELECT xmin FROM pg_auth_members WHERE member::regrole::text ~ '^(u|g)[0-9]'
            UNION ALL SELECT xmin FROM pg_class WHERE relnamespace = 'geography'::regnamespace
        ) AS touched
    """)
    assert isinstance(stamps, list)
    assert len(stamps) == 1


def test_a_database_other_than_that_of_the_dsn_is_one_transaction_too(desk: Desk) -> None:
    desk.create_database("other")
    desk.sql("CREATE TABLE t (id int)", database="other")
    rule = on_tables("select", schema="public")

    desk.converge(replace(one_role(rule), servers={"store": {"database": "other"}}))

    stamp = desk.value("SELECT xmin::text FROM pg_class WHERE relname = 't'", database="other")
    assert desk.value("SELECT xmin::text FROM pg_authid WHERE rolname = 'amina'") == stamp


# More than a transaction holds


def test_a_server_with_few_locks_is_written_in_several_transactions(
    cluster_template: ClusterTemplate, tmp_path: Path
) -> None:
    settings = {"max_locks_per_transaction": "10", "max_connections": "10"}
    with cluster_template.cluster(ServerOptions(settings=settings)) as cluster:
        desk = Desk(cluster, tmp_path)
        desk.sql("CREATE SCHEMA geography; CREATE TABLE geography.cells (id int)")
        access = _many(300, 3)

        desk.converge(access)

        stamps = desk.value("SELECT count(DISTINCT xmin::text) FROM pg_authid WHERE oid >= 16384")
        assert isinstance(stamps, int)
        assert stamps > 5
        assert desk.can("u299", "SELECT", "geography.cells")


def test_thousands_of_tables_are_granted_on_a_server_with_few_locks(
    cluster_template: ClusterTemplate, tmp_path: Path
) -> None:
    settings = {"max_locks_per_transaction": "10", "max_connections": "150"}
    with cluster_template.cluster(ServerOptions(settings=settings)) as cluster:
        desk = Desk(cluster, tmp_path)
        desk.sql("CREATE SCHEMA geography")
        for thousand in range(3):
            desk.sql(f"""
                DO $$ BEGIN FOR number IN 1..1000 LOOP
                    EXECUTE format('CREATE TABLE geography.t%s_%s ()', {thousand}, number);
                    IF number % 100 = 0 THEN COMMIT; END IF;
                END LOOP; END $$;
            """)

        desk.converge(one_role(on_tables("select")))

        assert desk.can("amina", "SELECT", "geography.t2_1000")


def test_a_stop_between_two_transactions_leaves_what_a_later_run_finishes(
    cluster_template: ClusterTemplate, tmp_path: Path
) -> None:
    settings = {"max_locks_per_transaction": "10", "max_connections": "10"}
    with cluster_template.cluster(ServerOptions(settings=settings)) as cluster:
        desk = Desk(cluster, tmp_path)
        desk.sql("CREATE SCHEMA geography; CREATE TABLE geography.cells (id int)")
        access = _many(100, 3)
        asked: list[int] = []

        with desk.run(access) as run:
            report = run.apply(
                run.plan(),
                credentials_out="unused",
                limits=Limits(stop=lambda: asked.append(1) or len(asked) > 3),
            )
        left = {change.key for change in desk.changes(access)}

        statuses = {key: outcome.status for key, outcome in outcomes(report).items()}
        assert {key for key, status in statuses.items() if status == "skipped"} == left
        assert {"done", "skipped"} == set(statuses.values())
        desk.converge(access)


# Failures


def test_a_warning_of_a_grant_is_a_failure_and_nothing_is_written(geography: Desk) -> None:
    geography.sql("""
        CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'a-password-for-tests';
        GRANT SELECT ON ALL TABLES IN SCHEMA geography TO manager;
        GRANT USAGE ON SCHEMA geography TO manager;
    """)
    access = one_role(on_tables("select"))

    report = geography.apply(access, geography.login("manager"))

    failed = [each for each in report.outcomes if each.status == "failed"]
    assert [each.change.key.kind for each in failed] == ["privilege"]
    assert 'only warned: no privileges were granted for "cells"' in failed[0].message
    assert {each.status for each in report.outcomes} == {"failed", "skipped"}
    assert geography.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'") == []


def test_a_warning_of_somebody_elses_trigger_is_no_failure(geography: Desk) -> None:
    geography.sql(TRIGGER.format("RAISE WARNING 'a grant was made';"))

    geography.converge(one_role(on_tables("select")))

    assert geography.can("amina", "SELECT", "geography.cells")


def test_the_statement_that_fails_is_found_and_the_others_are_rolled_back_apl_09(
    geography: Desk,
) -> None:
    access = Access(
        users=["amina", "blocked", "kofi"],
        roles={"reader": {"privileges": [on_tables("select")]}},
        grants=[(user, "reader") for user in ("amina", "blocked", "kofi")],
    )
    with geography.run(access) as run, geography.provider() as provider:
        changes = run.plan().changes
        geography.sql("CREATE ROLE blocked")

        told = {each.change.key: each for each in provider.apply(changes, Notes())}

    failed = {key for key, each in told.items() if each.status == "failed"}
    assert failed == {Key("account", ("blocked",)), Key("membership", ("reader", "blocked"))}
    assert 'role "blocked" already exists' in told[Key("account", ("blocked",))].message
    others = [each for key, each in told.items() if key not in failed]
    assert {(each.status, each.message) for each in others} == {
        ("skipped", "rolled back with the change that failed")
    }
    assert len(told) == len(changes)
    assert (
        geography.sql("SELECT 1 FROM pg_roles WHERE rolname IN ('amina', 'kofi', 'reader')") == []
    )


def test_a_failure_while_more_is_sent_is_told_once_and_nowhere_else(
    geography: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """psycopg logs a second error of a pipeline, to stderr where nobody set up logging."""
    with geography.run(_many(2000, 3)) as run, geography.provider() as provider:
        changes = run.plan().changes
        geography.sql("CREATE ROLE g0")

        told = list(provider.apply(changes, Notes()))

    (failed,) = [
        each for each in told if each.status == "failed" and each.change.key.kind == "group"
    ]
    assert 'role "g0" already exists' in failed.message
    assert caplog.records == []


def test_a_table_that_is_gone_by_now_fails_its_change_alone(geography: Desk) -> None:
    with geography.run(one_role(on_tables("select"))) as run, geography.provider() as provider:
        changes = run.plan().changes
        geography.sql("DROP TABLE geography.sites")

        told = list(provider.apply(changes, Notes()))

    (failed,) = [each for each in told if each.status == "failed"]
    assert failed.change.key.kind == "privilege"
    assert 'relation "geography.sites" does not exist' in failed.message


def test_a_lock_that_is_held_too_long_ends_the_apply(geography: Desk) -> None:
    geography.converge(one_role())
    changes = geography.changes(one_role(on_tables("select")))

    with psycopg.connect(geography.dsn) as other, geography.provider(lock_timeout_s=1) as provider:
        other.execute("GRANT INSERT ON geography.cells TO postgres")
        told = list(provider.apply(changes, Notes()))

    assert [each.status for each in told] == ["failed"]
    assert "lock timeout" in told[0].message


def test_a_grant_of_somebody_else_meanwhile_is_never_half_a_success_trap_12(
    geography: Desk,
) -> None:
    access = one_role(on_tables("select"))
    geography.converge(one_role())
    told: list[Outcome] = []

    with psycopg.connect(geography.dsn) as other, geography.provider() as provider:
        changes = geography.changes(access)
        other.execute("GRANT INSERT ON geography.sites TO PUBLIC")
        apply = threading.Thread(target=lambda: told.extend(provider.apply(changes, Notes())))
        apply.start()
        blocked = f"{other.info.backend_pid} = ANY (pg_blocking_pids(pid))"
        waiting = f"SELECT count(*) FROM pg_stat_activity WHERE {blocked}"
        while apply.is_alive() and not geography.value(waiting):
            pass  # lock_timeout ends the apply if it never comes to that
        other.commit()
        apply.join()

    if told[0].status == "failed":  # before PostgreSQL 18, which locks what it grants on
        assert "tuple concurrently updated" in told[0].message
        assert not geography.can("reader", "SELECT", "geography.cells")
    geography.converge(access)
    assert geography.can("reader", "SELECT", "geography.cells")
    assert geography.can("reader", "INSERT", "geography.sites")  # as everybody


def test_a_statement_that_takes_too_long_ends_the_apply(geography: Desk) -> None:
    geography.sql(TRIGGER.format("PERFORM pg_sleep(60);"))
    changes = geography.changes(one_role(on_tables("select")))

    with geography.provider(statement_timeout_s=1) as provider:
        told = list(provider.apply(changes, Notes()))

    assert "statement timeout" in next(each.message for each in told if each.status == "failed")
    assert geography.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'") == []


def test_a_session_that_is_ended_by_an_administrator_leaves_nothing_behind(geography: Desk) -> None:
    access = one_role(on_tables("select"))
    changes = geography.changes(access)

    def terminate() -> None:
        geography.sql("""
            SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE application_name = 'reconciler'
        """)

    with Proxy(geography.dsn) as proxy, geography.provider(proxy.dsn) as provider:
        proxy.rule = Call(b"GRANT ", terminate)
        told = list(provider.apply(changes, Notes()))

    assert {each.status for each in told} == {"failed"}
    assert all("connection was lost before the commit" in each.message for each in told)
    assert geography.changes(access) == changes


def test_a_connection_lost_at_the_commit_is_unknown_and_found_out_apl_01(geography: Desk) -> None:
    access = one_role(on_tables("select"))
    changes = geography.changes(access)

    told: list[Outcome] = []
    with Proxy(geography.dsn) as proxy, geography.provider(proxy.dsn) as provider:
        proxy.rule = Cut(b"COMMIT\0", after_answer_bytes=1)
        told += provider.apply(changes, Notes())

    assert {each.status for each in told} == {"unknown"}
    assert geography.changes(access) == ()


# Two at once


def test_the_second_of_two_applies_is_told_who_holds_the_lock_apl_04(geography: Desk) -> None:
    changes = geography.changes(one_role())
    caught: list[str] = []

    def apply_too() -> None:
        with geography.provider() as second, pytest.raises(LockHeldError) as error:
            list(second.apply(changes, Notes()))
        caught.append(str(error.value))

    with geography.provider() as first:
        work = _Interrupting(apply_too)
        told = list(first.apply(changes, work))

    assert {each.status for each in told} == {"done"}
    (text,) = caught
    assert "another reconciler is applying changes: the lock is held by postgres" in text
    assert "connected since 20" in text


def test_the_lock_is_given_up_after_an_apply_that_failed(geography: Desk) -> None:
    geography.sql(TRIGGER.format("RAISE EXCEPTION 'no';"))
    changes = geography.changes(one_role(on_tables("select")))

    with geography.provider() as provider:
        list(provider.apply(changes, Notes()))

        assert geography.value(f"SELECT pg_try_advisory_lock({LOCK_KEY})") is True


class _Interrupting(Notes):
    """A journal that does something else when it is told of the first change."""

    def __init__(self, action: object) -> None:
        super().__init__()
        self._action = action

    def intend(self, changes: Sequence[Change]) -> None:
        if not self.intended:
            thread = threading.Thread(target=self._action)  # type: ignore[arg-type]  # callable
            thread.start()
            thread.join()
        super().intend(changes)
