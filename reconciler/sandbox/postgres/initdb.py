"""Data directories: made by initdb, or copied from one that initdb has made.

Here belong the contents of a data directory before a server runs on it: superuser, authentication,
locale.
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

from reconciler.sandbox.postgres.binaries import ServerBinaries
from reconciler.sandbox.postgres.workspace import Workspace
from reconciler.secret import Secret

_OLDEST_WITH_BUILTIN_LOCALES = 17

_AUTHENTICATION = """\
# The superuser over this cluster's own socket, whose folder only the server's account can enter;
# everybody else, and everybody over TCP, with a password: trust would hide faults of passwords.
local all "{superuser}" trust
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A data directory on which no server runs, the programs that fit it, and its superuser."""

    path: Path
    binaries: ServerBinaries
    superuser: str
    password: Secret


def initialise(workspace: Workspace, binaries: ServerBinaries, superuser: str) -> DataDirectory:
    """Make the workspace's data directory: UTF-8, C.UTF-8, SCRAM, a random password.

    Raises ThrowawayServerError with what initdb said.
    """
    password = generate_password()
    password_file = workspace.write("password", password.reveal())
    workspace.run(
        [
            binaries.program("initdb"),
            f"--pgdata={workspace.data}",
            f"--username={superuser}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-sync",
            "--no-instructions",
            *_locale_options(binaries.major),
        ]
    )
    password_file.unlink()
    quoted = superuser.replace('"', '""')
    workspace.write("data/pg_hba.conf", _AUTHENTICATION.format(superuser=quoted))
    return DataDirectory(workspace.data, binaries, superuser, password)


def copy(original: DataDirectory, workspace: Workspace) -> DataDirectory:
    """A copy as the data directory of another workspace; superuser and password are the same."""
    workspace.run(["cp", "-R", "-p", str(original.path), str(workspace.data)])
    return DataDirectory(workspace.data, original.binaries, original.superuser, original.password)


def generate_password() -> Secret:
    """A new random password, safe in a URL."""
    return Secret(secrets.token_urlsafe(24))


def _locale_options(major: int) -> tuple[str, ...]:
    """The C.UTF-8 locale, by the server's own tables where it has them: one order everywhere."""
    if major >= _OLDEST_WITH_BUILTIN_LOCALES:
        return ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    # macOS before 14 has no C.UTF-8; C sorts UTF-8 text by code point just so.
    return ("--locale=C",) if sys.platform == "darwin" else ("--locale=C.UTF-8",)
