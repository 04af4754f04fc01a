"""Runs over the manifest of a test's folder at an instant that the test chooses.

The command line has the clock of the machine; here belongs what takes another one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from reconciler.cli.plan_files import read_plan
from reconciler.engine import Choice, Inputs, Origin, Run
from reconciler.plan_file import to_text
from reconciler.report import Report

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
LEDGER = ".reconciler/ledger.sqlite3"
ESI = "Esi Owusu <esi@example.org>"


def run_at(now: datetime = NOON, author: str = ESI) -> Run:
    """A run over the manifest of the working folder, with the ledger beside it."""
    origin = Origin(LEDGER, author=author)
    acknowledged = ".reconciler/acknowledge.yaml"
    return Run(Inputs(("access.yaml",), (), {}, now, origin, acknowledged))


def apply_at(now: datetime = NOON, author: str = ESI) -> Report:
    """Plan and apply at that instant."""
    with run_at(now, author) as run:
        return run.apply(run.plan())


def plan_text_at(now: datetime = NOON, choice: Choice | None = None) -> str:
    """The plan document of that instant."""
    with run_at(now) as run:
        return to_text(run.plan(choice or Choice()))


def save_at(now: datetime = NOON, path: str = "plan.json") -> None:
    """Save the plan of that instant."""
    Path(path).write_text(plan_text_at(now), encoding="utf-8")


def apply_saved_at(now: datetime = NOON, path: str = "plan.json") -> Report:
    """Apply a saved plan at that instant."""
    with run_at(now) as run:
        return run.apply(read_plan(path), is_saved=True)
