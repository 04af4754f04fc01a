"""This project's own workflow runs what the README says on all that is supported, and shows it when
a part is left out.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.django_releases import RELEASES
from tools.scim_servers import SERVERS

ROOT = Path(__file__).parent.parent.parent
WORKFLOW: Mapping[str, Any] = yaml.safe_load(
    (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
)
JOBS: Mapping[str, Any] = WORKFLOW["jobs"]
LAST = "all-green"


def commands(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def words(node: object) -> Iterator[str]:
    """All keys of a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from words(value)
    elif isinstance(node, list):
        for each in node:
            yield from words(each)


def test_the_last_job_wants_success_of_every_other() -> None:
    last = JOBS[LAST]

    assert set(last["needs"]) == set(JOBS) - {LAST}
    (step,) = last["steps"]
    wanted = " ".join(["success"] * len(last["needs"]))
    assert step["run"] == f'test "$RESULTS" = "{wanted}"'
    assert last["if"] == "always()"


def test_no_step_may_fail_or_be_left_out() -> None:
    others = {name: job for name, job in JOBS.items() if name != LAST}

    assert not {"if", "continue-on-error"}.intersection(words(others))


def test_every_supported_python_is_checked_and_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    supported = [c.removeprefix(prefix) for c in project["classifiers"] if c.startswith(prefix)]

    assert JOBS["tests"]["strategy"]["matrix"]["python"] == supported
    assert commands("tests") == ["./dev check", "./dev test"]


def test_every_supported_postgresql_is_tested() -> None:
    pinned = json.loads((ROOT / "requirements" / "postgres.json").read_text(encoding="utf-8"))

    assert JOBS["postgres"]["strategy"]["matrix"]["version"] == sorted(pinned)
    assert commands("postgres") == ["./dev test --pg ${{ matrix.version }}"]


def test_every_scim_server_is_tested() -> None:
    assert commands("scim") == ["./dev test --scim all"]
    assert len(SERVERS) > 1


def test_every_other_django_is_tested() -> None:
    assert commands("django") == ["./dev test --django ${{ matrix.release }}"]
    assert JOBS["django"]["strategy"]["matrix"]["release"] == list(RELEASES)
    for release in RELEASES:
        pins = (ROOT / "requirements" / f"django-{release}.txt").read_text(encoding="utf-8")
        assert f"django=={release}." in pins
