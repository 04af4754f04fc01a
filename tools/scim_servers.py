"""Runs the tests of the SCIM provider on servers that are odd in ways of their own.

    ./dev test --scim scimmy              on SCIMMY (npm: scimmy, scimmy-routers, Express 4)
    ./dev test --scim canaille            on Canaille (PyPI), an identity product
    ./dev test --scim all -x tests/scim   on both, one after the other; the rest goes to pytest

Here belongs getting their packages into a cache folder, as requirements/ pins them, and the order
of the runs. Starting them is tests/scim/chosen.py. What cannot be had is an error, never a skip.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.pinned import (
    ROOT,
    Install,
    NotFetchedError,
    fetched,
    install_python,
    run,
    run_pytest,
)

CACHE: Final = ROOT / ".cache" / "scim"

_TESTS: Final = ("tests/scim", "tests/conformance/test_scim.py", "-k", "not TestScim")
_SIDE_BY_SIDE: Final = ("-n", "auto", "--maxprocesses=4", "--dist", "worksteal")
_USAGE_ERROR: Final = 64
_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Server:
    """One server: what pins it, below the project, and how its packages come into a folder.

    The tests find what `program` names in that folder by the variable.
    """

    pins: tuple[str, ...]
    install: Install
    variable: str
    program: str


def fetch(name: str, *, root: Path = ROOT, cache: Path = CACHE) -> Path:
    """The folder of a server's packages. Raises NotFetchedError."""
    server = SERVERS[name]
    return fetched(name, [root / pin for pin in server.pins], server.install, cache)


def _install_npm(pin: Path, folder: Path) -> None:
    """What a package-lock.json pins, digests and all; no script of a package runs."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotFetchedError("SCIMMY needs node and npm on PATH: install Node.js")
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(pin.with_name(name), folder)
    run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)


SERVERS: Final[Mapping[str, Server]] = {
    "canaille": Server(
        ("requirements/canaille.txt",),
        install_python,
        "RECONCILER_TEST_SCIM_CANAILLE",
        "bin/python",
    ),
    "scimmy": Server(
        ("requirements/scimmy/package-lock.json", "requirements/scimmy/package.json"),
        _install_npm,
        "RECONCILER_TEST_SCIM_SCIMMY",
        "",
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Fetch the servers, run the tests on each, tell the results; 1 where any run failed."""
    names, rest = parse(arguments)
    if unknown := sorted(set(names) - {*SERVERS, "all"}):
        print(f"--scim {unknown[0]}: use {', '.join(SERVERS)}, or all", file=sys.stderr)
        return _USAGE_ERROR
    chosen = [name for name in SERVERS if "all" in names or name in names]
    try:
        folders = {name: fetch(name) for name in chosen}
    except NotFetchedError as error:
        print(error, file=sys.stderr)
        return 1
    return run_on(folders, rest)


def parse(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words given with --scim, and all other arguments, which are pytest's."""
    parser = argparse.ArgumentParser(prog="./dev test", add_help=False, allow_abbrev=False)
    parser.add_argument("--scim", action="append", default=[], metavar="SERVER")
    known, rest = parser.parse_known_args(arguments)
    return known.scim, rest


def run_on(folders: Mapping[str, Path], arguments: Sequence[str]) -> int:
    """Run the tests on each server, whatever became of the one before; folders by name."""
    results = {}
    for name, folder in folders.items():
        print(f"== {name}", flush=True)
        try:
            results[name] = _run_pytest(name, folder, arguments)
        except KeyboardInterrupt:
            return _INTERRUPTED
    for name, code in results.items():
        print(f"{name}: {'passed' if code == 0 else f'FAILED, pytest ended with {code}'}")
    return 1 if any(results.values()) else 0


def _run_pytest(name: str, folder: Path, arguments: Sequence[str]) -> int:
    """pytest's exit code: 5, no tests at all, is a failure like any other."""
    server = SERVERS[name]
    others = {each.variable for each in SERVERS.values()}
    environment = {key: value for key, value in os.environ.items() if key not in others}
    environment[server.variable] = str(folder / server.program)
    return run_pytest(arguments or (*_TESTS, *_SIDE_BY_SIDE), environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
