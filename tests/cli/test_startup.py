"""Help and version answer at once, since they import nothing that is slow."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

import reconciler
from reconciler.cli import cli

_SLOW = ("pydantic", "httpx", "psycopg", "jsonschema", "deepdiff", "yaml", "sqlite3", "asyncio")


def _imported(*arguments: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reconciler", *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plna"], []])
def test_answers_that_need_no_command_import_nothing_slow(arguments: list[str]) -> None:
    modules = _imported(*arguments)

    tops = {module.partition(".")[0] for module in modules}
    assert "click" in tops
    assert not tops.intersection(_SLOW)
    assert "reconciler.engine" not in modules


def test_reading_a_plan_file_needs_no_engine() -> None:
    modules = _imported("show", "missing.json")

    assert "reconciler.plan_file" in modules
    assert "reconciler.engine" not in modules
    assert not {module.partition(".")[0] for module in modules}.intersection({"psycopg", "httpx"})


def test_the_version_is_that_of_the_package() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "reconciler", "--version"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout == f"reconciler {reconciler.__version__}\n"


def test_every_command_of_the_help_exists_and_explains_itself() -> None:
    context = click.Context(cli)

    names = cli.list_commands(context)

    for name in names:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help


def test_every_command_module_is_in_the_help() -> None:
    folder = Path(importlib.import_module("reconciler.cli").__path__[0])

    with_command = {  # no module can be called `import`
        path.stem.removesuffix("_")
        for path in folder.glob("*.py")
        if "\n@click.command(" in path.read_text()
    }

    assert with_command == set(cli.list_commands(click.Context(cli)))
