"""A command that fails in a way nobody foresaw, with a secret in its words."""

from __future__ import annotations

import click

from reconciler.cli.options import common_options
from reconciler.cli.session import Session
from reconciler.secret import Redactor

SECRET = "correct-horse-battery"  # not a secret of anybody


@click.command("fail")
@common_options()
def command(session: Session) -> int:
    """Fail."""
    session.redact = Redactor((SECRET,))
    raise LookupError(f"no \x1b[31mrow\nfor {SECRET}")
