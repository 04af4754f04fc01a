"""A process of its own that uses a ledger: `python -m tests.ledger.worker TASK`, LEDGER in the
environment. It says `ready`, waits for a line, and then does its task.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from reconciler.changes import Change
from reconciler.errors import LockHeldError, StaleError
from reconciler.ledger import Ledger, open_ledger
from reconciler.ledger.values import Entry
from reconciler.state import Key
from tests.ledger.places import START

BATCH = 3
CHANGES = tuple(Change("create", Key("account", (f"kofi-{n}",)), None, {}) for n in range(5))


def append_for_ever(ledger: Ledger) -> None:
    """Print how many entries there are after each batch that was appended."""
    while True:
        entries = [Entry("intent", 1, "flowdb", CHANGES) for _ in range(BATCH)]
        say(str(ledger.append(*entries)[-1].number))


def use_plan(ledger: Ledger) -> None:
    try:
        ledger.use_plan("f" * 64, 1)
    except StaleError:
        say("stale")
    else:
        say("used")


def take_lock(ledger: Ledger) -> None:
    """Take the lock and keep it until the next line."""
    try:
        with ledger.lock("flowdb", f"process {os.getpid()}", ttl_s=60):
            say("taken")
            sys.stdin.readline()
    except LockHeldError:
        say("held")


def append_some(ledger: Ledger) -> None:
    for number in range(20):
        ledger.append(Entry("intent", 1, "flowdb", message=str(number)))
    say("done")


def say(text: str) -> None:
    print(text, flush=True)


TASKS: dict[str, Callable[[Ledger], None]] = {
    "append-for-ever": append_for_ever,
    "append-some": append_some,
    "use-plan": use_plan,
    "take-lock": take_lock,
}


def clock() -> datetime:
    """The tests' clock where they ask for it, else the machine's."""
    return START if os.environ.get("CLOCK") == "stands" else datetime.now(UTC)


def main() -> None:
    task = TASKS[sys.argv[1]]
    say("ready")
    sys.stdin.readline()
    with open_ledger(os.environ["LEDGER"], clock=clock) as ledger:
        task(ledger)


if __name__ == "__main__":
    main()
