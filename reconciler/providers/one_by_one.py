"""Carries out changes one at a time, for targets without transactions.

Here belong the outcomes, and what a failure stops: what depends on it and nothing else, but for
lost rights and a lost connection, which stop everything. Writing is for each provider.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from functools import partial

from reconciler.changes import Action, Change, Journal, Outcome, Status
from reconciler.errors import RefusedError, TargetError, UnreachableError, WriteError
from reconciler.providers.settling import UnknownResultError
from reconciler.state import Key

_SENT = UnknownResultError | WriteError
"""What a write raises that may have been carried out in part; any other comes before it."""

Needs = Callable[[Change], Iterable[tuple[Key, Action]]]
"""The changes of other records that have to be done before one, where they are in the same plan."""


class OneByOne:
    """The state of one apply: what was not done, and whether anything can still be done."""

    def __init__(self, journal: Journal, needs: Needs) -> None:
        self._journal = journal
        self._needs = needs
        self._not_done: dict[Key, Action] = {}
        self._halted = ""

    def attempt(self, change: Change, write: Callable[[], bool | None]) -> Outcome | None:
        """Do one change, after the journal took the intent. None where `write` says False: a part
        of it waits for `attempt_rest`.
        """
        self._look_out()
        if skipped := self._skipped(change):
            return skipped
        self._journal.intend([change])
        return self._outcome(change, write)

    def attempt_together(
        self, changes: Sequence[Change], write: Callable[[Sequence[Change]], None]
    ) -> Iterator[Outcome]:
        """Do changes that one request can carry, such as members of one group.

        `write` returns when all of them are made; where it raises, `write` is asked again for each
        by itself, so that one that cannot be made takes no other with it.
        """
        able = yield from self._intended(changes)
        doubt: TargetError | None = None
        if len(able) > 1:
            try:
                write(able)
            except TargetError as error:
                doubt = error
            else:
                yield from (Outcome(change, "done") for change in able)
                return
        for change in able:
            yield self._alone(change, partial(write, [change]), doubt)

    def _alone(
        self, change: Change, write: Callable[[], None], doubt: TargetError | None
    ) -> Outcome:
        """What becomes of a change that is tried by itself, after an attempt with others if there
        is a `doubt`.
        """
        if self._halted:
            self._not_done[change.key] = change.action
            status: Status = "unknown" if isinstance(doubt, _SENT) else "failed"
            return Outcome(change, status, f"not tried again: {self._halted}")
        outcome = self._outcome(change, write, doubt)
        assert outcome is not None
        return outcome

    def attempt_all(
        self,
        changes: Sequence[Change],
        write: Callable[[Sequence[Change]], Mapping[Key, TargetError | None]],
    ) -> Iterator[Outcome]:
        """Do changes that one request carries and answers one by one.

        `write` says of each why it was not made, or None; it raises where none was.
        """
        able = yield from self._intended(changes)
        if not able:
            return
        try:
            found = write(able)
        except TargetError as error:
            found = dict.fromkeys((change.key for change in able), error)
        for change in able:
            outcome = self._outcome(change, partial(_raise, found[change.key]))
            assert outcome is not None
            yield outcome

    def attempt_rest(self, change: Change, write: Callable[[], None], done: str) -> Outcome:
        """Do the part of a change that waited; `done` says what of it is done already."""
        self._look_out()
        if self._halted:
            return Outcome(change, "failed", f"{done}: {self._halted}")
        outcome = self._outcome(change, write)
        assert outcome is not None
        return outcome

    def _intended(self, changes: Sequence[Change]) -> Generator[Outcome, None, Sequence[Change]]:
        """Those that can be tried, after the journal took the intent; yields what becomes of the
        others.
        """
        able = []
        self._look_out()
        for change in changes:
            if skipped := self._skipped(change):
                yield skipped
            else:
                able.append(change)
        if able:
            self._journal.intend(able)
        return able

    def _skipped(self, change: Change) -> Outcome | None:
        """The outcome of a change that must not be tried; None where nothing stands against it."""
        if reason := self._halted or self._obstacle(change):
            self._not_done[change.key] = change.action
            return Outcome(change, "skipped", f"not tried: {reason}")
        return None

    def _look_out(self) -> None:
        if not self._halted and self._journal.is_stopping():
            self._halted = "interrupted"

    def _outcome(
        self, change: Change, write: Callable[[], bool | None], doubt: TargetError | None = None
    ) -> Outcome | None:
        try:
            return None if write() is False else Outcome(change, "done")
        except TargetError as error:
            reason = error.__cause__ if isinstance(error, UnknownResultError) else error
            if isinstance(reason, RefusedError | UnreachableError):
                self._halted = reason.message
            self._not_done[change.key] = change.action
            is_unknown = isinstance(error, UnknownResultError) or _is_open(doubt, error)
            return Outcome(change, "unknown" if is_unknown else "failed", error.message)

    def _obstacle(self, change: Change) -> str:
        """What the change needs and was not done. Empty where nothing stands against it."""
        for key, action in self._needs(change):
            if self._not_done.get(key) == action:
                return f"{key} was not {action}d"
        return ""


def _is_open(doubt: TargetError | None, error: TargetError) -> bool:
    """Whether a change may be made that failed by itself, since it was sent with others before.

    Where that was read back, only a read that fails now leaves it open.
    """
    is_read = isinstance(doubt, WriteError) and isinstance(error, WriteError)
    return isinstance(doubt, _SENT) and not is_read


def _raise(error: TargetError | None) -> None:
    if error is not None:
        raise error
