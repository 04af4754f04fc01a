"""The passwords that an apply sets: made, or given from outside, and what is remembered of them.

Here belongs turning changes into verifiers. They are sent with CREATE ROLE and ALTER ROLE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.changes import Change, Journal
from reconciler.passwords import PasswordMark, is_renewal, managed_end
from reconciler.providers.password_accounts import accounts_given
from reconciler.providers.postgres.passwords import TemporaryPassword, new_passwords
from reconciler.providers.postgres.verifiers import fingerprint, verifier_of
from reconciler.secret import Secret


@dataclass(frozen=True, slots=True)
class Passwords:
    """What has to be known to set passwords.

    `given` are those from outside, by account; `is_readable` says whether our role may read what
    the cluster keeps of them. `days` and `iterations` are for those that are made.
    """

    given: Mapping[str, Secret] = field(default_factory=dict)
    is_readable: bool = False
    days: int = 7
    iterations: int = 4096


@dataclass(frozen=True, slots=True)
class PasswordsSet:
    """By account: the verifier to send with the end that comes with it, or an empty one; and what
    is remembered once it is sent.
    """

    verifiers: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    marks: Mapping[str, PasswordMark] = field(default_factory=dict)


def set_passwords(
    changes: Sequence[Change],
    renewed: Sequence[str],
    passwords: Passwords,
    now: datetime,
    journal: Journal,
) -> PasswordsSet:
    """The verifiers for these changes, each password that is made handed over to its owner."""
    verifiers: dict[str, tuple[str, str]] = {}
    marks: dict[str, PasswordMark] = {}
    if renewed:
        made = new_passwords(renewed, now, passwords.days, passwords.iterations)
        ends = dict(_managed_ends(changes))
        for name, each in made.items():
            journal.hand_over(name, each.password, _told_end(each, ends.get(name)))
            verifiers[name] = each.verifier, "" if name in ends else each.expires
            marks[name] = PasswordMark(each.salt, "" if name in ends else each.expires)
    for name in accounts_given(changes):
        value = passwords.given[name].reveal()
        verifier = verifier_of(value, passwords.iterations)
        verifiers[name] = verifier.text(), ""
        known = "" if passwords.is_readable else fingerprint(value)
        marks[name] = PasswordMark(verifier.salt_text, "", known)
    return PasswordsSet(verifiers, marks)


def _managed_ends(changes: Sequence[Change]) -> Iterator[tuple[str, str]]:
    """Until when the manifest lets accounts sign in, for those of which it says anything."""
    for change in changes:
        after = change.after or {}
        if change.key.kind == "account" and "valid_until" in after:
            yield change.key.path[-1], str(after["valid_until"])
        elif end := managed_end(change) if is_renewal(change) else "":
            yield change.key.path[-1], end


def _told_end(made: TemporaryPassword, managed: str | None) -> str:
    """Until when a password is good, as its owner is told; empty where it is for ever."""
    if managed is None:
        return made.expires
    return "" if managed == "infinity" else managed
