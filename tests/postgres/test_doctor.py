"""`reconciler doctor` at a PostgreSQL target: what it sees, says and ends with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reconciler.cli import cli
from tests.postgres.desk import Access, Desk, one_role


def doctor(desk: Desk, access: Access, dsn: str, *arguments: str) -> Result:
    """Run the command on a manifest."""
    desk.manifest_path.write_text(access.manifest(), encoding="utf-8")
    call = ["doctor", "-f", str(desk.manifest_path), *arguments]
    return CliRunner().invoke(cli, call, env={"DSN": dsn})


def checks(desk: Desk, access: Access, dsn: str) -> Sequence[Any]:
    """The checks of the target, of the JSON document, which is made of whatever JSON is made of."""
    (target,) = json.loads(doctor(desk, access, dsn, "--format", "json").stdout)["targets"]
    found: Sequence[Any] = target["checks"]
    return found


def test_all_is_well_for_a_superuser(desk: Desk) -> None:
    result = doctor(desk, one_role(), desk.dsn)

    assert result.exit_code == 0, result.output
    assert "rights     ok: no right is missing for a plan of 3 changes" in result.stdout
    assert result.stdout.endswith("All is well.\n")
    assert desk.sql("SELECT 1 FROM pg_roles WHERE rolname = 'amina'") == []


def test_missing_rights_are_told_with_their_statements(desk: Desk) -> None:
    desk.sql("CREATE ROLE manager LOGIN PASSWORD 'a-password-for-tests'")

    result = doctor(desk, one_role(), desk.login("manager"))

    assert result.exit_code == 1
    assert '      ALTER ROLE "manager" CREATEROLE;\n' in result.stdout


def test_a_database_that_cannot_be_entered_is_told_before_it_is_read(desk: Desk) -> None:
    desk.sql("CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'a-password-for-tests'")
    desk.create_database("other")
    desk.sql("REVOKE CONNECT ON DATABASE other FROM PUBLIC")
    asked = Access(
        servers={"store": {}, "second": {"database": "other"}},
        roles={"reader": {}},
        users=["amina"],
    )

    found = checks(desk, asked, desk.login("manager"))

    assert [each["statement"] for each in found if each["statement"]] == [
        'GRANT CONNECT ON DATABASE "other" TO "manager"'
    ]
    desk.sql('GRANT CONNECT ON DATABASE "other" TO "manager"')
    assert doctor(desk, asked, desk.login("manager")).exit_code == 0


def test_a_target_that_does_not_answer_is_9_and_no_secret_is_told(desk: Desk) -> None:
    dsn = "host=127.0.0.1 port=1 dbname=postgres user=manager password=hunter-2"

    result = doctor(desk, one_role(), dsn)

    assert result.exit_code == 9
    assert "connection NO ANSWER: PostgreSQL cannot be reached" in result.stdout
    assert "hunter-2" not in result.output


def test_wrong_credentials_fail(desk: Desk) -> None:
    desk.sql("CREATE ROLE manager LOGIN PASSWORD 'another-one'")

    found = checks(desk, one_role(), desk.login("manager", "wrong-password"))

    assert [(each["subject"], each["verdict"]) for each in found][-1] == ("connection", "fails")


def test_a_clock_that_goes_wrong_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = lambda: datetime.now(UTC) - timedelta(hours=1)  # noqa: E731 - a clock of one line
    monkeypatch.setattr("reconciler.cli.doctor.utc_now", slow)

    result = doctor(desk, one_role(), desk.dsn)

    assert result.exit_code == 1
    assert "clock      FAILS: its clock is 3600 s ahead of ours" in result.stdout


def test_md5_passwords_are_told_where_they_can_be_seen(desk: Desk) -> None:
    desk.sql("CREATE ROLE old LOGIN PASSWORD 'md5d41d8cd98f00b204e9800998ecf8427e'")
    desk.sql("CREATE ROLE manager LOGIN CREATEROLE PASSWORD 'a-password-for-tests'")

    seen = doctor(desk, one_role(), desk.dsn)
    unseen = doctor(desk, one_role(), desk.login("manager"))

    assert "remark     note: the passwords of old are stored as MD5" in seen.stdout
    assert seen.exit_code == 0
    assert "MD5" not in unseen.stdout


def test_a_secret_that_everybody_can_read_is_told(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "dsn.txt"
    secret.write_text(desk.dsn)
    secret.chmod(0o644)
    manifest = json.loads(one_role().manifest())
    manifest["targets"]["db"]["options"]["dsn"] = {"file": str(secret)}
    desk.manifest_path.write_text(json.dumps(manifest), encoding="utf-8")

    open_to_all = CliRunner().invoke(cli, ["doctor", "-f", str(desk.manifest_path)])
    secret.chmod(0o600)
    closed = CliRunner().invoke(cli, ["doctor", "-f", str(desk.manifest_path)])

    assert f"can be read by everybody on this machine: chmod go= {secret}" in open_to_all.stdout
    assert "by everybody" not in closed.stdout


def test_nothing_is_written_anywhere(desk: Desk) -> None:
    before = desk.sql("SELECT oid, rolname::text FROM pg_roles ORDER BY 1")

    doctor(desk, one_role(), desk.dsn)

    assert desk.sql("SELECT oid, rolname::text FROM pg_roles ORDER BY 1") == before
    assert not (desk.manifest_path.parent / ".reconciler").exists()
