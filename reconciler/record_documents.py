"""Keys, fields and changes as plain values, and reading them back.

Here belongs the spelling that plan files, reports and the ledger share. Pure.
"""

from __future__ import annotations

from typing import get_args

from reconciler.changes import Action, Cause, Change
from reconciler.json_node import JsonNode
from reconciler.json_text import Json
from reconciler.source import Source
from reconciler.state import Fields, Key, Kind, Value


def key_document(key: Key) -> dict[str, Json]:
    """The kind and path of a record."""
    return {"kind": key.kind, "path": list(key.path)}


def fields_document(fields: Fields | None) -> dict[str, Json] | None:
    """The fields of a record; None where there is no record."""
    if fields is None:
        return None
    return {name: list(v) if isinstance(v, tuple) else v for name, v in fields.items()}


def change_document(change: Change) -> dict[str, Json]:
    """A change without the lines that ask for it."""
    return {
        "action": change.action,
        **key_document(change.key),
        "before": fields_document(change.before),
        "after": fields_document(change.after),
        "cause": change.cause,
        "end_sessions": list(change.end_sessions),
        **({"heir": change.heir} if change.heir else {}),
    }


def read_key(node: JsonNode) -> Key:
    """The key of a record or change. WrongShapeError where it is none."""
    path = node.texts("path")
    if not path:
        node.get("path").wrong("a list that is not empty")
    return Key(node.word("kind", get_args(Kind)), path)


def read_fields(node: JsonNode, name: str) -> dict[str, Value] | None:
    """The fields under this name, or None where there is no record. WrongShapeError else."""
    if node.get(name).value is None:
        return None
    return {key: value.as_value() for key, value in node.items(name)}


def read_change(node: JsonNode, sources: tuple[Source, ...] = ()) -> Change:
    """A change, with the sides that its action has. WrongShapeError where it is none."""
    change = Change(
        action=node.word("action", get_args(Action)),
        key=read_key(node),
        before=read_fields(node, "before"),
        after=read_fields(node, "after"),
        cause=node.word("cause", get_args(Cause)),
        sources=sources,
        end_sessions=node.texts("end_sessions"),
        heir=node.text("heir") if node.has("heir") else "",
    )
    has_before, has_after = change.action != "create", change.action != "delete"
    if (change.before is not None, change.after is not None) != (has_before, has_after):
        node.wrong(f"a {change.action} with the sides that it has")
    return change
