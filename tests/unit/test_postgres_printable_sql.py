"""Statements for a terminal: what is not seen is escaped, and means the same."""

from __future__ import annotations

import pytest
from psycopg import sql

from reconciler.providers.postgres.printable_sql import printable_sql


@pytest.mark.parametrize(
    "composed, text",
    [
        (sql.Identifier("pl\"a'in"), '"pl"a\'in"'.replace('l"a', 'l""a')),
        (sql.Identifier("a\tb\\c"), r'U&"a\0009b\\c"'),
        (sql.Identifier("a\U0001f9ffb\U000e0001"), r'U&"a🧿b\+0E0001"'),
        (sql.Literal("a\u202eb"), r"U&'a\202Eb'"),
        (sql.Literal("a\\\n'b"), r" E'a\\\u000a''b'"),
    ],
)
def test_names_and_texts_are_spelled_so_that_they_are_seen(
    composed: sql.Composable, text: str
) -> None:
    assert printable_sql(composed.as_string(None)) == text


def test_what_stands_between_quotes_alone_is_touched() -> None:
    statement = sql.SQL("GRANT {} TO {}").format(sql.Identifier("a\x1b"), sql.Identifier("it's"))

    assert printable_sql(statement.as_string(None)) == r'GRANT U&"a\001B" TO "it' + "'s" + '"'
