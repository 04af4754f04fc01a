"""How rights are named in records, and how people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.privilege_words import column_name, in_words, table_and_column, with_grant_option

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(NAMES, NAMES)
def test_the_name_of_a_column_comes_apart_as_it_was_put_together(table: str, column: str) -> None:
    assert table_and_column(column_name(table, column)) == (table, column)


def test_an_ordinary_column_is_its_table_and_its_name() -> None:
    assert column_name("cells", "id") == "cells.id"
    assert column_name("a.b", "c.d") == "a\\.b.c.d"


@pytest.mark.parametrize("name", ["", "cells", "cells.", ".id"])
def test_what_names_no_column_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="not a column"):
        table_and_column(name)


def test_a_privilege_and_its_option_are_one_for_people() -> None:
    words = with_grant_option(["SELECT", "INSERT"])

    assert words == ("INSERT", "INSERT*", "SELECT", "SELECT*")
    assert in_words([*words, "UPDATE", "DELETE*"]) == [
        "the grant option for delete",
        "insert with grant option",
        "select with grant option",
        "update",
    ]
