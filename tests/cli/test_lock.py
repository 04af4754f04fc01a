"""Who holds which lock, and how the lock of a dead run is freed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from reconciler.errors import LockHeldError
from reconciler.ledger import Ledger, open_ledger
from reconciler.ledger.locks import Lock
from tests.cli.conftest import Project

LEDGER = ".reconciler/ledger.sqlite3"
_TIMEOUT_S = 60


@pytest.fixture
def ledger(project: Project) -> Iterator[Ledger]:
    """The ledger of the project."""
    place = str(project.folder / LEDGER)
    with open_ledger(place, clock=lambda: datetime.now(UTC)) as opened:
        yield opened


@pytest.fixture
def lock(ledger: Ledger) -> Iterator[Lock]:
    """The lock of `db`, held by a run that is at work."""
    with ledger.lock("db", "esi@laptop", run_id=7, ttl_s=600) as held:
        yield held


def test_nobody_holds_a_lock_where_there_is_no_ledger(project: Project) -> None:
    assert project.run_well("lock").stdout == "Nobody holds a lock.\n"
    assert project.run_well("lock", "--break", "db", "--yes").stdout == (
        "db: nobody holds its lock; nothing was done\n"
    )
    assert not (project.folder / ".reconciler").exists()


def test_a_held_lock_is_shown_with_its_holder_run_and_times(
    project: Project, ledger: Ledger, lock: Lock
) -> None:
    status = ledger.lock_status("db")
    assert status is not None

    text = project.run_well("lock").stdout

    assert text == (
        f"db: held by esi@laptop, run 7, since {status.since}; free at {status.expires} unless it "
        "is renewed\n"
    )
    assert project.run_well("lock", "--target", "other").stdout == "Nobody holds a lock.\n"


def test_the_lock_of_a_dead_run_is_shown_as_run_out(project: Project) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    place = str(project.folder / LEDGER)
    with open_ledger(place, clock=lambda: past) as ledger, ledger.lock("db", "esi@laptop"):
        text = project.run_well("lock").stdout

    assert "it ran out at" in text
    assert "the next apply takes it over" in text


def test_the_document_lists_the_locks(project: Project, lock: Lock) -> None:
    document = json.loads(project.run_well("lock", "--format", "json").stdout)

    assert document["format"] == "reconciler.lock/v1"
    assert document["broken"] is None
    (held,) = document["locks"]
    assert (held["target"], held["holder"], held["run_id"]) == ("db", "esi@laptop", 7)
    assert held["is_expired"] is False


def test_a_broken_lock_is_free_stands_in_the_journal_and_its_holder_finds_out(
    project: Project, ledger: Ledger, lock: Lock
) -> None:
    text = project.run_well("lock", "--break", "db", "--yes").stdout

    assert text.startswith("db: freed; esi@laptop held it since ")
    assert ledger.locks() == ()
    entry = ledger.entries()[-1].entry
    assert (entry.kind, entry.target) == ("lock_broken", "db")
    assert f"(process {os.getpid()})" in entry.by
    with pytest.raises(LockHeldError):
        lock.check()


def test_breaking_a_lock_can_be_a_document_too(project: Project, lock: Lock) -> None:
    result = project.run_well("lock", "--break", "db", "--yes", "--format", "json")

    document = json.loads(result.stdout)

    assert document["broken"]["holder"] == "esi@laptop"
    assert document["locks"] == []


def test_without_a_terminal_a_lock_is_broken_only_with_yes(
    project: Project, ledger: Ledger, lock: Lock
) -> None:
    refused = project.run("lock", "--break", "db")

    assert refused.exit_code == 64
    assert "--yes" in refused.stderr
    lock.check()
    assert [each.target for each in ledger.locks()] == ["db"]


def test_another_target_s_lock_is_left_alone(project: Project, ledger: Ledger, lock: Lock) -> None:
    with ledger.lock("other", "ama@desk"):
        project.run_well("lock", "--break", "other", "--yes")

        assert [each.target for each in ledger.locks()] == ["db"]


def test_a_ledger_that_may_only_be_read_is_a_clear_message(
    project: Project, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.access  # root may write whatever its mode says
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))

    result = project.run("lock", "--break", "db", "--yes")

    assert result.exit_code == 1
    assert "it was opened for reading only, so nothing is recorded" in result.stderr


def test_a_holder_s_name_does_not_reach_the_terminal_raw(project: Project, ledger: Ledger) -> None:
    with ledger.lock("db\x1b[2J", "esi\n\u202e"):
        for options in ([], ["--format", "json"]):
            text = project.run_well("lock", *options).stdout
            assert not {"\x1b", "\u202e"} & set(text)
        assert len(project.run_well("lock").stdout.splitlines()) == 1


@pytest.mark.parametrize(
    "answer, code, is_free", [("y", 0, True), ("", 1, False), ("no", 1, False)]
)
def test_on_a_terminal_the_holder_is_shown_and_only_yes_frees_the_lock(
    project: Project, ledger: Ledger, lock: Lock, answer: str, code: int, is_free: bool
) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "reconciler", "lock", "--break", "db"],
        cwd=str(project.folder),
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        dimensions=(50, 300),
    )
    child.expect(r"db: held by esi@laptop, run 7, since .* Free the lock\? \[y/N\] ")
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == code
    assert (ledger.locks() == ()) is is_free
