"""The wheel holds all that the program runs on, also what it only reads: SQL, and what it sends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.e2e import six_systems
from tests.e2e.test_all_systems import program_for, told

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ("access", "kohakuriver", "mobiusflow", "scim")
PUT_IN = {f"reconciler/sandbox/{name}.yaml" for name in EXAMPLES}
"""Copies of what lies elsewhere in the checkout."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel of this checkout unpacked in it, as pip does."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def files_of(folder: Path) -> set[str]:
    """The files of the package below a folder, less what Python keeps of its own."""
    found = (path for path in (folder / "reconciler").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for path in found if "__pycache__" not in path.parts}


def test_the_wheel_has_every_file_of_the_package_and_no_other(installed: Path) -> None:
    assert files_of(installed) == files_of(ROOT) | PUT_IN
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"reconciler"}


def test_the_installed_program_plans_on_a_graphistry(installed: Path, tmp_path: Path) -> None:
    """What is sent there is read from the package's own files."""
    with six_systems.visuals() as system:
        environment = {**system.environment, "PYTHONPATH": str(installed)}
        program = program_for("graphistry", tmp_path, environment)

        where = [sys.executable, "-c", "import reconciler; print(reconciler.__file__)"]
        found = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True)
        plan = told(program, "plan")

    assert found.stdout.strip() == str(installed / "reconciler" / "__init__.py")
    assert "Plan: 2 to create" in plan


def test_the_installed_sandbox_has_its_examples(installed: Path, tmp_path: Path) -> None:
    text = (
        "from reconciler.sandbox.example import example_path\n"
        f"for name in {EXAMPLES!r}: print(example_path(name))"
    )
    environment = {"PYTHONPATH": str(installed)}

    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True
    )

    found = [Path(line) for line in done.stdout.splitlines()]
    assert [path.parent for path in found] == [installed / "reconciler" / "sandbox"] * 4
    for path in found:
        assert path.read_bytes() == (ROOT / "examples" / path.name).read_bytes()
