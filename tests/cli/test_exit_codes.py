"""Every command's exit codes, and what stderr says with them (OUT-04)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import BLOCKED, MANIFEST, Project, record


def _nothing(project: Project) -> None:
    """The project as it is: everything still to be created."""


def _in_sync(project: Project) -> None:
    project.run_well("apply", "--yes")


def _invalid(project: Project) -> None:
    project.write_manifest(MANIFEST.replace("[amina, kofi]", "[amina, koffi]"))


def _no_manifest(project: Project) -> None:
    (project.folder / "access.yaml").unlink()


def _unreadable(project: Project) -> None:
    (project.folder / "state.json").unlink()


def _blocked(project: Project) -> None:
    project.run_well("apply", "--yes")
    project.write_manifest(BLOCKED)


def _planned(project: Project) -> None:
    project.run_well("plan", "-o", "plan.json")


def _planned_then_manifest_changed(project: Project) -> None:
    _planned(project)
    project.write_manifest(MANIFEST.replace("Amina Diallo", "Amina D."))


def _planned_then_target_changed(project: Project) -> None:
    _planned(project)
    records = [record("account", "amina")]
    project.write_state({"format": "reconciler.memory/v1", "records": records})


def _planned_and_edited(project: Project) -> None:
    _planned(project)
    plan = project.folder / "plan.json"
    plan.write_text(plan.read_text().replace("amina", "mallory"))


def _refused(project: Project) -> None:
    """One thing that the target refuses to remove, and nothing else to do."""
    project.run_well("apply", "--yes")
    project.write_manifest(MANIFEST.replace("state.json}}", "state.json}, policy: {prune: all}}"))
    document = json.loads(project.state())
    document["records"] += [
        record("role", "legacy"),
        record("privilege", "legacy", "a database nobody declares", "table", "public"),
    ]
    project.write_state(document)


def _partly_refused(project: Project) -> None:
    _refused(project)
    document = json.loads(project.state())
    document["records"].append(record("group", "leftover"))
    project.write_state(document)


def _drifted(project: Project) -> None:
    """One membership is cut and a stranger has one: applied, then changed by hand."""
    _in_sync(project)
    document = json.loads(project.state())
    document["records"] = [
        each for each in document["records"] if each["path"] != ["analysts", "amina"]
    ]
    document["records"] += [record("account", "eve"), record("membership", "reader", "eve")]
    project.write_state(document)


def _merged_and_not_applied(project: Project) -> None:
    _in_sync(project)
    project.write_manifest(MANIFEST.replace("  - {user: amina, role: reader}\n", ""))


def _silencing(project: Project, until: str, word: str = "drift_baseline") -> None:
    _drifted(project)
    entry = f"{{match: {{target: db}}, until: {until}, by: amina, reason: known}}"
    text = f"version: 1\n{word}:\n  - {entry}\n"
    (project.folder / ".reconciler" / "acknowledge.yaml").write_text(text, encoding="utf-8")


def _silenced(project: Project) -> None:
    _silencing(project, "2099-01-01T00:00:00Z")


def _silenced_too_long_ago(project: Project) -> None:
    _silencing(project, "2020-01-01T00:00:00Z")


def _wrongly_silenced(project: Project) -> None:
    _silencing(project, "2099-01-01T00:00:00Z", "drift_baselines")


def _damaged_ledger(project: Project) -> None:
    (project.folder / ".reconciler").mkdir()
    (project.folder / ".reconciler" / "ledger.sqlite3").write_text("not a ledger\n" * 200)


_CASES: list[tuple[Callable[[Project], None], str, int, str]] = [
    (_nothing, "--help", 0, ""),
    (_nothing, "-h", 0, ""),
    (_nothing, "--version", 0, ""),
    (_nothing, "plan --help", 0, ""),
    (_nothing, "", 64, "Usage: reconciler"),
    (_nothing, "plna", 64, 'there is no command "plna"; did you mean "plan"?'),
    (_nothing, "--verbose", 64, "--verbose"),
    (_nothing, "plan --verbose", 64, "See: reconciler plan --help"),
    (_nothing, "plan extra", 64, "extra"),
    (_nothing, "plan --format xml", 64, "xml"),
    (_nothing, "plan --target", 64, "--target"),
    (_nothing, "show", 64, "FILE"),
    (_nothing, "validate", 0, ""),
    (_invalid, "validate", 4, "access.yaml:10:"),
    (_no_manifest, "validate", 4, "access.yaml"),
    (_nothing, "validate -f nowhere.yaml", 4, "nowhere.yaml"),
    (_unreadable, "validate", 0, ""),
    (_nothing, "validate --target dbb", 64, 'did you mean "db"?'),
    (_nothing, "plan", 0, ""),
    (_nothing, "plan --target db", 0, ""),
    (_nothing, "plan --target dbb", 64, 'did you mean "db"?'),
    (_nothing, "plan --detailed-exitcode", 2, ""),
    (_in_sync, "plan --detailed-exitcode", 0, ""),
    (_in_sync, "plan", 0, ""),
    (_invalid, "plan", 4, "access.yaml:10:"),
    (_unreadable, "plan", 9, "Nothing was planned and nothing was written"),
    (_blocked, "plan", 5, ""),
    (_blocked, "plan --detailed-exitcode", 5, ""),
    (_nothing, "plan --accept S-none", 64, "--accept S-none"),
    (_nothing, "plan --statements", 0, ""),
    (_nothing, "plan --statements --format json", 64, "--statements"),
    (_nothing, "plan -o .", 64, "-o . is a directory"),
    (_nothing, "plan -o -", 64, "--format json"),
    (_nothing, "plan -o missing/plan.json", 64, "no writable folder"),
    (_nothing, "plan -o /dev/null", 64, "no ordinary file"),
    (_nothing, "show missing.json", 4, "cannot be read: No such file"),
    (_nothing, "show .", 4, "Is a directory"),
    (_nothing, "show access.yaml", 4, "it is not a plan"),
    (_planned, "show plan.json", 0, ""),
    (_planned_and_edited, "show plan.json", 4, "edited by hand"),
    (_planned_then_manifest_changed, "show plan.json", 0, ""),
    (_nothing, "apply", 64, "give --yes"),
    (_in_sync, "apply", 64, "give --yes"),
    (_nothing, "apply --yes", 0, ""),
    (_in_sync, "apply --yes", 0, ""),
    (_blocked, "apply --yes", 5, ""),
    (_unreadable, "apply --yes", 9, "state.json"),
    (_refused, "apply --yes", 1, ""),
    (_partly_refused, "apply --yes", 8, ""),
    (_planned, "apply plan.json", 0, ""),
    (_planned, "apply plan.json --target dbb", 64, "dbb"),
    (_planned_and_edited, "apply plan.json", 4, "edited by hand"),
    (_planned_then_manifest_changed, "apply plan.json", 6, "the manifest changed"),
    (_planned_then_target_changed, "apply plan.json", 6, "account amina was absent"),
    (_nothing, "apply missing.json", 4, "missing.json"),
    (_nothing, "drift", 1, "no verdict for db"),
    (_in_sync, "drift", 0, ""),
    (_drifted, "drift", 3, ""),
    (_merged_and_not_applied, "drift", 0, ""),
    (_silenced, "drift", 0, ""),
    (_silenced_too_long_ago, "drift", 3, ""),
    (_wrongly_silenced, "drift", 4, "acknowledge.yaml:2:"),
    (_drifted, "plan", 0, ""),
    (_drifted, "apply --yes", 0, ""),
    (_nothing, "apply --only expiry", 0, ""),
    (_nothing, "apply --only start", 64, "start"),
    (_planned, "apply plan.json --only expiry", 5, "--only expiry: the plan would also create"),
    (_planned, "apply plan.json --revoke-first", 64, "give --revoke-first to plan"),
    (_nothing, "apply --yes --max-failures -1", 64, "--max-failures"),
    (_nothing, "apply --yes --deadline 0", 64, "--deadline"),
    (_nothing, "apply --yes --deadline 600 --max-failures 3", 0, ""),
    (_damaged_ledger, "plan", 1, "ledger.sqlite3"),
    (_damaged_ledger, "drift", 1, "ledger.sqlite3"),
    (_damaged_ledger, "apply --yes", 1, "ledger.sqlite3"),
    (_in_sync, "offboard kofi --yes", 0, ""),
    (_in_sync, "offboard kofi", 64, "give --yes"),
    (_nothing, "offboard nobody --yes", 64, 'the manifest has no user "nobody"'),
    (_invalid, "offboard kofi --yes", 4, "access.yaml:10:"),
    (_damaged_ledger, "offboard kofi --yes", 1, "ledger.sqlite3"),
    (_unreadable, "offboard kofi --yes", 9, ""),
    (_in_sync, "status", 0, ""),
    (_nothing, "status", 0, ""),
    (_unreadable, "status", 9, "state.json"),
    (_nothing, "expiring", 0, ""),
    (_invalid, "expiring", 4, "access.yaml:10:"),
    (_nothing, "lock", 0, ""),
    (_unreadable, "drift", 9, "state.json"),
    (_invalid, "drift", 4, "access.yaml:10:"),
    (_nothing, "schema", 0, ""),
    (_nothing, "schema --plan", 0, ""),
    (_nothing, "schema --acknowledge", 0, ""),
    (_nothing, "schema --plan --check", 64, "exclude each other"),
    (_nothing, "schema --check", 1, "access.schema.json, plan.schema.json"),
    (_nothing, "schema --write", 0, ""),
    (_nothing, "init", 64, "access.yaml exists already"),
    (_nothing, "init elsewhere", 0, ""),
]


@pytest.mark.parametrize(
    "prepare, arguments, code, words",
    _CASES,
    ids=[f"{arguments} {prepare.__name__}" for prepare, arguments, _, _ in _CASES],
)
def test_the_exit_code_of_every_command_out_04(
    project: Project,
    prepare: Callable[[Project], None],
    arguments: str,
    code: int,
    words: str,
) -> None:
    prepare(project)

    result = project.run(*arguments.split())

    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert bool(words) == bool(result.stderr)


def test_no_error_shows_a_traceback_without_debug(project: Project) -> None:
    _invalid(project)

    assert "Traceback" not in project.run("plan").stderr
    assert "Traceback" in project.run("plan", "--debug").stderr


def test_an_accepted_finding_no_longer_blocks(project: Project) -> None:
    _blocked(project)
    plan = json.loads(project.run("plan", "--format", "json").stdout)
    finding = plan["findings"][0]["id"]

    assert project.run("plan", "--accept", finding).exit_code == 0
    assert project.run("apply", "--yes", "--accept", finding).exit_code == 0
    assert project.run("drift").exit_code == 0


def test_a_blocked_plan_file_is_applied_as_far_as_it_is_not_blocked(project: Project) -> None:
    _blocked(project)
    assert project.run("plan", "-o", "plan.json").exit_code == 5
    before = project.state()

    result = project.run("apply", "plan.json")

    assert result.exit_code == 5
    assert project.state() == before


def test_every_command_takes_the_common_options(project: Project) -> None:
    project.run_well("plan", "-o", "plan.json")
    common = ["-f", "access.yaml", "--target", "db", "--format", "json", "--no-color", "--debug"]

    for command in (["validate"], ["plan"], ["show", "plan.json"], ["schema"], ["init", "new"]):
        project.run_well(*command, *common)


def test_the_schemas_of_the_repository_are_up_to_date(project: Project) -> None:
    folder = Path(__file__).parents[2] / "schemas"

    project.run_well("schema", "--check", "--folder", str(folder))


def test_fresh_schemas_are_found_up_to_date(project: Project) -> None:
    project.run_well("schema", "--write", "--folder", "made")

    project.run_well("schema", "--check", "--folder", "made")


def test_a_stale_schema_is_named(project: Project) -> None:
    project.run_well("schema", "--write")
    shutil.copy("schemas/access.schema.json", "schemas/plan.schema.json")

    result = project.run("schema", "--check")

    assert result.exit_code == 1
    assert "plan.schema.json;" in result.stderr
