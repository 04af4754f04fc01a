"""SQL expressions: what stays within its parentheses, and which have the same words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.expression import enclosed, expression_fault, folded, is_same

WHOLE = [
    "owner = current_user",
    "(a OR b) AND (c)",
    "x = ')'",
    "x = 'it''s )'",
    r"x = E'\') --'",
    "x = E'a'\n'\\') OR (' AND 'b' = 'c'",
    'x = "a)b"',
    "x = $$ ) ; -- $$",
    "x = $tag$ ) $$ ( $tag$",
    "a[1] = ANY (ARRAY[1, 2])",
    "x ->> 'k' = 'v' AND y @> '{}'::jsonb",
    "größe > 1.5e3",
    "a - -1 > 0",
    "U&'d\\0061t' <> x",
]
BROKEN = [
    ("", "is empty"),
    ("  ", "is empty"),
    ("true) OR (true", 'has a ")" too many'),
    ("(true", 'lacks a ")"'),
    ("a[1)", 'has a ")" too many'),
    ("true; DROP TABLE x", "cannot be read from '; DROP TABLE x' on"),
    ("true -- all", "has a comment"),
    ("true /* all */", "has a comment"),
    ("a --b", "has a comment"),
    ("x = 'open", "cannot be read"),
    ('x = "open', "cannot be read"),
    ("x = $$open", "cannot be read"),
    ("x = $1", "cannot be read"),
    ("x = E'open\\'", "cannot be read"),
    ("x = E'a'\n'\\') OR (true", "cannot be read"),
    ("true\0", "cannot be read"),
]


@pytest.mark.parametrize("text", WHOLE)
def test_an_expression_that_stays_in_its_parentheses_is_taken(text: str) -> None:
    assert expression_fault(text) is None


@pytest.mark.parametrize("text, said", BROKEN)
def test_what_could_leave_its_parentheses_is_refused(text: str, said: str) -> None:
    fault = expression_fault(text)

    assert fault is not None
    assert said in fault[0]


@pytest.mark.parametrize(
    "one, other",
    [
        ("owner=current_user", "(owner = CURRENT_USER)"),
        ("(( a  AND\n b ))", "a and b"),
        ("x = 'A b'", "(x = 'A b')"),
    ],
)
def test_case_blanks_and_outer_parentheses_make_no_difference(one: str, other: str) -> None:
    assert is_same(one, other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("(a) OR (b)", "a) OR (b"),
        ("x = 'A'", "x = 'a'"),
        ('"Owner" = 1', '"owner" = 1'),
        ("a < = b", "a <= b"),
        ("a b", "ab"),
        ("a", ""),
        ("a OR b AND c", "(a OR b) AND c"),
    ],
)
def test_everything_else_does(one: str, other: str) -> None:
    assert not is_same(one, other)


@given(st.text(alphabet="ab()'\" $;-/*e\\=", max_size=12))
def test_parentheses_around_a_whole_expression_change_nothing(text: str) -> None:
    if expression_fault(text) is not None:
        return

    assert expression_fault(f"({text})") is None
    assert folded(f"({text})") == folded(text)


@pytest.mark.parametrize(
    "text, between",
    [("a", "(a)"), ("(a)", "(a)"), ("(a) OR (b)", "((a) OR (b))"), ("x = ')'", "(x = ')')")],
)
def test_parentheses_are_put_around_what_has_none(text: str, between: str) -> None:
    assert enclosed(text) == between
