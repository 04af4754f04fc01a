"""What the host holds, asked anew before each write, and what was read last.

Ids are never remembered from one write to the next: one that was free may be somebody else's now.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import WriteError
from reconciler.providers.kohakuriver import api
from reconciler.providers.kohakuriver.client import Client
from reconciler.providers.kohakuriver.pending import Invited


class Directory:
    """Accounts, invitations and VPS of one host, and which of the invitations are ours."""

    def __init__(self, client: Client, invited: Invited) -> None:
        self.client = client
        self.invited = invited
        self._users: tuple[api.UserRow, ...] | None = None
        self._invitations: tuple[api.InvitationRow, ...] | None = None
        self._vps: tuple[api.VpsRow, ...] | None = None

    @property
    def target(self) -> str:
        """The name of the target, for errors."""
        return self.client.target

    @property
    def users(self) -> tuple[api.UserRow, ...]:
        """The accounts as last read; none where they never were."""
        return self._users or ()

    @property
    def invitations(self) -> tuple[api.InvitationRow, ...]:
        """The invitations as last read; none where they never were."""
        return self._invitations or ()

    def read_users(self) -> tuple[api.UserRow, ...]:
        """All accounts, asked now."""
        self._users = api.list_users(self.client)
        return self._users

    def read_invitations(self) -> tuple[api.InvitationRow, ...]:
        """All invitations, asked now."""
        self._invitations = api.list_invitations(self.client)
        return self._invitations

    def users_at_first(self) -> tuple[api.UserRow, ...]:
        """The accounts as last read; asked now, where they never were."""
        return self.read_users() if self._users is None else self._users

    def invitations_at_first(self) -> tuple[api.InvitationRow, ...]:
        """The invitations as last read; asked now, where they never were."""
        return self.read_invitations() if self._invitations is None else self._invitations

    def user(self, name: str) -> api.UserRow | None:
        """The account of exactly this name, asked now; None where there is none."""
        return named(self.read_users(), name)

    def need_user(self, name: str) -> api.UserRow:
        """The account of this name, asked now. Raises WriteError if there is none."""
        row = self.user(name)
        if row is None:
            raise WriteError(self.target, f'there is no user "{name}" any more; plan again')
        return row

    def need_vps(self, word: str) -> api.VpsRow:
        """The VPS of this name or task_id. Raises WriteError where there is none, or more.

        VPS are never deleted and keep their task_id, so they are asked for once.
        """
        if self._vps is None:
            self._vps = api.list_vps(self.client)
        found = matching(self._vps, word)
        if len(found) != 1:
            raise WriteError(self.target, not_one(word, [each.task_id for each in found]))
        return found[0]


def named(rows: Sequence[api.UserRow], name: str) -> api.UserRow | None:
    """The account of exactly this name among these."""
    return next((row for row in rows if row.username == name), None)


def matching(rows: Sequence[api.VpsRow], word: str) -> list[api.VpsRow]:
    """The VPS that have this name, or this task_id."""
    return [row for row in rows if word in (row.name, row.task_id)]


def not_one(word: str, task_ids: Sequence[str]) -> str:
    """What is wrong where a word of the manifest does not stand for one VPS."""
    if not task_ids:
        return f'there is no VPS "{word}"; VPS are not created here, so correct the server\'s name'
    listed = ", ".join(sorted(task_ids))
    text = f'{len(task_ids)} VPS are called "{word}" (their task_id: {listed})'
    return f"{text}: write the task_id as the server's name"
