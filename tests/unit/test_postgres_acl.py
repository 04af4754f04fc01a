"""Access control lists as PostgreSQL prints them, and the letters in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.providers.postgres.acl import parse_item
from reconciler.providers.postgres.privileges import LETTERS, of_letters, spelled_out

PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def _put(name: str) -> str:
    """A name as the server prints it (PostgreSQL, acl.c, putid)."""
    return name if set(name) <= PLAIN else '"' + name.replace('"', '""') + '"'


@pytest.mark.parametrize(
    "text, grantee, privileges, grantor",
    [
        ("reader=r/postgres", "reader", ("SELECT",), "postgres"),
        ("=U/postgres", "", ("USAGE",), "postgres"),
        ('"a b"=arw/"c=d/e"', "a b", ("INSERT", "SELECT", "UPDATE"), "c=d/e"),
        ('"quo""te"=X/o', 'quo"te', ("EXECUTE",), "o"),
        ("reader=r*w/o", "reader", ("SELECT", "SELECT*", "UPDATE"), "o"),
        ("reader=/o", "reader", (), "o"),
        ("Zoë=r/o", "Zoë", ("SELECT",), "o"),
    ],
)
def test_an_item_is_read_as_it_is_printed(
    text: str, grantee: str, privileges: tuple[str, ...], grantor: str
) -> None:
    assert parse_item(text) == (grantee, privileges, grantor)


@given(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.sets(st.sampled_from(sorted(LETTERS))),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
)
def test_any_name_comes_back_as_it_was(grantee: str, letters: set[str], grantor: str) -> None:
    item = parse_item(f"{_put(grantee)}={''.join(sorted(letters))}/{_put(grantor)}")

    assert item.grantee == grantee
    assert item.grantor == grantor
    assert item.privileges == tuple(sorted(LETTERS[each] for each in letters))


@pytest.mark.parametrize("text", ["", "reader", "reader=r", '"reader=r/o', '"reader"r/o'])
def test_what_is_no_item_is_an_error_and_not_an_empty_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_item(text)


def test_a_letter_that_is_not_known_is_an_error() -> None:
    with pytest.raises(KeyError):
        of_letters("rZ")


def test_all_has_maintain_from_version_17() -> None:
    assert "MAINTAIN" not in spelled_out("table", ("ALL",), 160009)
    assert "MAINTAIN" in spelled_out("table", ("ALL",), 170000)
    assert "MAINTAIN" not in spelled_out("sequence", ("ALL",), 180000)


def test_words_are_spelled_as_the_catalog_has_them() -> None:
    assert spelled_out("database", ("TEMP", "TEMPORARY", "CONNECT"), 150000) == (
        "CONNECT",
        "TEMPORARY",
    )
