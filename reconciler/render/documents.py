"""The JSON documents of reports, drift and validation. Pure.

The document of a plan is `reconciler.plan_file`, since it is read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.changes import Action, Change, Outcome
from reconciler.json_text import Json, json_text
from reconciler.plan import Plan, TargetPlan, counts
from reconciler.plan_file import (
    access_document,
    change_with_sources,
    finding_document,
    to_document,
)
from reconciler.record_documents import fields_document, key_document
from reconciler.render.report_text import is_converged, outcome_counts
from reconciler.report import Report, TargetReport
from reconciler.secret import Redactor

_DIFFERENCES: Final[Mapping[Action, str]] = {
    "create": "missing",
    "update": "different",
    "delete": "extra",
}


def report_json(report: Report, redact: Redactor) -> str:
    """The document `reconciler.report/v1`. What targets said passes through `redact`."""
    outcomes: dict[str, Json] = {**outcome_counts(report.outcomes)}
    return json_text(
        {
            "format": "reconciler.report/v1",
            "at": report.plan.at,
            "manifest": _manifest(report.plan),
            "plan_digest": to_document(report.plan)["digest"],
            "converged": is_converged(report),
            "interrupted": report.interrupted,
            "exit_code": report.exit_code,
            "credentials": report.credentials,
            "targets": [_target_report(each, redact) for each in report.targets],
            "findings": [finding_document(each) for each in report.plan.findings],
            "counts": outcomes,
        }
    )


def drift_json(plan: Plan) -> str:
    """The document `reconciler.drift/v1`: every difference with what is desired and observed.

    `access` says who would gain and lose what if the differences were repaired.
    """
    number = counts(plan.changes)
    differences: dict[str, Json] = {
        _DIFFERENCES["create"]: number["create"],
        _DIFFERENCES["update"]: number["update"],
        _DIFFERENCES["delete"]: number["delete"],
    }
    return json_text(
        {
            "format": "reconciler.drift/v1",
            "at": plan.at,
            "manifest": _manifest(plan),
            "in_sync": not plan.changes,
            "targets": [_target_drift(each) for each in plan.targets],
            "findings": [finding_document(each) for each in plan.findings],
            "counts": differences,
        }
    )


def validate_json(
    files: Sequence[str], digest: str, counted: Mapping[str, int], targets: Sequence[str]
) -> str:
    """The document `reconciler.validate/v1` of a valid manifest."""
    return json_text(
        {
            "format": "reconciler.validate/v1",
            "valid": True,
            "manifest": {"files": list(files), "digest": digest},
            "counts": dict(counted),
            "targets": list(targets),
        }
    )


def _manifest(plan: Plan) -> Json:
    return {"files": list(plan.manifest), "digest": plan.manifest_digest}


def _target_report(report: TargetReport, redact: Redactor) -> Json:
    return {
        "target": report.target,
        "converged": report.is_converged,
        "failure": redact(report.failure),
        "outcomes": [_outcome(each, redact) for each in report.outcomes],
        "remaining": [change_with_sources(each) for each in report.remaining],
    }


def _outcome(outcome: Outcome, redact: Redactor) -> Json:
    return {
        **change_with_sources(outcome.change),
        "status": outcome.status,
        "message": redact(outcome.message),
    }


def _target_drift(target: TargetPlan) -> Json:
    return {
        "target": target.target,
        "provider": target.provider,
        "system": target.system,
        "account": target.account,
        "differences": [_difference(each) for each in target.changes],
        "unmanaged": [key_document(each) for each in target.unmanaged],
        "access": [access_document(each) for each in target.access],
    }


def _difference(change: Change) -> Json:
    document = change_with_sources(change)
    return {
        "difference": _DIFFERENCES[change.action],
        **key_document(change.key),
        "desired": fields_document(change.after),
        "observed": fields_document(change.before),
        "cause": change.cause,
        "sources": document["sources"],
    }
