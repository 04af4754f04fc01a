"""Finds out what became of a write: no write is believed, and none is repeated, without a read.

FlowAuth answers bad input and its own faults alike with status 500, may have carried out what it
never answered, and drops ids that it does not know in silence.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.errors import TargetError, WriteError
from reconciler.providers.flowauth.client import AmbiguousError, NotThereError


class UnknownResultError(TargetError):
    """A write may have been carried out, and it could not be read whether it was.

    Its cause is the error of that read.
    """


def settle(target: str, what: str, write: Callable[[], None], is_done: Callable[[], bool]) -> None:
    """Send a write once and read it back; returns when FlowAuth is as the write wanted it.

    Raises WriteError where it is not, UnknownResultError where it could not be read, and what
    `write` raises where it was refused. `what` names in messages what is written.
    """
    said = ""
    try:
        write()
    except (AmbiguousError, NotThereError) as error:
        said = error.message
    try:
        is_settled = is_done()
    except TargetError as error:
        reason = f"it could not be read back: {error.message}"
        text = f"{said or f'{what} was written'}; {reason}"
        raise UnknownResultError(target, text) from error
    if not is_settled:
        raise WriteError(target, said or f"{what} is not as it was written when read back")
