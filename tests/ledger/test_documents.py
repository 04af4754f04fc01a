"""Documents of the ledger read back as what they were written from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.applied_documents import applied_texts, read_applied
from reconciler.ledger.documents import entry_text, read_entry
from reconciler.ledger.values import Entry, Result
from reconciler.state import Key, State
from tests.ledger.cases_memory import applied
from tests.properties.states import states

_fields = st.dictionaries(
    st.text(max_size=4),
    st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()).map(tuple),
    max_size=4,
)
_keys = st.builds(Key, st.just("role"), st.lists(st.text(), min_size=1, max_size=3).map(tuple))


@given(states() | st.dictionaries(_keys, _fields).map(State))
def test_the_document_of_a_state_reads_back_exactly(state: State) -> None:
    texts, digest = applied_texts(applied(state))

    read = read_applied("flowdb", texts)

    assert read == applied(state)
    assert read.digest == digest
    assert applied_texts(read) == (texts, digest)


_statuses = st.sampled_from(["done", "failed", "skipped", "unknown", "not_done", "changed"])
_results = st.builds(Result, st.integers(0, 9), _statuses, st.sampled_from(["", "no"]))


@given(st.lists(_results).map(tuple))
def test_results_read_back_exactly_in_whatever_order(results: tuple[Result, ...]) -> None:
    entry = Entry("result", 1, "flowdb", intent=4, results=results)

    assert read_entry(entry_text(5, "now", entry)) == (5, "now", entry, 2)
