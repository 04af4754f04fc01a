"""What is asked, as far as the objects are there that it is about.

An object that is gone must not hold up everything else, such as a revocation that is due: what is
asked of it is set aside and told by a finding that blocks nothing but silence. What else does not
fit a target is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from reconciler import safety
from reconciler.errors import CannotHoldError
from reconciler.plan import Finding
from reconciler.provider import Provider
from reconciler.scope import Desired
from reconciler.state import Fields, Key, State

MISSING: Final = "missing-object"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A state in the target's spelling, and of what was left out of it, by record, what is said."""

    state: State
    absent: tuple[tuple[Key, str], ...] = ()


def fitted(provider: Provider, asked: State, observed: State) -> Fitted:
    """What is asked in the target's spelling, less objects that are not there.

    Raises CannotHoldError where anything else does not fit: then with all of it.
    """
    try:
        return Fitted(provider.normalize(asked, observed))
    except CannotHoldError as error:
        if not error.absent or len(error.absent) < len(error.faults):
            raise
        rest = without(asked.records, error.absent)
        return Fitted(provider.normalize(State(rest), observed), error.faults)


def without(records: Mapping[Key, Fields], absent: Iterable[tuple[Key, str]]) -> dict[Key, Fields]:
    """The records less these objects; one about nothing else is no record."""
    gone = frozenset(absent)
    touched = {key for key, _ in gone}
    result: dict[Key, Fields] = {}
    for key, fields in records.items():
        left = fields
        if key in touched:
            left = {name: value for name, value in fields.items() if (key, name) not in gone}
        if left or not fields:
            result[key] = left
    return result


def missing_findings(desired: Desired, absent: Iterable[tuple[Key, str]]) -> Iterator[Finding]:
    """One finding for each record that names objects which are not there."""
    for key, faults in groupby(sorted(absent), lambda each: each[0]):
        problem = desired.problem(key, "; ".join(message for _, message in faults))
        message = f"{problem}. The rest goes on; correct the line, or accept to go on without it"
        yield safety.finding(MISSING, desired.target, message, (), blocking=True)
