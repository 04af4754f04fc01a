"""All that one call of the benchmark measures, on one machine with one server version.

Here belongs what comes after what. How each part is measured is in its own module.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.latency import Distance, measure_distance
from benchmarks.peers import PeerRow, measure_peers
from benchmarks.process import Programs
from benchmarks.rounds import Tell, measure_sizes, measure_start, measure_validate, prepare
from benchmarks.rows import Row
from reconciler.sandbox.postgres.template import ClusterTemplate


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured: sizes of the workloads, users of the large manifest, rounds of each.

    Without `delay_s` nothing is measured over a distance, without `peer_sizes` no other program.
    """

    sizes: tuple[int, ...]
    people: int
    repeat: int
    delay_s: float | None = None
    peer_sizes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured, on which server (in words)."""

    server: str
    rows: tuple[Row, ...]
    distances: tuple[Distance, ...]
    peers: tuple[PeerRow, ...]


def measure_all(folder: Path, asked: Asked, tell: Tell) -> Found:
    """Measure everything. Leaves nothing but files in `folder`."""
    programs = Programs(folder)
    distances: list[Distance] = []
    peers: list[PeerRow] = []
    with ClusterTemplate(prepare=prepare) as template:
        server = f"PostgreSQL {template.binaries.version}"
        rows = measure_sizes(template, programs, asked.sizes, asked.repeat, tell)
        if asked.delay_s is not None:
            distances = measure_distance(
                template, programs, asked.sizes, asked.delay_s, repeat=asked.repeat, tell=tell
            )
        if asked.peer_sizes:
            peers = measure_peers(template, programs, asked.peer_sizes, tell)
    rows += measure_start(programs, tell)
    rows += measure_validate(programs, asked.people, asked.repeat, tell)
    return Found(server, tuple(rows), tuple(distances), tuple(peers))
