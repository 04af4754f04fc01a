"""What MobiusFlow cannot hold, found in the manifest before anything is read."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.scope import Desired
from reconciler.source import Problem


def check(desired: Desired) -> tuple[Problem, ...]:
    """Every name that cannot be held, with its line.

    Empty names, blanks at an end and names that differ only in case are no manifest's.
    """
    return tuple(sorted(_names(desired), key=str))


def _names(desired: Desired) -> Iterator[Problem]:
    for key in desired.state.records:
        name = key.path[-1]
        if key.kind == "account" and not name.strip("."):
            message = f'the name "{name}" is nothing but dots: no address can be made of it'
            yield desired.problem(key, message, "choose another")
