"""`reconciler drift`: where the targets differ from the manifest."""

from __future__ import annotations

from typing import Final

import click

from reconciler.cli.options import common_options, unmanaged_option
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.render.documents import drift_json
from reconciler.render.text import drift_text

_DRIFT_FOUND: Final = 3


@click.command("drift")
@unmanaged_option
@common_options()
def command(session: Session, *, unmanaged: bool) -> int:
    """Show where the targets differ from the manifest. Only reads.

    Exit code 3 when there is any difference, 0 when all are in sync. A commit that is not applied
    yet is a difference too: run it on what was applied last.
    """
    with open_run(session) as run:
        plan = run.plan()
    if session.wants_json:
        session.document(drift_json(plan))
    else:
        session.out(drift_text(plan, colour=session.colour, list_unmanaged=unmanaged))
    return _DRIFT_FOUND if plan.changes else 0
