"""What became of changes that an earlier run sent before it died: the target itself is asked.

Pure: the target was read already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reconciler.changes import Change
from reconciler.state import EXACT_KINDS, Fields, State

if TYPE_CHECKING:
    from reconciler.ledger import Result
    from reconciler.ledger.values import ResultStatus


def found_results(
    changes: Sequence[tuple[int, Change]], observed: State | None
) -> tuple[Result, ...]:
    """For each change, with its index in the intent: done, not done, or something else is there.

    None for `observed`: another system is there, so nobody can look.
    """
    return tuple(_found(changes, observed))


def _found(changes: Sequence[tuple[int, Change]], observed: State | None) -> Iterator[Result]:
    from reconciler.ledger import Result  # only an apply needs the ledger

    for index, change in changes:
        if observed is None:
            yield Result(index, "changed", "another system has the target's name now")
        else:
            yield Result(index, _status(change, observed.get(change.key)))


def _status(change: Change, there: Fields | None) -> ResultStatus:
    if _is(change.after, there, change):
        return "done"
    return "not_done" if _is(change.before, there, change) else "changed"


def _is(side: Fields | None, there: Fields | None, change: Change) -> bool:
    if side is None or there is None or change.key.kind in EXACT_KINDS:
        return side == there
    return all(there.get(name) == value for name, value in side.items())
