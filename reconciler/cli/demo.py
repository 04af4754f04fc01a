"""`reconciler demo`: everything once, against throw-away systems."""

from __future__ import annotations

import click

from reconciler.cli.extras import call_sandbox
from reconciler.cli.options import common_options
from reconciler.cli.session import Session


@click.command("demo")
@common_options(reads_manifest=False, has_formats=False)
def command(session: Session) -> int:
    """Run plan, apply and drift once against a throw-away PostgreSQL and FlowAuth.

    Nothing of yours is touched, and nothing is left behind.
    """
    return call_sandbox(session.out, "reconciler.sandbox.demo", "run_demo")
