"""Help and version answer at once, since they import nothing that is slow."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

import reconciler
from reconciler.cli import cli
from tests.fix_postgres import PostgresServer

_SLOW = ("pydantic", "httpx", "psycopg", "jsonschema", "deepdiff", "yaml", "sqlite3", "asyncio")


def _imported(*arguments: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reconciler", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plna"], []])
def test_answers_that_need_no_command_import_nothing_slow(arguments: list[str]) -> None:
    modules = _imported(*arguments)

    tops = {module.partition(".")[0] for module in modules}
    assert "click" in tops
    assert not tops.intersection(_SLOW)
    assert "reconciler.engine" not in modules


def test_reading_a_plan_file_needs_no_engine() -> None:
    modules = _imported("show", "missing.json")

    assert "reconciler.plan_file" in modules
    assert "reconciler.engine" not in modules
    assert not {module.partition(".")[0] for module in modules}.intersection({"psycopg", "httpx"})


_MANIFEST = """
version: 1
targets: {flowdb: {provider: postgres, options: {dsn: {env: TEST_DSN}, passwords: none}}}
servers: {flowdb: {target: flowdb, database: postgres}}
users: {amina: {}}
roles: {reader: {server: flowdb, privileges: [{schema: public, allow: [usage]}]}}
grants: [{user: amina, role: reader}]
"""

_NOT_IN_SYNC = (
    *("explain", "expression", "health", "importing", "keeping", "manifest.yaml_faults"),
    *("plan_file", "plan_signature"),
    *("record_texts", "report", "status", "cli.plan_files", "engine.applying", "engine.recording"),
    *("engine.rotating", "ledger.documents", "ledger.drift", "ledger.intents", "ledger.journal"),
    *("ledger.locks", "ledger.runs", "ledger.values", "render.access", "render.change_lines"),
    *("render.drift_text", "render.sections", "render.sql_text", "survey"),
    *(
        f"providers.postgres.{name}"
        for name in (
            *("apply", "drops", "estates", "examining", "handed_on", "leaving", "lock"),
            *("ownership_rights", "password_reading", "password_setting", "passwords"),
            *("policy_probe", "policy_spelling", "powers", "rights", "script", "sessions"),
            *("shut_databases", "statements", "survey", "transactions", "verifiers"),
        )
    ),
)
"""What only changes, drift, passwords and other commands need: a fifth of what a plan would load
with it, and 0.05 s of each."""


def test_a_plan_without_changes_loads_nothing_that_changes_need(
    postgres_cluster: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = tmp_path / "access.yaml"
    manifest.write_text(_MANIFEST)
    monkeypatch.setenv("TEST_DSN", postgres_cluster.dsn())
    in_apply = _imported("apply", "--yes", "-f", str(manifest))

    in_plan = _imported("plan", "--detailed-exitcode", "-f", str(manifest))

    names = {f"reconciler.{name}" for name in _NOT_IN_SYNC}
    assert "reconciler.ledger.applied" in in_plan, "it read what the apply remembered"
    assert "reconciler.providers.postgres.normalize" in in_plan
    assert names & in_plan == set()
    assert {"reconciler.engine.applying", "reconciler.ledger.values"} <= names & in_apply


def test_the_version_is_that_of_the_package() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "reconciler", "--version"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout == f"reconciler {reconciler.__version__}\n"


def test_every_command_of_the_help_exists_and_explains_itself() -> None:
    context = click.Context(cli)

    names = cli.list_commands(context)

    for name in names:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


def test_every_command_module_is_in_the_help() -> None:
    folder = Path(importlib.import_module("reconciler.cli").__path__[0])

    with_command = {  # no module can be called `import`
        path.stem.removesuffix("_")
        for path in folder.glob("*.py")
        if "\n@click.command(" in path.read_text()
    }

    assert with_command == set(cli.list_commands(click.Context(cli)))
