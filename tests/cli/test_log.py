"""What an apply leaves in the ledger, and how `log` shows it."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.ledger import open_ledger
from tests.cli.conftest import BLOCKED, MANIFEST, Project

LEDGER = ".reconciler/ledger.sqlite3"


def _log(project: Project, *options: str) -> list[dict[str, object]]:
    runs = json.loads(project.run_well("log", "--format", "json", *options).stdout)["runs"]
    assert isinstance(runs, list)
    return runs


def test_an_apply_is_in_the_log_with_its_plan_and_its_end(project: Project) -> None:
    project.run_well("apply", "--yes")

    (run,) = _log(project)

    assert (run["kind"], run["exit_code"]) == ("apply", 0)
    assert "changes done" in str(run["summary"])
    assert run["manifest_digest"]
    assert project.run_well("log", "--verify").stdout.startswith("The record is whole: ")


def test_the_log_names_the_commit_and_its_author(project: Project) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=Esi Owusu", "-c", "user.email=esi@example.org"]
        command = ["git", "-C", str(project.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("add", "access.yaml")
    git("commit", "--quiet", "--message", "access")
    project.run_well("apply", "--yes")
    project.write_manifest(MANIFEST.replace("[amina, kofi]", "[amina]"))
    project.run_well("apply", "--yes")

    changed, committed = _log(project)

    assert committed["commit"] == git("rev-parse", "HEAD")
    assert committed["author"] == "Esi Owusu <esi@example.org>"
    assert changed["commit"] == f"{committed['commit']}+uncommitted"


@pytest.mark.parametrize("command", ["validate", "plan", "drift", "show plan.json", "log"])
def test_reading_commands_make_no_ledger(project: Project, command: str) -> None:
    project.run_well("plan", "-o", "plan.json")

    project.run(*command.split())

    assert not (project.folder / ".reconciler").exists()


def test_an_apply_with_nothing_to_do_records_nothing(project: Project) -> None:
    project.run_well("apply", "--yes")
    project.run_well("apply", "--yes")

    assert len(_log(project)) == 1


def test_a_saved_plan_is_applied_once_pln_02(project: Project) -> None:
    before = project.state()
    project.run_well("plan", "-o", "plan.json")
    project.run_well("apply", "plan.json")
    project.write_state(json.loads(before))

    again = project.run("apply", "plan.json")

    assert again.exit_code == 6
    assert "used already, by run 1" in again.stderr
    assert json.loads(project.state()) == json.loads(before)


def test_a_plan_that_was_refused_before_anything_was_written_is_not_used_up(
    project: Project,
) -> None:
    project.run_well("plan", "-o", "plan.json")
    state = project.state()
    (project.folder / "state.json").unlink()
    assert project.run("apply", "plan.json").exit_code == 9
    project.write_state(json.loads(state))

    project.run_well("apply", "plan.json")

    assert [run["exit_code"] for run in _log(project)] == [0, 9]


def test_who_lifted_a_finding_stands_in_the_journal(project: Project) -> None:
    project.run_well("apply", "--yes")
    project.write_manifest(BLOCKED)
    plan = json.loads(project.run("plan", "--format", "json").stdout)
    (finding,) = [each for each in plan["findings"] if each["blocking"]]

    project.run("apply", "--yes", "--accept", finding["id"])

    place = str(project.folder / LEDGER)
    with open_ledger(place, clock=lambda: datetime.now(UTC), create=False) as ledger:
        entries = [each.entry for each in ledger.entries() if each.entry.kind == "accepted"]
    assert [(entry.finding, bool(entry.by)) for entry in entries] == [(finding["id"], True)]


def test_a_target_that_somebody_else_applies_to_is_left_alone_apl_04(project: Project) -> None:
    before = project.state()
    place = str(project.folder / LEDGER)
    with (
        open_ledger(place, clock=lambda: datetime.now(UTC)) as ledger,
        ledger.lock("db", "esi@laptop"),
    ):
        refused = project.run("apply", "--yes")

    assert refused.exit_code == 7
    assert "esi@laptop" in refused.stderr
    assert project.state() == before


def test_the_ledger_can_be_elsewhere(project: Project, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "memory" / "ledger.sqlite3")

    project.run_well("apply", "--yes", "--ledger", elsewhere)

    assert len(_log(project, "--ledger", elsewhere)) == 1
    assert _log(project) == []


def test_a_ledger_that_is_none_is_an_error_before_anything_is_written(project: Project) -> None:
    (project.folder / "notes.txt").write_text("not a ledger\n" * 200)
    before = project.state()

    refused = project.run("apply", "--yes", "--ledger", "notes.txt")

    assert refused.exit_code == 1
    assert "notes.txt" in refused.stderr
    assert project.state() == before
