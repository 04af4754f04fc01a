"""Leaving for good with an heir: what somebody owned in any database is kept, and given away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from reconciler.changes import Change, Outcome
from reconciler.plan import Finding, Plan
from reconciler.state import Key
from tests.conformance.bench import Notes
from tests.postgres.desk import PASSWORD, Access, Desk, messages, one_role, outcomes
from tests.postgres.proxy import Call, Cut, Proxy

AMINA = Key("account", ("amina",))
DATABASES = ("postgres", "other", "third")
OWNERS = """
    SELECT tableowner::text, count(*) FROM pg_tables WHERE schemaname = 'work' GROUP BY 1
"""


@pytest.fixture
def spread(desk: Desk) -> Desk:
    """Amina may sign in, and owns a schema with two tables in each of three databases; the manifest
    declares one of these.
    """
    for database in DATABASES[1:]:
        desk.create_database(database)
    desk.converge(one_role())
    desk.sql("CREATE ROLE archive")
    for database in DATABASES:
        desk.sql(
            """
            CREATE SCHEMA work AUTHORIZATION amina;
            SET ROLE amina;
            CREATE TABLE work.cells AS SELECT 1 AS id;
            CREATE TABLE work.sites AS SELECT 1 AS id;
            CREATE FUNCTION work.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
            ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
            RESET ROLE;
            CREATE TABLE kept AS SELECT 1 AS id;
            GRANT SELECT ON kept TO amina
            """,
            database=database,
        )
    return desk


def leaving(heir: str = "archive", **policy: object) -> Access:
    given = {"leavers": "delete", **({"heir": heir} if heir else {}), **policy}
    return replace(one_role(), departed=["amina"], policy=given)


def told(plan: Plan) -> Finding:
    """The one finding about what is owned."""
    (found,) = (each for each in plan.findings if each.rule == "owned-objects")
    return found


def owners(desk: Desk) -> dict[str, Sequence[tuple[object, ...]]]:
    return {database: desk.sql(OWNERS, database=database) for database in DATABASES}


def everywhere(owner: str) -> dict[str, Sequence[tuple[object, ...]]]:
    """What `owners` shows where one role owns all."""
    return {database: [(owner, 2)] for database in DATABASES}


def signs_in(desk: Desk, role: str = "amina") -> list[tuple[object, ...]]:
    return desk.sql(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{role}'")


def drop(desk: Desk, role: str = "amina", heir: str = "archive", dsn: str = "") -> Outcome:
    """What comes of dropping a role, without a plan."""
    change = Change("delete", Key("account", (role,)), {"login": True}, None, heir=heir)
    with desk.provider(dsn) as provider:
        (outcome,) = provider.apply([change], Notes())
    return outcome


# With an heir


def test_all_that_one_who_leaves_owned_is_given_to_the_heir_in_every_database(
    spread: Desk,
) -> None:
    report = spread.converge(leaving())

    assert outcomes(report)[AMINA].status == "done", messages(report)
    assert signs_in(spread) == []
    assert owners(spread) == everywhere("archive")
    for database in DATABASES:
        assert spread.value("SELECT count(*) FROM work.cells", database=database) == 1
        assert spread.value("SELECT work.one()", database=database) == 1
        assert spread.value("SELECT count(*) FROM kept", database=database) == 1


def test_the_plan_says_what_is_owned_where_and_who_gets_it(spread: Desk) -> None:
    plan = spread.plan(leaving())

    found = told(plan)
    assert (found.blocking, found.keys) == (False, (AMINA,))
    assert found.message.startswith("amina owns 15 objects: ")
    names = "default privileges on new relations belonging to role amina, function work.one()"
    assert f"{names}, schema work and 2 more in database other; " in found.message
    assert "in database postgres" in found.message
    assert "in database third" in found.message
    assert "all of it is given to archive, and then amina is dropped" in found.message


def test_a_role_that_nobody_declares_any_more_leaves_what_it_owns_to_the_heir(desk: Desk) -> None:
    desk.converge(one_role())
    desk.sql("CREATE ROLE archive; CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO reader")
    nobody = Access(users=["amina"], departed=["amina"], policy={"heir": "archive"})

    desk.converge(nobody)

    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname = 'reader'") == []
    assert desk.value("SELECT tableowner::text FROM pg_tables WHERE tablename = 'mine'") == (
        "archive"
    )


def test_an_heir_that_the_same_plan_creates_is_given_all(spread: Desk) -> None:
    access = replace(leaving("keeper"), roles={"reader": {}, "keeper": {}})

    spread.converge(access)

    assert owners(spread) == everywhere("keeper")


def test_names_that_need_quotes_are_given_as_they_are(desk: Desk) -> None:
    desk.sql("""
        CREATE ROLE "Ama ""the"" Boss.x" LOGIN; CREATE ROLE "Old-Things; --";
        CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO "Ama ""the"" Boss.x"
    """)

    outcome = drop(desk, 'Ama "the" Boss.x', "Old-Things; --")

    assert outcome.status == "done", outcome.message
    assert desk.value("SELECT tableowner::text FROM pg_tables WHERE tablename = 'mine'") == (
        "Old-Things; --"
    )


def test_what_belongs_to_the_cluster_is_given_too(desk: Desk) -> None:
    desk.sql("CREATE ROLE amina LOGIN; CREATE ROLE archive")
    desk.create_database("hers", owner="amina")

    outcome = drop(desk)

    assert outcome.status == "done", outcome.message
    assert desk.value("SELECT pg_get_userbyid(datdba)::text FROM pg_database "
                      "WHERE datname = 'hers'") == "archive"  # fmt: skip


def test_a_privilege_on_the_cluster_alone_is_taken_with_the_role(desk: Desk) -> None:
    desk.sql("CREATE ROLE amina LOGIN; GRANT CREATE ON TABLESPACE pg_default TO amina")

    outcome = drop(desk, heir="")

    assert outcome.status == "done", outcome.message


def test_open_sessions_end_before_anything_is_given_away(spread: Desk) -> None:
    spread.sql(f"ALTER ROLE amina PASSWORD '{PASSWORD}'")

    with closing(psycopg.connect(spread.login("amina"), autocommit=True)) as session:
        report = spread.converge(leaving())

        assert outcomes(report)[AMINA].message == "ended 1 session of amina"
        with pytest.raises(psycopg.errors.AdminShutdown):
            session.execute("SELECT 1")


# Going on after a failure


@pytest.mark.parametrize(
    "pattern", [b"NOLOGIN", b"REASSIGN OWNED", b"DROP OWNED", b"DROP ROLE"], ids=bytes.decode
)
def test_after_a_crash_at_any_step_the_next_run_goes_on(spread: Desk, pattern: bytes) -> None:
    with Proxy(spread.dsn) as proxy, proxy.breaking(Cut(pattern)):
        report = spread.apply(leaving(), proxy.dsn)
    assert outcomes(report)[AMINA].status == "failed"
    assert signs_in(spread) == [(pattern == b"NOLOGIN",)]

    spread.converge(leaving())

    assert signs_in(spread) == []
    assert owners(spread) == everywhere("archive")


@pytest.mark.parametrize("pattern", [b"REASSIGN OWNED", b"DROP OWNED", b"DROP ROLE"])
def test_an_answer_that_got_lost_does_not_make_the_next_run_fail(
    spread: Desk, pattern: bytes
) -> None:
    with Proxy(spread.dsn) as proxy, proxy.breaking(Cut(pattern, after_answer_bytes=1)):
        spread.apply(leaving(), proxy.dsn)

    spread.converge(leaving())

    assert signs_in(spread) == []
    assert owners(spread) == everywhere("archive")


@pytest.mark.parametrize("pattern", [b"DROP OWNED", b"DROP ROLE"], ids=bytes.decode)
def test_after_a_run_was_killed_at_any_step_the_next_run_goes_on(
    spread: Desk, pattern: bytes
) -> None:
    spread.manifest_path.write_text(leaving().manifest(), encoding="utf-8")
    processes: list[subprocess.Popen[str]] = []
    with (
        Proxy(spread.dsn) as proxy,
        proxy.breaking(Call(pattern, lambda: processes[0].kill())),
        started(spread, proxy.dsn) as process,
    ):
        processes.append(process)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert signs_in(spread) == [(False,)]

    done = carried_on(spread)

    assert done.returncode == 0, done.stdout + done.stderr
    assert signs_in(spread) == []
    assert owners(spread) == everywhere("archive")


def arguments(desk: Desk, *words: str) -> list[str]:
    """The command line over the manifest as it was written last."""
    ledger = str(desk.manifest_path.parent / "ledger.sqlite3")
    files = ("--file", str(desk.manifest_path), "--ledger", ledger)
    return [sys.executable, "-m", "reconciler", *words, *files]


def started(desk: Desk, dsn: str) -> subprocess.Popen[str]:
    """An apply at work."""
    return subprocess.Popen(
        arguments(desk, "apply", "--yes"),
        env={**os.environ, "DSN": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def carried_on(desk: Desk) -> subprocess.CompletedProcess[str]:
    """The next apply, once the server has seen that its client is gone."""
    environment = {**os.environ, "DSN": desk.dsn}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            arguments(desk, *words), env=environment, capture_output=True, text=True, check=False
        )

    run("lock", "--break", "db", "--yes")
    for _ in range(20):
        done = run("apply", "--yes")
        if done.returncode != 7:
            break
    return done


def test_a_database_that_fails_keeps_the_role_but_not_its_login(spread: Desk) -> None:
    access = replace(leaving(), options={"passwords": "none", "lock_timeout_s": 1})
    with closing(psycopg.connect(spread.server.dsn(database="third"))) as session:
        session.execute("LOCK TABLE work.cells")
        report = spread.apply(access)

    assert outcomes(report)[AMINA].status == "failed"
    assert "lock timeout" in outcomes(report)[AMINA].message
    assert signs_in(spread) == [(False,)]
    assert owners(spread) == {
        **everywhere("archive"),
        "third": [("amina", 2)],
    }

    spread.converge(access)
    assert owners(spread)["third"] == [("archive", 2)]


def test_what_is_made_between_giving_and_clearing_is_not_dropped(desk: Desk) -> None:
    desk.sql("""
        CREATE ROLE amina LOGIN; CREATE ROLE archive;
        CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO amina
    """)

    def make() -> None:
        desk.sql("CREATE TABLE late (id int); ALTER TABLE late OWNER TO amina")

    with Proxy(desk.dsn) as proxy, proxy.breaking(Call(b"pg_user_mapping", make)):
        outcome = drop(desk, dsn=proxy.dsn)

    assert outcome.status == "failed"
    assert "it came to own more meanwhile in database postgres" in outcome.message
    assert desk.value("SELECT count(*) FROM late") == 0
    assert drop(desk).status == "done"
    assert desk.value("SELECT count(*) FROM late") == 0


# Without an heir, or with one that will not do


def test_without_an_heir_one_who_owns_something_is_shut_out_and_not_dropped(spread: Desk) -> None:
    found = told(spread.plan(leaving("")))
    assert found.blocking
    assert "it may not sign in any more, but stays: name who gets it in policy.heir" in (
        found.message
    )

    report = spread.apply(leaving(""))

    assert report.exit_code == 5
    assert signs_in(spread) == [(False,)]
    assert not spread.value("SELECT pg_has_role('amina', 'reader', 'MEMBER')")
    assert owners(spread) == everywhere("amina")


def test_one_who_was_shut_out_is_dropped_once_there_is_an_heir(spread: Desk) -> None:
    spread.apply(leaving(""))
    again = spread.plan(leaving(""))
    assert (again.changes, [each.rule for each in again.blocking]) == ((), ["owned-objects"])

    spread.converge(leaving())

    assert signs_in(spread) == []
    assert owners(spread) == everywhere("archive")


def test_what_came_to_be_owned_since_the_plan_is_never_dropped(desk: Desk) -> None:
    desk.converge(one_role())
    with desk.run(leaving("")) as run:
        plan = run.plan()
        desk.sql("CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO amina")
        report = run.apply(plan)

    outcome = outcomes(report)[AMINA]
    assert (outcome.status, report.exit_code) == ("failed", 8)
    assert "it owns table public.mine in database postgres; name who gets it" in outcome.message
    assert signs_in(desk) == [(False,)]


@pytest.mark.parametrize(
    "heir, reason",
    [
        ("nobody", "there is no role nobody (policy.heir)"),
        ("postgres", "postgres, its heir (policy.heir), is a superuser"),
        ("amina", "amina, its heir (policy.heir), is dropped itself by this plan"),
    ],
)
def test_an_heir_that_will_not_do_is_told_before_anything_is_done(
    spread: Desk, heir: str, reason: str
) -> None:
    found = told(spread.plan(leaving(heir)))

    assert found.blocking
    assert reason in found.message


def test_a_superuser_gets_nothing_that_somebody_else_made(desk: Desk) -> None:
    desk.sql("CREATE ROLE amina LOGIN; CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO amina")

    outcome = drop(desk, heir="postgres")

    assert outcome.status == "failed"
    assert "postgres, its heir, is a superuser" in outcome.message
    assert desk.value("SELECT tableowner::text FROM pg_tables WHERE tablename = 'mine'") == "amina"


def test_a_role_that_owns_something_is_held_back_without_an_heir(desk: Desk) -> None:
    desk.converge(one_role())
    desk.sql("CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO reader")
    access = Access(users=["amina"], departed=["amina"])

    found = told(desk.plan(access))
    report = desk.apply(access)

    assert (found.blocking, found.keys) == (True, (Key("role", ("reader",)),))
    assert report.exit_code == 5
    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname = 'reader'") == [(1,)]


def test_a_database_that_lets_nobody_in_is_told_with_what_to_run(spread: Desk) -> None:
    spread.sql("ALTER DATABASE third ALLOW_CONNECTIONS false")

    found = told(spread.plan(leaving()))

    assert found.blocking
    assert "5 objects in database third" in found.message
    assert 'ALTER DATABASE "third" ALLOW_CONNECTIONS true' in found.message


def test_memberships_that_would_end_with_their_grantor_are_told_first(desk: Desk) -> None:
    desk.needs_version(16, "memberships depend on who granted them")
    desk.converge(one_role())
    desk.sql("""
        CREATE ROLE archive; CREATE ROLE kofi; CREATE ROLE readers;
        GRANT readers TO amina WITH ADMIN OPTION;
        SET ROLE amina; GRANT readers TO kofi
    """)

    found = told(desk.plan(leaving()))
    desk.apply(leaving())

    assert found.blocking
    assert "it granted readers to kofi; these would end with it" in found.message
    assert desk.value("SELECT pg_has_role('kofi', 'readers', 'MEMBER')")
    assert signs_in(desk) == [(False,)]


# Without superuser


def test_who_may_not_give_it_away_is_told_the_grant_that_is_missing(desk: Desk) -> None:
    desk.sql(f"""
        CREATE ROLE manager LOGIN CREATEROLE PASSWORD '{PASSWORD}';
        GRANT CREATE ON DATABASE postgres TO manager;
        SET ROLE manager; CREATE ROLE archive
    """)
    dsn = desk.login("manager")
    desk.converge(one_role(), dsn)
    desk.sql("CREATE SCHEMA work AUTHORIZATION amina; GRANT CREATE ON DATABASE postgres TO archive")

    found = told(desk.plan(leaving(), dsn))

    assert found.blocking
    assert "manager may not give away what it owns" in found.message
    statement = found.message.partition("run ")[2]
    foreign = '"archive"' if desk.major >= 16 else '"amina", "archive"'  # it made amina itself
    assert statement.startswith(f'GRANT {foreign} TO "manager"')
    desk.sql(statement)
    with desk.run(leaving(), dsn) as run:  # what a member loses by it has to be accepted
        plan = run.plan()
        report = run.apply(plan, accept=frozenset(each.id for each in plan.blocking))
    assert (outcomes(report)[AMINA].status, report.exit_code) == ("done", 0), messages(report)
    assert desk.value(
        "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'work'"
    ) == ("archive")


# What a reviewer sees


def test_a_preview_shows_what_is_sent_in_every_database(spread: Desk) -> None:
    lines = spread.preview(leaving())

    words = [" ".join(line.split()[:2]) for line in lines]
    cleared = ["REASSIGN OWNED", "DROP OWNED"] * len(DATABASES)
    assert words[-9:-7] == ["ALTER ROLE", "SELECT roles.rolname::text,"]
    assert words[-7:] == [*cleared, "DROP ROLE"]
    assert lines[-7] == 'REASSIGN OWNED BY "amina" TO "archive";'


def test_a_script_gives_away_in_one_transaction_for_each_database(spread: Desk) -> None:
    with spread.run(leaving()) as run:
        lines = run.scripts(run.plan())["db"]

    start = lines.index("-- database other")
    text = [line for line in lines[start:] if line and not line.startswith("SET ")]
    for_each = ["BEGIN;", 'REASSIGN OWNED BY "amina" TO "archive";']
    for_each += ['DROP OWNED BY "amina";', "COMMIT;"]
    places = [[f"-- database {name}", f"\\connect {name}", *for_each] for name in (
        "other", "postgres", "third")]  # fmt: skip
    assert text[:18] == [line for place in places for line in place]


def test_the_target_is_asked_nothing_where_nobody_is_dropped(desk: Desk) -> None:
    with desk.provider("host=127.0.0.1 port=1 dbname=nothing") as provider:
        assert provider.obstacles([Change("create", AMINA, None, {"login": True})]) == ()
