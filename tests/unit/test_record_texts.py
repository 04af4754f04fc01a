"""The fast spelling of records and changes is that of their documents, to the byte."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from reconciler.changes import Action, Cause, Change
from reconciler.json_text import canonical_text
from reconciler.record_documents import change_document, fields_document, key_document
from reconciler.record_texts import RecordTexts
from reconciler.state import Fields, Key, Kind, Record

_TEXTS = st.text(max_size=6)  # with quotes, controls, halves of characters and right-to-left marks
_VALUES = st.none() | st.booleans() | st.integers() | _TEXTS | st.tuples(_TEXTS, _TEXTS)
_FIELDS: st.SearchStrategy[Fields] = st.dictionaries(_TEXTS, _VALUES, max_size=3)
_PATHS = st.lists(_TEXTS, min_size=1, max_size=3).map(tuple)
_KEYS = st.builds(Key, st.sampled_from(get_args(Kind)), _PATHS)
_CHANGES = st.builds(
    Change,
    st.sampled_from(get_args(Action)),
    _KEYS,
    st.none() | _FIELDS,
    st.none() | _FIELDS,
    st.sampled_from(get_args(Cause)),
    end_sessions=st.lists(_TEXTS, max_size=2).map(tuple),
    heir=_TEXTS,
)


@given(st.lists(_CHANGES, max_size=4))
def test_changes_are_spelled_as_their_documents_are(changes: list[Change]) -> None:
    documents = [change_document(each) for each in changes]

    assert RecordTexts().changes(changes) == canonical_text(documents)


@given(st.lists(st.builds(Record, _KEYS, _FIELDS), max_size=4))
def test_records_are_spelled_as_their_documents_are(records: list[Record]) -> None:
    documents = [{**key_document(k), "fields": fields_document(f)} for k, f in records]

    assert RecordTexts().records(records) == canonical_text(documents)


def test_fields_that_are_equal_and_not_the_same_are_spelled_apart() -> None:
    keys = [Key("account", ("a",)), Key("account", ("b",))]
    records = [Record(keys[0], {"limit": 1}), Record(keys[1], {"limit": True})]

    assert '"limit":1}' in RecordTexts().records(records)
    assert '"limit":true}' in RecordTexts().records(records)
