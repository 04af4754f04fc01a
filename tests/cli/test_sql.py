"""`reconciler plan --format sql`: what would run, for a reviewer."""

from __future__ import annotations

from tests.cli.conftest import BLOCKED, Project


def test_what_is_no_sql_stands_in_comments(project: Project) -> None:
    lines = project.run_well("plan", "--format", "sql").stdout.splitlines()

    assert "-- db (memory): memory 1, as reconciler" in lines
    assert "-- what is sent is no SQL:" in lines
    assert all(line.startswith("-- ") for line in lines if line)


def test_the_exit_code_and_the_saved_plan_are_those_of_any_plan(project: Project) -> None:
    result = project.run("plan", "--format", "sql", "--detailed-exitcode", "-o", "plan.json")

    assert result.exit_code == 2
    assert project.run_well("apply", "plan.json").exit_code == 0


def test_what_is_blocked_is_left_out_and_told(applied: Project) -> None:
    applied.write_manifest(BLOCKED)

    result = applied.run("plan", "--format", "sql")

    assert result.exit_code == 5
    assert "-- left out: " in result.stdout


def test_statements_are_text_for_people(project: Project) -> None:
    result = project.run("plan", "--format", "sql", "--statements")

    assert result.exit_code == 64
    assert "leave out --format sql" in result.stderr


def test_other_commands_know_no_sql(project: Project) -> None:
    assert project.run("apply", "--format", "sql").exit_code == 64
