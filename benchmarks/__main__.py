"""`python -m benchmarks`: product and physical limit, side by side, on this machine."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.limits import WrongCatalogError
from benchmarks.process import FailedProgramError
from benchmarks.rounds import measure_all
from benchmarks.table import document, machine, markdown
from benchmarks.workload import SMALLEST
from reconciler.sandbox.postgres.errors import ThrowawayServerError


def main(arguments: Sequence[str]) -> int:
    """Measure and print the table. Gives the exit code: 1 when something did not do its work.

    A missed aim is no failure: a busy machine misses them too.
    """
    options = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as folder:
            server, rows = measure_all(
                Path(folder), options.sizes, options.people, options.repeat, _tell
            )
    except (FailedProgramError, ThrowawayServerError, WrongCatalogError) as error:
        _tell(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _tell("interrupted; nothing is left behind")
        return 130
    print(f"{machine()}, {server}, medians of {options.repeat} rounds\n\n{markdown(rows)}", end="")
    if options.json is not None:
        options.json.write_text(document(server, rows), encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default=(100, 1000, 5000),
        metavar="N,N",
        help="users of the workloads (default: 100,1000,5000)",
    )
    parser.add_argument(
        "--people",
        type=_positive,
        default=50_000,
        metavar="N",
        help="users of the manifest that is validated (default: 50000)",
    )
    parser.add_argument(
        "--repeat", type=_positive, default=3, metavar="N", help="rounds of each (default: 3)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here too")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(int(part) for part in text.split(","))
    if min(sizes) < SMALLEST:
        raise argparse.ArgumentTypeError(f"a workload has at least {SMALLEST} users")
    return sizes


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a number from 1")
    return number


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
