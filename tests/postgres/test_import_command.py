"""`reconciler import` as a command: where it reads, where it writes, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli import cli
from tests.postgres.desk import PASSWORD, Desk

Import = Callable[..., Result]


@pytest.fixture
def run(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """Commands in a folder of their own; FLOWDB_DSN leads to the server, with a password."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    desk.sql(f"CREATE ROLE admin LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    desk.sql("CREATE ROLE reader; CREATE ROLE amina LOGIN; GRANT reader TO amina")
    monkeypatch.setenv("FLOWDB_DSN", desk.login("admin"))
    return lambda *arguments: CliRunner().invoke(cli, list(arguments))


def test_the_manifest_is_printed_without_the_connection_string(run: Import) -> None:
    result = run("import", "postgres", "--dsn-env", "FLOWDB_DSN", "--name", "flowdb")

    assert result.exit_code == 0, result.output
    assert "options: {dsn: {env: FLOWDB_DSN}}" in result.stdout
    assert "  amina: {}\n" in result.stdout
    assert "  reader: {target: flowdb}\n" in result.stdout
    assert PASSWORD not in result.output
    assert result.stderr == ""


def test_the_file_that_is_written_is_a_manifest_without_changes(run: Import) -> None:
    written = run("import", "postgres", "--dsn-env", "FLOWDB_DSN", "-o", "access.yaml")
    planned = run("plan", "--detailed-exitcode")

    assert written.exit_code == 0, written.output
    assert written.stdout.startswith("Wrote access.yaml.")
    assert planned.exit_code == 0, planned.output


def test_a_file_that_is_there_is_not_overwritten(run: Import) -> None:
    Path("access.yaml").write_text("mine", encoding="utf-8")

    result = run("import", "postgres", "--dsn-env", "FLOWDB_DSN", "-o", "access.yaml")

    assert result.exit_code == 64
    assert "access.yaml exists already" in result.stderr
    assert Path("access.yaml").read_text(encoding="utf-8") == "mine"


def test_the_connection_string_may_be_in_a_file(run: Import, desk: Desk) -> None:
    Path("dsn").write_text(desk.dsn + "\n", encoding="utf-8")

    result = run("import", "postgres", "--dsn-file", "dsn")

    assert result.exit_code == 0, result.output
    assert "options: {dsn: {file: dsn}}" in result.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((), "with either --dsn-env or --dsn-file"),
        (("--dsn-env", "FLOWDB_DSN", "--dsn-file", "dsn"), "with either --dsn-env or --dsn-file"),
        (("--dsn-env", "NOT_SET"), "the environment variable NOT_SET is not set"),
        (("--dsn-file", "nowhere"), "the file nowhere cannot be read"),
        (("--dsn-env", "FLOWDB_DSN", "--name", " x"), "the target's name"),
        (("--dsn-env", "FLOWDB_DSN", "-o", "no-such-folder/a.yaml"), "cannot be written"),
    ],
)
def test_a_command_line_that_cannot_work_says_why(
    run: Import, arguments: tuple[str, ...], message: str
) -> None:
    result = run("import", "postgres", *arguments)

    assert result.exit_code == 64
    assert message in result.stderr


def test_a_database_that_cannot_be_read_ends_it_with_nothing_written(run: Import) -> None:
    options = ("--dsn-env", "FLOWDB_DSN", "--database", "postgres", "--database", "no-such")

    result = run("import", "postgres", *options, "-o", "access.yaml")

    assert result.exit_code == 9
    assert 'database "no-such" does not exist' in result.stderr
    assert PASSWORD not in result.output
    assert not Path("access.yaml").exists()
