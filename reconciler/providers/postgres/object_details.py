"""What is read of schemas and owners only where the manifest asks for it.

Here belongs which catalogs are read besides, and making records of what the inventory has. Reading
is `observe`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.scope import Scope
from reconciler.state import Fields, Key

OWNED_SEQUENCE: Final = "owned sequence"
"""The inventory of the sequences that belong to columns: by name, the table."""

SCHEMA_COMMENT: Final = "schema comment"
"""The inventory of the comments of schemas, of those that have one."""

DETAIL_CATALOGS: Final[Mapping[str, str]] = {
    OWNED_SEQUENCE: "owned_sequences",
    SCHEMA_COMMENT: "schema_comments",
}
"""The queries by what is asked for."""


def wanted_object_details(scope: Scope) -> frozenset[str]:
    """What has to be read of objects for this scope besides what always is."""
    wanted = {SCHEMA_COMMENT} if scope.schema_comments else set()
    if any(kind in ("table", "sequence") for _, kind, _ in scope.ownerships):
        wanted.add(OWNED_SEQUENCE)
    return frozenset(wanted)


def object_records(found: Mapping[Key, Fields], scope: Scope) -> Iterator[tuple[Key, Fields]]:
    """The schemas and owners that the manifest asks for, as far as the inventory has them.

    The record of the owners is there with nothing in it where there are no objects.
    """
    for database, kind, schema in scope.ownerships:
        if Key("object", (database, "database", "")) in found:
            owners = found.get(Key("object", (database, kind, schema)), {})
            yield Key("ownership", (database, kind, schema)), owners
    for database, schema in scope.schemas:
        if schema in found.get(Key("object", (database, "schema", "")), {}):
            fields: Fields = {}
            if scope.schema_comments:
                told = found.get(Key("object", (database, SCHEMA_COMMENT, "")), {})
                fields = {"comment": told.get(schema, "")}
            yield Key("schema", (database, schema)), fields
