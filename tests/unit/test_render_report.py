"""The text of reports: what became of a plan, and what is left to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.changes import Outcome
from reconciler.render.report_text import report_summary, report_text
from reconciler.report import Report, TargetReport
from tests.sample_plans import HOSTILE, hostile_plan, in_sync_plan, sample_plan, sample_report

Golden = Callable[[str, str], None]


def test_the_text_of_a_report_out_01(golden: Golden) -> None:
    golden("report.txt", report_text(sample_report()))


def _hostile_report() -> Report:
    plan = hostile_plan()
    report = sample_report()
    outcomes = tuple(
        replace(report.outcomes[0], change=change, status="failed", message=HOSTILE)
        for change in plan.changes
    )
    target = TargetReport(plan.targets[0].target, outcomes, plan.changes[:1], HOSTILE)
    return Report(plan, (target,), credentials=HOSTILE)


def test_hostile_names_are_harmless_in_a_report_out_03() -> None:
    lines = report_text(_hostile_report()).split("\n")

    assert all(line.isprintable() for line in lines)
    assert any("\\x1b[31mil" in line for line in lines)


def test_a_report_of_nothing_says_that_nothing_was_changed() -> None:
    report = Report(in_sync_plan(), ())

    assert report_text(report) == "Nothing to do: nothing was changed.\n"


def test_an_interrupted_report_is_never_converged() -> None:
    report = Report(sample_plan(), (), interrupted=True)

    assert report_summary(report).startswith("Interrupted: ")
    assert report_summary(report).endswith("Converged: no.")


def _held_report() -> Report:
    """Everything was done but for a repair that is held."""
    plan = sample_plan()
    holding = tuple(each for each in plan.findings if each.holds)
    target = plan.target("flowdb")
    return Report(
        replace(plan, targets=(target,), findings=holding),
        (TargetReport("flowdb", (Outcome(target.changes[0], "done"),)),),
    )


def test_a_report_says_what_was_held_and_how_it_is_given_back() -> None:
    text = report_text(_held_report())

    assert "=   Held: flowdb: Kofi Mensah (kofi) was cut on the target" in text
    assert "      give it back with --accept D-0a1b2c3d, or say in the manifest that" in text
    assert text.endswith("0 skipped; 0 blocked. Converged: yes, but 1 held.\n")


def test_a_report_that_did_not_converge_counts_what_was_held_with_what_was_blocked() -> None:
    report = replace(_held_report(), interrupted=True)

    assert report_summary(report).endswith("; 0 blocked, 1 held. Converged: no.")


def test_a_report_of_nothing_but_something_held_is_not_silent() -> None:
    report = replace(_held_report(), targets=(TargetReport("flowdb"),))

    assert report_summary(report) == (
        "Apply: 0 done, 0 failed, 0 skipped; 0 blocked. Converged: yes, but 1 held."
    )


def test_a_report_names_the_file_of_passwords() -> None:
    assert "are in passwords.jsonl" in report_text(sample_report())
