"""What distance costs: the same runs through a proxy that delays, and through one that does not.

The difference, divided by the time there and back, is how often a run waits for the server. It
should not depend on the number of users: what belongs together is sent together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import limits
from benchmarks.delay import Turns, delayed
from benchmarks.manifests import DATABASE, workload_manifest
from benchmarks.process import Programs
from benchmarks.rounds import OPTIONS
from benchmarks.table import aligned
from benchmarks.workload import draw
from reconciler.sandbox.postgres.template import ClusterTemplate


@dataclass(frozen=True, slots=True)
class Distance:
    """One kind of run at one size: its median seconds near and far, and what one way takes.

    `turns` is how often it spoke to the server after that had spoken, as the proxy counted it.
    """

    measure: str
    size: int
    near_s: float
    far_s: float
    delay_s: float
    turns: int

    @property
    def round_trips(self) -> float:
        """How often it waited for the server, by the time that it took longer."""
        return (self.far_s - self.near_s) / (2 * self.delay_s)


def measure_distance(
    template: ClusterTemplate,
    programs: Programs,
    sizes: Sequence[int],
    delay_s: float,
    *,
    repeat: int,
    tell: Callable[[str], None],
) -> list[Distance]:
    """First applies and plans without changes, near and far in turn, at every size."""
    result: list[Distance] = []
    for size in sizes:
        trial = _Trial(template, programs, size)
        for number in range(repeat):
            tell(f"{size:,} users, {1000 * delay_s:g} ms, round {number + 1} of {repeat}")
            for delay in (0.0, delay_s):
                trial.run(delay)
        result += trial.rows(delay_s)
    return result


class _Trial:
    """The runs of one size; each round has a server and a ledger of its own."""

    def __init__(self, template: ClusterTemplate, programs: Programs, size: int) -> None:
        self._template = template
        self._programs = programs
        self._workload = draw(size)
        self._folder = programs.folder / f"distance-{size}"
        self._folder.mkdir()
        self._manifest = self._folder / "access.yaml"
        self._manifest.write_text(workload_manifest(self._workload), encoding="utf-8")
        self._seconds: dict[tuple[str, float], list[float]] = {}
        self._turns: dict[str, int] = {}

    def run(self, delay_s: float) -> None:
        """A first apply, and a plan afterwards."""
        ledger = self._folder / "ledger.sqlite3"
        ledger.unlink(missing_ok=True)
        options = ("--ledger", str(ledger), "-f", str(self._manifest))
        calls = {"first apply": ("apply", "--yes"), "plan, no-op": ("plan", "--detailed-exitcode")}
        with self._template.cluster(OPTIONS) as cluster:
            near = cluster.dsn(database=DATABASE)
            for name, call in calls.items():
                turns = Turns()
                with delayed(near, delay_s, turns) as dsn:
                    sample = self._programs.reconciler(*call, *options, dsn=dsn)
                self._seconds.setdefault((name, delay_s), []).append(sample.seconds)
                self._turns[name] = turns.count
            limits.check_catalog(near, self._workload, "an apply over a distance")

    def rows(self, delay_s: float) -> Iterator[Distance]:
        """One row for each kind of run."""
        for name, turns in self._turns.items():
            near, far = (median(self._seconds[name, each]) for each in (0.0, delay_s))
            yield Distance(name, len(self._workload.users), near, far, delay_s, turns)


def distance_table(rows: Sequence[Distance]) -> str:
    """One line each, with the number of round trips as counted, and as the time shows them."""
    head = ("measured", "users", "near s", "far s", "one way ms", "turns", "waits by time")
    lines = [
        (
            row.measure,
            f"{row.size:,}",
            f"{row.near_s:.3f}",
            f"{row.far_s:.3f}",
            f"{1000 * row.delay_s:g}",
            str(row.turns),
            f"{row.round_trips:.1f}",
        )
        for row in rows
    ]
    return aligned([head, *lines], frozenset({1, 2, 3, 4, 5, 6}))
