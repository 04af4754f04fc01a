"""Carries out changes on a SCIM service, in their order; members of one group go together.

How each kind of thing is written stands in `users` and `members`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Final

from reconciler.changes import Action, Change, Journal, Outcome
from reconciler.errors import WriteError
from reconciler.providers.one_by_one import OneByOne
from reconciler.providers.scim import members, users
from reconciler.providers.scim.directory import Directory
from reconciler.state import Key, Kind


def apply_changes(
    directory: Directory, changes: Sequence[Change], journal: Journal
) -> Iterator[Outcome]:
    """Carry out the changes in their order; one outcome for each."""
    work = OneByOne(journal, _needs)
    for (kind, action, _), together in groupby(changes, _bundle):
        if kind == "membership":
            write = members.add if action == "create" else members.remove
            yield from work.attempt_together(list(together), partial(write, directory))
        else:
            for change in together:
                outcome = work.attempt(change, partial(_write, directory, change))
                assert outcome is not None
                yield outcome


def _bundle(change: Change) -> tuple[Kind, Action, str]:
    """Changes of one bundle can be carried by one request, if they are memberships."""
    return change.key.kind, change.action, change.key.path[0]


def _needs(change: Change) -> Iterator[tuple[Key, Action]]:
    if change.key.kind == "membership" and change.action == "create":
        yield Key("role", change.key.path[:1]), "create"
        yield Key("account", change.key.path[1:]), "create"


def _write(directory: Directory, change: Change) -> None:
    kind, action = change.key.kind, change.action
    if (kind, action) not in _WRITERS:
        raise WriteError(directory.target, f"SCIM has no way to {action} a {kind}")
    _WRITERS[kind, action](directory, change)


_WRITERS: Final[Mapping[tuple[Kind, Action], Callable[[Directory, Change], None]]] = {
    ("account", "create"): users.create_user,
    ("account", "update"): users.update_user,
    ("account", "delete"): users.delete_user,
    ("role", "create"): users.create_group,
    ("role", "delete"): users.delete_group,
}
