"""Invitations of ours that wait for somebody: whose they are, and how they stand.

The host ties no invitation to a person: it has no note, and its id is given again. So the token is
known again by a salted digest, which the ledger keeps by account. Source: KohakuRiver, invitations.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from reconciler.provider import Notes
from reconciler.providers.kohakuriver import api
from reconciler.secret import Secret

_SALT_BYTES: Final = 16
_Found = tuple[Sequence[api.InvitationRow], Notes, Mapping[str, api.InvitationRow]]


class Invited:
    """What is remembered of whom we invited, and what this run adds to it."""

    def __init__(self) -> None:
        self._recalled: Notes = {}
        self._made: dict[str, str] = {}
        self._found: _Found | None = None
        self.unsettled: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Invited({sorted(self.notes)})"

    def recall(self, notes: Notes, unsettled: frozenset[str]) -> None:
        """Take what the ledger remembers. See `Inviting.recall`."""
        self._recalled = notes
        self.unsettled = unsettled

    @property
    def notes(self) -> Notes:
        """By account, what is remembered of its invitation; those of this run count most.

        An empty one says that we revoked it ourselves, to make another.
        """
        return {**self._recalled, **self._made}

    def add(self, name: str, token: Secret) -> str:
        """Remember an invitation that was made for this account; the note of it."""
        salts = [note.partition(":")[0] for note in self.notes.values() if note]
        salt = salts[0] if salts else secrets.token_hex(_SALT_BYTES)
        note = f"{salt}:{_digest(salt, token)}"
        self._made[name] = note
        return note

    def drop(self, name: str) -> str:
        """Remember that we revoked the invitation of this account; the note of that."""
        self._made[name] = ""
        return ""

    def matched(self, rows: Sequence[api.InvitationRow]) -> Mapping[str, api.InvitationRow]:
        """The invitations of ours that are among these, by account.

        A plan asks half a dozen times, and a host may list thousands: none is ever forgotten.
        """
        notes = self.notes
        if self._found is None or self._found[0] is not rows or self._found[1] != notes:
            self._found = (rows, notes, _matched(rows, notes))
        return self._found[2]

    def open(
        self, rows: Sequence[api.InvitationRow], users: Iterable[api.UserRow]
    ) -> Mapping[str, api.InvitationRow]:
        """Those that wait: good, and of accounts that are not there."""
        if not self.notes:
            return {}
        there = {row.username for row in users}
        found = self.matched(rows)
        return {n: row for n, row in sorted(found.items()) if row.is_valid and n not in there}


def _matched(rows: Sequence[api.InvitationRow], notes: Notes) -> Mapping[str, api.InvitationRow]:
    names: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for name, note in notes.items():
        salt, _, digest = note.partition(":")
        if note:
            names[salt][digest] = name
    found: dict[str, api.InvitationRow] = {}
    for salt, by_digest in names.items():
        for row in rows:
            owner = by_digest.get(_digest(salt, row.token))
            if owner is not None:
                found[owner] = row
    return found


def is_like_ours(row: api.InvitationRow) -> bool:
    """Whether it looks as those do that we make: good, nobody's, and for one account."""
    its = (row.created_by_id, row.is_valid, row.max_usage, row.usage_count)
    return its == (None, True, 1, 0)


def end_of(row: api.InvitationRow) -> str:
    """When it ends, for people. The host tells its own local time, without a zone."""
    return f"at {row.expires_at[:16].replace('T', ' ')} by the host's clock"


def _digest(salt: str, token: Secret) -> str:
    return hashlib.sha256(f"{salt}:{token.reveal()}".encode()).hexdigest()
