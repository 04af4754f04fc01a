"""The JSON schema of the plan document, for those who read plans with other tools.

Here belongs describing `reconciler.plan/v1`, from the same words that the program uses. Reading and
writing plans does not use it: `reconciler.plan_file` checks by itself and faster. Pure.
"""

from __future__ import annotations

from typing import Final, get_args

from reconciler.changes import Action, Cause
from reconciler.classify import Class, Direction
from reconciler.json_text import Json, json_text
from reconciler.plan import AccessVerb
from reconciler.state import Kind

_TEXT: Final[dict[str, Json]] = {"type": "string"}
_TEXTS: Final[dict[str, Json]] = {"type": "array", "items": _TEXT}
_NUMBER: Final[dict[str, Json]] = {"type": "integer", "minimum": 0}
_HEIR: Final = "Who gets what is owned by what is deleted; left out where nobody does."
_UNASKED: Final = "Who holds privileges that are unmanaged; left out where nobody does."
_TIME: Final[dict[str, Json]] = {"type": "string", "format": "date-time"}


def plan_schema() -> dict[str, Json]:
    """The schema (JSON Schema 2020-12). Newer minor versions may add names, so more are allowed."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reconciler.plan/v1",
        "description": "What will change on each target, as `reconciler plan` writes it.",
        **_object(_plan()),
        "$defs": {
            "access": _object(_access()),
            "change": _object(_change(), heir=_told(_TEXT, _HEIR)) | {"allOf": _sides()},
            "difference": _object(_difference()),
            "fields": {"type": ["object", "null"], "additionalProperties": _value()},
            "finding": _object(_finding()),
            "key": _object(_key()),
            "source": _object(_source()),
            "target": _object(_target(), unasked=_told(_list_of("unasked"), _UNASKED)),
            "unasked": _object({"name": _TEXT, "rights": _TEXTS}),
        },
    }


def plan_schema_text() -> str:
    """The schema as JSON text."""
    return json_text(plan_schema())


def _object(properties: dict[str, Json], **optional: Json) -> dict[str, Json]:
    every: dict[str, Json] = {**properties, **optional}
    return {"type": "object", "required": sorted(properties), "properties": every}


def _list_of(name: str) -> dict[str, Json]:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def _words(words: object) -> dict[str, Json]:
    return {"enum": list(get_args(words))}


def _told(schema: dict[str, Json], description: str) -> dict[str, Json]:
    return {**schema, "description": description}


def _value() -> dict[str, Json]:
    return {"type": ["string", "integer", "boolean", "array", "null"], "items": _TEXT}


def _plan() -> dict[str, Json]:
    format_pattern = r"^reconciler\.plan/v1(\.[0-9]+)?$"
    counted = dict.fromkeys(get_args(Action), _NUMBER)
    return {
        "format": {"type": "string", "pattern": format_pattern},
        "digest": {
            "type": "string",
            "pattern": "^[0-9a-f]{64}$",
            "description": "SHA-256 of the document without this name: keys sorted, no blanks.",
        },
        "at": _told(_TIME, "The instant for which the plan was made, in UTC."),
        "valid_until": {
            "anyOf": [_TIME, {"const": ""}],
            "description": "The next instant at which a grant starts or ends, or empty.",
        },
        "manifest": _object({"files": _TEXTS, "digest": _TEXT}),
        "targets": _list_of("target"),
        "findings": _list_of("finding"),
        "counts": _object({**counted}),
    }


def _target() -> dict[str, Json]:
    people: dict[str, Json] = {"type": "object", "additionalProperties": _TEXT}
    return {
        "target": _told(_TEXT, "The name of the target in the manifest."),
        "provider": _TEXT,
        "system": _told(_TEXT, "The system that answered, with its version."),
        "account": _told(_TEXT, "The account that reconciler used there."),
        "changes": _told(_list_of("change"), "In the order in which they are applied."),
        "unmanaged": _told(_list_of("key"), "What no line asks for and the policy leaves alone."),
        "access": _told(_list_of("access"), "Who gains and who loses what in effect."),
        "new_passwords": _told(_TEXTS, "The accounts that get a temporary password."),
        "people": _told(people, "The name to show for each account that the plan touches."),
        "drift": _told(_list_of("difference"), "What the target changed by itself."),
        "drift_access": _told(_list_of("access"), "Who would gain and lose what by its repair."),
        "applied": _told(_TEXT, "Stands for the applied state; empty where none is known."),
    }


def _key() -> dict[str, Json]:
    return {"kind": _words(Kind), "path": {"type": "array", "items": _TEXT, "minItems": 1}}


def _change() -> dict[str, Json]:
    return {
        "action": _words(Action),
        **_key(),
        "before": {"$ref": "#/$defs/fields"},
        "after": {"$ref": "#/$defs/fields"},
        "cause": _words(Cause),
        "end_sessions": _told(_TEXTS, "Accounts whose open sessions are ended afterwards."),
        "sources": _told(_list_of("source"), "The manifest lines that ask for it; none: no line."),
    }


def _difference() -> dict[str, Json]:
    side: dict[str, Json] = {"$ref": "#/$defs/fields"}
    return {
        "id": _told(_TEXT, "Stable while target, record, class and direction are the same."),
        **_key(),
        "class": _words(Class),
        "direction": _words(Direction),
        "cause": _words(Cause),
        "desired": side,
        "applied": side,
        "observed": side,
        "sources": _told(_list_of("source"), "The manifest lines that say otherwise."),
    }


def _sides() -> list[Json]:
    """A record that is created has no before, one that is deleted has no after."""
    sides: list[tuple[str, bool, bool]] = [
        ("create", False, True),
        ("update", True, True),
        ("delete", True, False),
    ]
    return [
        {
            "if": {"properties": {"action": {"const": action}}},
            "then": {
                "properties": {
                    "before": {"type": "object" if has_before else "null"},
                    "after": {"type": "object" if has_after else "null"},
                }
            },
        }
        for action, has_before, has_after in sides
    ]


def _source() -> dict[str, Json]:
    return {"file": _TEXT, "line": _NUMBER, "column": _NUMBER, "path": _TEXT}


def _access() -> dict[str, Json]:
    return {
        "account": _TEXT,
        "person": _TEXT,
        "verb": _words(AccessVerb),
        "rights": _TEXTS,
        "through": _TEXTS,
    }


def _finding() -> dict[str, Json]:
    return {
        "id": _told(_TEXT, "What `--accept` takes."),
        "rule": _TEXT,
        "target": _TEXT,
        "message": _TEXT,
        "keys": _list_of("key"),
        "blocking": {"type": "boolean"},
        "accepted": {"type": "boolean"},
        "accepted_by": _told(_TEXT, "Who lifted it and why; empty for `--accept`."),
        "holds": _told({"type": "boolean"}, "It holds back its changes without being a failure."),
    }
