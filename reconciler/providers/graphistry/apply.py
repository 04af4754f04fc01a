"""Carries out changes on Graphistry, in their order; neighbours of one kind go in one call.

Here belongs the order. What is sent for each stands in `writes`, what is ended with it in
`parting`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from reconciler.changes import Action, Change, Journal, Outcome
from reconciler.errors import WriteError
from reconciler.providers.graphistry.parting import Parting, bound
from reconciler.providers.graphistry.rest import Rest
from reconciler.providers.graphistry.shell import Shell
from reconciler.providers.graphistry.writes import Batch, Written, is_writable, write
from reconciler.providers.one_by_one import OneByOne
from reconciler.providers.passwords import new_password
from reconciler.state import Key, Kind


def apply_changes(
    shell: Shell, changes: Sequence[Change], journal: Journal, rest: Rest | None = None
) -> Iterator[Outcome]:
    """Carry out the changes in their order; one outcome for each."""
    work = OneByOne(journal, _needs)
    replaced = _replaced(changes)
    parting = Parting(shell.target, shell.options, rest, journal)
    marked = (bound(shell.options, change) for change in changes)
    for (kind, action), together in groupby(marked, _bundle):
        send = partial(_followed, parting, partial(_write, shell, journal, replaced))
        if not is_writable(kind, action):
            send = partial(_refuse, shell.target)
        elif (kind, action) == ("account", "delete") and parting.precedes_deletions:
            send = partial(_delete, shell, parting)
        yield from parting.described(work.attempt_all(list(together), send))


def new_passwords(shell: Shell, changes: Sequence[Change]) -> tuple[str, ...]:
    """The new users who get a password: those who do not sign in through SSO alone."""
    created = (each for each in changes if (each.key.kind, each.action) == ("account", "create"))
    names = (each.key.path[0] for each in created)
    return tuple(name for name in names if name not in shell.options.sso_only_users)


def _bundle(change: Change) -> tuple[Kind, Action]:
    return change.key.kind, change.action


def _needs(change: Change) -> Iterator[tuple[Key, Action]]:
    if change.key.kind == "membership" and change.action == "create":
        yield Key("account", change.key.path[2:]), "create"


def _replaced(changes: Sequence[Change]) -> Mapping[tuple[str, str], Sequence[str]]:
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for change in changes:
        if change.key.kind == "membership" and change.action == "delete":
            slug, role, member = change.key.path
            found[slug, member].append(role)
    return found


def _write(
    shell: Shell,
    journal: Journal,
    replaced: Mapping[tuple[str, str], Sequence[str]],
    changes: Sequence[Change],
) -> Written:
    """Write the changes; passwords are handed over before anything is sent."""
    passwords = {name: new_password() for name in new_passwords(shell, changes)}
    for name, password in passwords.items():
        journal.hand_over(name, password, "")
    return write(shell, Batch(changes, replaced, passwords))


def _followed(
    parting: Parting, send: Callable[[Sequence[Change]], Written], changes: Sequence[Change]
) -> Written:
    """Write the changes, and end what each of them leaves."""
    found = send(changes)
    return {change.key: parting.after(change, found[change.key]) for change in changes}


def _delete(shell: Shell, parting: Parting, changes: Sequence[Change]) -> Written:
    """Delete users: first they may not sign in any more, then what they have beside is ended.

    Whoever still has something of it stays there, shut out, for the next apply.
    """
    found = dict(write(shell, Batch([_shutting_out(each) for each in changes], {})))
    shut = [change for change in changes if found[change.key] is None]
    found |= {change.key: parting.before_deletion(change) for change in shut}
    able = [change for change in shut if found[change.key] is None]
    inactive = [replace(each, before={**(each.before or {}), "active": False}) for each in able]
    return {**found, **write(shell, Batch(inactive, {}))}


def _shutting_out(deletion: Change) -> Change:
    return replace(deletion, action="update", after={"active": False})


def _refuse(target: str, changes: Sequence[Change]) -> Written:
    return {
        change.key: WriteError(target, f"Graphistry has no way to {change.action} {change.key}")
        for change in changes
    }
