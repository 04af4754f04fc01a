"""Records and changes as the JSON of `record_documents`, written without making the documents.

Here belongs the fast way to `canonical_text` for what an apply writes by the thousand: the intents
of a first apply and the applied state are all that a run waits for the disk with. It takes a third
of the time, and the tests hold both ways against each other. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from json.encoder import encode_basestring

from reconciler.changes import Change
from reconciler.json_text import canonical_text, harmless
from reconciler.record_documents import fields_document
from reconciler.state import Fields, Key, Record


class RecordTexts:
    """Writes records and changes. Thousands of them share few fields: each is written once."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._known: dict[int, tuple[Fields, str]] = {}

    def records(self, records: Iterable[Record]) -> str:
        """`canonical_text` of the list of these records, as the ledger keeps a state."""
        return _listed(
            f'{{"fields":{self._fields(fields)},{_key(key)}}}' for key, fields in records
        )

    def changes(self, changes: Iterable[Change]) -> str:
        """`canonical_text` of the list of `change_document` of these changes."""
        return _listed(map(self._change, changes))

    def _change(self, change: Change) -> str:
        heir = f'"heir":{encode_basestring(change.heir)},' if change.heir else ""
        ended = ",".join(map(encode_basestring, change.end_sessions))
        return (
            f'{{"action":"{change.action}","after":{self._fields(change.after)},'
            f'"before":{self._fields(change.before)},"cause":"{change.cause}",'
            f'"end_sessions":[{ended}],{heir}{_key(change.key)}}}'
        )

    def _fields(self, fields: Fields | None) -> str:
        if not fields:
            return "null" if fields is None else "{}"
        known = self._known.get(id(fields))  # with the fields, so that no other gets their id
        if known is None:
            known = self._known[id(fields)] = (fields, canonical_text(fields_document(fields)))
        return known[1]


def _key(key: Key) -> str:
    return f'"kind":"{key.kind}","path":[{",".join(map(encode_basestring, key.path))}]'


def _listed(texts: Iterable[str]) -> str:
    return harmless(f"[{','.join(texts)}]")
