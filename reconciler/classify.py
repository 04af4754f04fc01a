"""What a difference is: the manifest's doing, the target's, or both.

Here belongs the decision table of drift, and nothing that acts on it. Pure. The order of the rules
is total: every combination has exactly one class.

Desired is what the manifest says, applied what the last apply left, observed what the target says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reconciler.changes import Cause
from reconciler.passwords import NO_PASSWORD, PASSWORD
from reconciler.source import Source
from reconciler.state import EXACT_KINDS, Fields, Key

Class = Literal[
    "unknown",
    "foreign",
    "in_sync",
    "orphan",
    "rogue",
    "unmanaged",
    "difference",
    "drift",
    "pending",
    "converged",
    "conflict",
]
Direction = Literal["widened", "narrowed", "mixed"]
Mark = Literal["ours", "theirs", "none"]

TELLING: Final = frozenset({"comment"})
"""The attributes that tell readers something, and by which nobody may do more or less."""

_NEVER: Final = "infinity"
"""The end of an account that has none."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of one record.

    `applied` is None where the last apply left none; `is_applied_known` says whether there is any
    memory at all. `observed` is None where the target has none; `is_readable` whether it was read.
    `is_exclusive` says that nobody but the manifest may put such a record there. `mark` is whose
    mark the object bears, on targets that keep marks.
    """

    desired: Fields | None
    applied: Fields | None
    observed: Fields | None
    is_applied_known: bool = True
    is_readable: bool = True
    is_exclusive: bool = False
    mark: Mark = "none"


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs of one record, of one class and with one cause.

    Each side holds the fields of the record that the difference is about: of a privilege record the
    objects, of another its attributes, none where it is about the record being there; None where
    the record is absent. `direction` compares observed with what was applied. `id` is stable as
    long as target, key, class and direction are the same. `sources` are the lines that say
    otherwise; `first_seen` is an RFC 3339 time, empty where nobody noted it.
    """

    id: str
    key: Key
    class_: Class
    direction: Direction
    cause: Cause
    desired: Fields | None
    applied: Fields | None
    observed: Fields | None
    sources: tuple[Source, ...] = ()
    first_seen: str = ""


def classify(cell: Cell) -> Class:
    """The class of a record: the first rule that holds decides.

    Unreadable; another's mark; nothing remembered; all equal; the target changed; the manifest
    changed; both made the same change; both changed.
    """
    if not cell.is_readable:
        return "unknown"
    if cell.mark == "theirs" and cell.observed is not None:
        return "foreign"
    if not cell.is_applied_known:
        return _without_memory(cell)
    is_unchanged = cell.desired == cell.applied
    if is_unchanged and cell.desired == cell.observed:
        return "in_sync"
    if is_unchanged:
        return "drift" if cell.desired is not None else _stranger(cell)
    if cell.observed == cell.applied:
        return "pending"
    return "converged" if cell.observed == cell.desired else "conflict"


def _without_memory(cell: Cell) -> Class:
    """Nothing is known of before: no cause can be named, and nothing is ours for certain."""
    if cell.desired == cell.observed:
        return "in_sync"
    if cell.desired is not None:
        return "difference"
    return "orphan" if cell.mark == "ours" else _stranger(cell)


def _stranger(cell: Cell) -> Class:
    return "rogue" if cell.is_exclusive else "unmanaged"


def restricted(fields: Fields | None, names: Fields | None, key: Key) -> Fields | None:
    """The fields that a side manages, so that they can be compared with it.

    An attribute that `names` does not hold is not managed. Records of the exact kinds are whole.
    """
    if fields is None or names is None or key.kind in EXACT_KINDS:
        return fields
    return {name: fields.get(name) for name in names}


def only_tells(fields: Fields | None) -> bool:
    """Whether these attributes only tell something to readers, and give nobody anything."""
    return bool(fields) and TELLING.issuperset(fields or ())


def direction(before: Fields | None, after: Fields | None, levels: Sequence[str] = ()) -> Direction:
    """Whether going from `before` to `after` gives more access, less, or some of both.

    A record that appears gives, one that vanishes takes. For privileges and scopes the sets of
    rights are compared; a switch turned on gives, and so does a higher of the `levels`, which are
    in order; any other value that changed is both. What only tells counts where nothing else does.
    """
    if before is None or after is None:
        return "widened" if before is None else "narrowed"
    gives = takes = False
    names = {**before, **after}.keys()
    for name in names - TELLING or names:
        old, new = before.get(name), after.get(name)
        if name == PASSWORD and old != new and NO_PASSWORD in (old, new):
            more, less = old == NO_PASSWORD, new == NO_PASSWORD
        elif name == "valid_until" and old != new and _NEVER in (old, new):
            more, less = new == _NEVER, old == _NEVER
        elif name == "level" and old in levels and new in levels:
            more, less = _higher(str(old), str(new), levels)
        else:
            more, less = _compared(old, new)
        gives, takes = gives or more, takes or less
    if gives and takes:
        return "mixed"
    return "narrowed" if takes else "widened"


def direction_of(key: Key, sides: tuple[Fields | None, Fields | None], whole: Fields) -> Direction:
    """The direction of row-level security, from the first side to the second.

    Switched on it takes; a policy gives, and a restrictive one takes; a policy that is another is
    both. `whole` is a whole record of a side, for what a side leaves out.
    """
    before, after = sides
    if key.kind == "row_security":
        return direction(after, before)
    if before is not None and after is not None:
        return "mixed"
    gives = bool(whole.get("permissive", True))
    return direction(before, after) if gives else direction(after, before)


def _higher(before: str, after: str, levels: Sequence[str]) -> tuple[bool, bool]:
    """Whether the level is higher than before, and whether it is lower."""
    old, new = levels.index(before), levels.index(after)
    return old < new, new < old


def _compared(before: object, after: object) -> tuple[bool, bool]:
    """Whether the value gives more, and whether it gives less."""
    if before == after:
        return False, False
    if isinstance(before, bool | None) and isinstance(after, bool | None):
        return bool(after), bool(before)
    old = set(before) if isinstance(before, tuple) else set() if before is None else None
    new = set(after) if isinstance(after, tuple) else set() if after is None else None
    if old is None or new is None:
        return True, True
    return bool(new - old), bool(old - new)
