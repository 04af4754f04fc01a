"""The example manifest against both systems: what people get is what the file says, seen from their
side.
"""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import psycopg
import pytest

from reconciler.sandbox.postgres.flowdb import DATABASE
from reconciler.sandbox.systems import SandboxSystems
from reconciler.secret import Secret
from tests.e2e.conftest import Program


@pytest.fixture
def passwords(program: Program) -> dict[tuple[str, str], str]:
    """The temporary passwords by target and account, after the example was applied."""
    done = program("apply", "--yes", "--credentials-out", "passwords.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (program.folder / "passwords.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return {(entry["target"], entry["account"]): entry["password"] for entry in entries}


def test_a_new_analyst_signs_in_to_the_database_and_reads_what_the_manifest_allows(
    systems: SandboxSystems, passwords: dict[tuple[str, str], str]
) -> None:
    dsn = systems.cluster.dsn(
        database=DATABASE, user="amina", password=Secret(passwords["flowdb", "amina"])
    )

    with psycopg.connect(dsn, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM geography.admin3").fetchone() is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("INSERT INTO geography.admin3 SELECT * FROM geography.admin3")


def test_tables_made_tomorrow_are_readable_and_the_next_plan_is_empty(
    systems: SandboxSystems, program: Program, passwords: dict[tuple[str, str], str]
) -> None:
    with psycopg.connect(systems.environment["FLOWDB_DSN"], autocommit=True) as connection:
        connection.execute("CREATE TABLE geography.tomorrow (id int)")
        connection.execute("CREATE VIEW geography.view_of_tomorrow AS TABLE geography.tomorrow")

    plan = program("plan", "--detailed-exitcode")

    assert plan.returncode == 0, plan.stdout
    dsn = systems.cluster.dsn(
        database=DATABASE, user="kofi", password=Secret(passwords["flowdb", "kofi"])
    )
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM geography.tomorrow").fetchone() == (0,)


def test_a_new_analyst_signs_in_to_flowauth_and_gets_a_token_with_the_role(
    systems: SandboxSystems, passwords: dict[tuple[str, str], str]
) -> None:
    with httpx.Client(
        base_url=systems.flowauth.url, headers={"Referer": systems.flowauth.url}
    ) as http:
        answer = http.post(
            "/signin", json={"username": "amina", "password": passwords["flowauth", "amina"]}
        )
        servers = http.get("/tokens/servers").json()

    assert answer.status_code == 200
    assert answer.json()["is_admin"] is False
    assert [server["server_name"] for server in servers] == ["ghana-api"]


def test_a_disabled_user_gets_no_account_anywhere(
    systems: SandboxSystems, passwords: dict[tuple[str, str], str]
) -> None:
    assert not [account for _, account in passwords if account == "kwame"]
    assert "kwame" not in systems.flowauth.store.snapshot().users
    with psycopg.connect(systems.environment["FLOWDB_DSN"]) as connection:
        assert connection.execute("SELECT FROM pg_roles WHERE rolname = 'kwame'").fetchall() == []


def test_the_file_of_passwords_is_for_one_pair_of_eyes_and_never_overwritten(
    program: Program, passwords: dict[tuple[str, str], str]
) -> None:
    file = program.folder / "passwords.jsonl"
    before = file.read_bytes()
    manifest = Path(program.folder / "access.yaml")
    manifest.write_text(
        manifest.read_text(encoding="utf-8")
        .replace("users:\n", "users:\n  abena: {}\n", 1)
        .replace("members: [esi]", "members: [esi, abena]"),
        encoding="utf-8",
    )

    refused = program("apply", "--yes", "--credentials-out", "passwords.jsonl")

    assert file.stat().st_mode & 0o777 == 0o600
    assert refused.returncode == 64
    assert "exists already" in refused.stderr
    assert file.read_bytes() == before


def test_no_password_is_in_any_output(systems: SandboxSystems, program: Program) -> None:
    secrets = [systems.environment["FLOWAUTH_PASSWORD"], systems.environment["FLOWDB_DSN"]]
    secrets.append(systems.cluster.superuser_password.reveal())
    outputs = [
        program("plan", "--statements", "--debug"),
        program("plan", "-o", "plan.json", "--format", "json", "--debug"),
        program("apply", "plan.json", "--credentials-out", "new.jsonl", "--debug"),
        program("drift", "--debug"),
        program("plan", FLOWAUTH_PASSWORD="canary-of-a-wrong-password"),
    ]
    lines = (program.folder / "new.jsonl").read_text(encoding="utf-8").splitlines()
    secrets += [json.loads(line)["password"] for line in lines] + ["canary-of-a-wrong-password"]

    texts = [each.stdout + each.stderr for each in outputs]
    texts.append((program.folder / "plan.json").read_text(encoding="utf-8"))

    assert [each.returncode for each in outputs] == [0, 0, 0, 0, 9]
    assert not [secret for secret in secrets for text in texts if secret in text]
    assert not [text for text in texts if "SCRAM-SHA-256$" in text]
