"""On whose behalf a run is: the ledger, the commit of the manifest, and who sits at the keyboard.

Here is the edge to git and to the names of user and machine.
"""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from pathlib import Path
from typing import Final

from reconciler.cli.running import manifest_folder
from reconciler.cli.session import Session
from reconciler.clock import utc_now
from reconciler.engine import Origin
from reconciler.ledger import DEFAULT_LOCATION, Ledger, open_ledger

_GIT_TIMEOUT_S: Final = 5


def ledger_location(session: Session) -> str:
    """The ledger that was named, or the one beside the first file of the manifest."""
    return session.ledger or str(manifest_folder(session) / DEFAULT_LOCATION)


def ledger_to_read(session: Session) -> Ledger:
    """The session's ledger, open; an empty one where there is none. Raises LedgerError."""
    return open_ledger(ledger_location(session), clock=utc_now, create=False)


def find_origin(session: Session) -> Origin:
    """Where the session's runs are recorded, and for whom. What git does not know stays empty."""
    folder = Path(session.files[0]).absolute().parent
    commit, _, author = _git(folder, "log", "-1", "--format=%H %an <%ae>").partition(" ")
    if commit and _git(folder, "status", "--porcelain", "--", *_tracked(session)):
        commit += "+uncommitted"
    return Origin(ledger_location(session), commit, author, _holder())


def _tracked(session: Session) -> list[str]:
    return [str(Path(file).absolute()) for file in session.files if file != "-"]


def _holder() -> str:
    """Somebody, on some machine, in some process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name; OSError from Python 3.13 on
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (process {os.getpid()})"


def _git(folder: Path, *arguments: str) -> str:
    """What git prints, or nothing where there is no git, no repository, or no answer."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
