"""Reads access control lists as PostgreSQL prints them.

An item is `grantee=letters/grantor`; an empty grantee is PUBLIC. A name is quoted when it holds
anything but ASCII letters, digits and underscores (from version 17; earlier by the locale), a quote
inside it is doubled.
Source: PostgreSQL 18, src/backend/utils/adt/acl.c, functions putid and aclitemout.
"""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from typing import NamedTuple

from reconciler.providers.postgres.privileges import of_letters


class AclItem(NamedTuple):
    """One entry of an ACL. `grantee` is empty for PUBLIC; `privileges` are sorted."""

    grantee: str
    privileges: tuple[str, ...]
    grantor: str


@lru_cache(maxsize=200_000)
def parse_item(text: str) -> AclItem:
    """The parts of one item. ValueError for a text that is not an ACL item."""
    grantee, rest = _name(text)
    letters, slash, grantor = rest[1:].partition("/")
    if not rest.startswith("=") or not slash:
        raise ValueError(f"not an ACL item: {text!r}")
    return AclItem(grantee, of_letters(letters), _name(grantor)[0])


def granted(acl: object, owner: str, watched: Container[str]) -> dict[str, tuple[str, ...]]:
    """What the ACL gives to each watched role but the owner, whose rights need no grant."""
    result: dict[str, tuple[str, ...]] = {}
    for text in texts(acl):
        item = parse_item(text)
        if item.grantee in watched and item.grantee != owner:
            known = result.get(item.grantee, ())
            both = tuple(sorted({*known, *item.privileges})) if known else item.privileges
            result[item.grantee] = both
    return result


def texts(array: object) -> list[str]:
    """The texts of an array as a row has it: the items of an ACL, or names."""
    assert isinstance(array, list)
    return array


def _name(text: str) -> tuple[str, str]:
    """The name at the start of the text, unquoted, and what follows it."""
    if not text.startswith('"'):
        end = text.find("=")
        return (text, "") if end < 0 else (text[:end], text[end:])
    parts, position = [], 1
    while True:
        end = text.index('"', position)
        parts.append(text[position:end])
        if text[end + 1 : end + 2] != '"':
            return "".join(parts), text[end + 1 :]
        parts.append('"')
        position = end + 2
