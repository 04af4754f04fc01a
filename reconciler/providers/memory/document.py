"""The text of a memory target's file: read strictly into a value, and written in one fixed form.

    {"format": "reconciler.memory/v1",
     "account": "reconciler", "untouchable": ["root"],
     "records": [{"kind": "account", "path": ["amina"], "fields": {"enabled": true}}]}

`account` is who we are there, `untouchable` names nobody may change; both may be left out. Where
the text lies is `reconciler.providers.memory.store`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from reconciler.errors import UnexpectedResponseError
from reconciler.state import EMPTY, Fields, Key, Kind, State, Value

FORMAT: Final = "reconciler.memory/v1"
_KINDS: Final = frozenset(get_args(Kind)) - {"server"}
_KEYS: Final = frozenset({"format", "account", "untouchable", "records"})
_RECORD_KEYS: Final = frozenset({"kind", "path", "fields"})
_DEFAULT_ACCOUNT: Final = "reconciler"


@dataclass(frozen=True, slots=True)
class Document:
    """All that the file of a memory target says."""

    account: str = _DEFAULT_ACCOUNT
    untouchable: frozenset[str] = frozenset()
    state: State = field(default=EMPTY)


def parse(target: str, text: str) -> Document:
    """The document of this text. Raises UnexpectedResponseError where it is not as described."""
    try:
        raw: object = json.loads(text)
    except ValueError as error:
        raise UnexpectedResponseError(target, f"its state is not whole JSON: {error}") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise UnexpectedResponseError(target, f'its state has no "format": "{FORMAT}"')
    try:
        return _document(raw)
    except _MalformedError as error:
        raise UnexpectedResponseError(target, f"its state is malformed: {error}") from None


def render(document: Document) -> str:
    """The text of a document; the same for equal documents."""
    records = [
        {"kind": key.kind, "path": key.path, "fields": dict(sorted(fields.items()))}
        for key, fields in document.state
    ]
    head = {"format": FORMAT, "account": document.account}
    body = {"untouchable": sorted(document.untouchable), "records": records}
    return json.dumps({**head, **body}, ensure_ascii=False, indent=1) + "\n"


class _MalformedError(Exception):
    """A part of the document is not as described."""


def _document(raw: Mapping[str, object]) -> Document:
    if unknown := sorted(raw.keys() - _KEYS):
        raise _MalformedError(f'the key "{unknown[0]}" is unknown')
    account = raw.get("account", _DEFAULT_ACCOUNT)
    if not isinstance(account, str) or not account:
        raise _MalformedError("account is not a name")
    rows = raw.get("records")
    if not isinstance(rows, list):
        raise _MalformedError("records is not a list")
    untouchable = _texts(raw.get("untouchable", []), "untouchable")
    records: dict[Key, Fields] = {}
    for index, row in enumerate(rows):
        key, fields = _record(row, f"records.{index}")
        if key in records:
            raise _MalformedError(f"records.{index} repeats {key}")
        records[key] = fields
    return Document(account, frozenset(untouchable), State(records))


def _record(row: object, where: str) -> tuple[Key, Fields]:
    if not isinstance(row, dict) or row.keys() != _RECORD_KEYS:
        raise _MalformedError(f"{where} does not hold kind, path and fields")
    kind, fields = row["kind"], row["fields"]
    if kind not in _KINDS:
        raise _MalformedError(f"{where}.kind is none of {', '.join(sorted(_KINDS))}")
    if not isinstance(fields, dict):
        raise _MalformedError(f"{where}.fields is not a mapping")
    values = {name: _value(value, f"{where}.fields.{name}") for name, value in fields.items()}
    path = _texts(row["path"], f"{where}.path")
    if not path:
        raise _MalformedError(f"{where}.path is empty")
    return Key(kind, path), values


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _MalformedError(f"{where} is not a list of texts")
    return tuple(value)


def _value(value: object, where: str) -> Value:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _texts(value, where)
    if value is None or isinstance(value, str | int | bool):
        return value
    raise _MalformedError(f"{where} is neither a plain value nor a list of texts")
