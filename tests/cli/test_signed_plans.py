"""Signed plans end to end: the apply job takes what the plan job made, and nothing else (PLN-02).

The plan job has the private key; the apply job has only what it takes to check a signature.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.plan_file import from_text, to_text
from tests.cli.conftest import MANIFEST, Project

POLICY = (
    "policies: {plan_signature: {method: ed25519, "
    "private_key: {env: PLAN_PRIVATE_KEY}, public_key: {env: PLAN_PUBLIC_KEY}}}\n"
)
ED25519 = MANIFEST.replace("version: 1\n", "version: 1\n" + POLICY)
HMAC = MANIFEST.replace(
    "version: 1\n",
    "version: 1\npolicies: {plan_signature: {method: hmac-sha256, key: {env: PLAN_KEY}}}\n",
)
SECRET = "jcv4vJvGGzTUA6ZPZZgrEaXxWyhV4yLQ"  # of these tests alone


class Jobs:
    """The job that plans and the job that applies: each in the environment that it has in CI."""

    def __init__(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = project
        self._monkeypatch = monkeypatch
        self._key = Ed25519PrivateKey.generate()

    def plan(self, *, signs: bool = True) -> Result:
        """Make plan.json; without the key where it does not sign."""
        private = {"PLAN_PRIVATE_KEY": _text(self._key.private_bytes_raw())} if signs else {}
        return self._run(private, "plan", "-o", "plan.json")

    def apply(self, *options: str, public_key: bytes | None = None) -> Result:
        """Apply plan.json with the public key alone."""
        key = public_key or self._key.public_key().public_bytes_raw()
        return self._run({"PLAN_PUBLIC_KEY": _text(key)}, "apply", "plan.json", *options)

    def private_key_text(self) -> str:
        return _text(self._key.private_bytes_raw())

    def _run(self, environment: dict[str, str], *arguments: str) -> Result:
        with self._monkeypatch.context() as patch:
            for name in ("PLAN_PRIVATE_KEY", "PLAN_PUBLIC_KEY"):
                patch.delenv(name, raising=False)
            for name, value in environment.items():
                patch.setenv(name, value)
            return self.project.run(*arguments)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.fixture
def jobs(project: Project, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Both jobs over a manifest that asks for signatures."""
    project.write_manifest(ED25519)
    return Jobs(project, monkeypatch)


def tampered() -> None:
    """Take a change out of plan.json; all else in it fits."""
    path = Path("plan.json")
    plan = from_text(path.read_text(encoding="utf-8"))
    target = replace(plan.targets[0], changes=plan.changes[:-1])
    path.write_text(to_text(replace(plan, targets=(target,))), encoding="utf-8")


def refused(jobs: Jobs, result: Result, code: int, words: str) -> None:
    """It was refused with these words, and nothing was written."""
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert json.loads(jobs.project.state())["records"] == []
    assert not Path(".reconciler").exists()


def test_what_the_plan_job_signed_is_applied_without_the_private_key_pln_02(jobs: Jobs) -> None:
    planned = jobs.plan()
    assert planned.exit_code == 0, planned.output
    assert "Signed: plan.json.sig." in planned.stdout

    result = jobs.apply()

    assert result.exit_code == 0, result.output
    assert "Converged: yes." in result.stdout


def test_the_private_key_is_in_nothing_that_the_plan_job_leaves_pln_08(jobs: Jobs) -> None:
    result = jobs.plan()

    left = "".join(path.read_text() for path in Path().iterdir() if path.is_file())
    assert "plan.json.sig" in {path.name for path in Path().iterdir()}
    assert jobs.private_key_text() not in left + result.output


def test_an_unsigned_plan_is_refused_pln_02(jobs: Jobs) -> None:
    planned = jobs.plan(signs=False)
    assert planned.exit_code == 0
    assert "Not signed: " in planned.stdout

    refused(jobs, jobs.apply(), 5, "plan.json is not signed: there is no plan.json.sig")


def test_an_edited_plan_is_refused_before_its_signature_is_looked_at_pln_02(jobs: Jobs) -> None:
    jobs.plan()
    path = Path("plan.json")
    path.write_text(path.read_text().replace("amina", "mallory"))

    refused(jobs, jobs.apply(), 4, "edited by hand")


def test_an_edited_plan_whose_digest_fits_has_the_signature_of_another_pln_02(jobs: Jobs) -> None:
    jobs.plan()
    tampered()

    refused(jobs, jobs.apply(), 5, "its signature belongs to another plan")


def test_a_signature_that_was_made_to_fit_is_not_right_pln_02(jobs: Jobs) -> None:
    jobs.plan()
    tampered()
    digest = json.loads(Path("plan.json").read_text())["digest"]
    signature = json.loads(Path("plan.json.sig").read_text())
    Path("plan.json.sig").write_text(json.dumps({**signature, "digest": digest}))

    refused(jobs, jobs.apply(), 5, "its signature was not made with the key of")


def test_another_key_checks_nothing_pln_02(jobs: Jobs) -> None:
    jobs.plan()
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()

    refused(jobs, jobs.apply(public_key=other), 5, "its signature was not made with the key of")


def test_the_signature_of_an_earlier_plan_does_not_stay_pln_02(jobs: Jobs) -> None:
    jobs.plan()

    jobs.plan(signs=False)

    refused(jobs, jobs.apply(), 5, "is not signed")


def test_a_signature_that_is_none_is_a_bad_file_pln_02(jobs: Jobs) -> None:
    jobs.plan()
    Path("plan.json.sig").write_bytes(b"\xff\xfe")

    refused(jobs, jobs.apply(), 4, "plan.json.sig is not text")


def test_a_manifest_that_no_longer_asks_for_a_signature_makes_the_plan_stale_pln_03(
    jobs: Jobs,
) -> None:
    jobs.plan(signs=False)
    jobs.project.write_manifest(MANIFEST)
    before = jobs.project.state()

    result = jobs.apply()

    assert result.exit_code == 6
    assert "the manifest changed" in result.stderr
    assert jobs.project.state() == before


def test_a_signed_plan_is_used_once_pln_02(jobs: Jobs) -> None:
    jobs.plan()
    assert jobs.apply().exit_code == 0

    again = jobs.apply()

    assert again.exit_code == 6


@pytest.mark.parametrize("key, code", [(SECRET, 0), (SECRET[::-1], 5), ("", 4)])
def test_one_secret_for_both_jobs_signs_and_checks_pln_02(
    project: Project, monkeypatch: pytest.MonkeyPatch, key: str, code: int
) -> None:
    project.write_manifest(HMAC)
    monkeypatch.setenv("PLAN_KEY", SECRET)
    project.run_well("plan", "-o", "plan.json")
    monkeypatch.setenv("PLAN_KEY", key)

    result = project.run("apply", "plan.json")

    assert result.exit_code == code, result.output
    assert SECRET not in result.output + Path("plan.json.sig").read_text()
