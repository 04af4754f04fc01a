"""`reconciler plan`: shows what would be changed, and saves it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.options import (
    accept_option,
    common_options,
    ledger_option,
    revoke_first_option,
    rotate_option,
    unmanaged_option,
)
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.engine import Choice
from reconciler.errors import BlockedError, IncompleteReadError, UsageError
from reconciler.plan import Plan
from reconciler.render.text import plan_text, statements_text
from reconciler.safety.kept_back import work_of

if TYPE_CHECKING:
    from reconciler.manifest.policies import PlanSignature

_CHANGES_PENDING: Final = 2


@click.command("plan")
@click.option("-o", "--out", metavar="FILE", help="Save the plan; `apply FILE` applies exactly it.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 when apply would change something."
)
@click.option("--statements", is_flag=True, help="Show the SQL or requests that would be sent too.")
@revoke_first_option
@rotate_option
@accept_option
@unmanaged_option
@ledger_option
@common_options(has_sql=True)
def command(
    session: Session,
    *,
    ledger: str,
    out: str | None,
    detailed_exitcode: bool,
    statements: bool,
    revoke_first: bool,
    rotate: tuple[str, ...],
    accept: tuple[str, ...],
    unmanaged: bool,
) -> int:
    """Show what apply would change on the targets, in people's names.

    Only reads. Exit code 5 when a finding blocks something and is not lifted with --accept; the
    plan is shown and saved all the same. 9 when a part of a target could not be read, which is
    left as it is.
    """
    session.ledger = ledger
    _check_wishes(session, out, statements=statements)
    with open_run(session, in_part=True) as run:
        plan = run.plan(
            Choice(frozenset(accept), revokes_first=revoke_first, rotate=frozenset(rotate))
        )
        sent = run.preview(plan) if statements or session.wants_sql else {}
        scripts = run.scripts(plan) if session.wants_sql else {}
        signing = run.loaded.manifest.policies.plan_signature
    note = "" if out is None else _write(out, plan, signing)
    if session.wants_json:
        from reconciler.plan_file import to_text

        session.document(to_text(plan))
    elif session.wants_sql:
        from reconciler.render.sql_text import sql_text

        session.document(sql_text(plan, scripts, sent))
    else:
        session.out(_text(session, plan, sent, unmanaged=unmanaged) + _saved(session, out, note))
    return _exit_code(plan, detailed=detailed_exitcode)


def _check_wishes(session: Session, out: str | None, *, statements: bool) -> None:
    """Raise where what is asked for cannot be shown or saved."""
    if statements and (session.wants_json or session.wants_sql):
        form = "json" if session.wants_json else "sql"
        raise UsageError(f"--statements is text for people; leave out --format {form}")
    if out is not None:
        from reconciler.cli.plan_files import check_destination  # with signatures: only for a file

        check_destination(out)


def _write(out: str, plan: Plan, signing: PlanSignature | None) -> str:
    """Save the plan; says whether it is signed, where the manifest wants that."""
    from reconciler.cli.plan_files import write_plan, write_signature  # as above
    from reconciler.plan_file import plan_digest, to_text

    write_plan(out, to_text(plan))
    if signing is None:
        return ""
    signed = write_signature(out, plan_digest(plan), signing, os.environ)
    return f"Signed: {signed.path}." if signed else f"Not signed: {signed.reason}."


def _text(
    session: Session, plan: Plan, sent: Mapping[str, Sequence[str]], *, unmanaged: bool
) -> str:
    text = plan_text(plan, colour=session.colour, list_unmanaged=unmanaged)
    return text + statements_text(sent, colour=session.colour)


def _saved(session: Session, out: str | None, note: str) -> str:
    if out is None:
        return ""
    files = [] if session.files == ("access.yaml",) else session.files
    words = ["reconciler", "apply", *(word for file in files for word in ("-f", file)), out]
    told = f" {note}" if note else ""
    return f"\nSaved.{told} To apply exactly this: {shlex.join(words)}\n"


def _exit_code(plan: Plan, *, detailed: bool) -> int:
    if plan.unread:
        return IncompleteReadError.exit_code
    if plan.blocking:
        return BlockedError.exit_code
    is_pending = any(work_of(plan).values())
    return _CHANGES_PENDING if detailed and is_pending else 0
