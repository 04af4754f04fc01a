"""`reconciler expiring`: which grants end or start soon, from files alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import MANIFEST, Project


def _in(**length: float) -> str:
    return (datetime.now(UTC) + timedelta(**length)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ending(project: Project, until: str) -> None:
    grant = "{user: kofi, role: reader}"
    project.write_manifest(MANIFEST.replace(grant, f"{grant[:-1]}, until: {until}}}"))


def test_a_grant_that_ends_soon_is_told_with_who_keeps_the_role(project: Project) -> None:
    _ending(project, _in(days=13))

    lines = project.run_well("expiring").stdout.splitlines()

    assert lines[1:3] == [
        "-   Kofi Mensah: reader on db ends  access.yaml:16",
        "      Kofi Mensah keeps it by access.yaml:14",
    ]
    assert lines[-1].startswith("1 grant ends, 0 start within 14d, until ")


@pytest.mark.parametrize(
    "within, number", [("13d", 1), ("12d", 0), ("1w6d", 1), ("313h", 1), ("60m", 0)]
)
def test_how_far_to_look_ahead_is_said_with_a_unit(
    project: Project, within: str, number: int
) -> None:
    _ending(project, _in(days=13, hours=-1))

    result = project.run_well("expiring", "--within", within, "--format", "json")

    document = json.loads(result.stdout)

    assert len(document["boundaries"]) == number
    assert document["within"] == within


@pytest.mark.parametrize("within", ["14", "2 weeks", "", "0d", "-1d"])
def test_a_time_without_its_unit_is_refused(project: Project, within: str) -> None:
    result = project.run("expiring", f"--within={within}")

    assert result.exit_code == 64
    assert "--within: " in result.stderr


def test_grants_that_ended_are_listed_on_request(project: Project) -> None:
    _ending(project, _in(days=-1))

    texts = [project.run_well("expiring", *options).stdout for options in ([], ["--ended"])]

    assert ["reader on db ended" in text for text in texts] == [False, True]


def test_no_target_and_no_ledger_is_touched(project: Project) -> None:
    (project.folder / "state.json").unlink()

    project.run_well("expiring")

    assert not (project.folder / ".reconciler").exists()


def test_what_was_silenced_for_a_time_is_told(project: Project) -> None:
    (project.folder / ".reconciler").mkdir()
    (project.folder / ".reconciler" / "acknowledge.yaml").write_text(
        "version: 1\n"
        "drift_baseline:\n"
        f"  - {{match: {{target: db}}, until: {_in(days=3)}, by: esi, reason: migration}}\n"
    )

    text = project.run_well("expiring").stdout

    assert "!   silence of all drift of * on db ends, by esi, migration  .reconciler/ack" in text


def test_a_target_that_the_manifest_does_not_have_is_refused(project: Project) -> None:
    result = project.run("expiring", "--target", "nowhere")

    assert result.exit_code == 64
    assert "nowhere" in result.stderr
