"""Whose a resource is: the mark in its externalId. No I/O.

The externalId is the client's (RFC 7643, section 3.1). What we create bears our mark where the
option says one; a resource with another manifest's mark is that manifest's.
"""

from __future__ import annotations

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
