"""The throw-away systems, and the program as a person runs it: as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.sandbox.example import example_manifest
from reconciler.sandbox.systems import SandboxSystems, sandbox_systems


@dataclass(frozen=True)
class Program:
    """Runs `reconciler` in a folder, with an environment of its own."""

    folder: Path
    environment: Mapping[str, str] = field(repr=False)

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `reconciler ARGUMENTS` to its end, without a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=self.folder,
            env={**clean_environment(), **self.environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )


def clean_environment() -> dict[str, str]:
    """The environment of this process without what would change the program's output."""
    skipped = ("FLOWDB_", "FLOWAUTH_", "RECONCILER_", "PG", "GIT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(skipped)}


@pytest.fixture
def systems() -> Iterator[SandboxSystems]:
    """A FlowDB and a FlowAuth for this test alone."""
    with sandbox_systems() as systems:
        yield systems
        assert systems.flowauth.unplanned_errors == ()


@pytest.fixture
def program(systems: SandboxSystems, tmp_path: Path) -> Program:
    """The program in a folder with the example manifest, and the variables it refers to."""
    (tmp_path / "access.yaml").write_text(example_manifest(), encoding="utf-8")
    return Program(tmp_path, systems.environment)
