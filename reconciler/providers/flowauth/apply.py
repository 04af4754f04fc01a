"""Carries out changes on FlowAuth, one at a time and in their order.

Here belongs the order. How each kind of thing is written stands in `servers`, `roles` and `users`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from reconciler.changes import Action, Change, Journal, Outcome
from reconciler.errors import WriteError
from reconciler.providers.flowauth import roles, servers, users
from reconciler.providers.flowauth.client import Client
from reconciler.providers.flowauth.directory import Directory
from reconciler.providers.one_by_one import OneByOne
from reconciler.providers.password_keeping import PasswordKeeping
from reconciler.state import Key, Kind


def apply_changes(
    client: Client, changes: Sequence[Change], journal: Journal, passwords: PasswordKeeping
) -> Iterator[Outcome]:
    """Carry out the changes in their order; one outcome for each.

    What a server loses is taken from it at the end, when its roles no longer need it, so its
    outcome comes last.
    """
    ids = Directory(client)
    work = OneByOne(journal, _needs)
    to_narrow: list[Change] = []
    for change in changes:
        outcome = work.attempt(change, partial(_write, ids, change, journal, passwords))
        if outcome is None:
            to_narrow.append(change)
        else:
            yield outcome
    for change in to_narrow:
        narrow = partial(servers.narrow, ids, change)
        yield work.attempt_rest(change, narrow, "only what it gains is done")


def _needs(change: Change) -> Iterator[tuple[Key, Action]]:
    """A membership needs its role as the manifest wants it: one that was to be narrowed, and was
    not, would give too much.
    """
    path = change.key.path
    if change.action == "delete":
        return
    if change.key.kind == "role":
        yield Key("server", path[:1]), "create"
    if change.key.kind == "membership":
        role = Key("role", path[:2])
        yield role, "create"
        yield role, "update"
        yield Key("account", path[2:]), "create"


def _write(
    ids: Directory, change: Change, journal: Journal, passwords: PasswordKeeping
) -> bool | None:
    """Send one change. False where a part of it waits for the end."""
    kind, action = change.key.kind, change.action
    if kind == "account" and action != "delete":
        write = users.create if action == "create" else users.update
        write(ids, change, journal, passwords)
        return None
    if (kind, action) not in _WRITERS:
        raise WriteError(ids.target, f"FlowAuth has no way to {action} a {kind}")
    return _WRITERS[kind, action](ids, change)


_WRITERS: Final[Mapping[tuple[Kind, Action], Callable[[Directory, Change], bool | None]]] = {
    ("server", "create"): servers.create,
    ("server", "update"): servers.widen,
    ("server", "delete"): servers.delete,
    ("role", "create"): roles.create,
    ("role", "update"): roles.update,
    ("role", "delete"): roles.delete,
    ("account", "delete"): users.delete,
    ("membership", "create"): users.give_role,
    ("membership", "delete"): users.take_role,
}
