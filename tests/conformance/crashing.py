"""Runs the real command line over a bench's target, and kills it at points of the journal.

Here belong the process that does so and what is asked of it. What must hold is in `cases_crashes`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reconciler.ledger import open_ledger
from reconciler.state import State
from tests.conformance.bench import TARGET, Access, Bench

ROOT = Path(__file__).parents[2]
TRIES = 200
"""How often a command is repeated while the locks of a killed one are still held."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code, or less than 0 the signal; and all that it printed."""

    code: int
    output: str

    @property
    def was_killed(self) -> bool:
        return self.code == -9


@dataclass(frozen=True, slots=True)
class Facts:
    """What a target holds, whenever it was made: the names of its raw facts, and all that the
    provider reads.
    """

    names: frozenset[str]
    state: State


@dataclass(slots=True)
class CommandLine:
    """The command line over the target of a bench. Use `command_line`."""

    bench: Bench
    _server: subprocess.Popen[str]
    _files: int = 0
    _manifests: dict[int, Path] = field(default_factory=dict)

    def apply(self, access: Access, ledger: Path, crash_at: int | None = None) -> Ended:
        """`reconciler apply --yes`; it kills itself at that point, if it comes to it."""
        self._files += 1
        passwords = str(self.bench.folder / f"passwords-{self._files}.jsonl")
        arguments = ["apply", "--yes", "--credentials-out", passwords]
        return self._run([*arguments, *self._common(access, ledger)], crash_at)

    def apply_after_a_crash(self, access: Access, ledger: Path) -> Ended:
        """The same, once the locks of the killed one are free: the lease in the ledger runs out,
        and a server sees that its client is gone.
        """
        for _ in range(TRIES):
            ended = self.apply(access, ledger)
            if ended.code != 7 or "the lock is held by" not in ended.output:
                return ended
        return ended

    def plan(self, access: Access, ledger: Path) -> Ended:
        """`reconciler plan --detailed-exitcode`."""
        return self._run(["plan", "--detailed-exitcode", *self._common(access, ledger)], None)

    def facts(self, access: Access) -> Facts:
        """What the target holds now."""
        with self.bench.run(access) as run:
            state = run.read()[TARGET].observed
        left_out = self.bench.target.clock_fields
        timeless = {
            key: {name: value for name, value in fields.items() if name not in left_out}
            for key, fields in state.records.items()
        }
        return Facts(frozenset(self.bench.target.witness()), State(timeless))

    def _common(self, access: Access, ledger: Path) -> list[str]:
        path = self._manifests.get(id(access))
        if path is None:
            path = written(self.bench, access, f"manifest-{len(self._manifests)}")
            self._manifests[id(access)] = path
        return ["--file", str(path), "--ledger", str(ledger)]

    def _run(self, arguments: list[str], crash_at: int | None) -> Ended:
        output = self.bench.folder / "output.txt"
        request = {
            "arguments": arguments,
            "environment": {**_environment(), **self.bench.environment()},
            "output": str(output),
            "crash_at": crash_at,
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer = self._server.stdout.readline()
        assert answer, "the process that runs the command line has ended"
        return Ended(int(answer), output.read_text(encoding="utf-8"))


@contextmanager
def command_line(bench: Bench) -> Iterator[CommandLine]:
    """A process that runs the command line, as long as the block lasts."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.crash_main"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**_environment(), "PYTHONPATH": str(ROOT)},
        text=True,
    )
    with server:
        yield CommandLine(bench, server)
        assert server.stdin is not None
        server.stdin.close()


def written(bench: Bench, access: Access, folder: str) -> Path:
    """The manifest of this access in a folder of its own: the same file at another commit."""
    path = bench.folder / folder / "access.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(bench.manifest_text(access), encoding="utf-8")
    return path


def run_by_itself(bench: Bench, access: Access, ledger: Path) -> Ended:
    """`python -m reconciler apply --yes` as anybody calls it."""
    path = written(bench, access, "manifest-by-itself")
    arguments = ["apply", "--yes", "--credentials-out", bench.new_file()]
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments, "-f", str(path), "--ledger", str(ledger)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        env={**_environment(), **bench.environment()},
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout)


def copy_of(ledger: Path, name: str) -> Path:
    """A copy of a ledger that nobody has open."""
    assert not ledger.with_name(f"{ledger.name}-wal").exists(), f"{ledger} is in use"
    return Path(shutil.copy(ledger, ledger.with_name(name)))


def is_locked(ledger: Path) -> bool:
    """Whether somebody who may be dead holds the lock of the target."""
    with closing(open_ledger(str(ledger), clock=_now, create=False)) as opened:
        return opened.lock_status(TARGET) is not None


def takeovers(ledger: Path) -> int:
    """How often a lock was taken from somebody who died."""
    with closing(open_ledger(str(ledger), clock=_now, create=False)) as opened:
        return sum(each.entry.kind == "lock_taken_over" for each in opened.entries())


def faults_of(ledger: Path) -> tuple[str, ...]:
    """What is wrong with a ledger when all is done: in its chain, and what nobody settled."""
    with closing(open_ledger(str(ledger), clock=_now, create=False)) as opened:
        left = [f"intent {each.number} is open" for each in opened.open_intents(TARGET)]
        return (*opened.verify(), *left)


def _environment() -> Mapping[str, str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _now() -> datetime:
    return datetime.now(UTC)
