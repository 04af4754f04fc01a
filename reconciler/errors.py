"""The errors of the program, each with the exit code that the command line gives for it.

    ReconcilerError                     1   failed
    ├── InputError                      4   the manifest or another input file is invalid
    │   ├── ManifestError                   one or more faults, each with its place
    │   └── PlanFileError                   a plan file that cannot be used at all
    ├── UsageError                     64   the command line lacks or contradicts something
    ├── TargetError                     1   something about one target; names it
    │   ├── UnreachableError                no connection, a cut connection, a timeout
    │   ├── RefusedError                    wrong credentials, or a right is missing
    │   ├── UnexpectedResponseError         the target answered, but not as documented
    │   ├── PartlyReadError                 a part of the target cannot be read, the rest was
    │   ├── CannotHoldError                 what the manifest asks does not fit what is there
    │   └── WriteError                      a change was refused or had no effect
    ├── IncompleteReadError             9   targets that could not be read whole
    ├── BlockedError                    5   a safety rule or policy stands against it
    ├── StaleError                      6   the plan no longer fits
    ├── LockHeldError                   7   somebody else is applying
    ├── LedgerError                     1   the ledger cannot be read or written
    └── InterruptError                130   Ctrl-C, everything in flight finished

Data is in attributes, text for people in `str(error)`. Only the command line exits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from reconciler.source import Problem, in_order
from reconciler.state import Key, State


class ReconcilerError(Exception):
    """Something the program can explain; `str(error)` is written for the person who reads it."""

    exit_code: ClassVar[int] = 1


class InputError(ReconcilerError):
    """An input file is invalid; `problems` holds every fault found, in order of place."""

    exit_code = 4

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ManifestError(InputError):
    """The manifest is invalid, or asks of a target what it cannot hold."""


class PlanFileError(InputError):
    """A plan file is unreadable, of another version, or was edited by hand."""


class UsageError(ReconcilerError):
    """The command line lacks something or contradicts itself."""

    exit_code = 64


class TargetError(ReconcilerError):
    """Something failed on one target, named by `target`."""

    def __init__(self, target: str, message: str) -> None:
        self.target = target
        self.message = message
        super().__init__(f"{target}: {message}")


class UnreachableError(TargetError):
    """The target gave no answer: no connection, a cut one, or a timeout."""


class RefusedError(TargetError):
    """The target refused us: wrong credentials, or a right that the account lacks."""


class UnexpectedResponseError(TargetError):
    """The target answered something its documentation does not describe."""


class PartlyReadError(TargetError):
    """Records of some `kinds` cannot be read at all; `state` has all of every other kind.

    Whoever cannot do with a part takes it for what it is: a target that could not be read.
    """

    def __init__(self, target: str, message: str, state: State, kinds: frozenset[str]) -> None:
        self.state = state
        self.kinds = kinds
        super().__init__(target, message)


class CannotHoldError(TargetError):
    """What is asked does not fit what the target has; `faults` names each record and what is wrong.

    Those that are about an object which is not there have the record and the object in `absent`.
    The engine finds the lines that ask for these records and raises a ManifestError from it, or
    goes on without the objects where there is no other fault.
    """

    def __init__(
        self,
        target: str,
        faults: Sequence[tuple[Key, str]],
        absent: Sequence[tuple[Key, str]] = (),
    ) -> None:
        self.faults = tuple(faults)
        self.absent = tuple(absent)
        super().__init__(target, "; ".join(message for _, message in self.faults))


class WriteError(TargetError):
    """The target refused a change, or took it without effect."""


class IncompleteReadError(ReconcilerError):
    """At least one target could not be read whole; nothing was written anywhere."""

    exit_code = 9

    def __init__(self, failures: Sequence[TargetError]) -> None:
        self.failures = tuple(failures)
        lines = "\n".join(str(failure) for failure in self.failures)
        super().__init__(f"{lines}\nNothing was planned and nothing was written on any target.")


class BlockedError(ReconcilerError):
    """A safety rule or policy forbids it."""

    exit_code = 5


class StaleError(ReconcilerError):
    """The plan no longer fits the manifest or the targets."""

    exit_code = 6


class LockHeldError(ReconcilerError):
    """Another apply is at work on the target."""

    exit_code = 7


class LedgerError(ReconcilerError):
    """The ledger, found at `place`, cannot be read or written, or is damaged."""

    def __init__(self, place: str, message: str) -> None:
        self.place = place
        self.message = message
        super().__init__(f"{place}: {message}")


class InterruptError(ReconcilerError):
    """The user interrupted; the call in flight was finished first."""

    exit_code = 130
