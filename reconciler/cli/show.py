"""`reconciler show`: a saved plan, without any target or manifest."""

from __future__ import annotations

import click

from reconciler.cli.options import common_options, unmanaged_option
from reconciler.cli.plan_files import read_plan
from reconciler.cli.session import Session
from reconciler.plan_file import to_text
from reconciler.render.text import plan_text


@click.command("show")
@click.argument("plan_file", metavar="FILE")
@unmanaged_option
@common_options(reads_manifest=False)
def command(session: Session, *, plan_file: str, unmanaged: bool) -> int:
    """Show the plan in FILE as `plan -o FILE` saved it. Touches no target and reads no manifest."""
    plan = read_plan(plan_file)
    if session.wants_json:
        session.document(to_text(plan))
    else:
        session.out(plan_text(plan, colour=session.colour, list_unmanaged=unmanaged))
    return 0
