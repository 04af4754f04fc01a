"""What MobiusFlow cannot hold is found with its line, before anything is asked or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.engine import Inputs, Run
from reconciler.errors import ManifestError
from tests.conformance.bench import NOW

MANIFEST = """\
version: 1
targets:
  plant:
    provider: mobiusflow
    options: {url: "http://127.0.0.1:1", dialect: v1, username: reconciler, password: {env: SECRET}}
users:
  amina: {name: Amina, accounts: {plant: amina}}
  kofi: {name: Kofi}
groups:
  engineers: {members: [amina, kofi]}
roles:
  builder: {target: plant, level: editor}
grants:
  - {group: engineers, role: builder}
"""


def _run(folder: Path, text: str) -> Run:
    path = folder / "access.yaml"
    path.write_text(text, encoding="utf-8")
    return Run(Inputs((str(path),), (), {"SECRET": "canary-password"}, NOW))


def _problem(folder: Path, old: str, new: str) -> str:
    """The one problem of the manifest in which this text is replaced, with its line."""
    assert old in MANIFEST
    with pytest.raises(ManifestError) as caught:
        _run(folder, MANIFEST.replace(old, new))
    (problem,) = caught.value.problems
    assert problem.source is not None
    assert "canary" not in str(problem)
    return f"{problem.source.line}: {problem}"


def test_the_manifest_that_the_cases_change_is_right(tmp_path: Path) -> None:
    with _run(tmp_path, MANIFEST) as run:
        assert list(run.desired) == ["plant"]


@pytest.mark.parametrize(
    "name, said",
    [
        ("KOFI", "give one of them another name"),
        ('"amina "', "a blank"),
        ('".."', "nothing but dots"),
    ],
)
def test_a_name_that_cannot_be_held_is_refused(tmp_path: Path, name: str, said: str) -> None:
    problem = _problem(tmp_path, "{plant: amina}", f"{{plant: {name}}}")

    assert said in problem
    assert problem.startswith(("7: ", "8: "))


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("level: editor", "level: 'custom{admin,read}'", "is not a level"),
        ("level: editor", "level: superuser", "the levels are viewer, editor, administrator"),
        (", level: editor", "", "a role has to be a level"),
        ("dialect: v1", "dialect: v2", 'the option "dialect" is not usable'),
        ("dialect: v1, ", "", 'the option "dialect" is missing'),
        ("dialect: v1", "dialect: v1, routes: [list GET users]", "all of v1 is published"),
        ("dialect: v1", "dialect: v3, routes: [lst GET user]", 'did you mean "list"'),
        ("dialect: v1", "dialect: v3, emulate_inactive: true", "v3 deactivates accounts itself"),
    ],
)
def test_what_no_engine_can_hold_is_refused_with_what_to_do(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in MANIFEST
    with pytest.raises(ManifestError) as caught:
        _run(tmp_path, MANIFEST.replace(old, new))

    assert said in str(caught.value)
    assert all(problem.source for problem in caught.value.problems)
