"""What an apply leaves in the ledger, and how `log` shows it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.changes import Change
from reconciler.ledger import Ledger, open_ledger
from reconciler.ledger.values import Entry, Result
from reconciler.state import Key
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


def test_an_apply_with_nothing_to_do_is_recorded_as_a_run_that_looked(project: Project) -> None:
    project.run_well("apply", "--yes")
    project.run_well("apply", "--yes")

    assert [run["summary"] for run in _log(project)] == ["nothing to do", "9 of 9 changes done"]


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


# The journal


def _opened(project: Project) -> Ledger:
    return open_ledger(str(project.folder / LEDGER), clock=lambda: datetime(2026, 3, 1, tzinfo=UTC))


def _account(name: str) -> Change:
    return Change("create", Key("account", (name,)), None, {})


def _write_journal(project: Project) -> None:
    """One entry of each kind."""
    with _opened(project) as ledger:
        run_id = ledger.begin_run("apply", author="Esi", targets=["db"])
        with ledger.lock("db", "esi@laptop", run_id=run_id):
            ledger.append(
                Entry("accepted", run_id, "db", finding="S-1", by="Esi", message="all go")
            )
            changes = tuple(map(_account, ("amina", "kofi", "kwame")))
            ledger.append(Entry("intent", run_id, "db", changes=changes))
            results = (Result(0, "done"), Result(1, "failed", "no right"), Result(2, "unknown"))
            ledger.append(Entry("result", run_id, "db", intent=4, results=results))
            ledger.append(Entry("found", 2, "db", intent=4, results=(Result(2, "not_done"),)))
            ledger.break_lock("db", "ama@desk")
        ledger.append(Entry("intent", run_id, "other", changes=(_account("amina"),)))
        ledger.end_run(run_id, 8, "1 of 3 changes done")


def test_the_journal_is_told_in_words_oldest_first(project: Project) -> None:
    _write_journal(project)

    text = project.run_well("log", "--journal").stdout

    since = "2026-03-01T00:00:00.000Z"
    assert text.splitlines() == [
        f"    {number}  {since}  {words}"
        for number, words in enumerate(
            [
                "run 1 started: apply by Esi",
                "lock of db taken by esi@laptop",
                "S-1 on db accepted by Esi: all go",
                "intent: create account amina (and 2 more) on db",
                "result of 4: 1 done, 1 failed, 1 unknown; no right",
                "found, of 4: 1 not done",
                f"lock of db broken by ama@desk: esi@laptop held it since {since}",
                "intent: create account amina on other",
                "run 1 ended: exit code 8: 1 of 3 changes done",
            ],
            1,
        )
    ]


def test_a_limit_keeps_the_last_entries_and_a_target_its_own(project: Project) -> None:
    _write_journal(project)

    last = project.run_well("log", "--journal", "-n", "2").stdout
    of_other = project.run_well("log", "--journal", "--target", "other").stdout
    of_both = project.run_well(
        *("log", "--journal", "-n", "2", "--target", "other", "--target", "db", "--target", "db")
    ).stdout

    assert [line.split()[0] for line in last.splitlines()] == ["8", "9"]
    assert [line.split()[0] for line in of_other.splitlines()] == ["8"]
    assert [line.split()[0] for line in of_both.splitlines()] == ["7", "8"]


def test_runs_can_be_chosen_by_target_and_those_of_unknown_targets_stay(project: Project) -> None:
    with _opened(project) as ledger:
        for targets in (["db"], ["other"], [], ["db", "other"], ["other"]):
            ledger.begin_run("apply", targets=targets)

    assert [run["run_id"] for run in _log(project, "--target", "db")] == [4, 3, 1]
    assert [run["run_id"] for run in _log(project, "--target", "db", "-n", "2")] == [4, 3]


def test_the_document_has_entries_only_where_they_were_asked_for(project: Project) -> None:
    _write_journal(project)

    with_them = json.loads(project.run_well("log", "--journal", "--format", "json").stdout)
    without = json.loads(project.run_well("log", "--format", "json").stdout)

    assert with_them["format"] == without["format"] == "reconciler.log/v1"
    assert "entries" not in without
    assert [each["number"] for each in with_them["entries"]] == list(range(1, 10))
    assert [each["path"] for each in with_them["entries"][3]["changes"]] == [
        ["amina"],
        ["kofi"],
        ["kwame"],
    ]
    assert with_them["entries"][4]["results"][1] == {
        "first": 1,
        "last": 1,
        "status": "failed",
        "message": "no right",
    }
    assert with_them["runs"][0]["targets"] == ["db"]


def test_what_somebody_wrote_does_not_reach_the_terminal_raw(project: Project) -> None:
    bad = "a\x1b[2J\nb\u202e"
    with _opened(project) as ledger:
        run_id = ledger.begin_run("apply", author=bad, targets=[bad])
        ledger.append(Entry("intent", 1, bad, changes=(_account(bad),)))
        ledger.append(Entry("result", 1, bad, intent=2, results=(Result(0, "failed", bad),)))
        ledger.append(Entry("accepted", 1, bad, finding=bad, by=bad, message=bad))
        ledger.end_run(run_id, 1, bad)

    for options in ([], ["--journal"], ["--format", "json"], ["--journal", "--format", "json"]):
        text = project.run_well("log", *options).stdout
        assert "a" in text
        assert not {"\x1b", "\u202e"} & set(text)
    assert len(project.run_well("log", "--journal").stdout.splitlines()) == 5


@pytest.mark.parametrize("options", [[], ["--journal"]])
def test_an_absent_ledger_is_an_empty_one(project: Project, options: list[str]) -> None:
    assert " no " in project.run_well("log", *options).stdout
    assert not (project.folder / ".reconciler").exists()


@pytest.mark.parametrize("command", [["log"], ["log", "--journal"], ["lock"]])
@pytest.mark.parametrize(
    "statement, said",
    [
        ("UPDATE meta SET value = '99'", "made by a newer reconciler"),
        ("UPDATE meta SET value = 'x'", "it is damaged"),
        ("DROP TABLE runs", "the table runs is missing: it is damaged"),
    ],
)
def test_a_ledger_that_cannot_be_used_is_a_message_and_no_traceback(
    project: Project, command: list[str], statement: str, said: str
) -> None:
    _write_journal(project)
    with closing(sqlite3.connect(project.folder / LEDGER, isolation_level=None)) as connection:
        connection.execute(statement)

    result = project.run(*command)

    assert result.exit_code == 1
    assert said in result.stderr
    assert "internal error" not in result.stderr


@pytest.mark.parametrize("limit", ["0", "-1", "many", "9" * 30])
def test_a_limit_that_is_none_is_a_mistyped_command_line_out_04(
    project: Project, limit: str
) -> None:
    assert project.run("log", "-n", limit).exit_code == 64


def test_entries_that_somebody_changed_are_found_by_verify(project: Project) -> None:
    _write_journal(project)
    with closing(sqlite3.connect(project.folder / LEDGER, isolation_level=None)) as connection:
        connection.execute("UPDATE journal SET content = replace(content, 'kwame', 'esi')")

    result = project.run("log", "--verify")

    assert result.exit_code == 1
    assert "entry 4 was edited" in result.stderr
