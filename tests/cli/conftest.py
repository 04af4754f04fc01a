"""A folder with a manifest for one memory target, and a way to run commands in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli import cli

MANIFEST = """\
version: 1
targets:
  db: {provider: memory, options: {state: state.json}}
servers:
  main: {target: db, database: maindb}
users:
  amina: {name: Amina Diallo}
  kofi: {name: Kofi Mensah}
groups:
  analysts: {members: [amina, kofi]}
roles:
  reader: {server: main}
grants:
  - {group: analysts, role: reader}
  - {user: amina, role: reader}
  - {user: kofi, role: reader}
"""

BLOCKED = MANIFEST.replace("{members: [amina, kofi]}", "{members: []}")
"""Nobody is left in a group: a blocking finding where it has members."""

EMPTY_STATE = {"format": "reconciler.memory/v1", "records": []}


def record(kind: str, *path: str) -> dict[str, object]:
    """A record of a memory target without fields."""
    return {"kind": kind, "path": list(path), "fields": {}}


class Project:
    """The folder in which commands run, and what they printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write_manifest(MANIFEST)
        self.write_state(EMPTY_STATE)

    def write_manifest(self, text: str) -> None:
        (self.folder / "access.yaml").write_text(text, encoding="utf-8")

    def write_state(self, document: object) -> None:
        (self.folder / "state.json").write_text(json.dumps(document), encoding="utf-8")

    def state(self) -> str:
        return (self.folder / "state.json").read_text(encoding="utf-8")

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments))

    def run_well(self, *arguments: str) -> Result:
        """Run a command that has to succeed."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A manifest that asks for two accounts, a group and a role, and an empty target."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.fixture
def applied(project: Project) -> Project:
    """The same after an apply."""
    project.run_well("apply", "--yes")
    return project


Prepare = Callable[[Project], None]
