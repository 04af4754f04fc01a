"""Documents of the ledger read back as what they were written from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.documents import applied_text, read_applied
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
    text = applied_text(applied(state))

    assert read_applied("flowdb", text) == applied(state)
    assert applied_text(read_applied("flowdb", text)) == text
