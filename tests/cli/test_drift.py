"""Drift at the command line: since when, what is new of it, what silences it, when it is an alarm
(DRF-02 to DRF-08).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.engine import noting
from tests.cli.conftest import MANIFEST, Project, record

FIRST = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
STRANGER = (record("account", "eve"), record("membership", "reader", "eve"))
RIGHT = {
    "kind": "privilege",
    "path": ["reader", "maindb", "table", "geo"],
    "fields": {"cells": ["SELECT"]},
}


class Clock:
    """What the ledger takes the time from when drift is noted."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = FIRST
        patch.setattr(noting, "utc_now", lambda: self.now)

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the test turns."""
    return Clock(monkeypatch)


@contextmanager
def by_hand(project: Project) -> Iterator[list[dict[str, Any]]]:
    """The target's records, to be changed behind the program's back."""
    document = json.loads(project.state())
    yield document["records"]
    project.write_state(document)


def drift(project: Project, code: int = 3) -> dict[str, Any]:
    """The document of `drift`, which must end with this exit code."""
    result = project.run("drift", "--format", "json")
    assert result.exit_code == code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def seen(project: Project) -> dict[str, tuple[str, str]]:
    """News and first-seen time of each membership's drift, by member."""
    found = [each for target in drift(project)["targets"] for each in target["drift"]]
    return {
        each["path"][1]: (each["news"], each["first_seen"])
        for each in found
        if each["kind"] == "membership"
    }


@pytest.fixture
def invaded(applied: Project) -> Project:
    """After an apply, a stranger got into the role by hand."""
    with by_hand(applied) as records:
        records += STRANGER
    return applied


def acknowledge(project: Project, until: str, more: str = "") -> None:
    """A reviewed entry that silences drift of the target."""
    entry = f"{{match: {{target: db{more}}}, until: {until}, by: amina, reason: DATA-9}}"
    text = f"version: 1\ndrift_baseline:\n  - {entry}\n"
    (project.folder / ".reconciler" / "acknowledge.yaml").write_text(text, encoding="utf-8")


# Since when, and what is new


def test_the_time_of_the_first_sight_stays_over_runs_drf_05(invaded: Project, clock: Clock) -> None:
    first = seen(invaded)
    clock.turn(hours=1)
    second = seen(invaded)
    clock.turn(days=3)
    third = seen(invaded)

    assert first == {"eve": ("new", "2027-06-30T12:00:00.000Z")}
    assert second == third == {"eve": ("still", "2027-06-30T12:00:00.000Z")}


def test_what_comes_later_is_new_beside_what_was_there_drf_05(
    invaded: Project, clock: Clock
) -> None:
    seen(invaded)
    clock.turn(minutes=10)
    with by_hand(invaded) as records:
        records += [record("account", "mallory"), record("membership", "reader", "mallory")]

    assert seen(invaded) == {
        "eve": ("still", "2027-06-30T12:00:00.000Z"),
        "mallory": ("new", "2027-06-30T12:10:00.000Z"),
    }


def test_what_the_target_changed_further_is_worse_drf_05(applied: Project, clock: Clock) -> None:
    with by_hand(applied) as records:
        records.append(RIGHT)
    (first,) = drift(applied)["targets"][0]["drift"]
    clock.turn(hours=1)
    with by_hand(applied) as records:
        records[-1] = {**RIGHT, "fields": {"cells": ["INSERT", "SELECT"]}}

    (then,) = drift(applied)["targets"][0]["drift"]

    assert (first["id"], first["news"]) == (then["id"], "new")
    assert (then["news"], then["first_seen"]) == ("worse", first["first_seen"])


def test_what_is_gone_is_resolved_and_new_when_it_comes_back_drf_05(
    invaded: Project, clock: Clock
) -> None:
    seen(invaded)
    invaded.run_well("apply", "--yes")
    gone = drift(invaded, code=0)
    clock.turn(days=1)
    with by_hand(invaded) as records:
        records += STRANGER[1:]

    assert gone["targets"][0]["drift"] == []
    assert gone["counts"]["resolved"] == 1
    assert seen(invaded) == {"eve": ("new", "2027-07-01T12:00:00.000Z")}


def test_how_many_were_resolved_is_told_drf_05(invaded: Project, clock: Clock) -> None:
    seen(invaded)
    invaded.run_well("apply", "--yes")

    text = invaded.run_well("drift").stdout

    assert "Resolved since the last look: 1 difference." in text
    assert "Resolved" not in invaded.run_well("drift").stdout


def test_planning_and_applying_note_nothing_drf_05(invaded: Project, clock: Clock) -> None:
    invaded.run_well("plan")
    clock.turn(hours=2)

    assert seen(invaded) == {"eve": ("new", "2027-06-30T14:00:00.000Z")}


# Known drift


def test_known_drift_is_no_alarm_but_is_shown_and_still_planned_drf_03(invaded: Project) -> None:
    acknowledge(invaded, "2099-01-01T00:00:00Z")

    told = invaded.run("drift")
    planned = invaded.run("plan", "--detailed-exitcode")
    invaded.run_well("apply", "--yes")

    assert told.exit_code == 0
    assert "DATA-9" in told.stdout
    assert planned.exit_code == 2
    assert "eve" in planned.stdout
    assert ["reader", "eve"] not in [e["path"] for e in json.loads(invaded.state())["records"]]


def test_a_silencing_that_ended_speaks_again_drf_03(invaded: Project) -> None:
    acknowledge(invaded, "2099-01-01T00:00:00Z")
    assert drift(invaded, code=0)
    acknowledge(invaded, "2020-01-01T00:00:00Z")

    result = invaded.run("drift")

    assert result.exit_code == 3
    assert "DATA-9" not in result.stdout


@pytest.mark.parametrize(
    "more, code",
    [
        (', key: "membership reader/eve"', 0),
        (', key: "membership reader/*"', 0),
        (', key: "membership reader/kofi"', 3),
        (', key: "account *"', 3),
    ],
)
def test_only_what_an_entry_matches_is_silenced_drf_03(
    invaded: Project, more: str, code: int
) -> None:
    acknowledge(invaded, "2099-01-01T00:00:00Z", more)

    assert invaded.run("drift").exit_code == code


def test_silenced_drift_has_its_first_sight_too_drf_03(invaded: Project, clock: Clock) -> None:
    acknowledge(invaded, "2099-01-01T00:00:00Z")
    drift(invaded, code=0)
    clock.turn(days=30)
    acknowledge(invaded, "2020-01-01T00:00:00Z")

    assert seen(invaded) == {"eve": ("still", "2027-06-30T12:00:00.000Z")}


# Whose doing it is


def test_an_edit_beside_drift_is_counted_apart_drf_02(invaded: Project) -> None:
    invaded.write_manifest(MANIFEST.replace("  - {user: amina, role: reader}\n", ""))

    document = drift(invaded)

    members = [each["path"] for each in document["targets"][0]["drift"]]
    assert ["reader", "eve"] in members
    assert not [path for path in members if "amina" in path]


def test_an_edit_that_somebody_made_by_hand_already_is_no_drift_drf_02(applied: Project) -> None:
    applied.write_manifest(MANIFEST.replace("  - {user: amina, role: reader}\n", ""))
    with by_hand(applied) as records:
        records[:] = [each for each in records if each["path"] != ["reader", "amina"]]

    assert drift(applied, code=0)["targets"][0]["drift"] == []


def test_an_end_that_nobody_applied_yet_is_no_drift_drf_02(project: Project) -> None:
    line = "  - {user: amina, role: reader}\n"
    open_end, ended = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
    project.write_manifest(MANIFEST.replace(line, f"{line[:-2]}, until: {open_end}}}\n"))
    project.run_well("apply", "--yes")
    project.write_manifest(MANIFEST.replace(line, f"{line[:-2]}, until: {ended}}}\n"))

    assert drift(project, code=0)["targets"][0]["drift"] == []


# Silence is told


def test_a_report_without_drift_says_what_was_read_and_as_whom_drf_08(applied: Project) -> None:
    text = applied.run_well("drift").stdout
    (target,) = drift(applied, code=0)["targets"]

    assert "db" in text
    assert "read whole" in text
    assert "memory 1" in text
    assert (target["target"], target["drift"]) == ("db", [])
    assert target["system"] == "memory 1"


def test_a_target_that_was_not_read_whole_has_no_report_drf_08(invaded: Project) -> None:
    drift(invaded)
    (invaded.folder / "state.json").write_text('{"format": "reconciler.memory/v1", "reco')

    result = invaded.run("drift", "--format", "json")

    assert result.exit_code == 9
    assert result.stdout == ""
    assert "db: " in result.stderr


def test_a_read_that_failed_resolves_nothing_drf_08(invaded: Project, clock: Clock) -> None:
    seen(invaded)
    whole = invaded.state()
    (invaded.folder / "state.json").unlink()
    assert invaded.run("drift").exit_code == 9
    (invaded.folder / "state.json").write_text(whole)
    clock.turn(hours=1)

    assert seen(invaded) == {"eve": ("still", "2027-06-30T12:00:00.000Z")}
