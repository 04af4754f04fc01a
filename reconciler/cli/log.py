"""`reconciler log`: what was applied, when, by whom, and whether the record is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from reconciler.cli.options import common_options, ledger_option
from reconciler.cli.origin import ledger_location
from reconciler.cli.session import Session
from reconciler.errors import ReconcilerError
from reconciler.ledger import Ledger, Run, open_ledger
from reconciler.render.page import printable


@click.command("log")
@click.option("--verify", is_flag=True, help="Check that nobody changed the record.")
@click.option("-n", "--limit", default=20, show_default=True, help="How many runs to show.")
@ledger_option
@common_options()
def command(session: Session, *, verify: bool, limit: int, ledger: str) -> int:
    """Show the last runs that the ledger knows of, newest first. Touches no target."""
    session.ledger = ledger
    with open_ledger(ledger_location(session), clock=_now, create=False) as opened:
        if verify:
            _verify(session, opened)
        runs = opened.runs(limit)
    if session.wants_json:
        document = {"format": "reconciler.log/v1", "runs": [asdict(run) for run in runs]}
        session.document(json.dumps(document, ensure_ascii=True, indent=1, sort_keys=True) + "\n")
    else:
        session.out("".join(_line(run) for run in runs) or "The ledger knows of no run.\n")
    return 0


def _now() -> datetime:
    return datetime.now(UTC)


def _verify(session: Session, ledger: Ledger) -> None:
    problems = ledger.verify()
    if problems:
        raise ReconcilerError("the ledger was changed:\n" + "\n".join(problems))
    head = ledger.head()
    if not session.wants_json:
        session.out(f"The record is whole: {head.count} entries, the last one {head.hash[:16]}.\n")


def _line(run: Run) -> str:
    ended = "did not end" if run.exit_code is None else f"exit {run.exit_code}"
    commit = run.commit[:12] + ("+" if run.commit.endswith("+uncommitted") else "")
    parts = [f"{run.run_id:>4}", run.started, run.kind, ended, commit, run.author, run.summary]
    return "  ".join(printable(part) for part in parts if part) + "\n"
