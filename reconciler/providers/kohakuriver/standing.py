"""How the invitations that we made stand, and what stands against making more. No I/O.

Source: KohakuRiver, invitations: one that ran out or was used stays in the list for ever, so one
that is not there was revoked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.changes import Change
from reconciler.provider import Warned
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.directory import Directory
from reconciler.providers.kohakuriver.pending import end_of, is_like_ours
from reconciler.state import INVITED, Key
from reconciler.wording import counted, listed


def waiting(directory: Directory) -> Mapping[str, str]:
    """The accounts that somebody was invited to make, and when the invitation ends."""
    rows = directory.invited.open(directory.invitations, directory.users)
    return {name: end_of(row) for name, row in rows.items()}


def lapsed(directory: Directory) -> Mapping[str, str]:
    """The accounts whose invitation is over by itself, and how; empty where `obstacles` says it."""
    found = directory.invited.matched(directory.invitations)
    there = {row.username for row in directory.users}
    result: dict[str, str] = {}
    for name in sorted(directory.invited.notes.keys() - there):
        row = found.get(name)
        is_ours = not directory.invited.notes[name] or name in directory.invited.unsettled
        if row is None and is_ours:
            result[name] = "was revoked by an apply that made no other: the next one makes it"
        elif row is not None and not row.is_valid:
            ran_out = f"ran out {end_of(row)}, and nobody had used it: apply makes a new one"
            result[name] = "" if _is_used(row) else ran_out
    return result


def to_remember(directory: Directory, accounts: Iterable[str]) -> Mapping[str, str]:
    """The notes that still say something: of invitations that are open, and of these accounts as
    long as nobody has made them.
    """
    found, asked = directory.invited.matched(directory.invitations), frozenset(accounts)
    there = {row.username for row in directory.users}
    return {
        name: note
        for name, note in sorted(directory.invited.notes.items())
        if name not in there and (name in asked or (name in found and found[name].is_valid))
    }


def left_behind(directory: Directory, name: str, level: str) -> api.InvitationRow | None:
    """The one invitation that an earlier run may have made for this account before it died."""
    if name not in directory.invited.unsettled:
        return None
    rows = unknown(directory, level)
    return rows[0] if len(rows) == 1 else None


def unknown(directory: Directory, level: str) -> Sequence[api.InvitationRow]:
    """The open invitations of this role that look like ours, and that nobody remembers."""
    ours = {row.id for row in directory.invited.matched(directory.invitations).values()}
    return [
        row
        for row in directory.invitations
        if row.role == level and is_like_ours(row) and row.id not in ours
    ]


def obstacles(directory: Directory, changes: Iterable[Change]) -> Iterator[Warned]:
    """What stands against inviting somebody: the invitation may be there, or was used already."""
    doubtful: defaultdict[str, list[Key]] = defaultdict(list)
    replaced: set[int] = set()
    found = directory.invited.matched(directory.invitations)
    for change in changes:
        level = (change.after or {}).get(INVITED)
        if change.action != "create" or not isinstance(level, str):
            continue
        name = change.key.path[0]
        if name in found and _is_used(found[name]):
            yield Warned("invitation-used", _used(directory, name), (change.key,), blocking=True)
        elif (row := left_behind(directory, name, level)) is not None:
            replaced.add(row.id)
            yield Warned("invitation-replaced", _replaced(name, level), (change.key,))
        else:
            doubtful[level].append(change.key)
    if directory.client.options.open_invitations != "revoke":  # then they go with the same plan
        for level, keys in sorted(doubtful.items()):
            rows = [row for row in unknown(directory, level) if row.id not in replaced]
            yield from _doubts(level, len(rows), keys)


def _doubts(level: str, number: int, keys: Sequence[Key]) -> Iterator[Warned]:
    if number:
        text = f"{counted(number, 'open invitation')} of role {level}, made by nobody"
        who = listed([key.path[0] for key in keys])
        text = f"{text}, may be ours: nothing is remembered of it. Before {who} is invited"
        hint = "revoke it (open_invitations: revoke does), or accept to make another"
        yield Warned("invitation-unknown", f"{text}, {hint}", tuple(keys), blocking=True)


def _is_used(row: api.InvitationRow) -> bool:
    return row.usage_count >= row.max_usage


def _used(directory: Directory, name: str) -> str:
    """What is wrong where an account was made by whoever was invited, under another name."""
    text = f'the invitation of "{name}" was used, and there is no account of this name'
    alike = [row.username for row in directory.users if row.username.casefold() == name.casefold()]
    if alike:
        other = listed([f'"{each}"' for each in sorted(alike)])
        hint = f"write accounts: {{{directory.target}: {sorted(alike)[0]}}} for the user"
        return f"{text}; {other} differs in the case of letters only: {hint}"
    hint = "find the new account and write its name with accounts: for the user, or delete it"
    return f"{text}: {hint}; accept to invite once more"


def _replaced(name: str, level: str) -> str:
    text = f'an earlier run ended while it was inviting "{name}": the open invitation of role'
    return f"{text} {level} that nobody remembers is revoked first"
