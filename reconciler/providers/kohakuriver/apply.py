"""Carries out changes on a KohakuRiver host, in their order and one at a time.

Here belongs the order. How each kind of thing is written stands in `registering`, `inviting`,
`users` and `assignments`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Final

from reconciler.changes import Action, Change, Journal, Outcome
from reconciler.errors import WriteError
from reconciler.providers.kohakuriver import assignments, inviting, strangers, users
from reconciler.providers.kohakuriver.directory import Directory
from reconciler.providers.kohakuriver.registering import create_user
from reconciler.providers.one_by_one import OneByOne
from reconciler.state import INVITED, Key, Kind


def apply_changes(
    directory: Directory, changes: Sequence[Change], journal: Journal
) -> Iterator[Outcome]:
    """Carry out the changes in their order; one outcome for each."""
    work = OneByOne(journal, _needs)
    for (kind, action, _), together in groupby(changes, _bundle):
        if kind == "membership":
            write = assignments.assign if action == "create" else assignments.unassign
            yield from work.attempt_together(list(together), partial(write, directory))
        else:
            for change in together:
                outcome = work.attempt(change, partial(_write, directory, change, journal))
                assert outcome is not None
                yield outcome


def _bundle(change: Change) -> tuple[Kind, Action, str]:
    """Changes of one bundle can be carried by one request, if they are assignments."""
    return change.key.kind, change.action, change.key.path[0]


def _needs(change: Change) -> Iterator[tuple[Key, Action]]:
    if change.key.kind == "membership" and change.action == "create":
        yield Key("account", change.key.path[2:]), "create"
    if INVITED in (change.after or {}):  # what is open may be theirs
        yield strangers.OPEN, "update"


def _write(directory: Directory, change: Change, journal: Journal) -> None:
    kind, action = change.key.kind, change.action
    if INVITED in {**(change.before or {}), **(change.after or {})}:
        _INVITERS[action](directory, change, journal)
        return
    if (kind, action) == ("account", "create"):
        create_user(directory, change, journal)
        return
    if (kind, action) not in _WRITERS:
        raise WriteError(directory.target, f"KohakuRiver has no way to {action} a {kind}")
    _WRITERS[kind, action](directory, change)


_INVITERS: Final[Mapping[Action, Callable[[Directory, Change, Journal], None]]] = {
    "create": inviting.invite,
    "update": inviting.invite_anew,
    "delete": inviting.withdraw,
}

_WRITERS: Final[Mapping[tuple[Kind, Action], Callable[[Directory, Change], None]]] = {
    ("account", "update"): users.update_user,
    ("account", "delete"): users.delete_user,
    ("server", "update"): strangers.revoke,
}
