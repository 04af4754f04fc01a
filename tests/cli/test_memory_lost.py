"""A memory that is lost or bad is told, and only ever makes the tool less willing to delete."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.ledger import open_ledger
from reconciler.ledger.sqlite_file import open_file
from tests.cli.conftest import EMPTY_STATE, MANIFEST, Project, record
from tests.cli.frozen import LEDGER
from tests.ledger.format_1 import make_format_1

FEWER = MANIFEST.replace("  - {user: amina, role: reader}\n", "")
ELSEWHERE = MANIFEST.replace("state: state.json", "state: {env: STATE}")
TWO = (
    MANIFEST.replace(
        "servers:\n",
        "  old: {provider: memory, options: {state: old.json}}\nservers:\n  past: {target: old}\n",
    ).replace("roles:\n", "roles:\n  keeper: {server: past}\n")
    + "  - {user: kofi, role: keeper}\n"
)


def paths(project: Project, file: str = "state.json") -> list[list[str]]:
    """The paths of all records of a target."""
    document = json.loads((project.folder / file).read_text(encoding="utf-8"))
    return [each["path"] for each in document["records"]]


def add(project: Project, *records: dict[str, object]) -> None:
    """Add records to the target by hand."""
    document = json.loads(project.state())
    document["records"] += records
    project.write_state(document)


def document_of(project: Project, *arguments: str) -> dict[str, list[dict[str, str]]]:
    """The document that a command prints."""
    document: dict[str, list[dict[str, str]]] = json.loads(
        project.run(*arguments, "--format", "json").stdout
    )
    return document


def rules(project: Project, *options: str) -> list[str]:
    """The rules that have something to say of a plan."""
    return [each["rule"] for each in document_of(project, "plan", *options)["findings"]]


@pytest.fixture
def busy(applied: Project) -> Project:
    """After an apply, a grant is taken from the manifest and a stranger got in by hand."""
    applied.write_manifest(FEWER)
    add(applied, record("account", "eve"), record("membership", "reader", "eve"))
    return applied


# Lost


def test_with_its_memory_the_tool_takes_both_away(busy: Project) -> None:
    busy.run_well("apply", "--yes")

    assert ["reader", "amina"] not in paths(busy)
    assert ["reader", "eve"] not in paths(busy)


def test_without_the_ledger_nothing_is_deleted_del_08(busy: Project) -> None:
    shutil.rmtree(busy.folder / ".reconciler")
    before = paths(busy)
    told = rules(busy)

    busy.run_well("apply", "--yes")

    assert told == ["left-alone-unknown"]
    assert paths(busy) == before


def test_without_the_ledger_there_is_no_verdict_del_08(busy: Project) -> None:
    busy.write_manifest(MANIFEST.replace("{server: main}", "{server: main, level: admin}"))
    shutil.rmtree(busy.folder / ".reconciler")

    result = busy.run("drift")

    assert result.exit_code == 1
    assert "no verdict for db" in result.stderr


def test_after_the_next_apply_what_is_in_no_line_is_drift_and_goes_del_08(busy: Project) -> None:
    shutil.rmtree(busy.folder / ".reconciler")
    busy.run_well("apply", "--yes")

    drift = busy.run("drift")
    busy.run_well("apply", "--yes")

    assert drift.exit_code == 3
    assert "eve" in drift.stdout
    assert ["reader", "eve"] not in paths(busy)


def test_a_target_that_left_the_manifest_stays_remembered_and_untouched_del_08(
    project: Project,
) -> None:
    (project.folder / "old.json").write_text(json.dumps(EMPTY_STATE), encoding="utf-8")
    project.write_manifest(TWO)
    project.run_well("apply", "--yes")
    before = (project.folder / "old.json").read_bytes()
    project.write_manifest(MANIFEST)
    project.run_well("apply", "--yes")
    assert project.run("drift").exit_code == 0
    assert (project.folder / "old.json").read_bytes() == before

    project.write_manifest(TWO.replace("  - {user: kofi, role: keeper}\n", ""))
    project.run_well("apply", "--yes")

    assert ["keeper", "kofi"] not in paths(project, "old.json")


# Bad


def _text(ledger: Path) -> None:
    ledger.write_text("this is no ledger\n" * 200, encoding="utf-8")


def _nothing_in_it(ledger: Path) -> None:
    ledger.write_bytes(b"")


def _half(ledger: Path) -> None:
    content = ledger.read_bytes()
    ledger.write_bytes(content[: len(content) // 2])


def _scribbled(ledger: Path) -> None:
    content = bytearray(ledger.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    ledger.write_bytes(bytes(content))


def _sql(*statements: str) -> Callable[[Path], None]:
    def run(ledger: Path) -> None:
        with closing(sqlite3.connect(ledger)) as connection:
            for statement in statements:
                assert connection.execute(statement).rowcount
            connection.commit()
            connection.execute("PRAGMA journal_mode = DELETE")

    return run


def _of_another_program(ledger: Path) -> None:
    ledger.unlink()
    _sql("CREATE TABLE people (name TEXT)")(ledger)


_BAD: list[tuple[Callable[[Path], None], str]] = [
    (_text, "it is not an SQLite database"),
    (_nothing_in_it, "the file is empty"),
    (_half, "it is damaged"),
    (_scribbled, "it is damaged"),
    (_sql("UPDATE meta SET value = '99'"), "it was made by a newer reconciler"),
    (_sql("DROP TABLE drift"), "the table drift is missing"),
    (_sql("UPDATE applied SET document = '[]'"), "it is damaged"),
    (_sql("UPDATE applied SET records = '[]'"), "the applied state does not fit its digest"),
    (_of_another_program, "it is a database, but not a ledger of reconciler"),
]


@pytest.mark.parametrize("command", ["plan", "apply --yes", "drift", "status"])
@pytest.mark.parametrize(
    "spoil, words", _BAD, ids=[f"{number} {words}" for number, (_, words) in enumerate(_BAD)]
)
def test_a_bad_ledger_is_told_and_nothing_is_written_del_08(
    busy: Project, spoil: Callable[[Path], None], words: str, command: str
) -> None:
    spoil(busy.folder / LEDGER)
    before = busy.state()

    result = busy.run(*command.split())

    assert result.exit_code == 1, result.output
    assert result.stderr.startswith(f"error: {LEDGER}: ")
    assert words in result.stderr
    assert busy.state() == before


def test_a_ledger_of_an_older_format_is_brought_up_to_date_and_used(project: Project) -> None:
    project.write_manifest(MANIFEST.replace("db", "flowdb"))
    (project.folder / ".reconciler").mkdir()
    database = open_file(project.folder / LEDGER, create=True)
    assert database is not None
    make_format_1(database)

    planned = rules(project)
    result = project.run_well("apply", "--yes")

    assert planned == ["held"], "the account that it remembers is gone"
    assert "flowdb: an earlier run ended in the middle" in result.stdout
    assert "The record is whole" in project.run_well("log", "--verify").stdout


def test_a_ledger_that_may_only_be_read_is_enough_to_plan(
    busy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.access  # root may write whatever its mode says
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))
    before = (busy.state(), (busy.folder / LEDGER).read_bytes())

    planned, drift = busy.run_well("plan"), busy.run("drift")
    applied = busy.run("apply", "--yes")

    assert "Nothing is known" not in planned.stdout
    assert "eve" in planned.stdout
    assert drift.exit_code == 3
    assert "warning: the drift could not be noted: " in drift.stderr
    assert applied.exit_code == 1
    assert LEDGER in applied.stderr
    assert (busy.state(), (busy.folder / LEDGER).read_bytes()) == before


# Of another system


@pytest.fixture
def real(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """One manifest for two environments; what it asks was applied to the real one.

    The one for tests has the same, and things of its own in the role and beside it.
    """
    project.write_manifest(ELSEWHERE)
    monkeypatch.setenv("STATE", "state.json")
    project.run_well("apply", "--yes")
    document = json.loads(project.state())
    document["records"] += [record("account", "eve"), record("membership", "reader", "eve")]
    (project.folder / "test.json").write_text(json.dumps(document), encoding="utf-8")
    return project


def test_what_was_applied_to_another_system_is_not_used_and_told_del_08(
    real: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE", "test.json")
    real.write_manifest(ELSEWHERE.replace("  - {user: kofi, role: reader}\n", ""))
    before = paths(real, "test.json")

    planned = real.run_well("plan")
    real.run_well("apply", "--yes")

    assert "the ledger remembers another system under the name db (" in planned.stdout
    assert "--ledger" in planned.stdout
    assert str(real.folder / "state.json") in planned.stdout
    assert paths(real, "test.json") == before


def test_there_is_no_verdict_on_another_system(
    real: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE", "test.json")
    real.write_manifest(ELSEWHERE.replace("{server: main}", "{server: main, level: admin}"))

    result = real.run("drift")

    assert result.exit_code == 1
    assert "no verdict for db" in result.stderr


def test_a_plan_for_one_system_is_refused_on_another_pln_02(
    real: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real.run_well("plan", "-o", "plan.json")
    monkeypatch.setenv("STATE", "test.json")
    before = (real.folder / "test.json").read_bytes()

    result = real.run("apply", "plan.json")

    assert result.exit_code == 6
    assert "db: nothing is known of an apply any more" in result.stderr
    assert (real.folder / "test.json").read_bytes() == before


def test_the_ledger_remembers_the_system_that_was_applied_to_last(
    real: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rules(real) == []
    monkeypatch.setenv("STATE", "test.json")
    assert "other-system" in rules(real)
    real.run_well("apply", "--yes")

    assert "other-system" not in rules(real)
    monkeypatch.setenv("STATE", "state.json")
    assert "other-system" in rules(real)


def test_with_a_ledger_of_its_own_each_system_is_known(
    real: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE", "test.json")
    real.run_well("apply", "--yes", "--ledger", "test.sqlite3")

    assert rules(real, "--ledger", "test.sqlite3") == []
    monkeypatch.setenv("STATE", "state.json")
    assert rules(real) == []


def test_what_was_sent_to_another_system_is_not_looked_up_here(
    real: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(LEDGER, clock=lambda: datetime.now(UTC)) as ledger:
        sent = next(each.entry for each in ledger.entries() if each.entry.kind == "intent")
        ledger.append(sent)
    monkeypatch.setenv("STATE", "test.json")

    real.run_well("apply", "--yes")

    with open_ledger(LEDGER, clock=lambda: datetime.now(UTC), create=False) as ledger:
        found = [each.entry for each in ledger.entries() if each.entry.kind == "found"]
        assert ledger.open_intents("db") == ()
    ((result,),) = (each.results for each in found)
    assert (result.status, result.message) == (
        "changed",
        "another system has the target's name now",
    )
