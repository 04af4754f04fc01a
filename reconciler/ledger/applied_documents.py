"""Applied states as the JSON documents of the ledger, and reading them back.

Here belongs the spelling in which the ledger keeps states; that of runs and entries is `documents`,
which a plan without changes does not load. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from reconciler.json_node import JsonNode, WrongShapeError
from reconciler.json_text import Json, canonical_text
from reconciler.ledger.applied import Applied, AppliedHead
from reconciler.passwords import Marks, PasswordMark
from reconciler.record_documents import fields_document, key_document, read_fields, read_key
from reconciler.state import EMPTY, Fields, Key, Record, State, state_of

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


class AppliedTexts(NamedTuple):
    """An applied state as it is kept: all but the records, and the records.

    A ledger of format 1 kept both as one text: then `records` is empty.
    """

    head: str
    records: str


def _digest(records: str, protected: Iterable[str], ends_sessions: Iterable[Key]) -> str:
    """The SHA-256 of a state together with what was protected and what was to end sessions."""
    rest: Json = [sorted(set(protected)), [key_document(key) for key in sorted(set(ends_sessions))]]
    return hashlib.sha256((canonical_text(rest) + records).encode()).hexdigest()


def _record_documents(state: State) -> list[Json]:
    return [{**key_document(key), "fields": fields_document(fields)} for key, fields in state]


def applied_texts(applied: Applied) -> tuple[AppliedTexts, str]:
    """An applied state with its origin, and its digest; its target is not in the texts."""
    from reconciler.record_texts import RecordTexts  # only an apply writes a state

    records = RecordTexts().records(applied.state)
    digest = _digest(records, applied.protected, applied.ends_sessions)
    head: dict[str, Json] = {
        "manifest_digest": applied.manifest_digest,
        "commit": applied.commit,
        "author": applied.author,
        "at": applied.at,
        "run_id": applied.run_id,
        "protected": list(applied.protected),
        "ends_sessions": [key_document(key) for key in sorted(applied.ends_sessions)],
        "stands_for": applied.stands_for,
        "place": applied.place,
        "besides": _record_documents(applied.besides),
        "files": list(applied.files),
        **({"passwords": _mark_documents(applied.passwords)} if applied.passwords else {}),
        **({"notes": dict(sorted(applied.notes.items()))} if applied.notes else {}),
        "digest": digest,
    }
    return AppliedTexts(canonical_text(head), records), digest


def read_applied(target: str, texts: AppliedTexts) -> Applied:
    """The applied state of this target. WrongShapeError where it does not fit its digest."""
    head, records = read_applied_head(target, texts.head), _kept_records(texts)
    if _digest(records, head.protected, head.ends_sessions) != head.digest:
        raise WrongShapeError("the applied state does not fit its digest")
    return Applied(
        target=target,
        state=_own_state(records),
        manifest_digest=head.manifest_digest,
        commit=head.commit,
        author=head.author,
        at=head.at,
        run_id=head.run_id,
        protected=head.protected,
        ends_sessions=head.ends_sessions,
        stands_for=head.stands_for,
        place=head.place,
        besides=head.besides,
        files=head.files,
        passwords=head.passwords,
        notes=head.notes,
        digest=head.digest,
    )


def read_applied_head(target: str, text: str) -> AppliedHead:
    """All but the state, from the text that does not have the records."""
    return parsed(text, lambda node: _head(target, node))


def _head(target: str, node: JsonNode) -> AppliedHead:
    is_old = node.has("records")
    return AppliedHead(
        target=target,
        manifest_digest=node.text("manifest_digest"),
        commit=node.text("commit"),
        author=node.text("author"),
        at=node.text("at"),
        run_id=node.number("run_id"),
        protected=() if is_old else node.texts("protected"),
        ends_sessions=frozenset(() if is_old else node.each("ends_sessions", read_key)),
        stands_for="" if is_old else node.text("stands_for"),
        digest=_digest(_records_in(node), (), ()) if is_old else node.text("digest"),
        place=node.text("place") if node.has("place") else "",
        besides=state_of(node.each("besides", _record)) if node.has("besides") else EMPTY,
        files=node.texts("files") if node.has("files") else (),
        passwords=_marks(node) if node.has("passwords") else {},
        notes=_notes(node) if node.has("notes") else {},
    )


def _notes(node: JsonNode) -> dict[str, str]:
    found = node.get("notes")
    if not isinstance(found.value, dict):
        found.wrong("an object of texts")
    notes = {name: text for name, text in found.value.items() if isinstance(text, str)}
    if len(notes) != len(found.value):
        found.wrong("an object of texts")
    return notes


def _mark_documents(marks: Marks) -> dict[str, Json]:
    return {
        account: [mark.salt, mark.expires, mark.fingerprint]
        for account, mark in sorted(marks.items())
    }


def _marks(node: JsonNode) -> Marks:
    """What is remembered of passwords: of thousands, maybe, until people have set their own."""
    found = node.get("passwords")
    if not isinstance(found.value, dict):
        found.wrong("an object")
    return {account: _mark(each, found) for account, each in found.value.items()}


def _mark(texts: Json, found: JsonNode) -> PasswordMark:
    if not isinstance(texts, list) or len(texts) != 3:
        found.wrong("an object of lists of three texts")
    salt, expires, fingerprint = texts
    if not (isinstance(salt, str) and isinstance(expires, str) and isinstance(fingerprint, str)):
        found.wrong("an object of lists of three texts")
    return PasswordMark(salt, expires, fingerprint)


def _kept_records(texts: AppliedTexts) -> str:
    return texts.records or parsed(texts.head, _records_in)


def _records_in(node: JsonNode) -> str:
    """The records of an applied state of format 1, which stand in its one text."""
    return canonical_text(node.get("records").value)


def _state(node: JsonNode) -> State:
    return state_of(JsonNode({"records": node.value}, "").each("records", _record))


def _own_state(text: str) -> State:
    """The state of a text that fits its digest, so this program wrote it: read without a check of
    each of its thousands of values. WrongShapeError where it is none all the same.
    """
    try:
        records = [
            (Key(each["kind"], tuple(each["path"])), _own_fields(each["fields"]))
            for each in json.loads(text)
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return parsed(text, _state)  # says what is wrong
    state = State(dict(records))
    return state if len(state) == len(records) else parsed(text, _state)


def _own_fields(fields: Mapping[str, str | list[str]]) -> Fields:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}


def _record(node: JsonNode) -> Record:
    fields = read_fields(node, "fields")
    if fields is None:
        node.get("fields").wrong("an object")
    return Record(read_key(node), fields)
