"""Changes as data: what is to be done to a record, and what became of it.

Here belong `Change`, `Outcome` and the protocol through which a provider tells what it does.
Finding changes is `reconciler.diff`; doing them is a provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from reconciler.secret import Secret
from reconciler.source import Source
from reconciler.state import Fields, Key

Action = Literal["create", "update", "delete"]
Cause = Literal["config", "drift", "expiry", "start", "unknown"]
Status = Literal["done", "failed", "skipped", "unknown"]
Handed = Literal["password", "api_token", "invitation"]
"""What is handed over for a new account."""


@dataclass(frozen=True, slots=True)
class Change:
    """One create, update or delete of a record.

    `before` and `after` hold the fields that differ and, for records compared whole, all fields;
    None where the record is absent on that side. `sources` are the manifest lines that ask for it:
    empty for what no line asks. `end_sessions` are the accounts whose open sessions are ended once
    the change is made, since a grant that ended says so. `heir` is who gets what is owned by what
    is deleted; empty where nobody does.
    """

    action: Action
    key: Key
    before: Fields | None
    after: Fields | None
    cause: Cause = "unknown"
    sources: tuple[Source, ...] = ()
    end_sessions: tuple[str, ...] = ()
    heir: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change: `skipped` was not tried, `unknown` could not be found out. Text
    for people.
    """

    change: Change
    status: Status
    message: str = ""


class Journal(Protocol):
    """Told by a provider, before and after each change, what it does; keeps what must survive a
    crash.
    """

    def intend(self, changes: Sequence[Change]) -> None:
        """Called before these changes are sent, together or as one transaction; durable when it
        returns. The outcome of each is told afterwards.
        """

    def is_stopping(self) -> bool:
        """Whether somebody asked to stop. Asked before each write: what is in flight is finished,
        and the changes that are left get the outcome skipped.
        """

    def hand_over(
        self, account: str, password: Secret, expires: str, *, what: Handed = "password"
    ) -> None:
        """Keep a new account's temporary password for its owner; durable when it returns.

        `expires` is an RFC 3339 time, or empty where the password does not expire by itself. `what`
        says that it is something else: to sign in with beside the password, or to make the account
        with.
        """

    def remember(self, account: str, note: str) -> None:
        """Keep what a provider wants to know of an account in later runs; durable when it returns,
        where there is a ledger. No secret is in it, nor follows from it.
        """
