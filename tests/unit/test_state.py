"""A State is a set of facts: its order and building do not matter, its keys are unique."""

from __future__ import annotations

import pytest

from reconciler.state import EMPTY, Key, Record, State, state_of

AMINA = Key("account", ("amina",))
READER = Key("role", ("reader",))
HOLDS = Key("membership", ("reader", "amina"))
STATE = State({READER: {}, HOLDS: {}, AMINA: {"login": True}})


def test_a_state_iterates_in_the_order_of_its_keys() -> None:
    assert [record.key for record in STATE] == [AMINA, HOLDS, READER]


def test_two_states_of_the_same_records_are_equal_however_they_were_built() -> None:
    records = list(STATE)

    assert state_of(reversed(records)) == STATE
    assert state_of(records[:2]) != STATE


def test_two_records_with_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="two records for account amina"):
        state_of([Record(AMINA, {}), Record(AMINA, {"login": True})])


def test_a_state_says_what_it_has_and_what_not() -> None:
    other = Key("account", ("kofi",))

    assert AMINA in STATE
    assert other not in STATE
    assert STATE.get(AMINA) == {"login": True}
    assert STATE.get(other) is None
    assert len(STATE) == 3
    assert len(EMPTY) == 0


def test_a_state_is_asked_by_kind() -> None:
    assert STATE.names("account", "role") == {"amina", "reader"}
    assert {record.key for record in STATE.of_kind("role", "membership")} == {READER, HOLDS}
    assert STATE.without("membership", "role") == State({AMINA: {"login": True}})


def test_a_name_within_a_server_is_the_last_part_of_the_path() -> None:
    state = State({Key("role", ("ghana-api", "reader")): {}})

    assert state.names("role") == {"reader"}


def test_a_key_reads_without_its_empty_parts() -> None:
    assert str(Key("privilege", ("reader", "flowdb", "database", ""))) == (
        "privilege reader/flowdb/database"
    )


def test_keys_of_different_lengths_and_kinds_have_one_order() -> None:
    keys = [Key("role", ("a",)), Key("membership", ("a", "b")), Key("membership", ("a",))]

    assert sorted(keys) == [keys[2], keys[1], keys[0]]
