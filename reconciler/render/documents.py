"""The JSON documents of reports, drift, status, expiry and validation. Pure.

The document of a plan is `reconciler.plan_file`, since it is read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final

from reconciler.changes import Outcome
from reconciler.classify import Difference
from reconciler.expiring import Boundary, Expiring
from reconciler.json_text import Json, json_text
from reconciler.plan import Plan, TargetPlan
from reconciler.plan_file import (
    access_document,
    change_with_sources,
    difference_document,
    finding_document,
    to_document,
    unasked_document,
)
from reconciler.render.report_text import is_converged, outcome_counts
from reconciler.report import Report, TargetReport
from reconciler.secret import Redactor
from reconciler.source import Source
from reconciler.status import DIRECTIONS, Status, Tally, TargetStatus, tallies, verdict

_NO_NOTES: Final[Mapping[str, str]] = {}


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
            "recovered": list(report.recovered),
            "exit_code": report.exit_code,
            "credentials": report.credentials,
            "targets": [_target_report(each, redact) for each in report.targets],
            "findings": [finding_document(each) for each in report.plan.findings],
            "counts": outcomes,
        }
    )


def drift_json(
    plan: Plan,
    *,
    silenced: Mapping[str, str] = _NO_NOTES,
    news: Mapping[str, str] = _NO_NOTES,
    hints: Mapping[str, str] = _NO_NOTES,
    resolved: int = 0,
) -> str:
    """The document `reconciler.drift/v1`: what the targets did, each difference with three sides.

    `access` says who would gain and lose what if all of it were undone. The other notes are those
    of `drift_text`, by ids of differences.
    """
    numbers = tallies(plan, silenced)
    return json_text(
        {
            "format": "reconciler.drift/v1",
            "at": plan.at,
            "manifest": _manifest(plan),
            "verdict": verdict(numbers),
            "targets": [
                _target_drift(each, tally, plan, (silenced, news, hints))
                for each, tally in zip(plan.targets, numbers, strict=True)
            ],
            "counts": {
                **{way: sum(tally.drift[way] for tally in numbers) for way in DIRECTIONS},
                "silenced": sum(tally.silenced for tally in numbers),
                "pending": sum(_pending(tally) for tally in numbers),
                "unexplained": sum(tally.unexplained for tally in numbers),
                "resolved": resolved,
            },
        }
    )


def status_json(status: Status) -> str:
    """The document `reconciler.status/v1`: how the targets stand."""
    return json_text(
        {
            "format": "reconciler.status/v1",
            "at": status.at,
            "manifest": {"files": list(status.manifest)},
            "ledger": status.ledger,
            "expiring": {"within": status.within, "grants": status.expiring},
            "targets": [_target_status(each) for each in status.targets],
        }
    )


def expiring_json(expiring: Expiring) -> str:
    """The document `reconciler.expiring/v1`: what starts and ends, in order of time."""
    return json_text(
        {
            "format": "reconciler.expiring/v1",
            "at": expiring.at,
            "until": expiring.until,
            "within": expiring.within,
            "manifest": {"files": list(expiring.manifest)},
            "boundaries": [_boundary(each) for each in expiring.boundaries],
            "lapses": [
                {**asdict(each), "source": _source(each.source)} for each in expiring.lapses
            ],
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


_Notes = tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]]


def _target_drift(target: TargetPlan, tally: Tally, plan: Plan, notes: _Notes) -> Json:
    held = {
        (each.target, key): each.id
        for each in plan.findings
        if each.is_holding
        for key in each.keys
    }
    return {
        "target": target.target,
        "provider": target.provider,
        "system": target.system,
        "account": target.account,
        "read": "whole",  # a plan is made of whole readings alone
        "applied_known": tally.is_known,
        "drift": [
            _difference(each, held.get((target.target, each.key), ""), notes)
            for each in target.drift
        ],
        "access": [access_document(each) for each in target.drift_access],
        "pending": _pending(tally),
        "unexplained": tally.unexplained,
        "unmanaged": tally.unmanaged,
        **_waiting(tally),
        **unasked_document(target),
    }


def _difference(difference: Difference, held: str, notes: _Notes) -> Json:
    silenced, news, hints = (each.get(difference.id, "") for each in notes)
    return {
        **difference_document(difference),
        "first_seen": difference.first_seen,
        "held": held,
        "silenced": silenced,
        "news": news,
        "hint": hints,
    }


def _pending(tally: Tally) -> int:
    return sum(tally.pending.values()) if tally.is_known else 0


def _waiting(tally: Tally) -> dict[str, Json]:
    """Who is waited for; few targets wait for anybody."""
    return {"pending_external": list(tally.waiting)} if tally.waiting else {}


def _target_status(status: TargetStatus) -> Json:
    tally, success, lock = status.tally, status.last_success, status.lock
    return {
        "target": status.target,
        "provider": status.provider,
        "system": status.system,
        "account": status.account,
        "applied_known": tally.is_known,
        "pending": {str(cause): number for cause, number in tally.pending.items()},
        "drift": {str(way): number for way, number in tally.drift.items()},
        "held": tally.held,
        "blocked": tally.blocked,
        "unmanaged": tally.unmanaged,
        "unexplained": tally.unexplained,
        **_waiting(tally),
        "last_success": asdict(success) if success else None,
        "lock": asdict(lock) if lock else None,
    }


def _boundary(boundary: Boundary) -> Json:
    return {
        "at": boundary.at,
        "verb": boundary.verb,
        "group": boundary.group,
        "people": [
            {
                "user": each.user,
                "name": each.name,
                "kept_by": [_source(line) for line in each.kept_by],
            }
            for each in boundary.people
        ],
        "role": boundary.role,
        "target": boundary.target,
        "reason": boundary.reason,
        "source": _source(boundary.source),
    }


def _source(source: Source) -> Json:
    return {"file": source.file, "line": source.line, "column": source.column}
