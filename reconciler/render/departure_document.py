"""The JSON document of what was taken from one person. Pure."""

from __future__ import annotations

from reconciler.departure import Departure, TargetDeparture
from reconciler.json_text import Json, json_text
from reconciler.plan_file import change_with_sources
from reconciler.secret import Redactor


def departure_json(departure: Departure, redact: Redactor) -> str:
    """The document `reconciler.offboard/v1`. What targets said passes through `redact`."""
    return json_text(
        {
            "format": "reconciler.offboard/v1",
            "at": departure.at,
            "user": departure.user,
            "person": departure.person,
            "dry_run": departure.is_dry,
            "complete": departure.is_whole,
            "interrupted": departure.interrupted,
            "exit_code": departure.exit_code,
            "manifest": {"departed": departure.is_departed, "line": departure.line},
            "targets": [_target(each, redact) for each in departure.targets],
            "still_active": list(departure.still),
        }
    )


def _target(target: TargetDeparture, redact: Redactor) -> Json:
    return {
        "target": target.target,
        "account": target.account,
        "complete": target.is_whole,
        "failure": redact(target.failure),
        "taken": [
            {**change_with_sources(each.change), "message": redact(each.message)}
            for each in target.taken
        ],
        "not_taken": [
            {"what": each.what, "reason": redact(each.reason), "matters": each.matters}
            for each in target.kept
        ],
        "goes_on": [redact(each) for each in target.still],
    }
