"""`python -m benchmarks`: product and physical limit, side by side, on this machine."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.latency import distance_table
from benchmarks.limits import WrongCatalogError
from benchmarks.peers import peer_table
from benchmarks.process import FailedProgramError
from benchmarks.run import Asked, Found, measure_all
from benchmarks.table import document, growth, machine, markdown
from benchmarks.workload import SMALLEST
from reconciler.sandbox.postgres.errors import ThrowawayServerError


def main(arguments: Sequence[str]) -> int:
    """Measure and print the table. Gives the exit code: 1 when something did not do its work.

    A missed aim is no failure: a busy machine misses them too.
    """
    options = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as folder:
            found = measure_all(Path(folder), _asked(options), _tell)
    except (FailedProgramError, ThrowawayServerError, WrongCatalogError) as error:
        _tell(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        _tell("interrupted; nothing is left behind")
        return 130
    head = f"{machine()}, {found.server}, medians of {options.repeat} rounds\n"
    print("\n".join([head, *_tables(found)]), end="")
    if options.json is not None:
        options.json.write_text(document(found.server, found.rows), encoding="utf-8")
    return 0


def _asked(options: argparse.Namespace) -> Asked:
    return Asked(
        sizes=options.sizes,
        people=options.people,
        repeat=options.repeat,
        delay_s=None if options.latency is None else options.latency / 1000,
        peer_sizes=options.peer_sizes if options.peers else (),
    )


def _tables(found: Found) -> Iterator[str]:
    yield markdown(found.rows)
    if scaling := growth(found.rows):
        yield scaling
    if found.distances:
        yield distance_table(found.distances)
    if found.peers:
        yield peer_table(found.peers)


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
    parser.add_argument(
        "--latency", type=_positive, metavar="MS", help="measure over so many ms one way too"
    )
    parser.add_argument(
        "--peers", action="store_true", help="install and measure programs that do the same"
    )
    parser.add_argument(
        "--peer-sizes",
        type=_sizes,
        default=(100, 1000),
        metavar="N,N",
        help="users of their workloads (default: 100,1000)",
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
