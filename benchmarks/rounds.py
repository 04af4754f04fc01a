"""The order in which product and limits are measured: in turn, so that both meet the same machine.

Here belongs what is run against what, on which server. Every write is followed by a check of the
catalog, and a wrong one ends everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final, get_args

import psycopg

from benchmarks import limits
from benchmarks.manifests import DATABASE, people_manifest, workload_manifest
from benchmarks.process import Programs, Sample
from benchmarks.rows import Aim, Limit, Row, row_of
from benchmarks.workload import SMALLEST, Change, Kind, Workload, change_one_percent, draw
from reconciler.sandbox.postgres.cluster import ThrowawayCluster
from reconciler.sandbox.postgres.server import ServerOptions
from reconciler.sandbox.postgres.template import ClusterTemplate

_USUAL_SIZE: Final = 5000
OPTIONS: Final = ServerOptions(
    durable=True,
    settings={"max_locks_per_transaction": "256", "shared_buffers": "256MB"},
)
_LARGE: Final = replace(OPTIONS, settings={**OPTIONS.settings, "max_locks_per_transaction": "1024"})
"""For more users: the limit is one transaction, in which each role created takes a lock."""

_PAIRS: Final = 3
"""How often a round compares the manifest with a server on which nothing has changed."""

_STARTS: Final = 7
_PENDING: Final = 2
"""`plan --detailed-exitcode` when there are changes."""

_RATIO: Final = {5000: Aim("ratio", 1.5)}
"""What a first apply and a plan without changes may take, by size, of what nothing can beat."""

_HELP: Final = Aim("seconds", 0.1)
_VALIDATE: Final = Aim("seconds", 3)

_EQUAL: Final[Kind] = "equal rights"

Tell = Callable[[str], None]


def prepare(cluster: ThrowawayCluster) -> None:
    """Give a new cluster the database with its schemas and empty tables."""
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    limits.write_s(cluster.dsn(database=DATABASE), limits.schema_statements())


@dataclass(slots=True)
class _Samples:
    """What the rounds of one size have measured so far; seconds where the server alone worked."""

    ddl: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    change_ddl: list[float] = field(default_factory=list)
    floor: list[Sample] = field(default_factory=list)
    apply: list[Sample] = field(default_factory=list)
    no_op: list[Sample] = field(default_factory=list)
    change_plan: list[Sample] = field(default_factory=list)
    change_apply: list[Sample] = field(default_factory=list)


class SizeRounds:
    """The rounds of one size, each on two new servers: one for the limits, one for the product."""

    def __init__(
        self, template: ClusterTemplate, programs: Programs, size: int, kind: Kind = _EQUAL
    ) -> None:
        self._template = template
        self._programs = programs
        self._kind = kind
        self._options = OPTIONS if size <= _USUAL_SIZE else _LARGE
        self._before = draw(size, kind)
        self._change: Change = change_one_percent(self._before)
        self._manifest = self._written("before", self._before)
        self._changed = self._written("after", self._change.after)
        self._samples = _Samples()

    def _written(self, when: str, workload: Workload) -> str:
        name = f"{len(self._before.users)}-{self._kind.split()[0]}"
        folder = self._programs.folder / f"{name}-{when}"
        folder.mkdir()
        path = folder / "access.yaml"  # one manifest, before and after an edit
        path.write_text(workload_manifest(workload), encoding="utf-8")
        return str(path)

    def run(self) -> None:
        """One round more."""
        with self._template.cluster(self._options) as cluster:
            self._measure_limits(cluster.dsn(database=DATABASE))
        with self._template.cluster(self._options) as cluster:
            self._measure_product(cluster.dsn(database=DATABASE))

    def _measure_limits(self, dsn: str) -> None:
        found = self._samples
        statements = limits.coalesced_statements(self._before)
        limits.settle(dsn)
        found.ddl.append(limits.write_s(dsn, statements))
        limits.check_catalog(dsn, self._before, "the coalesced statements")
        found.read.append(limits.read_s(dsn))
        limits.settle(dsn)
        found.change_ddl.append(limits.write_s(dsn, limits.change_statements(self._change)))
        limits.check_catalog(dsn, self._change.after, "the changed statements")

    def _measure_product(self, dsn: str) -> None:
        found, run = self._samples, self._programs
        size, number = len(self._before.users), len(found.apply)
        name = f"{size}-{self._kind.split()[0]}-{number}.sqlite3"
        ledger = str(run.folder / name)  # each server has its own memory
        apply = ("apply", "--yes", "--ledger", ledger, "-f")
        plan = ("plan", "--detailed-exitcode", "--ledger", ledger, "-f")
        limits.settle(dsn)
        found.apply.append(run.reconciler(*apply, self._manifest, dsn=dsn))
        limits.check_catalog(dsn, self._before, "the first apply")
        limits.settle(dsn)
        for _ in range(_PAIRS):
            found.floor.append(run.script("floor", self._manifest, dsn=dsn))
            found.no_op.append(run.reconciler(*plan, self._manifest, dsn=dsn))
        found.change_plan.append(run.reconciler(*plan, self._changed, dsn=dsn, exit_code=_PENDING))
        limits.settle(dsn)
        found.change_apply.append(run.reconciler(*apply, self._changed, dsn=dsn))
        limits.check_catalog(dsn, self._change.after, "the changed apply")

    def rows(self) -> Iterator[Row]:
        """The rows of all rounds so far, the limits first."""
        size, found = len(self._before.users), self._samples
        of = "" if self._kind == _EQUAL else f", {self._kind}"
        yield Row(f"coalesced DDL, one pipeline{of}", size, tuple(found.ddl))
        yield Row(f"catalog read, one pipeline{of}", size, tuple(found.read))
        bare = row_of(f"bare Python process, no-op{of}", size, found.floor)
        yield bare
        process = Limit("process", bare.seconds, bare.peak_mib)
        writing = replace(process, name="DDL + process", seconds=bare.seconds + median(found.ddl))
        changing_s = bare.seconds + median(found.change_ddl)
        changing = replace(writing, seconds=changing_s)
        aim = _RATIO.get(size)
        yield row_of(f"first apply{of}", size, found.apply, writing, aim)
        yield row_of(f"plan, no-op{of}", size, found.no_op, process, aim)
        yield row_of(f"plan, 1 % changed{of}", size, found.change_plan, process)
        yield row_of(f"apply, 1 % changed{of}", size, found.change_apply, changing)


def measure_sizes(
    template: ClusterTemplate, programs: Programs, sizes: tuple[int, ...], repeat: int, tell: Tell
) -> list[Row]:
    """The rows of every size. Sizes take turns too, round by round."""
    tell("warming up")
    SizeRounds(template, programs, SMALLEST).run()
    kinds = [(kind, size) for kind in get_args(Kind) for size in sizes]
    rounds = [SizeRounds(template, programs, size, kind) for kind, size in kinds]
    for number in range(repeat):
        for (kind, size), each in zip(kinds, rounds, strict=True):
            tell(f"{size:,} users, {kind}, round {number + 1} of {repeat}")
            each.run()
    return [row for each in rounds for row in each.rows()]


def measure_start(programs: Programs, tell: Tell) -> list[Row]:
    """How long `--help` takes, beside Python doing nothing."""
    tell("start-up")
    bare, helped = [], []
    programs.reconciler("--help")
    for _ in range(_STARTS):
        bare.append(programs.bare_python())
        helped.append(programs.reconciler("--help"))
    limit = row_of("python -c pass", 0, bare)
    row = row_of("reconciler --help", 0, helped, Limit("python", limit.seconds), _HELP)
    return [limit, row]


def measure_validate(programs: Programs, people: int, repeat: int, tell: Tell) -> list[Row]:
    """How long reading and checking a large manifest takes, beside its bare events."""
    path = programs.folder / "people.yaml"
    path.write_text(people_manifest(people), encoding="utf-8")
    events, validate = [], []
    for number in range(repeat):
        tell(f"validate, {people:,} users, round {number + 1} of {repeat}")
        events.append(programs.script("events", str(path)))
        validate.append(programs.reconciler("validate", "-f", str(path)))
    limit = row_of("YAML events, nothing kept", people, events)
    row = row_of("validate", people, validate, Limit("events", limit.seconds), _VALIDATE)
    return [limit, row]
