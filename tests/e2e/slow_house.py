"""A FlowAuth that stops in the middle of a request until the test lets it go on, and the program in
processes of its own.

Here belongs how a test meets a running program at a chosen point: by what the program sent, printed
or wrote, and never by waiting for a time.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reconciler.ledger import open_ledger
from reconciler.ledger.values import Entry
from reconciler.sandbox.flowauth import Fault, FaultKind, FlowAuthSimulator
from tests.e2e.conftest import clean_environment
from tests.flowauth.simulated import BOOTSTRAP, OWN, OWN_PASSWORD, start_simulator

TIMEOUT_S = 120
"""After so long a test that hangs is given up; nothing waits for it to pass."""

ROOT = Path(__file__).parents[2]
PEOPLE = ("amina", "esi", "kofi", "yaw")
MANIFEST = f"""\
version: 1
targets:
  api:
    provider: flowauth
    options: {{url: {{env: API_URL}}, username: {OWN}, password: {{env: API_PASSWORD}},
              bootstrap_admin: {BOOTSTRAP}, timeout_s: 60}}
servers:
  store: {{target: api, token_expires: 2035-12-31T00:00:00Z, token_life: 2d, scopes: [run]}}
users: {{amina: {{}}, esi: {{}}, kofi: {{}}, yaw: {{}}}}
roles:
  runner: {{server: store, scopes: [run]}}
grants:
  - {{user: amina, role: runner}}
  - {{user: esi, role: runner}}
  - {{user: kofi, role: runner}}
  - {{user: yaw, role: runner}}
"""


class Process:
    """The program while it runs; what it prints is read as it comes."""

    def __init__(self, arguments: Sequence[str], folder: Path, **variables: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=folder,
            env={**clean_environment(), "PYTHONPATH": str(ROOT), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._printed = threading.Condition()
        self._stderr = ""
        self._stdout = ""
        self._readers = [threading.Thread(target=each) for each in (self._read_err, self._read_out)]
        for reader in self._readers:
            reader.start()

    def _read_err(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            for line in stream:
                with self._printed:
                    self._stderr += line
                    self._printed.notify_all()

    def _read_out(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as stream:
            self._stdout = stream.read()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait_to_say(self, text: str) -> None:
        """Return once stderr has this text."""
        with self._printed:
            said = self._printed.wait_for(lambda: text in self._stderr, TIMEOUT_S)
        assert said, f"it never said {text!r} but {self._stderr!r}"

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self.end()

    def end(self) -> tuple[int, str, str]:
        """Wait for its end; exit code, stdout, stderr."""
        self._process.wait(TIMEOUT_S)
        for reader in self._readers:
            reader.join(TIMEOUT_S)
        return self._process.returncode, self._stdout, self._stderr


@dataclass
class SlowHouse:
    """A folder with a manifest, and the FlowAuth that it is for."""

    folder: Path
    flowauth: FlowAuthSimulator
    _files: int = 0
    _started: list[Process] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {"API_URL": self.flowauth.url, "API_PASSWORD": OWN_PASSWORD}

    def start(self, *arguments: str) -> Process:
        """The program, which goes on by itself."""
        process = Process(arguments, self.folder, **self.environment)
        self._started.append(process)
        return process

    def start_apply(self, *options: str) -> Process:
        """`reconciler apply --yes`."""
        self._files += 1
        passwords = f"passwords-{self._files}.jsonl"
        return self.start("apply", "--yes", "--credentials-out", passwords, *options)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """The program to its end: exit code, stdout, stderr."""
        return self.start(*arguments).end()

    def during(self, method: str, path: str, edit: Callable[[], object], nth: int = 1) -> None:
        """Do this while such a request is in flight: it is executed and answered afterwards."""
        fault = Fault(FaultKind.OUTSIDE_EDIT, method, path, nth=nth, edit=edit)
        self.flowauth.faults.arm(fault)

    def users(self) -> set[str]:
        """Who has an account of those whom the manifest names."""
        return set(self.flowauth.store.snapshot().users) & set(PEOPLE)

    def passwords(self) -> list[str]:
        """The accounts whose passwords were handed over, in all files."""
        texts = (path.read_text() for path in sorted(self.folder.glob("passwords-*.jsonl")))
        return [json.loads(line)["account"] for text in texts for line in text.splitlines()]

    def journal(self, ledger: str = "") -> list[Entry]:
        """The entries of the journal, oldest first."""
        place = ledger or str(self.folder / ".reconciler" / "ledger.sqlite3")
        with open_ledger(place, clock=lambda: datetime.now(UTC), create=False) as opened:
            assert opened.verify() == ()
            return [each.entry for each in opened.entries()]

    def open_changes(self) -> list[str]:
        """The changes of which nobody knows what became."""
        place = str(self.folder / ".reconciler" / "ledger.sqlite3")
        with open_ledger(place, clock=lambda: datetime.now(UTC), create=False) as opened:
            found = [change for each in opened.open_intents("api") for _, change in each.changes]
            return [str(each.key) for each in found]

    def close(self) -> None:
        """End what a test that failed left running."""
        for process in self._started:
            if process.is_running:
                process.kill()


@contextmanager
def slow_house(folder: Path) -> Iterator[SlowHouse]:
    """A house with four people in its manifest, of whom FlowAuth knows nobody yet."""
    (folder / "access.yaml").write_text(MANIFEST, encoding="utf-8")
    with start_simulator() as flowauth:
        flowauth.store.add_user(OWN, OWN_PASSWORD, is_admin=True)
        house = SlowHouse(folder, flowauth)
        try:
            yield house
        finally:
            house.close()
    assert flowauth.unplanned_errors == ()
