"""A table with the behaviours that sqlite and PostgreSQL show through FlowAuth.

Next ids, list order, length limits and unique rules belong here; which tables there are does not.
Rows are frozen, so copying a table is cheap and a copy is a transaction's private view.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from reconciler.sandbox.flowauth.settings import Backend

NAME_LIMIT = 75
SCOPE_LIMIT = 512


class UniqueViolationError(Exception):
    """A name, an id or a link is there already; FlowAuth answers it with shape 2."""


class DatabaseRefusedError(Exception):
    """Any other refusal of the database; FlowAuth answers it with shape 5."""


class Row(Protocol):
    """What a table needs to know of a row."""

    @property
    def id(self) -> int:
        """The primary key."""

    @property
    def unique_key(self) -> tuple[object, ...]:
        """What no other row of the table may share."""

    @property
    def limited_texts(self) -> tuple[tuple[str, int], ...]:
        """Texts with the most characters that PostgreSQL takes."""


RowT = TypeVar("RowT", bound=Row)


class Sequence:
    """A PostgreSQL sequence: it never goes back, whatever happens to the transaction."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """The next number."""
        self._last += 1
        return self._last


class Table(Generic[RowT]):
    """Rows by id, with one backend's ids, order and limits."""

    def __init__(
        self, backend: Backend, sequence: Sequence, rows: dict[int, RowT] | None = None
    ) -> None:
        self._backend = backend
        self._sequence = sequence
        self._rows: dict[int, RowT] = {} if rows is None else rows

    def copy(self) -> Table[RowT]:
        """A private copy; the sequence stays shared, as it is outside of transactions."""
        return Table(self._backend, self._sequence, dict(self._rows))

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._rows

    def get(self, row_id: int) -> RowT | None:
        """The row with this id, or None."""
        return self._rows.get(row_id)

    def listed(self) -> tuple[RowT, ...]:
        """All rows: by id on sqlite, in heap order (an updated row is last) on PostgreSQL."""
        if self._backend == "sqlite":
            return tuple(self._rows[row_id] for row_id in sorted(self._rows))
        return tuple(self._rows.values())

    def new_id(self) -> int:
        """The next id: highest + 1 on sqlite, which reuses ids; the sequence on PostgreSQL."""
        if self._backend == "sqlite":
            return max(self._rows, default=0) + 1
        return self._sequence.next()

    def insert(self, row: RowT) -> None:
        """Add a row; raises UniqueViolationError or DatabaseRefusedError."""
        self._check(row)
        if row.id in self._rows:
            raise UniqueViolationError(f"id {row.id}")
        self._rows[row.id] = row

    def update(self, row: RowT, old_id: int | None = None) -> None:
        """Replace a row, perhaps under a new id; a row that stays equal is not written."""
        key = row.id if old_id is None else old_id
        if self._rows[key] == row:
            return
        self._check(row, ignoring=key)
        if row.id != key and row.id in self._rows:
            raise UniqueViolationError(f"id {row.id}")
        if self._backend == "sqlite" and row.id == key:
            self._rows[key] = row
            return
        del self._rows[key]
        self._rows[row.id] = row

    def delete(self, row_id: int) -> None:
        """Remove a row."""
        del self._rows[row_id]

    def _check(self, row: RowT, ignoring: int | None = None) -> None:
        if self._backend == "postgres":
            for text, limit in row.limited_texts:
                if len(text) > limit:
                    raise DatabaseRefusedError(f"a text is longer than {limit} characters")
        for other_id, other in self._rows.items():
            if other_id != ignoring and other.unique_key == row.unique_key:
                raise UniqueViolationError("unique key")
