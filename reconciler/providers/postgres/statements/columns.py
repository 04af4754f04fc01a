"""Privileges on columns that would be lost with a REVOKE on their table, granted again.

`REVOKE SELECT ON t` also takes `SELECT (a)` (PostgreSQL docs, REVOKE: "the corresponding column
privileges, if any"), and nobody asked for that. Here belongs what of it is to stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from psycopg import sql

from reconciler.changes import Change
from reconciler.privilege_words import OPTION, table_and_column
from reconciler.providers.postgres.standing_grants import ColumnsHeld, Table
from reconciler.providers.postgres.statements.grants import (
    Part,
    Privileges,
    given_parts,
    granting,
    words_of,
)
from reconciler.state import Value


class KeptColumns:
    """What each role holds on columns after the changes."""

    def __init__(self, held: ColumnsHeld, changes: Sequence[Change]) -> None:
        self._kept: dict[tuple[str, Table], Mapping[str, Privileges]] = dict(held)
        for change in changes:
            grantee, database, _, schema = change.key.path
            after = change.after or {}
            for name in {**(change.before or {}), **after}:
                table, column = table_and_column(name)
                place = grantee, Table(database, schema, table)
                own = {**self._kept.get(place, {}), column: _words(after.get(name))}
                self._kept[place] = own

    def __bool__(self) -> bool:
        return bool(self._kept)

    def again(
        self, table: Table, on: sql.Composable, revoked: Part, grantees: Sequence[str]
    ) -> Iterator[sql.Composed]:
        """The GRANTs that give back what revoking this on the table takes and nobody asked for."""
        for grantee in grantees:
            columns: defaultdict[Privileges, list[str]] = defaultdict(list)
            for column, words in self._kept.get((grantee, table), {}).items():
                if lost := tuple(each for each in words if _is_lost(each, revoked)):
                    columns[lost].append(column)
            for words, names in sorted(columns.items()):
                for part in given_parts(words):
                    yield granting(part, words_of(part, sorted(names)), on, (grantee,))


def _is_lost(word: str, revoked: Part) -> bool:
    is_option = word.endswith(OPTION)
    return word.removesuffix(OPTION) in revoked.privileges and (is_option or not revoked.is_option)


def _words(value: Value) -> Privileges:
    return value if isinstance(value, tuple) else ()
