"""`reconciler status`: what is pending, drifted and held, and what the ledger remembers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.ledger import open_ledger
from tests.cli.conftest import MANIFEST, Project


def _document(project: Project) -> Any:
    """The document of `status`, which is made of whatever JSON is made of."""
    return json.loads(project.run_well("status", "--format", "json").stdout)


def _remove_amina_from_reader(project: Project) -> None:
    state = json.loads(project.state())
    gone = {"kind": "membership", "path": ["reader", "amina"]}
    kept = [each for each in state["records"] if not gone.items() <= each.items()]
    assert len(kept) == len(state["records"]) - 1
    project.write_state({**state, "records": kept})


def test_before_the_first_apply_drift_is_not_known(project: Project) -> None:
    lines = project.run_well("status").stdout.splitlines()

    assert lines[0] == "pending 9 · drift not known · expiring 0"
    assert "    applied    no apply that ended well is known" in lines
    assert not (project.folder / ".reconciler").exists()


def test_after_an_apply_it_says_which_one(applied: Project) -> None:
    (target,) = _document(applied)["targets"]

    assert target["last_success"]["run_id"] == 1
    assert target["applied_known"] is True
    assert applied.run_well("status").stdout.startswith("pending 0 · drift 0 · expiring 0\n")


def test_a_commit_that_is_not_applied_yet_is_pending_and_no_drift_drf_02(applied: Project) -> None:
    role = "  reader: {server: main}\n"
    more = MANIFEST.replace(role, f"{role}  writer: {{server: main}}\n")
    applied.write_manifest(more + "  - {user: amina, role: writer}\n")

    (target,) = _document(applied)["targets"]

    assert target["pending"] == {"config": 2, "expiry": 0, "start": 0, "unknown": 0}
    assert set(target["drift"].values()) == {0}


def test_what_the_target_did_is_drift_and_held_and_exit_code_0(applied: Project) -> None:
    _remove_amina_from_reader(applied)

    (target,) = _document(applied)["targets"]

    assert (target["drift"]["narrowed"], target["held"]) == (1, 1)
    assert set(target["pending"].values()) == {0}


def test_it_says_who_is_applying(applied: Project) -> None:
    place = str(applied.folder / ".reconciler" / "ledger.sqlite3")
    with (
        open_ledger(place, clock=lambda: datetime.now(UTC)) as ledger,
        ledger.lock("db", "esi@laptop"),
    ):
        text = applied.run_well("status").stdout

    assert "    lock       held by esi@laptop since 20" in text


def test_a_target_that_cannot_be_read_is_an_error_and_not_a_status(applied: Project) -> None:
    (applied.folder / "state.json").unlink()

    result = applied.run("status")

    assert (result.exit_code, result.stdout) == (9, "")


def test_grants_that_end_soon_are_counted(applied: Project) -> None:
    soon = (datetime.now(UTC) + timedelta(days=13)).strftime("%Y-%m-%dT%H:%M:%SZ")
    grant = "{user: kofi, role: reader}"
    applied.write_manifest(MANIFEST.replace(grant, f"{grant[:-1]}, until: {soon}}}"))

    assert _document(applied)["expiring"] == {"within": "14d", "grants": 1}
