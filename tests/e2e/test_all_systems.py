"""The manifests of `examples/` on the systems they are for, by the program as a person runs it.

What came of it is what each system says when it is asked around the program.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconciler.sandbox.systems import SandboxSystems
from tests.e2e import six_systems
from tests.e2e.conftest import Program
from tests.e2e.six_systems import System

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
ALL = "all-systems"
SINGLE = {
    "flowauth-1.17": (lambda: six_systems.legacy_flowauth("B")),
    "graphistry": six_systems.visuals,
    "kohakuriver": six_systems.river,
    "mobiusflow": six_systems.plant,
    "scim": six_systems.people,
}
ELSEWHERE = {"access", ALL}
"""Tested in `test_example` and below, on all their systems together."""

WITHOUT_PASSWORDS = "people"
ESI = re.compile(r"\besi\b")

Passwords = Mapping[tuple[str, str], str]


@pytest.fixture
def six(systems: SandboxSystems) -> Iterator[Mapping[str, System]]:
    """Six systems of six kinds."""
    with six_systems.six_systems(systems) as found:
        yield found


@pytest.fixture
def program(six: Mapping[str, System], tmp_path: Path) -> Program:
    """The program in a folder with the manifest for all six."""
    environment = {name: value for each in six.values() for name, value in each.environment.items()}
    return program_for(ALL, tmp_path, environment)


def program_for(example: str, folder: Path, environment: Mapping[str, str]) -> Program:
    """The program in a folder with this example as its manifest."""
    text = (EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8")
    (folder / "access.yaml").write_text(text, encoding="utf-8")
    return Program(folder, environment)


def told(program: Program, *arguments: str, code: int = 0) -> str:
    """What a run says, which must end so."""
    done = program(*arguments)
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def handed_over(program: Program) -> Passwords:
    """The passwords in the file of an apply, by target and account."""
    text = (program.folder / "passwords.jsonl").read_text(encoding="utf-8")
    entries = [json.loads(line) for line in text.splitlines()]
    return {(each["target"], each["account"]): each.get("password", "") for each in entries}


def converge(program: Program) -> None:
    """Everything from the first look at the manifest to the plan that is empty."""
    told(program, "validate")
    told(program, "plan", "--detailed-exitcode", code=2)
    told(program, "apply", "--yes", "--credentials-out", "passwords.jsonl")
    told(program, "plan", "--detailed-exitcode")
    told(program, "drift")


def let_in(six: Mapping[str, System], passwords: Passwords, account: str) -> set[str]:
    """The systems that let this account in."""
    return {
        name
        for name, system in six.items()
        if system.lets_in(account, "" if name == WITHOUT_PASSWORDS else passwords[name, account])
    }


def facts_of_others(six: Mapping[str, System]) -> dict[str, dict[str, object]]:
    """What each system holds that is not about Esi."""
    return {
        name: {fact: value for fact, value in system.facts().items() if not ESI.search(fact)}
        for name, system in six.items()
    }


@pytest.mark.parametrize("example", sorted(SINGLE))
def test_each_example_applies_and_then_nothing_is_left_to_do(example: str, tmp_path: Path) -> None:
    with SINGLE[example]() as system:
        program = program_for(example, tmp_path, system.environment)

        converge(program)

        for (_, account), password in handed_over(program).items():
            assert not password or system.lets_in(account, password)
        assert [fact for fact in system.facts() if re.search(r"\bamina\b", fact)]


def test_the_example_for_1_17_does_on_the_first_releases_too(tmp_path: Path) -> None:
    with six_systems.legacy_flowauth("A") as system:
        converge(program_for("flowauth-1.17", tmp_path, system.environment))

        assert "user kofi in ghana-analyst" in system.facts()


def test_every_example_is_tried() -> None:
    assert {path.stem for path in EXAMPLES.iterdir()} == {*SINGLE, *ELSEWHERE}


def test_one_manifest_is_applied_to_six_kinds_of_system(
    six: Mapping[str, System], program: Program
) -> None:
    converge(program)

    passwords = handed_over(program)
    for person in ("amina", "esi", "kofi"):
        assert let_in(six, passwords, person) == set(six)


def test_who_departs_is_shut_out_of_all_six_and_nobody_else_loses_anything(
    six: Mapping[str, System], program: Program
) -> None:
    converge(program)
    before = facts_of_others(six)
    depart(program)

    plan = told(program, "plan", "--detailed-exitcode", code=2)
    report = told(program, "apply", "--yes")

    print(plan, report)
    passwords = handed_over(program)
    assert let_in(six, passwords, "esi") == set()
    assert facts_of_others(six) == before
    assert let_in(six, passwords, "amina") == let_in(six, passwords, "kofi") == set(six)
    told(program, "plan", "--detailed-exitcode")
    told(program, "drift")


def depart(program: Program) -> None:
    """Write into the manifest that Esi has departed."""
    path = program.folder / "access.yaml"
    text = path.read_text(encoding="utf-8")
    line = "esi: {name: Esi Owusu, email: esi@example.org"
    assert text.count(line) == 1
    path.write_text(text.replace(line, f"{line}, state: departed"), encoding="utf-8")
