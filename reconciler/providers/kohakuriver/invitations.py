"""Invitations: those that are open, whose they are, and taking them back.

An invitation is good whatever became of the one who made it, and makes the host unable to list any
as soon as that account is gone. Source: KohakuRiver, invitations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from reconciler.changes import Change
from reconciler.provider import Warned
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.directory import Directory, named
from reconciler.providers.kohakuriver.strangers import open_of_strangers
from reconciler.providers.kohakuriver.words import LEVELS
from reconciler.providers.settling import NotThereError
from reconciler.wording import counted, listed


def revoke_of(directory: Directory, user_id: int, *, only_open: bool) -> bool:
    """Take back what this account has made; whether there was anything."""
    found = [
        row
        for row in directory.read_invitations()
        if row.created_by_id == user_id and (row.is_valid or not only_open)
    ]
    for row in found:
        with suppress(NotThereError):
            api.delete_invitation(directory.client, row.id)
    return bool(found)


def takes_access(change: Change) -> bool:
    """Whether the change may cut what an account may do: then its invitations go too."""
    if change.key.kind != "account" or change.action == "create":
        return False
    after = change.after
    if after is None or after.get("active") is False:
        return True
    before = (change.before or {}).get("level")
    rank = {level: index for index, level in enumerate(LEVELS)}
    return "level" in after and rank.get(str(after["level"]), 0) < rank.get(str(before), 99)


def lost_with(directory: Directory, change: Change) -> list[api.InvitationRow]:
    """The invitations that go with a change, as was read last."""
    row = named(directory.users, change.key.path[0]) if takes_access(change) else None
    if row is None:
        return []
    found = [each for each in directory.invitations if each.created_by_id == row.id]
    return [each for each in found if each.is_valid or change.action == "delete"]


def warnings(directory: Directory, changes: Iterable[Change]) -> tuple[Warned, ...]:
    """What somebody who looks at a plan has to know of invitations."""
    is_shown = directory.client.options.open_invitations == "revoke"  # each as a change
    texts = () if is_shown else told(directory)
    return (*_lost(directory, changes), *(Warned("open-invitations", text) for text in texts))


def _lost(directory: Directory, changes: Iterable[Change]) -> Iterator[Warned]:
    for change in changes:
        open_ones = [row for row in lost_with(directory, change) if row.is_valid]
        if open_ones:
            name = change.key.path[0]
            number = counted(len(open_ones), "open invitation")
            text = f'{number} that "{name}" made ({_roles(open_ones)}) will be revoked first'
            yield Warned("invitations-revoked", text, (change.key,))


def told(directory: Directory) -> tuple[str, ...]:
    """A sentence about the invitations that were open when they were read last, but for those of
    the manifest's people; none if none is.
    """
    found = [*open_of_strangers(directory).values()]
    if not found:
        return ()
    makers = {row.created_by_id for row in found}
    names = {row.id: row.username for row in directory.users}
    by = sorted(names.get(each, f"id {each}") if each is not None else "nobody" for each in makers)
    text = f"{counted(len(found), 'invitation')} of the host {'is' if len(found) == 1 else 'are'}"
    who = "whoever has one can make an account that no line asks for"
    return (f"{text} open ({_roles(found)}; made by {listed(by)}): {who}",)


def _roles(rows: Sequence[api.InvitationRow]) -> str:
    numbers = Counter(row.role for row in rows)
    order = sorted(numbers, key=lambda role: (-LEVELS.index(role) if role in LEVELS else 1, role))
    return ", ".join(f"{numbers[role]} of role {role}" for role in order)
