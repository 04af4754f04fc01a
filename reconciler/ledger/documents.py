"""The ledger's values as JSON documents, and reading them back.

Here belongs the spelling in which the ledger keeps states, runs and entries. Whatever a person may
have written (names, messages, an author) is kept in such a document: its text escapes what a
database cannot hold, such as U+0000. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TypeVar, get_args

from reconciler.changes import Status
from reconciler.json_node import JsonNode, WrongShapeError
from reconciler.json_text import Json, canonical_text
from reconciler.ledger.values import Applied, Entry, EntryKind, Run
from reconciler.record_documents import (
    change_document,
    fields_document,
    key_document,
    read_change,
    read_fields,
    read_key,
)
from reconciler.state import Record, state_of

_Read = TypeVar("_Read")


def parsed(text: str, read: Callable[[JsonNode], _Read]) -> _Read:
    """What `read` makes of the document in this text. WrongShapeError where it is not one."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongShapeError("the document must be JSON") from None
    try:
        return read(JsonNode(document, ""))
    except ValueError as error:
        raise WrongShapeError(str(error)) from None


# Applied states


def applied_text(applied: Applied) -> str:
    """An applied state with its origin; its target is not in it."""
    return canonical_text(
        {
            "manifest_digest": applied.manifest_digest,
            "commit": applied.commit,
            "author": applied.author,
            "at": applied.at,
            "run_id": applied.run_id,
            "records": [
                {**key_document(key), "fields": fields_document(fields)}
                for key, fields in applied.state
            ],
        }
    )


def read_applied(target: str, text: str) -> Applied:
    """The applied state of this target."""
    return parsed(
        text,
        lambda node: Applied(
            target=target,
            state=state_of(node.each("records", _record)),
            manifest_digest=node.text("manifest_digest"),
            commit=node.text("commit"),
            author=node.text("author"),
            at=node.text("at"),
            run_id=node.number("run_id"),
        ),
    )


def _record(node: JsonNode) -> Record:
    fields = read_fields(node, "fields")
    if fields is None:
        node.get("fields").wrong("an object")
    return Record(read_key(node), fields)


# Runs


def run_text(run: Run) -> str:
    """All that is known of a run."""
    return canonical_text(asdict(run))


def read_run(text: str) -> Run:
    """The run of this text."""
    return parsed(
        text,
        lambda node: Run(
            run_id=node.number("run_id"),
            kind=node.text("kind"),
            started=node.text("started"),
            plan_digest=node.text("plan_digest"),
            manifest_digest=node.text("manifest_digest"),
            commit=node.text("commit"),
            author=node.text("author"),
            command=node.text("command"),
            ended=node.text("ended"),
            exit_code=None if node.get("exit_code").value is None else node.number("exit_code"),
            summary=node.text("summary"),
        ),
    )


# Entries of the journal


def entry_text(number: int, at: str, entry: Entry) -> str:
    """The content of an entry: what its hash is taken of."""
    return canonical_text(
        {
            "number": number,
            "at": at,
            "kind": entry.kind,
            "run_id": entry.run_id,
            "target": entry.target,
            "change": None if entry.change is None else change_document(entry.change),
            "status": entry.status,
            "message": entry.message,
            "finding": entry.finding,
            "by": entry.by,
            "plan_digest": entry.plan_digest,
        }
    )


def read_entry(text: str) -> tuple[int, str, Entry]:
    """The number, the time and the entry of this content."""
    return parsed(text, lambda node: (node.number("number"), node.text("at"), _entry(node)))


def _entry(node: JsonNode) -> Entry:
    has_change = node.get("change").value is not None
    has_status = node.get("status").value is not None
    return Entry(
        kind=node.word("kind", get_args(EntryKind)),
        run_id=node.number("run_id"),
        target=node.text("target"),
        change=read_change(node.get("change")) if has_change else None,
        status=node.word("status", get_args(Status)) if has_status else None,
        message=node.text("message"),
        finding=node.text("finding"),
        by=node.text("by"),
        plan_digest=node.text("plan_digest"),
    )


# Drift


def read_object(text: str) -> Mapping[str, Json]:
    """The document itself, which must be an object."""
    return parsed(text, lambda node: node.value if isinstance(node.value, dict) else _not_object())


def _not_object() -> Mapping[str, Json]:
    raise WrongShapeError("the document must be an object")
