"""Places and problems: every message leads to the line, and a hint is close to what was written."""

from __future__ import annotations

import pytest

from reconciler.source import Problem, Source, suggest

PLACE = Source("access.yaml", 14, 18, "roles.reader.privileges.2")


def test_a_place_reads_as_editors_take_it() -> None:
    assert str(PLACE) == "access.yaml:14:18"
    assert PLACE.short == "access.yaml:14"


def test_a_problem_says_where_what_and_what_to_do() -> None:
    problem = Problem(PLACE, '"SELCT" is not a privilege', 'did you mean "SELECT"?')

    assert str(problem) == (
        'access.yaml:14:18: roles.reader.privileges.2: "SELCT" is not a privilege; '
        'did you mean "SELECT"?'
    )


def test_a_problem_without_place_path_or_hint_has_no_empty_parts() -> None:
    assert str(Problem(None, "it is gone")) == "it is gone"
    assert str(Problem(Source("a.yaml", 1, 2), "it is gone")) == "a.yaml:1:2: it is gone"


def test_places_are_in_the_order_of_the_text() -> None:
    places = [Source("b", 1, 1), Source("a", 10, 1), Source("a", 9, 2), Source("a", 9, 1)]

    assert [str(each) for each in sorted(places)] == ["a:9:1", "a:9:2", "a:10:1", "b:1:1"]


@pytest.mark.parametrize(
    "word, found",
    [("SELCT", "select"), ("readr", "reader"), ("Reader", "reader"), ("zebra", ""), ("", "")],
)
def test_a_suggestion_is_close_or_absent(word: str, found: str) -> None:
    hint = suggest(word, ["reader", "writer", "select"])

    assert hint == (f'did you mean "{found}"?' if found else "")


def test_a_suggestion_does_not_depend_on_the_order_of_what_is_known() -> None:
    known = ["reader1", "reader2", "Reader2", "reader3"]

    assert suggest("reader", known) == suggest("reader", reversed(known))


def test_nothing_known_gives_no_suggestion() -> None:
    assert suggest("reader", []) == ""
