"""What a command's failure is called on stderr, and the exit code that follows from it."""

from __future__ import annotations

import traceback
from typing import Final

import click

from reconciler.cli.session import Session
from reconciler.errors import ReconcilerError, UsageError

INTERNAL_ERROR: Final = 1
INTERRUPTED: Final = 130


def tell_failure(error: BaseException, session: Session) -> int:
    """Print what went wrong, a traceback only with --debug, and give the exit code."""
    if session.debug and not isinstance(error, click.ClickException):
        session.err("".join(traceback.format_exception(error)))
    match error:
        case ReconcilerError():
            session.err(f"error: {error}")
            return error.exit_code
        case click.ClickException():
            session.err(_usage_text(error))
            return UsageError.exit_code
        case click.Abort() | KeyboardInterrupt():
            session.err("interrupted")
            return INTERRUPTED
    session.err(_internal_text(error))
    return INTERNAL_ERROR


def _usage_text(error: click.ClickException) -> str:
    message = error.format_message()
    if isinstance(error, click.UsageError) and error.ctx is not None:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            return message
        return f"error: {message}\nSee: {error.ctx.command_path} --help"
    return f"error: {message}"


def _internal_text(error: BaseException) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return (
        f"internal error ({what[:300]}). This is a fault of reconciler, not of your files: please "
        "report it with what you ran; --debug shows details."
    )
