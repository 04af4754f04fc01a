"""Finds out what became of a write over HTTP: none is believed, and none repeated, without a read.

Services answer bad input and their own faults alike with status 500, may have carried out what they
never answered, and take in silence what they do not do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.errors import TargetError, WriteError
from reconciler.providers.http_connection import AmbiguousError


class NotThereError(WriteError):
    """A write was refused with status 404: what it was about is not there any more."""


class UnknownResultError(TargetError):
    """A write may have been carried out, and it could not be read whether it was.

    Its cause is the error of that read.
    """


@contextmanager
def following(target: str, what: str, *, is_first: bool) -> Iterator[None]:
    """One of several writes of `what`. Where it cannot even begin, those before it are made.

    Raises UnknownResultError then: nobody knows what became of `what` as a whole.
    """
    try:
        yield
    except (AmbiguousError, WriteError, UnknownResultError):
        raise
    except TargetError as error:
        if is_first:
            raise
        text = f"a part of {what} is written: {error.message}"
        raise UnknownResultError(target, text) from error


def settle(target: str, what: str, write: Callable[[], None], is_done: Callable[[], bool]) -> None:
    """Send a write once and read it back; returns when the target is as the write wanted it.

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
