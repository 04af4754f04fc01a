"""What goes to stdout and stderr: documents alone, no secrets, no tracebacks (OUT-05)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import jsonschema
import pytest
from click.testing import CliRunner

from reconciler.cli.lazy import LazyGroup
from reconciler.plan_schema import plan_schema
from tests.cli.conftest import BLOCKED, MANIFEST, Project, record
from tests.cli.failing import SECRET

_ROOT = Path(__file__).parents[2]


def _process(
    project: Project, *arguments: str, **options: object
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=project.folder,
        env=environment,
        stderr=subprocess.PIPE,
        check=False,
        **options,
    )


@pytest.mark.parametrize(
    "arguments, form",
    [
        (["validate"], "reconciler.validate/v1"),
        (["plan"], "reconciler.plan/v1"),
        (["show", "plan.json"], "reconciler.plan/v1"),
        (["apply", "--yes"], "reconciler.report/v1"),
        (["apply", "plan.json"], "reconciler.report/v1"),
        (["drift"], "reconciler.drift/v1"),
        (["offboard", "kofi", "--dry-run"], "reconciler.offboard/v1"),
        (["offboard", "kofi", "--yes"], "reconciler.offboard/v1"),
        (["status"], "reconciler.status/v1"),
        (["doctor"], "reconciler.doctor/v1"),
        (["expiring"], "reconciler.expiring/v1"),
        (["log", "--journal"], "reconciler.log/v1"),
        (["lock"], "reconciler.lock/v1"),
    ],
)
def test_json_puts_one_document_on_stdout_and_nothing_else_out_05(
    project: Project, arguments: list[str], form: str
) -> None:
    project.run_well("apply", "--yes")
    project.run_well("plan", "-o", "plan.json")

    result = project.run(*arguments, "--format", "json")

    assert json.loads(result.stdout)["format"] == form
    assert result.stderr == ""


@pytest.mark.parametrize("arguments", [["plan"], ["apply", "--yes"], ["drift"], ["validate"]])
def test_an_error_in_json_leaves_stdout_empty_out_05(
    project: Project, arguments: list[str]
) -> None:
    project.write_manifest("version: 2\n")

    result = project.run(*arguments, "--format", "json")

    assert result.exit_code == 4
    assert result.stdout == ""
    assert result.stderr.startswith("error: access.yaml:1:")


def test_a_saved_plan_is_the_printed_document_and_fits_the_schema(project: Project) -> None:
    printed = project.run_well("plan", "-o", "plan.json", "--format", "json").stdout

    saved = (project.folder / "plan.json").read_bytes()

    assert saved.decode() == printed
    jsonschema.Draft202012Validator(plan_schema()).validate(json.loads(saved))
    assert (project.folder / "plan.json").stat().st_mode & 0o777 == 0o644


def test_a_saved_plan_leaves_no_other_file(project: Project) -> None:
    before = set(os.listdir(project.folder))

    project.run_well("plan", "-o", "plan.json")
    project.run_well("plan", "-o", "plan.json")

    assert set(os.listdir(project.folder)) == before | {"plan.json"}


def test_show_prints_what_plan_printed(project: Project) -> None:
    planned = project.run_well("plan", "-o", "plan.json").stdout

    shown = project.run_well("show", "plan.json").stdout

    assert planned.startswith(shown)
    assert planned.removeprefix(shown) == (
        "\nSaved. To apply exactly this: reconciler apply plan.json\n"
    )


def test_the_command_after_a_saved_plan_names_the_files_of_the_manifest(project: Project) -> None:
    (project.folder / "the access.yaml").write_text(MANIFEST)

    text = project.run_well("plan", "-f", "the access.yaml", "-o", "plan.json").stdout

    assert text.endswith("reconciler apply -f 'the access.yaml' plan.json\n")


def test_statements_are_shown_below_the_plan(project: Project) -> None:
    text = project.run_well("plan", "--statements").stdout

    assert "\nWhat db would be sent\n    create " in text


def test_unmanaged_records_are_listed_on_request(project: Project) -> None:
    project.write_state({"format": "reconciler.memory/v1", "records": [record("account", "old")]})

    assert "(--unmanaged lists them)" in project.run_well("plan").stdout
    assert "    db: account old\n" in project.run_well("plan", "--unmanaged").stdout


def test_a_blocked_plan_is_shown_and_saved_all_the_same(applied: Project) -> None:
    applied.write_manifest(BLOCKED)

    result = applied.run("plan", "-o", "plan.json")

    assert result.exit_code == 5
    assert "lift it with --accept S-" in result.stdout
    assert "BLOCKED" in applied.run("show", "plan.json").stdout


def test_an_apply_shows_the_plan_and_then_the_report(project: Project) -> None:
    text = project.run_well("apply", "--yes").stdout

    assert text.index("Plan: 9 to create") < text.index("Apply: 9 done, 0 failed")
    assert text.endswith("Converged: yes.\n")


def test_an_apply_with_nothing_to_do_says_so_once(applied: Project) -> None:
    text = applied.run_well("apply", "--yes").stdout

    assert text.endswith("\nNothing to do: 1 target is in sync.\n")
    assert text.count("Nothing to do") == 1


def test_without_a_terminal_nothing_is_coloured_out_05(project: Project) -> None:
    assert "\x1b" not in project.run_well("plan").stdout


# Failures


def _failing() -> click.Group:
    return LazyGroup(name="reconciler", commands={"fail": ("tests.cli.failing", "Fail.")})


def test_an_unforeseen_error_is_one_paragraph_without_secrets() -> None:
    result = CliRunner().invoke(_failing(), ["fail"])

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("internal error (LookupError: no \\x1b[31mrow for ***)")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback_without_secrets() -> None:
    result = CliRunner().invoke(_failing(), ["fail", "--debug"])

    assert result.exit_code == 1
    assert "Traceback (most recent call last)" in result.stderr
    assert "in command" in result.stderr
    assert SECRET not in result.stderr


def test_a_reader_who_leaves_early_is_no_error(project: Project) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        result = _process(project, "plan", "--detailed-exitcode", stdout=write_end)
    finally:
        os.close(write_end)

    assert result.returncode == 2
    assert result.stderr == b""


def test_a_closed_stdout_is_no_error(project: Project) -> None:
    command = f'exec "{sys.executable}" -m reconciler plan --detailed-exitcode >&-'
    result = subprocess.run(
        ["sh", "-c", command],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        check=False,
    )

    assert result.returncode == 2
    assert result.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_stdout_that_is_full_is_an_error(project: Project) -> None:
    with open("/dev/full", "wb") as full:
        result = _process(project, "plan", stdout=full)

    assert result.returncode == 1
    assert result.stderr == b"error: stdout cannot be written: No space left on device\n"


def test_documents_are_utf8_whatever_the_terminal_takes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write_manifest(MANIFEST.replace("Amina Diallo", "Amína 日"))
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")

    document = _process(project, "plan", "--format", "json", stdout=subprocess.PIPE)
    text = _process(project, "plan", stdout=subprocess.PIPE)

    assert json.loads(document.stdout)["targets"][0]["people"]["amina"] == "Amína 日"
    assert "Amína \\u65e5 (amina)" in text.stdout.decode("latin-1")
