"""The JSON documents of reports, drift and validation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from reconciler.plan_file import to_text
from reconciler.render.documents import drift_json, report_json, validate_json
from reconciler.report import Report, TargetReport
from reconciler.secret import Redactor
from tests.sample_plans import hostile_plan, in_sync_plan, sample_plan, sample_report

Golden = Callable[[str, str], None]


def test_the_document_of_a_plan(golden: Golden) -> None:
    golden("plan.json", to_text(sample_plan()))


def test_the_document_of_a_report(golden: Golden) -> None:
    golden("report.json", report_json(sample_report(), Redactor()))


def test_the_document_of_drift(golden: Golden) -> None:
    golden("drift.json", drift_json(sample_plan()))


def test_the_document_of_a_valid_manifest(golden: Golden) -> None:
    text = validate_json(("access.yaml",), "ab" * 32, {"users": 3, "groups": 2}, ("flowdb",))

    golden("validate.json", text)


def test_no_document_holds_what_a_terminal_obeys() -> None:
    texts = [drift_json(hostile_plan()), report_json(Report(hostile_plan(), ()), Redactor())]

    assert all(char.isprintable() or char == "\n" for text in texts for char in text)


def test_what_targets_said_is_redacted_and_names_are_not() -> None:
    report = sample_report()
    failing = replace(report.targets[2], failure="login with geography failed")
    text = report_json(replace(report, targets=(failing,)), Redactor(("geography",)))

    document = json.loads(text)

    outcomes = document["targets"][0]["outcomes"]
    assert document["targets"][0]["failure"] == "login with *** failed"
    assert "geography" not in "".join(outcome["message"] for outcome in outcomes)
    assert any("geography" in outcome["path"] for outcome in outcomes)


def test_a_report_in_json_has_the_exit_code_of_the_command() -> None:
    plan = in_sync_plan()
    report = Report(plan, tuple(TargetReport(each.target) for each in plan.targets))

    document = json.loads(report_json(report, Redactor()))

    assert (document["exit_code"], document["converged"]) == (0, True)


def test_the_plan_digest_of_a_report_is_that_of_the_plan_file() -> None:
    report = sample_report()

    document = json.loads(report_json(report, Redactor()))

    assert document["plan_digest"] == json.loads(to_text(report.plan))["digest"]


def test_drift_has_no_difference_when_in_sync() -> None:
    document = json.loads(drift_json(in_sync_plan()))

    assert document["in_sync"] is True
    assert document["counts"] == {"missing": 0, "different": 0, "extra": 0}
