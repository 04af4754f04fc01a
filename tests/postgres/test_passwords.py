"""Temporary passwords: made here, sent as verifiers, handed over before the account is there."""

from __future__ import annotations

import json
import logging
import stat
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from reconciler.errors import UsageError
from reconciler.secret import Secret
from tests.conformance.bench import Notes
from tests.postgres.desk import Access, Desk, on_tables, one_role
from tests.postgres.proxy import Proxy

ACCESS = replace(one_role(on_tables("select")), options={})


def test_a_new_account_signs_in_over_tcp_with_scram_and_the_handed_over_password(
    geography: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "new.jsonl"

    geography.apply(ACCESS, out=str(file))

    entry = json.loads(file.read_text())
    assert (entry["target"], entry["account"]) == ("db", "amina")
    with Proxy(geography.login("amina", entry["password"])) as proxy:
        only_scram = f"{proxy.dsn} require_auth=scram-sha-256"
        with psycopg.connect(only_scram) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("amina",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(geography.login("amina", entry["password"] + "x"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_temporary_password_expires(geography: Desk, tmp_path: Path) -> None:
    file = tmp_path / "new.jsonl"

    geography.apply(replace(ACCESS, options={"password_days": 3}), out=str(file))

    told = datetime.fromisoformat(json.loads(file.read_text())["expires"])
    left = told - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < left <= timedelta(days=3)
    assert geography.value("SELECT rolvaliduntil FROM pg_roles WHERE rolname = 'amina'") == told


def test_a_password_does_not_outlive_what_the_manifest_says(
    geography: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "new.jsonl"
    text = ACCESS.manifest().replace(
        '"amina": {}',
        '"amina": {"accounts": {"db": {"attributes": {"valid_until": "2031-01-01T00:00:00Z"}}}}',
    )

    class Fixed(Access):
        def manifest(self) -> str:
            return text

    geography.apply(Fixed(), out=str(file))

    assert json.loads(file.read_text())["expires"] == "2031-01-01T00:00:00Z"
    until = geography.value("SELECT rolvaliduntil FROM pg_roles WHERE rolname = 'amina'")
    assert until == datetime(2031, 1, 1, tzinfo=UTC)


def test_neither_password_nor_verifier_is_shown_anywhere(
    geography: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    notes = Notes()
    with geography.run(ACCESS) as run, geography.provider(passwords="temporary") as provider:
        plan = run.plan()
        preview = run.preview(plan)["db"]
        geography.sql("CREATE ROLE amina")

        told = list(provider.apply(plan.changes, notes))
        shown = f"{preview}{told!r}{provider!r}{vars(provider)!r}{plan!r}{notes!r}{caplog.text}"

    assert {each.status for each in told} == {"failed", "skipped"}
    password = notes.passwords["amina"].reveal()
    assert password not in shown
    assert "SCRAM-SHA-256" not in shown
    assert "PASSWORD '***' VALID UNTIL '(in password_days)'" in "".join(preview)


def test_a_failure_while_passwords_are_sent_shows_none_of_them(geography: Desk) -> None:
    class Full(Exception):
        pass

    class Failing(Notes):
        def hand_over(self, account: str, password: Secret, expires: str) -> None:
            super().hand_over(account, password, expires)
            raise Full

    notes = Failing()
    changes = geography.changes(ACCESS)
    with geography.provider(passwords="temporary") as provider, pytest.raises(Full) as caught:
        list(provider.apply(changes, notes))

    text = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    assert notes.passwords["amina"].reveal() not in text
    assert "SCRAM-SHA-256" not in text
    assert geography.sql("SELECT 1 FROM pg_roles WHERE rolname IN ('amina', 'reader')") == []


def test_the_password_is_handed_over_before_the_account_is_there(geography: Desk) -> None:
    there: list[object] = []

    class Watching(Notes):
        def hand_over(self, account: str, password: Secret, expires: str) -> None:
            there.extend(geography.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'"))
            super().hand_over(account, password, expires)

    notes = Watching()
    changes = geography.changes(ACCESS)
    with geography.provider(passwords="temporary") as provider:
        list(provider.apply(changes, notes))

    assert list(notes.passwords) == ["amina"]
    assert there == []


def test_without_passwords_a_new_account_has_none_and_no_file_is_needed(geography: Desk) -> None:
    with geography.run(replace(ACCESS, options={"passwords": "none"})) as run:
        run.apply(run.plan())

    row = "SELECT rolpassword, rolvaliduntil FROM pg_authid WHERE rolname = 'amina'"
    assert geography.sql(row) == [(None, None)]


def test_new_passwords_without_a_file_for_them_stop_before_anything_is_written(
    geography: Desk,
) -> None:
    with geography.run(ACCESS) as run, pytest.raises(UsageError, match="--credentials-out"):
        run.apply(run.plan())

    assert geography.sql("SELECT 1 FROM pg_roles WHERE rolname = 'reader'") == []


def test_a_password_is_never_set_again(geography: Desk) -> None:
    geography.apply(ACCESS)
    row = "SELECT rolpassword, rolvaliduntil FROM pg_authid WHERE rolname = 'amina'"
    before = geography.sql(row)

    geography.converge(replace(ACCESS, grants=[]))
    geography.converge(ACCESS)

    assert geography.sql(row) == before


def test_the_server_hashes_as_it_is_told_to(geography: Desk) -> None:
    geography.needs_version(16, "scram_iterations is there")
    geography.sql("ALTER SYSTEM SET scram_iterations = 5000")
    geography.sql("SELECT pg_reload_conf()")

    geography.apply(ACCESS)

    verifier = geography.value("SELECT rolpassword FROM pg_authid WHERE rolname = 'amina'")
    assert str(verifier).startswith("SCRAM-SHA-256$5000:")
