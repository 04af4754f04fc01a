"""Killed anywhere while people are invited, and run again: each has the one invitation."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Final

from hypothesis import settings

from tests.conformance.bench import Access, Bench
from tests.conformance.crashing import CommandLine, command_line, copy_of, faults_of
from tests.kohakuriver.simulated import SimulatedTarget, start_simulator

_STEP: Final = 3 if settings().derandomize else 1
"""Every third point in ordinary runs, each at night."""

_READER = {"reader": ("viewer",), "writer": ("viewer", "user")}
BEFORE = Access(users=("amina",), roles=_READER, grants=(("amina", "reader"),))
AFTER = Access(
    users=("amina", "kofi"),
    roles=_READER,
    grants=(("amina", "writer"), ("kofi", "reader")),
)


class InvitingTarget(SimulatedTarget):
    """A host on which people are invited."""

    def options(self) -> Mapping[str, str | int]:
        return {**super().options(), "new_accounts": "invite"}


def _newest(folder: Path) -> dict[str, str]:
    """By account, the invitation that was handed over last."""
    files = sorted(folder.glob("passwords-*.jsonl"), key=lambda file: int(file.stem[10:]))
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return {entry["account"]: entry["invitation"] for entry in map(json.loads, lines)}


def _killed_and_run_again(commands: CommandLine, ledger: Path, point: int) -> bool:
    """False where the apply came to its end before this point."""
    killed = commands.apply(AFTER, ledger, crash_at=point)
    if not killed.was_killed:
        assert killed.code == 0, killed.output
        return False
    again = commands.apply_after_a_crash(AFTER, ledger)
    assert again.code == 0, (point, again.output)
    empty = commands.plan(AFTER, ledger)
    assert empty.code == 0, (point, empty.output)
    return True


def test_after_a_kill_at_any_point_each_person_has_the_one_invitation_that_is_open(
    tmp_path: Path,
) -> None:
    """Somebody is invited, and somebody who waits gets another level."""
    with start_simulator() as simulator:
        bench = Bench(InvitingTarget(simulator), tmp_path)
        store = simulator.store
        with command_line(bench) as commands:
            assert commands.apply(BEFORE, bench.ledger).code == 0
            tables = copy.deepcopy(store.tables)
            for point in count(1, _STEP):
                store.tables = copy.deepcopy(tables)
                ledger = copy_of(bench.ledger, f"killed-{point}.sqlite3")
                if not _killed_and_run_again(commands, ledger, point):
                    break

                rows = store.tables.invitations.values()
                waiting = {row.token: row.role for row in rows if row.is_valid(store.now())}
                newest = _newest(tmp_path)
                assert waiting == {newest["amina"]: "user", newest["kofi"]: "viewer"}, point
                assert faults_of(ledger) == (), point
    assert point > 8  # two for each commit of the ledger
    assert simulator.unplanned_errors == ()
