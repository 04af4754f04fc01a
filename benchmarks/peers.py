"""Other programs that do the same, on the same workload and machine.

Each is installed into a virtual environment that lasts as long as the run; one that cannot be is
named with its reason. Here belong installing and timing them. What they are given is
`peer_manifests`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict

from benchmarks import limits
from benchmarks.manifests import DATABASE
from benchmarks.peer_manifests import ldap2pg_config, pgbedrock_spec, pgsesame_spec
from benchmarks.process import FailedProgramError, Programs, Sample
from benchmarks.rounds import OPTIONS
from benchmarks.table import aligned
from benchmarks.workload import Workload, change_one_percent, draw
from reconciler.sandbox.postgres.template import ClusterTemplate

_INSTALL_S: Final = 600.0
_LIMIT_S: Final = 300.0
"""How long a program may take for one phase; one that takes longer is ended, and gets no more."""

_SERVER: Final = (
    "-h",
    "{host}",
    "-p",
    "{port}",
    "-U",
    "{user}",
    "-w",
    "{password}",
    "-d",
    DATABASE,
)


@dataclass(frozen=True, slots=True)
class Peer:
    """A program: what to install, what has to be there for it, and how it is called.

    `{spec}` in a call is its file, the other names are of the server. `before` prints what it
    wants to have in that file. `exit_codes` are those of a call that did its work.
    """

    name: str
    requirements: tuple[str, ...]
    needs: str
    write: Callable[[Workload, str], str]
    apply: tuple[str, ...]
    plan: tuple[str, ...]
    before: tuple[str, ...] = ()
    exit_codes: tuple[int, ...] = (0,)


PEERS: Final = (
    Peer(
        "pgbedrock",
        ("pgbedrock==0.4.2", "setuptools<81"),
        "gcc and libpq-dev",
        pgbedrock_spec,
        apply=("pgbedrock", "configure", "{spec}", *_SERVER, "--live"),
        plan=("pgbedrock", "configure", "{spec}", *_SERVER, "--check"),
        before=("pgbedrock", "generate", *_SERVER),
    ),
    Peer(
        "ldap2pg",
        ("ldap2pg==5.9", "psycopg2-binary==2.9.13", "setuptools<81"),
        "gcc, libldap2-dev and libsasl2-dev",
        ldap2pg_config,
        apply=("ldap2pg", "--config", "{spec}", "--real"),
        plan=("ldap2pg", "--config", "{spec}"),
    ),
    Peer(
        "pgsesame",
        ("pgsesame==0.4.2",),
        "nothing",
        pgsesame_spec,
        apply=("sesame", "apply", "{spec}", "--allow-revoke"),
        plan=("sesame", "plan", "{spec}"),
    ),
)


@dataclass(frozen=True, slots=True)
class PeerRow:
    """One phase of one program at one size; without seconds, `note` says why."""

    program: str
    size: int
    phase: str
    seconds: float | None = None
    peak_mib: float | None = None
    note: str = ""


def measure_peers(
    template: ClusterTemplate, programs: Programs, sizes: Sequence[int], tell: Callable[[str], None]
) -> list[PeerRow]:
    """First apply, a run without changes and one of 1 %, of every program that installs."""
    rows: list[PeerRow] = []
    for peer in PEERS:
        tell(f"installing {peer.requirements[0]}")
        folder = programs.folder / f"peer-{peer.name}"
        if fault := _install(peer, folder):
            rows.append(PeerRow(peer.requirements[0], 0, "install", note=fault))
            continue
        for size in sizes:
            tell(f"{peer.requirements[0]}, {size:,} users")
            rows += _Trial(template, programs, peer, folder).rows(draw(size))
    return rows


def _install(peer: Peer, folder: Path) -> str:
    """Install a program into a new folder; why it could not be, or nothing."""
    commands = (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *peer.requirements],
    )
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S)
        except subprocess.TimeoutExpired:
            return f"not installed within {_INSTALL_S:g} s"
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
            reason = said[-1].strip() if said else f"pip ended with {done.returncode}"
            return f"not installed: {reason} (it needs {peer.needs})"
    return ""


class _Trial:
    """One program at one size, on a server of its own."""

    def __init__(
        self, template: ClusterTemplate, programs: Programs, peer: Peer, folder: Path
    ) -> None:
        self._template = template
        self._programs = programs
        self._peer = peer
        self._folder = folder

    def rows(self, before: Workload) -> Iterator[PeerRow]:
        """Its phases in order; after one that failed there is no other."""
        name, size = self._peer.requirements[0], len(before.users)
        after = change_one_percent(before).after
        with self._template.cluster(OPTIONS) as cluster:
            self._dsn = cluster.dsn(database=DATABASE)
            self._present = self._said(self._peer.before) if self._peer.before else ""
            phases = (
                ("first apply", self._peer.apply, before),
                ("no-op", self._peer.plan, before),
                ("1 % changed", self._peer.apply, after),
            )
            for phase, call, workload in phases:
                try:
                    sample = self._run(call, workload)
                    limits.check_catalog(self._dsn, workload, name)
                except subprocess.TimeoutExpired:
                    yield PeerRow(name, size, phase, note=f"ended after {_LIMIT_S:g} s")
                    return
                except (FailedProgramError, limits.WrongCatalogError) as error:
                    text = " ".join(str(error).split())
                    yield PeerRow(name, size, phase, note=f"{text[:60]} ... {text[-160:]}")
                    return
                yield PeerRow(name, size, phase, sample.seconds, sample.peak_mib)

    def _run(self, call: Sequence[str], workload: Workload) -> Sample:
        spec = self._folder / f"{len(workload.users)}.yaml"
        spec.write_text(self._peer.write(workload, self._present), encoding="utf-8")
        return self._programs.other(
            self._command(call, str(spec)),
            self._environment(),
            exit_codes=self._peer.exit_codes,
            limit_s=_LIMIT_S,
        )

    def _said(self, call: Sequence[str]) -> str:
        self._programs.other(self._command(call, ""), self._environment(), limit_s=_LIMIT_S)
        return self._programs.output

    def _command(self, call: Sequence[str], spec: str) -> list[str]:
        server = {name: str(value) for name, value in conninfo_to_dict(self._dsn).items()}
        program, *words = call
        filled = [word.format(spec=spec, **server) for word in words]
        return [str(self._folder / "bin" / program), *filled]

    def _environment(self) -> dict[str, str]:
        """The server as libpq's own variables, which two of the programs read; the third wants the
        password of each role that has one, under a name of its own.
        """
        server = conninfo_to_dict(self._dsn)
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
        found = {names[key]: str(value) for key, value in server.items() if key in names}
        return {**found, "PGDATABASE": DATABASE, "POSTGRES_PASSWORD": str(server["password"])}


def peer_table(rows: Sequence[PeerRow]) -> str:
    """One line a phase; what did not work says why."""
    lines = [("program", "users", "phase", "s", "peak MiB", "remark")]
    lines += [
        (
            row.program,
            f"{row.size:,}" if row.size else "",
            row.phase,
            "" if row.seconds is None else f"{row.seconds:.2f}",
            "" if row.peak_mib is None else f"{row.peak_mib:.0f}",
            row.note.replace("|", "/"),
        )
        for row in rows
    ]
    return aligned(lines, frozenset({1, 3, 4}))
