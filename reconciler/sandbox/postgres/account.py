"""As whom the server runs, since PostgreSQL refuses to run as root.

Here belongs choosing an existing unprivileged account. No account is made and no permission of a
foreign folder is changed.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass

from reconciler.sandbox.postgres.errors import ThrowawayServerError

_LARGEST_USABLE_UID = 2**31 - 1
"""macOS gives `nobody` the uid -2, read as 4294967294, as which a process cannot be started."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine; `switch` is True when it is not the one we run as."""

    name: str
    uid: int
    gid: int
    switch: bool


def server_account() -> Account:
    """The account for the server: our own, or an unprivileged one where we are root.

    Source: initdb and postgres look their effective user up in the user database and refuse root
    (PostgreSQL docs, "Creating a Database Cluster"). Raises ThrowawayServerError where no account
    fits.
    """
    uid = os.geteuid()
    return _unprivileged_account() if uid == 0 else _own_account(uid)


def _own_account(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise ThrowawayServerError(
            f"the user id {uid} has no entry in the user database, and PostgreSQL does not start "
            "without one; run as a named user (in a container: add a line to /etc/passwd)"
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=False)


def _unprivileged_account() -> Account:
    candidates = (os.environ.get("SUDO_USER", ""), "nobody", "daemon")
    for name in filter(None, candidates):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if 0 < entry.pw_uid <= _LARGEST_USABLE_UID:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)
    raise ThrowawayServerError(
        "PostgreSQL does not run as root, and this machine has no account nobody or daemon to run "
        "it as; run as an ordinary user"
    )
