"""The ledger in PostgreSQL: the suite, and what only PostgreSQL can do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from reconciler.errors import LedgerError
from reconciler.ledger import is_dsn, open_ledger
from reconciler.ledger.postgres_database import PostgresDatabase
from reconciler.ledger.values import Entry
from reconciler.secret import Secret
from tests.fix_postgres import PostgresServer
from tests.ledger.cases_memory import ODD, applied
from tests.ledger.cases_processes import race
from tests.ledger.format_1 import make_format_1
from tests.ledger.places import HandClock, PostgresPlace, open_at
from tests.ledger.suite import LedgerSuite

ROOT = Path(__file__).parent.parent.parent
CANARY = "cAnArY-s3cret"


class TestPostgres(LedgerSuite):
    @pytest.fixture
    def place(self, postgres_database: str) -> PostgresPlace:
        return PostgresPlace(postgres_database)


def role(place: PostgresPlace, *statements: str) -> str:
    """Make a role `ci` and run statements as the superuser; the role's dsn."""
    place.sql("CREATE ROLE ci LOGIN PASSWORD '" + CANARY + "'")
    for statement in statements:
        place.sql(statement)
    return psycopg.conninfo.make_conninfo(place.location, user="ci", password=CANARY)


class TestRights:
    def test_a_role_that_may_only_read_reads_and_is_told_when_it_writes(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        with open_at(postgres_place, clock) as ledger:
            ledger.append(Entry("run_ended", 1))
        dsn = role(
            postgres_place,
            "GRANT USAGE ON SCHEMA reconciler TO ci",
            "GRANT SELECT ON ALL TABLES IN SCHEMA reconciler TO ci",
        )

        with open_ledger(dsn, clock=clock, create=False) as ledger:
            assert not ledger.is_writable
            assert len(ledger.entries()) == 1
            with pytest.raises(LedgerError, match="may only be read with this dsn"):
                ledger.begin_run("plan")
        with pytest.raises(LedgerError, match="use one that writes"):
            open_ledger(dsn, clock=clock)

    def test_an_older_ledger_that_may_only_be_read_is_refused_with_what_to_do(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        make_format_1(PostgresDatabase(Secret(postgres_place.location)))
        dsn = role(
            postgres_place,
            "GRANT USAGE ON SCHEMA reconciler TO ci",
            "GRANT SELECT ON ALL TABLES IN SCHEMA reconciler TO ci",
        )

        with pytest.raises(LedgerError, match="the older format 1 and may only be read here"):
            open_ledger(dsn, clock=clock, create=False)

        assert postgres_place.sql("SELECT value FROM meta") == [("1",)]

    def test_an_older_ledger_is_updated_by_its_owner_and_others_keep_their_rights(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        make_format_1(PostgresDatabase(Secret(postgres_place.location)))
        dsn = role(
            postgres_place,
            "GRANT USAGE ON SCHEMA reconciler TO ci",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reconciler TO ci",
        )
        with pytest.raises(LedgerError, match=r"must be owner of .*updated by the role that owns"):
            open_ledger(dsn, clock=clock)

        open_at(postgres_place, clock).close()

        with open_ledger(dsn, clock=clock) as ledger:
            ledger.save_applied(applied(ODD))
            assert ledger.append(Entry("run_ended", 1))[0].number == 6

    def test_a_role_that_may_not_read_is_an_error_and_not_an_empty_ledger(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        open_at(postgres_place, clock).close()

        with pytest.raises(LedgerError, match="may not use the schema reconciler; it needs USAGE"):
            open_ledger(role(postgres_place), clock=clock, create=False)

    def test_a_role_that_may_not_read_the_tables_is_told_what_it_needs(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        open_at(postgres_place, clock).close()
        dsn = role(postgres_place, "GRANT USAGE ON SCHEMA reconciler TO ci")

        with pytest.raises(LedgerError, match=r"a right is missing: permission denied .* needs"):
            open_ledger(dsn, clock=clock, create=False)

    def test_a_role_that_may_not_make_the_schema_is_told_what_it_needs(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        with pytest.raises(LedgerError, match="CREATE on the database to make them"):
            open_ledger(role(postgres_place), clock=clock)

    def test_a_schema_that_an_administrator_made_is_enough(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        dsn = role(postgres_place, "CREATE SCHEMA reconciler AUTHORIZATION ci")

        with open_ledger(dsn, clock=clock) as ledger:
            assert ledger.begin_run("apply") == 1


class TestConnections:
    def test_a_connection_that_was_cut_between_transactions_is_opened_anew(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        with open_at(postgres_place, clock) as ledger:
            ledger.append(Entry("run_ended", 1))
            cut_all(postgres_place)

            ledger.append(Entry("run_ended", 2))

            assert [each.entry.run_id for each in ledger.entries()] == [1, 2]

    def test_a_server_that_lets_nobody_in_any_more_is_an_error(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        dsn = role(postgres_place, "CREATE SCHEMA reconciler AUTHORIZATION ci")
        with open_ledger(dsn, clock=clock) as ledger:
            postgres_place.sql("ALTER ROLE ci NOLOGIN")
            cut_all(postgres_place)

            with pytest.raises(LedgerError, match=r"cannot be reached: .*not permitted to log in"):
                ledger.append(Entry("run_ended", 1))

    @pytest.mark.parametrize("setting", ["off", "local"])
    def test_a_commit_is_on_disk_even_where_the_server_is_told_to_hurry(
        self, postgres_place: PostgresPlace, clock: HandClock, setting: str
    ) -> None:
        postgres_place.sql(f"ALTER ROLE postgres SET synchronous_commit = {setting}")
        open_at(postgres_place, clock).close()
        postgres_place.sql("CREATE TABLE reconciler.seen (setting TEXT)")
        postgres_place.sql(
            "CREATE FUNCTION reconciler.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO reconciler.seen VALUES (current_setting('synchronous_commit'));"
            " RETURN NULL; END $$"
        )
        postgres_place.sql(
            "CREATE TRIGGER see AFTER INSERT ON reconciler.journal"
            " FOR EACH ROW EXECUTE FUNCTION reconciler.see()"
        )

        with open_at(postgres_place, clock) as ledger:
            ledger.append(Entry("run_ended", 1))

        wanted = {"off": "on", "local": "local"}[setting]
        assert postgres_place.sql("SELECT setting FROM reconciler.seen") == [(wanted,)]

    def test_other_default_isolation_does_not_break_the_chain(
        self, postgres_place: PostgresPlace, clock: HandClock
    ) -> None:
        postgres_place.sql("ALTER ROLE postgres SET default_transaction_isolation = 'serializable'")
        postgres_place.sql("ALTER ROLE postgres SET default_transaction_read_only = on")

        said = race(postgres_place, "append-some", 3)

        with open_at(postgres_place, clock) as ledger:
            assert said == ["done"] * 3
            assert ledger.verify() == ()


def cut_all(place: PostgresPlace) -> None:
    place.sql(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
        " WHERE application_name = 'reconciler ledger'"
    )


class TestSecrecy:
    """A secret in the dsn appears nowhere."""

    @pytest.mark.parametrize(
        "location",
        [
            f"postgresql://amina:{CANARY}@127.0.0.1:1/flowdb",
            f"postgres://amina:{CANARY}@127.0.0.1:1/flowdb?connect_timeout=2",
            f"postgresql://127.0.0.1:1/flowdb?user=amina&password={CANARY}",
            f"host=127.0.0.1 port=1 user=amina password={CANARY}",
            f"host=127.0.0.1 port=1 user=amina password='{CANARY}",
            f"postgresql://amina:x@{CANARY}@127.0.0.1:1/flowdb",
            f"postgresql://amina:x/{CANARY}@127.0.0.1:1/flowdb",
            f"postgresql://amina:{CANARY}/x@127.0.0.1:1/flowdb",
            f"postgresql://amina:1/{CANARY}@127.0.0.1:1/flowdb",
            f"postgresql://amina:{CANARY}@127.0.0.1:none/flowdb",
            f"postgresql://amina:%zz{CANARY}@127.0.0.1:1/flowdb",
            f"postgresql://amina@127.0.0.1:1/flowdb?pasword={CANARY}",
            f"mysql://amina:{CANARY}@127.0.0.1/flowdb",
            f"postgresq://amina:{CANARY}@127.0.0.1/flowdb",
        ],
    )
    def test_a_dsn_that_does_not_work_is_not_repeated(
        self, location: str, clock: HandClock
    ) -> None:
        with pytest.raises(LedgerError) as caught:
            open_ledger(location, clock=clock)

        error: BaseException | None = caught.value
        while error is not None:
            assert CANARY not in f"{error} {error!r} {vars(error)}"
            error = error.__cause__

    def test_the_password_of_a_working_dsn_shows_nowhere(
        self,
        postgres_place: PostgresPlace,
        clock: HandClock,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        dsn = role(postgres_place, "CREATE SCHEMA reconciler AUTHORIZATION ci")
        shown: list[str] = []

        with open_ledger(dsn, clock=clock) as ledger:
            ledger.append(Entry("run_ended", 1))
            shown += [repr(ledger), str(ledger), ledger.place]
            with ledger.lock("flowdb", "amina") as lock:
                shown.append(repr(lock))
            shown.append(str(ledger.entries()))
            postgres_place.sql("DROP TABLE journal")
            with pytest.raises(LedgerError) as caught:
                ledger.entries()
            shown += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]

        tables = postgres_place.sql("SELECT document FROM runs UNION ALL SELECT holder FROM locks")
        out, err = capfd.readouterr()
        assert CANARY not in "\n".join([*shown, str(tables), caplog.text, out, err])

    def test_a_wrong_password_is_not_repeated(
        self, postgres_cluster: PostgresServer, clock: HandClock
    ) -> None:
        dsn = psycopg.conninfo.make_conninfo(postgres_cluster.dsn(), user=CANARY, password=CANARY)

        with pytest.raises(LedgerError, match="it cannot be reached") as caught:
            open_ledger(dsn, clock=clock)

        assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    "location, said",
    [
        ("postgresql://host/db", True),
        ("Postgres://host/db", True),
        ("host=127.0.0.1 dbname=flowdb", True),
        (" service = prod", True),
        (".reconciler/ledger.sqlite3", False),
        ("/var/lib/a=b.sqlite3", False),
        ("./a=b", False),
        ("postgresql", False),
    ],
)
def test_a_location_is_a_dsn_or_a_path(location: str, said: bool) -> None:
    assert is_dsn(location) is said


@pytest.mark.parametrize("location", ["", "  ", "sqlite:///x", "http://host/x"])
def test_a_location_that_is_neither_is_refused(location: str, clock: HandClock) -> None:
    with pytest.raises(LedgerError, match="neither a path nor a postgresql:// URL"):
        open_ledger(location, clock=clock)


def test_a_ledger_in_a_file_does_not_load_psycopg() -> None:
    script = "import sys, reconciler.ledger; print('psycopg' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
