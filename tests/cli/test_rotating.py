"""Asking for new passwords at the command line: what cannot be is refused before anything is."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Project

USAGE = 64


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
@pytest.mark.parametrize(
    "spec, why",
    [
        ("amino", 'there is no user "amino"; did you mean "amina"?'),
        ("amina@dbx", 'this run has no target "dbx"; did you mean "db"?'),
        ("amina@db", "db (memory) makes a password once, with its account. Nothing was written"),
        ("amina", "with its account; name the others, as USER@TARGET"),
    ],
)
def test_a_user_who_cannot_get_a_new_password_is_refused_with_the_reason(
    project: Project, command: tuple[str, ...], spec: str, why: str
) -> None:
    before = project.state()

    result = project.run(*command, "--rotate-password", spec)

    assert result.exit_code == USAGE
    assert f"--rotate-password {spec}: " in result.stderr
    assert why in result.stderr
    assert project.state() == before


@pytest.mark.parametrize("with_", [("plan.json",), ("--only", "expiry")])
def test_neither_a_saved_plan_nor_expiry_alone_takes_new_passwords(
    project: Project, with_: tuple[str, ...]
) -> None:
    project.run("plan", "-o", "plan.json")
    before = project.state()

    result = project.run("apply", *with_, "--rotate-password", "amina")

    assert result.exit_code == USAGE
    assert "Nothing was read or written" in result.stderr
    assert project.state() == before
