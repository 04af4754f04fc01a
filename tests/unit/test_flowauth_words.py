"""Scopes of a manifest and rights of FlowAuth up to 1.17 stand for each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.providers.flowauth.legacy.routes import Routes
from reconciler.providers.flowauth.legacy.words import (
    ACTIONS,
    Right,
    minimal,
    parsed,
    rights_of,
    spelled,
    with_polls,
    words_of,
)

NAMES = st.sampled_from(["daily_location", "flows", "lon-lat", "admin3", "run", "poll"])
UNITS = st.sampled_from(["admin0", "admin3", "lon-lat", "nonspatial"])
RIGHTS = st.builds(Right, st.sampled_from(ACTIONS), NAMES, UNITS)
PLACED = RIGHTS.filter(lambda right: right.unit != "nonspatial")
SCOPES = st.builds(lambda unit, query: f"{unit}:{query}:{query}", UNITS, NAMES)
WORDS = st.tuples(
    st.frozensets(st.sampled_from(["run", "get_result"])), st.frozensets(SCOPES, min_size=1)
).map(lambda pair: pair[0] | pair[1])


@given(RIGHTS)
def test_a_spelled_right_is_parsed_as_it_was(right: Right) -> None:
    assert parsed(spelled(right)) == right


@given(WORDS)
def test_scopes_come_back_as_they_were(words: frozenset[str]) -> None:
    assert words_of(rights_of(words)) == tuple(sorted(words))
    assert words_of(with_polls(rights_of(words))) == tuple(sorted(words))


@given(st.frozensets(RIGHTS))
def test_any_rights_come_back_as_they_were(rights: frozenset[Right]) -> None:
    texts = frozenset(map(spelled, rights))

    assert rights_of(words_of(texts)) == minimal(texts)


@given(st.frozensets(PLACED), st.frozensets(PLACED))
def test_joined_rights_can_be_held_and_have_all_of_both(
    some: frozenset[Right], more: frozenset[Right]
) -> None:
    both = [frozenset(map(spelled, each)) for each in (some, more)]

    joined = Routes().joined(both)

    assert Routes().obstacle(joined) == ""
    assert joined >= both[0] | both[1]


@pytest.mark.parametrize(
    "rights, words",
    [
        ((), ()),
        (("run&flows", "poll&flows"), ("nonspatial:flows:flows", "run")),
        (("poll&flows.aggregation_unit.admin3",), ("admin3:flows:flows",)),
        (("run&flows", "get_result&visits"), ("get_result&visits", "run&flows")),
        (("run&a.locations.b.aggregation_unit.c",), ("run&a.locations.b.aggregation_unit.c",)),
        (("run&a.aggregation_unit.nonspatial",), ("run&a.aggregation_unit.nonspatial",)),
        (("whatever",), ("whatever",)),
    ],
)
def test_what_no_scopes_stand_for_stays_as_it_is_spelled(
    rights: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert words_of(rights) == words
