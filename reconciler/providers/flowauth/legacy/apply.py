"""Carries out changes on FlowAuth up to 1.17, one at a time and in their order.

Here belongs the order. How each kind of thing is written stands in `servers`, `groups`, `members`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from reconciler.changes import Action, Change, Journal, Outcome
from reconciler.errors import WriteError
from reconciler.providers.flowauth import users
from reconciler.providers.flowauth.legacy import groups, members, servers
from reconciler.providers.flowauth.legacy.directory import Directory
from reconciler.providers.one_by_one import OneByOne
from reconciler.providers.password_keeping import PasswordKeeping
from reconciler.state import Key, Kind


def apply_changes(
    ids: Directory, changes: Sequence[Change], journal: Journal, passwords: PasswordKeeping
) -> Iterator[Outcome]:
    """Carry out the changes in their order; one outcome for each.

    Rights of a user's own group come right after the user. What a server loses is taken from it at
    the end, when its groups no longer need it, so its outcome comes last.
    """
    work = OneByOne(journal, _needs)
    to_narrow: list[Change] = []
    for change in _with_own_groups_after_users(changes):
        outcome = work.attempt(change, partial(_write, ids, change, journal, passwords))
        if outcome is None:
            to_narrow.append(change)
        else:
            yield outcome
    for change in to_narrow:
        narrow = partial(servers.narrow, ids, change)
        yield work.attempt_rest(change, narrow, "only what it gains is done")


def _with_own_groups_after_users(changes: Sequence[Change]) -> Iterator[Change]:
    """A user's own group is there as soon as the user is, and not before."""
    new = {each.key.path[0] for each in changes if _is_new(each, "account")}
    waiting = [each for each in changes if _is_new(each, "role") and each.key.path[1] in new]
    for change in changes:
        if change not in waiting:
            yield change
        if _is_new(change, "account"):
            yield from (each for each in waiting if each.key.path[1] == change.key.path[0])


def _is_new(change: Change, kind: Kind) -> bool:
    return (change.key.kind, change.action) == (kind, "create")


def _needs(change: Change) -> Iterator[tuple[Key, Action]]:
    """A membership needs its role as the manifest wants it: one that was to be narrowed, and was
    not, would give too much.
    """
    path = change.key.path
    if change.action == "delete":
        return
    if change.key.kind == "role":
        yield Key("server", path[:1]), "create"
        yield Key("account", path[1:]), "create"
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
    ("role", "create"): groups.create,
    ("role", "update"): groups.update,
    ("role", "delete"): groups.delete,
    ("account", "delete"): users.delete,
    ("membership", "create"): members.give,
    ("membership", "delete"): members.take,
}
