"""Runs the tests that need a PostgreSQL server on servers of several versions, one after another.

    ./dev test --pg 14                    on PostgreSQL 14
    ./dev test --pg 14 --pg 16            on both
    ./dev test --pg all -x tests/postgres on each pinned version; the rest goes to pytest

Here belongs the order of the runs and what is told of them. The servers come from
`postgres_servers`; the marker that chooses the tests is given in tests/fix_postgres.py.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.postgres_servers import ROOT, ServerNotFetchedError, fetch, load_pins

_SIDE_BY_SIDE: Final = ("-n", "auto", "--maxprocesses=4", "--dist", "worksteal")
_USAGE_ERROR: Final = 64
_INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Result:
    """How one run ended: the server's version, pytest's exit code, and how long it took."""

    version: str
    code: int
    duration_s: float

    def __str__(self) -> str:
        how = "passed" if self.code == 0 else f"FAILED, pytest ended with {self.code}"
        return f"PostgreSQL {self.version}: {how} ({self.duration_s:.0f} s)"


def main(arguments: Sequence[str]) -> int:
    """Fetch the servers, run the tests on each, tell the results; 1 where any run failed."""
    majors, rest = parse(arguments)
    pins = load_pins()
    unknown = sorted(set(majors) - {*map(str, pins), "all"})
    if unknown:
        known = ", ".join(map(str, pins))
        print(f"--pg {unknown[0]}: use one of {known}, or all", file=sys.stderr)
        return _USAGE_ERROR
    chosen = [pin for pin in pins.values() if "all" in majors or str(pin.major) in majors]
    try:
        servers = {pin.server_version: fetch(pin) for pin in chosen}
    except ServerNotFetchedError as error:
        print(error, file=sys.stderr)
        return 1
    return run_on(servers, rest)


def parse(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words given with --pg, and all other arguments, which are pytest's."""
    parser = argparse.ArgumentParser(prog="./dev test", add_help=False, allow_abbrev=False)
    parser.add_argument("--pg", action="append", default=[], metavar="VERSION")
    known, rest = parser.parse_known_args(arguments)
    return known.pg, rest


def run_on(servers: Mapping[str, Path], arguments: Sequence[str]) -> int:
    """Run the tests on each server, whatever became of the one before; folders by version."""
    results = []
    for version, folder in servers.items():
        print(f"== PostgreSQL {version}", flush=True)
        started = time.monotonic()
        try:
            code = _run_pytest(folder, arguments)
        except KeyboardInterrupt:
            return _INTERRUPTED
        results.append(Result(version, code, time.monotonic() - started))
    print(*results, sep="\n")
    return 1 if any(result.code for result in results) else 0


def _run_pytest(folder: Path, arguments: Sequence[str]) -> int:
    """pytest's exit code: 5, no tests at all, is a failure like any other."""
    command = [sys.executable, "-m", "pytest", "-m", "postgres", *(arguments or _SIDE_BY_SIDE)]
    environment = {**os.environ, "RECONCILER_TEST_PG": str(folder)}
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()  # Ctrl-C reached pytest too, which stops its servers before it ends
            raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
