"""The command line in processes that may kill themselves: `python -m tests.conformance.crash_main`.

Each line of stdin is a request, each line of stdout the exit code of its process; a negative one is
the signal that ended it. A process of its own runs the real `main`, forked off one that has
imported it already: a run at each point of the journal is many runs. Being killed is `SIGKILL` from
within: no handler runs, nothing is flushed, as if the machine had lost its power.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from typing import Any

from reconciler.cli import main
from reconciler.ledger import locks
from reconciler.ledger.database import Transaction
from reconciler.ledger.ledger import Ledger

USED = (
    "encodings.idna",
    "reconciler.cli.apply",
    "reconciler.cli.origin",
    "reconciler.cli.plan",
    "reconciler.engine.applying",
    "reconciler.ledger.drift",
    "reconciler.ledger.journal",
    "reconciler.ledger.locks",
    "reconciler.ledger.noted",
    "reconciler.ledger.offboarding",
    "reconciler.ledger.runs",
    "reconciler.ledger.sqlite_database",
    "reconciler.providers.flowauth.provider",
    "reconciler.providers.graphistry.provider",
    "reconciler.providers.kohakuriver.provider",
    "reconciler.providers.memory.provider",
    "reconciler.providers.mobiusflow.provider",
    "reconciler.providers.postgres.apply",
    "reconciler.providers.postgres.provider",
    "reconciler.providers.scim.provider",
    "reconciler.render.drift_text",
)
"""What a run would import by itself, later."""

LEASE_S = 0.05
"""How long the lock of a killed process is held: less than the next one takes to read."""


def serve() -> None:
    """Run what stdin asks for, one after the other."""
    for name in USED:
        import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(request)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(request: Mapping[str, Any]) -> None:
    """Run the command line; this process ends with it."""
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, stream in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(descriptor, stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["reconciler", *request["arguments"]]
    if request["crash_at"] is not None:
        crash_at(request["crash_at"])
    code = 70
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def crash_at(point: int) -> None:
    """Kill this process at a point: there is one before and one behind each commit of the ledger.

    So a process dies before an intent is on disk, between intent and call, between call and result,
    behind the result, and around what is remembered at the end.
    """
    write, points = Ledger._write, count()

    def pass_point() -> None:
        if next(points) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def dangerous(ledger: Ledger) -> Iterator[Transaction]:
        pass_point()
        with write(ledger) as transaction:
            yield transaction
        pass_point()

    Ledger._write = dangerous  # type: ignore[method-assign]  # the danger
    Ledger.lock.__kwdefaults__["ttl_s"] = LEASE_S
    locks._BEATS_PER_LEASE = 0.001  # type: ignore[assignment]  # too seldom for its short life


if __name__ == "__main__":
    serve()
