"""Invites people to make their accounts themselves, so that nobody else knows their passwords.

The token is handed over before it is remembered: after a crash between the two the invitation is
known to nobody, and the next apply replaces it. The other way round somebody would be waited for
who never got anything. Source: KohakuRiver, POST and DELETE /auth/invitations.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from reconciler.changes import Change, Journal
from reconciler.clock import utc_now
from reconciler.errors import TargetError, WriteError
from reconciler.providers.http_connection import AmbiguousError
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.directory import Directory, named
from reconciler.providers.kohakuriver.pending import is_like_ours
from reconciler.providers.kohakuriver.standing import left_behind
from reconciler.providers.settling import NotThereError, UnknownResultError, settle
from reconciler.state import INVITED
from reconciler.times import time_text


def invite(directory: Directory, change: Change, journal: Journal) -> None:
    """Invite somebody to make this account, and hand the invitation over."""
    name, level = change.key.path[0], str((change.after or {})[INVITED])
    if named(directory.users_at_first(), name) is not None:
        raise WriteError(directory.target, f'there is a user "{name}" already; plan again')
    directory.invitations_at_first()
    if (old := left_behind(directory, name, level)) is not None:
        _revoke(directory, old)
        directory.read_invitations()  # the next one may get its id
    _hand_over(directory, name, level, journal)


def invite_anew(directory: Directory, change: Change, journal: Journal) -> None:
    """Replace an invitation by one of another level."""
    name, level = change.key.path[0], str((change.after or {})[INVITED])
    withdraw(directory, change, journal)
    _hand_over(directory, name, level, journal)


def withdraw(directory: Directory, change: Change, journal: Journal) -> None:
    """Revoke an invitation, if it is still there. Raises WriteError where it was used."""
    name = change.key.path[0]
    row = directory.invited.matched(directory.read_invitations()).get(name)
    if row is not None:
        settle(
            directory.target,
            f'the invitation of "{name}"',
            lambda: _revoke(directory, row),
            lambda: name not in directory.invited.matched(directory.read_invitations()),
        )
    if directory.user(name) is not None:
        raise WriteError(directory.target, f'"{name}" has registered since; plan again')
    journal.remember(name, directory.invited.drop(name))


def _revoke(directory: Directory, row: api.InvitationRow) -> None:
    with suppress(NotThereError):
        api.delete_invitation(directory.client, row.id)


def _hand_over(directory: Directory, name: str, level: str, journal: Journal) -> None:
    hours = directory.client.options.invitation_hours
    row = new_invitation(directory, level, hours=hours)
    ends = time_text(utc_now() + timedelta(hours=hours))
    journal.hand_over(name, row.token, ends, what="invitation")
    journal.remember(name, directory.invited.add(name, row.token))


def new_invitation(directory: Directory, level: str, *, hours: int) -> api.InvitationRow:
    """A new invitation. One whose answer was lost is looked for: it is nobody's, and not used."""
    known = {row.id for row in directory.invitations_at_first()}
    try:
        return api.create_invitation(directory.client, level, hours=hours)
    except AmbiguousError as doubt:
        try:
            rows = directory.read_invitations()
        except TargetError as error:
            text = f"{doubt.message}; it could not be read back: {error.message}"
            raise UnknownResultError(directory.target, text) from error
        known |= {row.id for row in directory.invited.matched(rows).values()}
        for row in rows:
            if row.id not in known and row.role == level and is_like_ours(row):
                return row
        raise WriteError(directory.target, f"{doubt.message}; nothing was made") from None
