"""`reconciler lock`: who is applying to which target, and how to free the lock of a dead run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click

from reconciler.cli.options import common_options, ledger_option
from reconciler.cli.origin import find_origin, ledger_to_read
from reconciler.cli.session import Session
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ledger import Ledger
from reconciler.ledger.values import LockStatus
from reconciler.render.page import printable


@click.command("lock")
@click.option("--break", "broken", metavar="TARGET", default="", help="Free this target's lock.")
@click.option("--yes", is_flag=True, help="Do not ask before freeing it; for machines.")
@ledger_option
@common_options()
def command(session: Session, *, broken: str, yes: bool, ledger: str) -> int:
    """Show which targets somebody is applying to, who, and since when. Touches no target.

    The lock of a run that died frees itself after a minute or so. With --break it is freed at once;
    a run that is still at work notices it before its next write, and stops.
    """
    session.ledger = ledger
    if broken and not yes and not session.is_interactive:
        raise UsageError(
            "nobody can be asked here, since stdin is no terminal: give --yes to free the lock. "
            "Nothing was done."
        )
    with ledger_to_read(session) as opened:
        freed = _break(session, opened, broken, yes=yes) if broken else None
        held = [each for each in opened.locks() if _is_wanted(session, each)]
    if session.wants_json:
        session.document(_document(held, freed))
    elif broken:
        session.out(_freed_line(broken, freed))
    else:
        session.out("".join(map(_line, held)) or "Nobody holds a lock.\n")
    return 0


def _is_wanted(session: Session, lock: LockStatus) -> bool:
    return not session.targets or lock.target in session.targets


def _break(session: Session, ledger: Ledger, target: str, *, yes: bool) -> LockStatus | None:
    """Free the lock; who held it, or None where it was free."""
    shown = ledger.lock_status(target)
    if shown is None:
        return None
    if not yes and not session.ask(printable(_question(shown))):
        raise ReconcilerError("the answer was not yes; nothing was done")
    return ledger.break_lock(target, find_origin(session).holder, shown=shown)


def _question(held: LockStatus) -> str:
    return f"{_words(held)}. If that run is at work, it will stop. Free the lock? [y/N] "


def _document(held: Sequence[LockStatus], freed: LockStatus | None) -> str:
    document = {
        "format": "reconciler.lock/v1",
        "locks": [asdict(each) for each in held],
        "broken": asdict(freed) if freed else None,
    }
    return json.dumps(document, ensure_ascii=True, indent=1, sort_keys=True) + "\n"


def _line(held: LockStatus) -> str:
    return printable(_words(held)) + "\n"


def _words(held: LockStatus) -> str:
    run = f", run {held.run_id}" if held.run_id else ""
    until = (
        f"it ran out at {held.expires}, and the next apply takes it over"
        if held.is_expired
        else f"free at {held.expires} unless it is renewed"
    )
    return f"{held.target}: held by {held.holder}{run}, since {held.since}; {until}"


def _freed_line(target: str, freed: LockStatus | None) -> str:
    if freed is None:
        return printable(f"{target}: nobody holds its lock; nothing was done") + "\n"
    return printable(f"{target}: freed; {freed.holder} held it since {freed.since}") + "\n"
