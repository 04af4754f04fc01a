"""What a run knows of earlier ones: the ledger is opened when it is asked, and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from reconciler import ledger
from reconciler.engine.memory import Memories

LONG_ENOUGH_S = 0.2
"""How long one thread, while it opens the ledger, gives the other to open it too."""


def test_targets_that_are_read_side_by_side_open_the_ledger_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is opened twice is closed once: a connection to its database stays."""
    really_open = ledger.open_ledger
    opened: list[ledger.Ledger] = []
    another = Event()

    def slow_open(*arguments: object, **options: object) -> ledger.Ledger:
        opened.append(really_open(*arguments, **options))  # type: ignore[arg-type]  # as given
        if len(opened) > 1:
            another.set()
        another.wait(LONG_ENOUGH_S)
        return opened[-1]

    monkeypatch.setattr(ledger, "open_ledger", slow_open)
    memories = Memories(str(tmp_path / "ledger.sqlite3"))

    with ThreadPoolExecutor(2) as threads:
        heads = list(threads.map(memories.head, ("flowdb", "flowauth")))
    memories.close()

    assert heads == [None, None]
    assert len(opened) == 1
