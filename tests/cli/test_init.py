"""What `init` writes is valid as it stands, and its workflow runs with real commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import MANIFEST, Project

_WORKFLOW = Path(".github/workflows/access.yml")


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder after `init`, with the manifest and state of a project beside it."""
    folder = tmp_path / "started"
    folder.mkdir()
    monkeypatch.chdir(folder)
    project = Project(folder)
    (folder / "access.yaml").unlink()
    project.run_well("init")
    return project


def _workflow(project: Project) -> dict[str, Any]:
    document = yaml.safe_load((project.folder / _WORKFLOW).read_text())
    assert isinstance(document, dict)
    return document


def _commands(job: dict[str, Any]) -> list[str]:
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs[0] == 'pip install "$RECONCILER"'
    return runs[1:]


def test_the_starter_manifest_is_valid_without_any_environment(started: Project) -> None:
    text = started.run_well("validate").stdout

    assert text.startswith("access.yaml is valid: 4 users, 1 group, 2 roles")


def test_the_starter_manifest_explains_every_section(started: Project) -> None:
    text = (started.folder / "access.yaml").read_text()

    for section in ("targets", "servers", "users", "groups", "roles", "grants"):
        assert re.search(rf"^# .*\n{section}:$", text, re.MULTILINE), section


def test_the_starter_manifest_holds_no_secret(started: Project) -> None:
    text = (started.folder / "access.yaml").read_text()

    assert re.findall(r"(?:password|dsn): (\S+)", text) == ["{env:", "{env:"]


def test_init_overwrites_nothing_and_names_all_that_exists(started: Project) -> None:
    (started.folder / "access.yaml").write_text(MANIFEST)

    result = started.run("init")

    assert result.exit_code == 64
    assert f"access.yaml and {_WORKFLOW} exist already" in result.stderr
    assert (started.folder / "access.yaml").read_text() == MANIFEST


def test_init_writes_nothing_when_one_of_the_files_exists(project: Project) -> None:
    result = project.run("init")

    assert result.exit_code == 64
    assert not (project.folder / ".github").exists()


def test_the_workflow_plans_applies_and_compares_with_its_own_commands(started: Project) -> None:
    jobs = _workflow(started)["jobs"]
    started.write_manifest(MANIFEST)
    bin_folder = started.folder.parent / "bin"
    bin_folder.mkdir()
    script = bin_folder / "reconciler"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
    script.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }

    codes = {
        name: subprocess.run(
            ["bash", "-e", "-c", "\n".join(_commands(jobs[name]))],
            cwd=started.folder,
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        for name in ("validate", "plan", "apply", "expiry", "drift")
    }

    assert codes == {"validate": 0, "plan": 0, "apply": 0, "expiry": 0, "drift": 0}


def test_the_workflow_applies_the_file_that_was_planned(started: Project) -> None:
    jobs = _workflow(started)["jobs"]

    assert _commands(jobs["plan"]) == ["reconciler plan -o plan.json"]
    assert 'reconciler apply plan.json "$@"' in _commands(jobs["apply"])[0]
    assert jobs["apply"]["needs"] == "plan"
    uploads = [step["with"] for step in jobs["plan"]["steps"] if "upload" in step.get("uses", "")]
    downloads = [s["with"] for s in jobs["apply"]["steps"] if "download" in s.get("uses", "")]
    assert [each["name"] for each in uploads] == [each["name"] for each in downloads] == ["plan"]


def test_the_workflow_gives_write_credentials_to_the_jobs_that_apply_alone(
    started: Project,
) -> None:
    workflow = _workflow(started)
    jobs = workflow["jobs"]

    environments = {name: job.get("environment") for name, job in jobs.items()}

    assert environments == {
        "validate": None,
        "plan": "access-read",
        "apply": "access-write",
        "expiry": "access-expiry",
        "drift": "access-read",
    }
    assert "env" not in jobs["validate"]
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is False
    assert "pull_request_target" not in (started.folder / _WORKFLOW).read_text()


def test_the_workflow_gives_every_variable_of_the_manifest(started: Project) -> None:
    wanted = set(re.findall(r"\{env: (\w+)\}", (started.folder / "access.yaml").read_text()))
    wanted.remove("NAME")  # in the comment that explains it
    jobs = _workflow(started)["jobs"]

    given = {name: set(jobs[name]["env"]) for name in ("plan", "apply", "expiry", "drift")}
    assert given == dict.fromkeys(given, wanted | {"RECONCILER_LEDGER"})


def test_each_schedule_of_the_workflow_has_its_job(started: Project) -> None:
    workflow = _workflow(started)
    on = workflow.get("on", workflow.get(True))  # YAML 1.1 reads the key as a truth value

    jobs = {
        name: job["if"]
        for name, job in workflow["jobs"].items()
        if "schedule" in str(job.get("if"))
    }

    assert {f"github.event.schedule == '{each['cron']}'" for each in on["schedule"]} == set(
        jobs.values()
    )
    assert set(jobs) == {"expiry", "drift"}
