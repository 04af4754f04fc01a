"""Runs the tests of the Graphistry provider with its stand-in on another release of Django.

    ./dev test --django 4.2                     on Django 4.2; its stand-in alone, not the provider
    ./dev test --django 4.2 tests/graphistry    the rest goes to pytest

Here belongs the environment with that release, as requirements/ pins it. Nobody knows which release
the product has: the oldest that is tried greets and runs its input in another way than the newest.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools.pinned import ROOT, NotFetchedError, fetched, install_python, run_pytest

CACHE: Final = ROOT / ".cache" / "django"
RELEASES: Final = ("4.2",)
VARIABLE: Final = "GRAPHISTRY_STAND_IN_PYTHON"

_TESTS: Final = ("tests/graphistry", "tests/conformance/test_graphistry.py")
_SIDE_BY_SIDE: Final = ("-n", "auto", "--maxprocesses=4", "--dist", "worksteal")
_USAGE_ERROR: Final = 64
_INTERRUPTED: Final = 130


def fetch(release: str, *, root: Path = ROOT, cache: Path = CACHE) -> Path:
    """The interpreter that has this release. Raises NotFetchedError."""
    pins = root / "requirements" / f"django-{release}.txt"
    return fetched(f"django-{release}", [pins], install_python, cache) / "bin" / "python"


def main(arguments: Sequence[str]) -> int:
    """Fetch the release and run the tests on it; pytest's exit code."""
    parser = argparse.ArgumentParser(prog="./dev test", add_help=False, allow_abbrev=False)
    parser.add_argument("--django", metavar="RELEASE")
    known, rest = parser.parse_known_args(arguments)
    if known.django not in RELEASES:
        print(f"--django {known.django}: use {', '.join(RELEASES)}", file=sys.stderr)
        return _USAGE_ERROR
    try:
        python = fetch(known.django)
    except NotFetchedError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        return run_pytest(rest or (*_TESTS, *_SIDE_BY_SIDE), {**os.environ, VARIABLE: str(python)})
    except KeyboardInterrupt:
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
