"""`reconciler sandbox`: throw-away systems to try a manifest on."""

from __future__ import annotations

import click

from reconciler.cli.extras import call_sandbox
from reconciler.cli.options import common_options
from reconciler.cli.session import Session


@click.command("sandbox")
@common_options(reads_manifest=False, has_formats=False)
def command(session: Session) -> int:
    """Run a throw-away PostgreSQL and FlowAuth until Ctrl-C, and say how to reach them."""
    return call_sandbox(session.disclose, "reconciler.sandbox.session", "run_sandbox")
