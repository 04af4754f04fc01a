"""`reconciler status`: how all targets stand, on one screen."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import click

from reconciler.cli.options import common_options, ledger_option
from reconciler.cli.origin import ledger_to_read
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.engine import Run
from reconciler.expiring import Window, expiring
from reconciler.ledger import Ledger
from reconciler.plan import Plan
from reconciler.render.documents import status_json
from reconciler.render.status_text import status_text
from reconciler.status import LockHolder, Status, Success, status_of

_WITHIN: Final = "14d"
_WITHIN_TIME: Final = timedelta(days=14)


@click.command("status")
@ledger_option
@common_options()
def command(session: Session, *, ledger: str) -> int:
    """Show what is pending, what the targets did, what is held and what ends soon. Only reads.

    Exit code 0 whatever it shows; 9 when a target could not be read whole.
    """
    session.ledger = ledger
    with open_run(session) as run:
        plan = run.plan()
        status = _status(session, run, plan)
    if session.wants_json:
        session.document(status_json(status))
    else:
        session.out(status_text(status, colour=session.colour))
    return 0


def _status(session: Session, run: Run, plan: Plan) -> Status:
    window = Window(run.inputs.now, _WITHIN_TIME, _WITHIN, session.targets)
    ending = [each for each in expiring(run.loaded, window).boundaries if each.verb == "ends"]
    with ledger_to_read(session) as opened:
        memory = {each.target: _remembered(opened, each.target) for each in plan.targets}
        place = opened.place
    return Status(plan.at, plan.manifest, place, _WITHIN, len(ending), status_of(plan, memory))


def _remembered(ledger: Ledger, target: str) -> tuple[Success | None, LockHolder | None]:
    """The last apply that did all it was to do on a target, and who is applying."""
    run, lock = ledger.last_success(target), ledger.lock_status(target)
    success = Success(run.ended, run.commit, run.author, run.run_id) if run else None
    holder = LockHolder(lock.holder, lock.since, lock.is_expired) if lock else None
    return success, holder
