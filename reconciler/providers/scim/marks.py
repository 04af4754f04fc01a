"""Whose a resource is: the mark in its externalId. No I/O.

The externalId is the client's (RFC 7643, section 3.1). What we create bears our mark where the
option says one; a resource with another manifest's mark is that manifest's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Final

from reconciler.providers.scim.client import Row
from reconciler.providers.scim.resources import text_of

_FAMILY: Final = "reconciler:"
"""How the marks of all manifests begin."""


def mark_for(prefix: str, name: str) -> str:
    """The externalId of what we create; empty for none."""
    return f"{prefix}{name}" if prefix else ""


def foreign_mark(row: Row, prefix: str) -> str:
    """The externalId of a resource that another manifest made; empty for any other.

    Where we have no mark ourselves nobody else's can be told from ours.
    """
    mark = text_of(row, "externalId")
    is_foreign = bool(prefix) and mark.startswith(_FAMILY) and not mark.startswith(prefix)
    return mark if is_foreign else ""


def strays(
    rows: Iterable[Row], attribute: str, prefix: str, declared: Set[str]
) -> Mapping[str, tuple[Row, ...]]:
    """By declared name: the resources with its mark to which somebody gave another name.

    The other name is none that the manifest declares: that one would count. Names that differ in
    case only are no others.
    """
    found: dict[str, tuple[Row, ...]] = {}
    for row in rows if prefix else ():
        mark, name = text_of(row, "externalId"), text_of(row, attribute)
        meant = mark.removeprefix(prefix) if mark.startswith(prefix) else ""
        if meant in declared and name not in declared and name.casefold() != meant.casefold():
            found[meant] = (*found.get(meant, ()), row)
    return found
