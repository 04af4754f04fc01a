"""The file that hands temporary passwords of new accounts to the person who applied.

Here belongs writing that file so that no password is lost and nobody else reads it. Making
passwords is the provider's business.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from reconciler.changes import Handed
from reconciler.errors import UsageError
from reconciler.secret import Secret


class CredentialsFile:
    """A new file of mode 0600, one JSON object a line; each line is on disk before its account is
    created.

    An account whose creation failed afterwards keeps its line: the password is then of no use to
    anybody.
    """

    def __init__(self, path: str) -> None:
        """Create the file. Raises UsageError where it exists already, or cannot be created."""
        self.path = path
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except FileExistsError:
            raise UsageError(
                f"{path} exists already and may hold passwords that nobody has fetched yet; "
                "name a new file with --credentials-out"
            ) from None
        except OSError as error:
            raise UsageError(
                f"--credentials-out {path} cannot be created: {error.strerror}"
            ) from error
        os.fchmod(self._descriptor, 0o600)
        self.has_entries = False

    def write(
        self,
        target: str,
        account: str,
        secret: Secret,
        expires: str,
        *,
        what: Handed = "password",
    ) -> None:
        """Append one account's password, or its API token; durable when this returns."""
        entry: dict[str, str] = {"target": target, "account": account, what: secret.reveal()}
        if expires:
            entry["expires"] = expires
        os.write(self._descriptor, (json.dumps(entry, ensure_ascii=False) + "\n").encode())
        os.fsync(self._descriptor)
        self.has_entries = True

    def close(self) -> None:
        """Close the file, and remove it where nothing was written to it."""
        if self._descriptor < 0:
            return
        os.close(self._descriptor)
        self._descriptor = -1
        if not self.has_entries:
            Path(self.path).unlink(missing_ok=True)
