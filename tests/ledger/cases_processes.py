"""What every ledger promises to several threads and processes, and to one that is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from reconciler.errors import LockHeldError
from reconciler.ledger.values import Entry
from tests.ledger.places import HandClock, Place, open_at
from tests.ledger.worker import BATCH

ROOT = Path(__file__).parent.parent.parent
Worker = subprocess.Popen[str]


@contextmanager
def worker(place: Place, task: str, *, clock: str = "") -> Iterator[Worker]:
    """A process that is ready to do its task; killed at the end."""
    environment = {**os.environ, "LEDGER": place.location, "CLOCK": clock}
    command = [sys.executable, "-W", "error", "-m", "tests.ledger.worker", task]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert hear(process) == "ready"
            yield process
        finally:
            process.kill()


def tell(process: Worker) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def hear(process: Worker) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def race(place: Place, task: str, count: int = 2) -> list[str]:
    """What processes say that all do this task at once, sorted."""
    with ExitStack() as stack:
        processes = [stack.enter_context(worker(place, task)) for _ in range(count)]
        for process in processes:
            tell(process)
        return sorted(hear(process) for process in processes)


class ProcessCases:
    """Races and kills."""

    def test_a_killed_process_loses_no_entry_that_was_appended_apl_01(
        self, place: Place, clock: HandClock
    ) -> None:
        with worker(place, "append-for-ever") as process:
            tell(process)
            said = [hear(process) for _ in range(10)]
            process.kill()
            assert process.stdout is not None
            said += [line.strip() for line in process.stdout if line.endswith("\n")]

        with open_at(place, clock) as ledger:
            count = ledger.head().count
            assert count >= int(said[-1]) >= 10 * BATCH
            assert count % BATCH == 0
            assert len(ledger.open_intents("flowdb")) == count
            assert len(ledger.entries()) == count
            assert ledger.verify() == ()
            assert ledger.append(Entry("run_ended", 1))[0].number == count + 1

    def test_of_two_processes_that_use_a_plan_one_wins_pln_02(self, place: Place) -> None:
        assert race(place, "use-plan") == ["stale", "used"]

    def test_of_two_processes_that_take_a_lock_one_wins_apl_04(self, place: Place) -> None:
        assert race(place, "take-lock") == ["held", "taken"]

    def test_processes_that_append_at_once_make_one_chain(
        self, place: Place, clock: HandClock
    ) -> None:
        said = race(place, "append-some", 3)

        with open_at(place, clock) as ledger:
            assert said == ["done"] * 3
            assert len(ledger.entries()) == 60
            assert ledger.verify() == ()

    def test_threads_that_append_at_once_make_one_chain(
        self, place: Place, clock: HandClock
    ) -> None:
        with open_at(place, clock) as ledger:
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda n: ledger.append(Entry("intent", n)), range(40)))

            assert sorted(each.entry.run_id for each in ledger.entries()) == list(range(40))
            assert ledger.verify() == ()

    def test_the_lock_of_a_killed_process_is_held_until_its_lease_ends(
        self, place: Place, clock: HandClock
    ) -> None:
        with worker(place, "take-lock", clock="stands") as process:
            tell(process)
            assert hear(process) == "taken"
        with open_at(place, clock) as ledger:
            with pytest.raises(LockHeldError, match=f"process {process.pid}"):
                ledger.lock("flowdb", "amina")
            clock.turn(60)

            with ledger.lock("flowdb", "amina"):
                assert ledger.entries()[-1].entry.kind == "lock_taken_over"
