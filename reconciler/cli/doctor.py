"""`reconciler doctor`: what would go wrong, and the statements that set it right."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli.options import common_options, ledger_option
from reconciler.cli.origin import ledger_location
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.clock import utc_now
from reconciler.engine.examining import examine
from reconciler.errors import IncompleteReadError, LedgerError
from reconciler.health import Check, Health
from reconciler.ledger import is_dsn, open_ledger
from reconciler.render.doctor_text import doctor_json, doctor_text


@click.command("doctor")
@ledger_option
@common_options()
def command(session: Session, *, ledger: str) -> int:
    """Look for what would go wrong: options, connections, clocks, rights, the ledger. Only reads.

    For a plan of this manifest it says which rights are missing, and the statements that give
    them. Exit code 0 when all is well, 1 when something would fail, 9 when a target cannot be
    reached.
    """
    session.ledger = ledger
    with open_run(session) as run:
        health = examine(run, _ledger(ledger_location(session)), utc_now)
    if session.wants_json:
        session.document(doctor_json(health, session.redact))
    else:
        session.out(doctor_text(health, colour=session.colour))
    return _exit_code(health)


def _exit_code(health: Health) -> int:
    if health.count("unreachable"):
        return IncompleteReadError.exit_code
    return 1 if health.count("fails") else 0


def _ledger(location: str) -> Check:
    """Whether the ledger can be read, and written: an apply needs both."""
    try:
        with open_ledger(location, clock=utc_now, create=False) as ledger:
            place, is_writable = ledger.place, ledger.is_writable
    except LedgerError as error:
        return Check("ledger", "fails", str(error))
    if is_writable:
        return Check("ledger", "ok", f"{place} can be read and written")
    if is_dsn(location):
        text = f"{place}: there is none yet, or this dsn may only read it; an apply makes or writes"
        return Check("ledger", "note", f"{text} one")
    if Path(location).exists():
        return Check("ledger", "fails", f"{place} may only be read: an apply writes it")
    if os.access(_nearest(Path(location)), os.W_OK | os.X_OK):
        return Check("ledger", "ok", f"{place} is not there yet: the first apply makes it")
    text = f"{place} is not there, and no apply can make it: its folder may not be written"
    return Check("ledger", "fails", text)


def _nearest(path: Path) -> Path:
    """The innermost folder of this path that is there."""
    return next((each for each in path.absolute().parents if each.exists()), Path())
