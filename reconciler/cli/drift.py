"""`reconciler drift`: what the targets changed since the last apply."""

from __future__ import annotations

from typing import Final

import click

from reconciler.cli.options import common_options, ledger_option, unmanaged_option
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.engine import Run
from reconciler.engine.noting import Noted, note_drift
from reconciler.errors import ReconcilerError
from reconciler.keeping import keeping
from reconciler.plan import Plan
from reconciler.render.documents import drift_json
from reconciler.render.drift_text import drift_text
from reconciler.times import time_text

_DRIFT_FOUND: Final = 3


@click.command("drift")
@unmanaged_option
@ledger_option
@common_options()
def command(session: Session, *, ledger: str, unmanaged: bool) -> int:
    """Show what the targets changed by themselves since the last apply. Only reads them.

    Exit code 3 when there is any drift that .reconciler/acknowledge.yaml does not silence, 0 when
    there is none. A commit that is not applied yet is never drift. Without a ledger nobody can tell
    the two apart: exit code 1 when there are differences.
    """
    session.ledger = ledger
    with open_run(session) as run:
        noted = note_drift(run, run.plan())
        silenced = _silenced(run, noted.plan)
        hints = keeping(noted.plan, run.loaded.manifest)
    plan, news, resolved = noted.plan, noted.news, noted.resolved
    if session.wants_json:
        document = drift_json(plan, silenced=silenced, news=news, hints=hints, resolved=resolved)
        session.document(document)
    else:
        text = drift_text(
            plan,
            silenced=silenced,
            news=news,
            hints=hints,
            resolved=resolved,
            colour=session.colour,
            list_unmanaged=unmanaged,
        )
        session.out(text)
    return _exit_code(session, noted, silenced)


def _silenced(run: Run, plan: Plan) -> dict[str, str]:
    """Why a drift is silenced, by its id."""
    result = {}
    for target in plan.targets:
        for each in target.drift:
            found = run.acknowledgements.silenced(target.target, each, run.inputs.now)
            if found is not None:
                until = time_text(found.until)
                result[each.id] = f"until {until}, by {found.by}: {found.reason}"
    return result


def _exit_code(session: Session, noted: Noted, silenced: dict[str, str]) -> int:
    for problem in noted.problems:
        session.err(f"warning: {problem}")
    blind = [each.target for each in noted.plan.targets if not each.applied and each.changes]
    if blind:
        raise ReconcilerError(
            f"no verdict for {', '.join(blind)}: nothing is known of an earlier apply, so nobody "
            "can tell drift from work that is not applied yet. Apply once, or name the ledger that "
            "knows: --ledger"
        )
    drift = [each for target in noted.plan.targets for each in target.drift]
    return _DRIFT_FOUND if any(each.id not in silenced for each in drift) else 0
