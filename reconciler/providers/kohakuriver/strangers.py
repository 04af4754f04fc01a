"""Open invitations that nothing in the manifest accounts for, and revoking them.

With `open_invitations: revoke` each is a switch that is on and ought to be off: so a plan shows it,
and `drift` tells a new one. Source: KohakuRiver, invitations: whoever has one makes an account.
"""

from __future__ import annotations

from typing import Final

from reconciler.changes import Change
from reconciler.providers.http_connection import AmbiguousError
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.directory import Directory
from reconciler.providers.kohakuriver.pending import end_of
from reconciler.providers.settling import NotThereError, following, settle
from reconciler.state import Fields, Key, State
from reconciler.wording import counted

OPEN: Final = Key("server", ("open invitations",))
"""The record of all of them, which is there where there are any."""


def open_of_strangers(directory: Directory) -> dict[str, api.InvitationRow]:
    """The good ones but for those of whom we wait for, as read last, by what is told of them."""
    ours = directory.invited.open(directory.invitations, directory.users)
    waiting = {row.id for row in ours.values()}
    return {
        _title(directory, row): row
        for row in directory.invitations
        if row.is_valid and row.id not in waiting
    }


def switches(directory: Directory) -> dict[Key, Fields]:
    """The record of those that are open; none where none is, or where they are only reported."""
    if directory.client.options.open_invitations != "revoke":
        return {}
    found = open_of_strangers(directory)
    return {OPEN: dict.fromkeys(sorted(found), True)} if found else {}


def switched_off(observed: State) -> dict[Key, Fields]:
    """What is asked of that record."""
    found = observed.get(OPEN)
    return {OPEN: dict.fromkeys(found, False)} if found else {}


def revoke(directory: Directory, change: Change) -> None:
    """Revoke these, which may be used or gone by now."""
    unwanted = frozenset(change.after or {})
    directory.users_at_first()
    directory.read_invitations()
    rows = [row for title, row in open_of_strangers(directory).items() if title in unwanted]

    what = "the list of open invitations"

    def write() -> None:
        doubts: list[AmbiguousError] = []
        for row in rows:
            with following(directory.target, what, is_first=row is rows[0]):
                try:
                    api.delete_invitation(directory.client, row.id)
                except AmbiguousError as doubt:  # the others need not wait for it
                    doubts.append(doubt)
                except NotThereError:
                    continue
        if doubts:
            raise doubts[0]

    def is_done() -> bool:
        directory.read_invitations()
        return unwanted.isdisjoint(open_of_strangers(directory))

    settle(directory.target, what, write, is_done)


def _title(directory: Directory, row: api.InvitationRow) -> str:
    """All that tells it from others, but for its token."""
    names = {user.id: user.username for user in directory.users}
    maker = row.created_by_id
    by = "nobody" if maker is None else names.get(maker, f"id {maker}")
    uses = row.max_usage - row.usage_count
    left = f", for {counted(uses, 'account')}" if uses > 1 else ""
    return f"invitation {row.id} (role {row.role}, made by {by}{left}, ends {end_of(row)})"
