"""What somebody who leaves still has beside a name to sign in with, and ending it.

Here belong the steps after a change that takes something, and before a deletion: logging out,
revoking personal keys, giving away what is owned. Taking the sign-in itself is `writes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from reconciler.changes import Change, Journal, Outcome
from reconciler.errors import TargetError, WriteError
from reconciler.providers.graphistry.accounts import LAG, is_shut_out, loses
from reconciler.providers.graphistry.keys import described, revoke_keys
from reconciler.providers.graphistry.options import GraphistryOptions
from reconciler.providers.graphistry.rest import Rest
from reconciler.providers.graphistry.scripts import ScriptError, run_script
from reconciler.providers.settling import UnknownResultError
from reconciler.state import Key


class _LeftError(Exception):
    """Something that somebody still has; the text says what and why."""


Step = Callable[[], str]
"""Ends something and says what; raises _LeftError."""


def bound(options: GraphistryOptions, change: Change) -> Change:
    """The change, marked as one that also ends whatever somebody is signed in to.

    The journal keeps a marked change whose end failed for the next apply.
    """
    name = change.key.path[0]
    is_followed = bool(options.url) or (bool(options.keys_command) and is_shut_out(change))
    if change.action != "update" or not (is_followed and loses(change)):
        return change
    return replace(change, end_sessions=tuple(sorted({*change.end_sessions, name})))


def _unmarked(change: Change) -> Change:
    """The change without the mark of `bound`, where nobody was logged out."""
    rest = tuple(name for name in change.end_sessions if name != change.key.path[0])
    return replace(change, end_sessions=rest)


class Parting:
    """The steps of one apply. `rest` is None where the options have no url."""

    def __init__(
        self, target: str, options: GraphistryOptions, rest: Rest | None, journal: Journal
    ) -> None:
        self._target = target
        self._options = options
        self._rest = rest
        self._journal = journal
        self._told: dict[Key, str] = {}

    @property
    def precedes_deletions(self) -> bool:
        """Whether there is anything to do before somebody is deleted."""
        options = self._options
        return bool(options.url or options.keys_command or options.transfer_command)

    def after(self, change: Change, error: TargetError | None) -> TargetError | None:
        """End what a change leaves that was made, or may have been; why not all of it ended.

        What may have been made and left something has failed, so that the next apply looks again:
        what is unknown counts as done as soon as it is seen there.
        """
        if error is not None and not isinstance(error, UnknownResultError):
            return error
        failed = self._ended(change, [*self._log_outs(change), *self._revoking(change)])
        if not failed:
            return error
        if error is not None:
            return WriteError(self._target, f"{error.message}; {failed}")
        who = f'"{change.key.path[0]}" may not sign in any more'
        made = who if is_shut_out(change) else "it was changed"
        return WriteError(self._target, f"{made}, but {failed}")

    def before_deletion(self, change: Change) -> WriteError | None:
        """End what somebody has who cannot sign in any more, and give away what they own; why they
        are not to be deleted yet.
        """
        steps = [*self._log_outs(change), *self._revoking(change)]
        failed = self._ended(change, steps) or self._ended(change, self._transferring(change))
        who = f'"{change.key.path[0]}" may not sign in any more'
        return WriteError(self._target, f"{who}, but is not deleted: {failed}") if failed else None

    def described(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes; those that are done with what else was ended, and without a mark that says
        more than was.
        """
        for each in outcomes:
            if each.status != "done":
                yield each
                continue
            change = each.change if self._rest else _unmarked(each.change)
            yield Outcome(change, "done", self._told.get(change.key, ""))

    # The steps

    def _ended(self, change: Change, steps: Iterable[Step]) -> str:
        """What is left after these steps, of which each is tried; empty where nothing is."""
        told = [self._told[change.key]] if change.key in self._told else []
        left: list[str] = []
        for step in steps:
            if self._journal.is_stopping():
                left.append("interrupted before the rest of what was theirs was ended")
                break
            try:
                told.append(step())
            except _LeftError as error:
                left.append(str(error))
        self._told[change.key] = "; ".join(told)
        return "; ".join(left)

    def _log_outs(self, change: Change) -> Iterator[Step]:
        names = {*change.end_sessions}
        if loses(change):
            own = {change.key.path[0]}
            names = names | own if self._rest else names - own
        for name in sorted(names):
            yield partial(self._log_out, name)

    def _log_out(self, name: str) -> str:
        lag = f'sessions of "{name}" {LAG}'
        if self._rest is None:
            raise _LeftError(f"{lag}: the options have no url")
        try:
            is_there = self._rest.log_out(name)
        except TargetError as error:
            raise _LeftError(f"{lag}: {error.message}") from None
        if not is_there:
            return f"{lag}: this Graphistry has no logout-user"
        return f'logged "{name}" out'

    def _revoking(self, change: Change) -> Iterator[Step]:
        if self._options.keys_command and is_shut_out(change):
            yield partial(self._revoke, change.key.path[0])

    def _revoke(self, name: str) -> str:
        try:
            found = revoke_keys(self._options, name)
        except ScriptError as error:
            raise _LeftError(f'personal keys of "{name}" may be left: {error}') from None
        return f"revoked {described(found)}" if found else "there were no personal keys"

    def _transferring(self, change: Change) -> Iterator[Step]:
        if change.heir and self._options.transfer_command:
            yield partial(self._transfer, change.key.path[0], change.heir)

    def _transfer(self, name: str, heir: str) -> str:
        words, values = self._options.transfer_command, {"from": name, "to": heir}
        try:
            run_script(self._options, "transfer_command", words, values)
        except ScriptError as error:
            raise _LeftError(f'what is theirs was not given to "{heir}": {error}') from None
        return f'gave what was theirs to "{heir}"'
