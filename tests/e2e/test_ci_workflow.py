"""The workflow that `init` writes: its own shell steps, run as a pipeline would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from reconciler.sandbox.systems import SandboxSystems
from tests.e2e.conftest import Program, clean_environment

WORKFLOW = Path(".github/workflows/access.yml")
INSTALL = 'pip install "$RECONCILER"'


class Pipeline:
    """A repository made by `init`, and the jobs of its workflow."""

    def __init__(self, program: Program) -> None:
        self.folder = program.folder
        self.program = program
        (self.folder / "access.yaml").unlink()
        made = program("init")
        assert made.returncode == 0, made.stderr
        self.workflow: dict[str, Any] = yaml.safe_load((self.folder / WORKFLOW).read_text())

    def run(self, job: str) -> tuple[int, str]:
        """Run a job's shell steps as the runner does; the first failing code, and the output."""
        output, code = "", 0
        for step in self.workflow["jobs"][job]["steps"]:
            script = step.get("run")
            if script is None or script == INSTALL or (code and step.get("if") != "always()"):
                continue
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
            )
            output, code = output + done.stdout, code or done.returncode
        return code, output

    def environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**clean_environment(), **self.program.environment, "PATH": path, "CI": "true"}

    def seal_with_a_new_key(self) -> Path:
        """Make the certificate as the workflow's comment says; gives the key."""
        key = self.folder / "credentials.key"
        make = "openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj /CN=credentials"
        files = f"-keyout {key.name} -out .github/credentials.pem"
        subprocess.run(
            [*make.split(), *files.split()], cwd=self.folder, check=True, capture_output=True
        )
        return key


@pytest.fixture
def pipeline(systems: SandboxSystems, program: Program) -> Pipeline:
    """The starter repository, whose manifest fits the sandbox's systems."""
    assert systems.environment["FLOWAUTH_USERNAME"] == "reconciler"
    return Pipeline(program)


def test_the_jobs_validate_plan_apply_and_see_no_drift_afterwards(pipeline: Pipeline) -> None:
    key = pipeline.seal_with_a_new_key()

    results = {job: pipeline.run(job) for job in ("validate", "plan", "apply", "expiry", "drift")}

    assert {job: code for job, (code, _) in results.items()} == dict.fromkeys(results, 0), results
    assert not (pipeline.folder / "credentials.jsonl").exists()
    unseal = f"openssl cms -decrypt -inform DER -in credentials.cms -inkey {key.name}"
    opened = subprocess.run(unseal.split(), cwd=pipeline.folder, check=True, capture_output=True)
    accounts = {json.loads(line)["account"] for line in opened.stdout.splitlines()}
    assert {"amina", "kofi", "dashboards"} <= accounts


def test_without_a_certificate_a_plan_with_new_accounts_is_refused_before_anything_is_written(
    systems: SandboxSystems, pipeline: Pipeline
) -> None:
    before = systems.flowauth.store.snapshot()
    assert pipeline.run("plan")[0] == 0

    code, output = pipeline.run("apply")

    assert code == 64
    assert "--credentials-out" in output
    assert systems.flowauth.store.snapshot() == before
    with psycopg.connect(systems.environment["FLOWDB_DSN"]) as connection:
        assert connection.execute("SELECT FROM pg_roles WHERE rolname = 'amina'").fetchall() == []


def test_the_scheduled_job_fails_with_exit_3_when_somebody_changed_something(
    systems: SandboxSystems, pipeline: Pipeline
) -> None:
    pipeline.seal_with_a_new_key()
    assert [pipeline.run(job)[0] for job in ("plan", "apply")] == [0, 0]
    systems.flowauth.store.set_admin("amina", is_admin=True)

    code, output = pipeline.run("drift")

    assert code == 3
    assert "Amina Diallo should not have level admin" in output


def test_a_plan_that_no_longer_fits_is_not_applied(
    systems: SandboxSystems, pipeline: Pipeline
) -> None:
    pipeline.seal_with_a_new_key()
    assert pipeline.run("plan")[0] == 0
    with psycopg.connect(systems.environment["FLOWDB_DSN"], autocommit=True) as connection:
        connection.execute('CREATE ROLE "ghana-reader"')

    code, output = pipeline.run("apply")

    assert code == 6
    assert "ghana-reader" in output


def test_write_secrets_are_in_the_protected_environments_of_the_jobs_that_apply_alone(
    pipeline: Pipeline,
) -> None:
    jobs = pipeline.workflow["jobs"]

    assert {job: jobs[job].get("environment") for job in jobs} == {
        "validate": None,
        "plan": "access-read",
        "apply": "access-write",
        "expiry": "access-expiry",
        "drift": "access-read",
    }
    assert "env" not in jobs["validate"]
    assert pipeline.workflow["permissions"] == {"contents": "read"}
