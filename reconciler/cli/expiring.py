"""`reconciler expiring`: which grants end or start soon."""

from __future__ import annotations

from datetime import timedelta

import click
from pydantic_core import PydanticCustomError

from reconciler.cli.options import common_options
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.errors import UsageError
from reconciler.expiring import Window, expiring
from reconciler.manifest.scalars import parse_minutes
from reconciler.render.documents import expiring_json
from reconciler.render.expiring_text import expiring_text


@click.command("expiring")
@click.option(
    "--within",
    default="14d",
    show_default=True,
    metavar="TIME",
    help="How far to look ahead, in weeks, days, hours and minutes, such as 2w or 1d12h.",
)
@click.option("--ended", is_flag=True, help="List the grants too that ended and are still there.")
@common_options()
def command(session: Session, *, within: str, ended: bool) -> int:
    """Show which grants end or start soon, by time, and who keeps the role by another grant.

    So does what was lifted for a time: exemptions, and what .reconciler/acknowledge.yaml accepts
    or silences. Only files are read: no target and no ledger.
    """
    length = _length(within)
    with open_run(session) as run:
        window = Window(run.inputs.now, length, within, session.targets, ended)
        found = expiring(run.loaded, window, run.acknowledgements)
    if session.wants_json:
        session.document(expiring_json(found))
    else:
        session.out(expiring_text(found, colour=session.colour))
    return 0


def _length(text: str) -> timedelta:
    """The time that was written like a duration of the manifest."""
    try:
        return timedelta(minutes=parse_minutes(text))
    except PydanticCustomError as error:
        hint = (error.context or {}).get("hint", "")
        raise UsageError(f"--within: {error.message()}; {hint}".removesuffix("; ")) from None
