"""The JSON documents of reports, drift, status, expiry and validation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from reconciler.plan_file import to_text
from reconciler.render.documents import (
    drift_json,
    expiring_json,
    report_json,
    status_json,
    validate_json,
)
from reconciler.report import Report, TargetReport
from reconciler.secret import Redactor
from tests.sample_plans import (
    flowdb,
    forgotten_plan,
    hostile_plan,
    in_sync_plan,
    plan_of,
    sample_plan,
    sample_report,
    seen_plan,
)
from tests.sample_status import hostile_expiring, hostile_status, sample_expiring, sample_status

Golden = Callable[[str, str], None]


def test_the_document_of_a_plan_out_01(golden: Golden) -> None:
    golden("plan.json", to_text(sample_plan()))


def test_the_document_of_a_report_out_01(golden: Golden) -> None:
    golden("report.json", report_json(sample_report(), Redactor()))


def test_the_document_of_drift_out_01(golden: Golden) -> None:
    silenced = {"D-2a1b2c3d": "until 2027-02-01T00:00:00Z, by esi: migration"}
    hints = {"D-1a1b2c3d": "add: grants: - {user: mallory, role: ghana-reader}"}

    text = drift_json(seen_plan(), silenced=silenced, news={"D-1a1b2c3d": "new"}, hints=hints)

    golden("drift.json", text)


def test_the_document_of_a_valid_manifest(golden: Golden) -> None:
    text = validate_json(("access.yaml",), "ab" * 32, {"users": 3, "groups": 2}, ("flowdb",))

    golden("validate.json", text)


def test_no_document_holds_what_a_terminal_obeys_out_03() -> None:
    texts = [
        drift_json(hostile_plan()),
        report_json(Report(hostile_plan(), ()), Redactor()),
        status_json(hostile_status()),
        expiring_json(hostile_expiring()),
    ]

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


def test_a_drift_document_without_drift_proves_what_was_read_drf_08() -> None:
    document = json.loads(drift_json(in_sync_plan()))

    assert document["verdict"] == "none"
    assert set(document["counts"].values()) == {0}
    assert [(each["target"], each["read"], each["system"]) for each in document["targets"]] == [
        ("archive", "whole", "memory 1"),
        ("flowauth", "whole", "FlowAuth 1.34"),
    ]


def test_work_that_is_not_applied_yet_is_no_drift_drf_02() -> None:
    pending = replace(flowdb(), drift=(), drift_access=())

    document = json.loads(drift_json(plan_of(pending)))

    assert (document["verdict"], document["counts"]["widened"]) == ("none", 0)
    assert document["counts"]["pending"] == 12


def test_a_drift_document_says_which_finding_holds_a_repair() -> None:
    document = json.loads(drift_json(seen_plan()))

    drift = {each["id"]: each for target in document["targets"] for each in target["drift"]}
    assert drift["D-0a1b2c3d"]["held"] == "D-0a1b2c3d"
    assert drift["D-1a1b2c3d"]["held"] == ""


def test_without_memory_a_drift_document_gives_no_verdict() -> None:
    document = json.loads(drift_json(forgotten_plan()))

    assert document["verdict"] == "unknown"
    assert document["targets"][0]["applied_known"] is False
    assert (document["counts"]["widened"], document["counts"]["unexplained"]) == (0, 13)


def test_the_document_of_status_out_01(golden: Golden) -> None:
    golden("status.json", status_json(sample_status()))


def test_the_document_of_what_expires(golden: Golden) -> None:
    golden("expiring.json", expiring_json(sample_expiring()))
