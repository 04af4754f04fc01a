"""What plans, the ledger and providers say of passwords, without any password.

Here belong the words and values that stand for one. Making and comparing passwords is the business
of providers, following references that of `reconciler.options`. Pure.

The record of an account has the field `password` only while somebody has to look at it: where its
password comes from outside, and in a change that makes a new one. No value of it follows from a
password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from reconciler.changes import Change
from reconciler.secret import Secret

PASSWORD: Final = "password"
"""The field of an account."""

AS_GIVEN: Final = "as given"
"""Its value where the password is, or is to be, the one that the manifest refers to."""

NO_PASSWORD: Final = "none"
"""Its value where there is none."""

TEMPORARY: Final = "temporary"
"""Its value in a change that makes a new one, which comes with an end of its own."""

_TEMPORARY_UNTIL: Final = "temporary until "
"""The same where the manifest says until when the account may sign in; that time follows."""

Kept = Literal["as given", "another", "none", "md5", "unknown"]
"""What a target keeps of an account's password, against the one given; `unknown` where nobody can
tell."""


@dataclass(frozen=True, slots=True)
class GivenPassword:
    """A password that comes from outside: the words for its reference, and its value.

    `value` is None where the reference leads nowhere; `missing` then says why. `file` is the path
    of one that stands in a file.
    """

    reference: str
    value: Secret | None
    missing: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class PasswordMark:
    """What is remembered of a password that was set, so that it is known again.

    `salt` is that of the verifier, which the target tells everybody who tries to sign in. `expires`
    is the time with which a temporary one came; empty for one that was given. `fingerprint` is a
    slow salted hash of a given one, kept only where the target lets nobody read what it keeps.
    """

    salt: str
    expires: str = ""
    fingerprint: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account's password stands: against the one given, and against the one set last.

    `is_ours` says whether the one that we set last is still there; None where nobody can tell.
    """

    kept: Kept
    is_ours: bool | None = None


Marks = Mapping[str, PasswordMark]
"""By account."""


def temporary(valid_until: str) -> str:
    """The value in a change that makes a new one; `valid_until` is the manifest's, or empty."""
    return f"{_TEMPORARY_UNTIL}{valid_until}" if valid_until else TEMPORARY


def asked_password(change: Change) -> str:
    """What a change says of its account's password; empty where it says nothing."""
    if change.key.kind != "account" or not change.after:
        return ""
    value = change.after.get(PASSWORD)
    return value if isinstance(value, str) else ""


def is_renewal(change: Change) -> bool:
    """Whether a change makes a new temporary password for an account that is there."""
    return asked_password(change).startswith(TEMPORARY)


def managed_end(change: Change) -> str:
    """Until when the manifest lets the account of a renewal sign in; empty where it is silent."""
    return asked_password(change).removeprefix(TEMPORARY).removeprefix(" until ")
