"""What became of taking everything from one person: by target what was taken, and what was not.

Here belongs the value that `offboard` leaves behind, and the exit code that follows from it. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.changes import Change
from reconciler.plan import TargetPlan

_INTERRUPTED: Final = 130
_WORST_FIRST: Final = (9, 7, 6, 5)


@dataclass(frozen=True, slots=True)
class Taken:
    """A change that was made, or would be, and what its target said of it."""

    change: Change
    message: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that was not taken, in words, and why.

    One that `matters` is access that is still there; the rest is of no use to an account that
    cannot be signed in to any more.
    """

    what: str
    reason: str
    matters: bool = True


@dataclass(frozen=True, slots=True)
class TargetDeparture:
    """One target: what was taken, or would be, in apply order, and what was not.

    `failure` says why nothing was done there, or not all; `code` is the exit code for that alone.
    `plan` is None for a target that could not be read. `still` says what goes on in spite of it.
    """

    target: str
    account: str
    plan: TargetPlan | None = None
    taken: tuple[Taken, ...] = ()
    kept: tuple[Kept, ...] = ()
    failure: str = ""
    code: int = 0
    still: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left there that matters."""
        return not self.failure and not any(each.matters for each in self.kept)


@dataclass(frozen=True, slots=True)
class Departure:
    """All targets for one user. `line` is where the manifest says the user's state, or should, and
    `is_departed` whether it says already that the user left. `still` names what goes on working on
    any target though it has to do with the user.
    """

    user: str
    person: str
    at: str
    line: str
    is_departed: bool
    targets: tuple[TargetDeparture, ...]
    still: tuple[str, ...] = ()
    is_dry: bool = False
    interrupted: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left anywhere that matters."""
        return all(each.is_whole for each in self.targets)

    @property
    def taken(self) -> tuple[Taken, ...]:
        """What was taken on all targets, or would be."""
        return tuple(taken for each in self.targets for taken in each.taken)

    @property
    def exit_code(self) -> int:
        """130 interrupted, 0 all taken, 8 some taken and some not; else nothing was taken, and 9
        not read, 7 locked, 6 changed meanwhile, 5 blocked, 1 failed: the first of these that holds.
        """
        if self.interrupted:
            return _INTERRUPTED
        if self.is_whole:
            return 0
        if self.taken and not self.is_dry:
            return 8
        codes = {each.code for each in self.targets if not each.is_whole}
        return next((code for code in _WORST_FIRST if code in codes), 1)
