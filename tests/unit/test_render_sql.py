"""A plan as SQL for a reviewer, and what `doctor` found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.health import Check, Health, TargetHealth
from reconciler.plan import Finding
from reconciler.render.doctor_text import doctor_json, doctor_summary, doctor_text
from reconciler.render.sql_text import sql_text
from reconciler.secret import Redactor, Secret
from tests.sample_plans import HOSTILE, hostile_plan, sample_plan

Golden = Callable[[str, str], None]

SCRIPT = ("", "-- database flowdb", r"\connect flowdb", "BEGIN;", "SELECT 1;", "COMMIT;")
HEALTH = Health(
    "2027-01-15T12:00:00Z",
    ("access.yaml",),
    (Check("manifest", "ok", "it is valid"), Check("ledger", "ok", "it can be written")),
    (
        TargetHealth(
            "flowdb",
            "postgres",
            "PostgreSQL 18.4",
            "reconciler",
            (
                Check("options", "ok", "every reference leads to a value"),
                Check("rights", "fails", "it needs ADMIN OPTION", 'GRANT "a" TO "b"'),
                Check("rights", "fails", "it needs USAGE", 'GRANT USAGE ON SCHEMA "s"', "flowdb"),
                Check("remark", "note", "the passwords of old are stored as MD5"),
            ),
        ),
        TargetHealth(
            "flowauth", "flowauth", "", "", (Check("connection", "unreachable", "no answer"),)
        ),
    ),
)


def test_the_sql_of_a_plan_out_01(golden: Golden) -> None:
    plan = sample_plan()
    flowdb, *others = (each.target for each in plan.targets)

    golden("plan.sql", sql_text(plan, {flowdb: SCRIPT}, {each: ["POST /x"] for each in others}))


def test_what_is_held_back_is_told_and_left_out() -> None:
    plan = sample_plan()
    target = next(each for each in plan.targets if each.changes)
    key = target.changes[0].key
    held = Finding("S-12345678", "removals", target.target, "too much", (key,), blocking=True)

    lines = sql_text(replace(plan, findings=(held,)), {}, {}).splitlines()

    assert "-- S-12345678 blocks: too much" in lines
    assert any(line.startswith("-- left out: ") for line in lines)


def test_of_several_systems_each_script_is_run_on_demand_alone() -> None:
    plan = sample_plan()
    first, second = (each.target for each in plan.targets[:2])

    text = sql_text(plan, {first: SCRIPT, second: SCRIPT}, {})

    assert text.count("\\if :{?target_") == text.count("\\endif") == 2
    assert text.index("\\if :{?target_1}") < text.index("\\if :{?target_2}")


def test_hostile_names_in_comments_are_harmless_out_03() -> None:
    plan = hostile_plan()
    requests = {each.target: [f"POST {HOSTILE}\n-- x\ndrop"] for each in plan.targets}

    lines = sql_text(plan, {}, requests).split("\n")

    assert all(line.isprintable() for line in lines)
    assert all(line.startswith("-- ") for line in lines if line)


def test_the_text_of_doctor_out_01(golden: Golden) -> None:
    golden("doctor.txt", doctor_text(HEALTH))


def test_the_document_of_doctor_out_01(golden: Golden) -> None:
    golden("doctor.json", doctor_json(HEALTH, Redactor()))


def test_what_targets_said_is_redacted_in_the_document() -> None:
    health = replace(HEALTH, checks=(Check("ledger", "fails", "no hunter-2 here"),))

    assert "hunter-2" not in doctor_json(health, Redactor.of([Secret("hunter-2")]))


def test_hostile_answers_are_harmless_in_the_text_out_03() -> None:
    health = replace(HEALTH, checks=(Check("ledger", "fails", HOSTILE, HOSTILE, HOSTILE),))

    assert all(line.isprintable() for line in doctor_text(health).split("\n"))


def test_one_line_sums_up() -> None:
    assert doctor_summary(HEALTH) == "2 things would fail; 1 target cannot be reached."
    assert doctor_summary(replace(HEALTH, targets=())) == "All is well."
