"""Carries out changes on FlowAuth, one at a time and in their order.

Here belong the order, the outcomes, and what a failure stops. How each kind of thing is written
stands in `servers`, `roles` and `users`; finding out what became of a write in `settle`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from reconciler.changes import Action, Change, Journal, Outcome
from reconciler.errors import RefusedError, TargetError, UnreachableError, WriteError
from reconciler.providers.flowauth import roles, servers, users
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.directory import Directory
from reconciler.providers.flowauth.settle import UnknownResultError
from reconciler.state import Key, Kind


def apply_changes(client: Client, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
    """Carry out the changes in their order; one outcome for each.

    What a server loses is taken from it at the end, when its roles no longer need it, so its
    outcome comes last. A failure stops what depends on it and nothing else; lost rights and a lost
    connection stop everything.
    """
    work = _Work(client, journal)
    to_narrow: list[Change] = []
    for change in changes:
        outcome = work.attempt(change)
        if outcome is None:
            to_narrow.append(change)
        else:
            yield outcome
    for change in to_narrow:
        yield work.attempt_narrowing(change)


class _Work:
    """The state of one apply: what failed, and whether anything can still be done."""

    def __init__(self, client: Client, journal: Journal) -> None:
        self._ids = Directory(client)
        self._journal = journal
        self._not_done: dict[Key, Action] = {}
        self._halted = ""

    def attempt(self, change: Change) -> Outcome | None:
        """Do one change. None where a part of it waits for the end."""
        self._look_out()
        if reason := self._halted or self._obstacle(change):
            self._not_done[change.key] = change.action
            return Outcome(change, "skipped", f"not tried: {reason}")
        self._journal.intend([change])
        return self._outcome(change, lambda: self._write(change))

    def attempt_narrowing(self, change: Change) -> Outcome:
        """Do the part of a server's change that waited."""
        self._look_out()
        if self._halted:
            return Outcome(change, "failed", f"only what it gains is done: {self._halted}")
        outcome = self._outcome(change, lambda: servers.narrow(self._ids, change))
        assert outcome is not None
        return outcome

    def _look_out(self) -> None:
        if not self._halted and self._journal.is_stopping():
            self._halted = "interrupted"

    def _outcome(self, change: Change, write: Callable[[], bool | None]) -> Outcome | None:
        """What became of a change. None where `write` says False: it is done in part."""
        try:
            return None if write() is False else Outcome(change, "done")
        except TargetError as error:
            is_unknown = isinstance(error, UnknownResultError)
            reason = error.__cause__ if is_unknown else error
            if isinstance(reason, RefusedError | UnreachableError):
                self._halted = reason.message
            self._not_done[change.key] = change.action
            return Outcome(change, "unknown" if is_unknown else "failed", error.message)

    def _obstacle(self, change: Change) -> str:
        """What the change needs and was not done. Empty where nothing stands against it.

        A membership needs its role as the manifest wants it: one that was to be narrowed, and was
        not, would give too much.
        """
        path, needs = change.key.path, []
        if change.key.kind == "role" and change.action != "delete":
            needs = [(Key("server", path[:1]), "create")]
        if change.key.kind == "membership" and change.action != "delete":
            role = Key("role", path[:2])
            needs = [(role, "create"), (role, "update"), (Key("account", path[2:]), "create")]
        missing = [(key, action) for key, action in needs if self._not_done.get(key) == action]
        return f"{missing[0][0]} was not {missing[0][1]}d" if missing else ""

    def _write(self, change: Change) -> bool | None:
        """Send one change. False where a part of it waits for the end."""
        kind, action = change.key.kind, change.action
        if (kind, action) == ("account", "create"):
            users.create(self._ids, change, self._journal)
            return None
        if (kind, action) not in _WRITERS:
            raise WriteError(self._ids.target, f"FlowAuth has no way to {action} a {kind}")
        return _WRITERS[kind, action](self._ids, change)


_WRITERS: Final[Mapping[tuple[Kind, Action], Callable[[Directory, Change], bool | None]]] = {
    ("server", "create"): servers.create,
    ("server", "update"): servers.widen,
    ("server", "delete"): servers.delete,
    ("role", "create"): roles.create,
    ("role", "update"): roles.update,
    ("role", "delete"): roles.delete,
    ("account", "update"): users.set_level,
    ("account", "delete"): users.delete,
    ("membership", "create"): users.give_role,
    ("membership", "delete"): users.take_role,
}
