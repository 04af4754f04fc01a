"""`reconciler offboard`: takes everything from one user now, on every target that answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click

from reconciler.cli import collector
from reconciler.cli.options import accept_option, common_options, ledger_option
from reconciler.cli.running import inputs_of
from reconciler.cli.session import Session
from reconciler.departure import Departure
from reconciler.engine.offboarding import Offboarding
from reconciler.errors import ReconcilerError, UsageError
from reconciler.render.departure_text import departure_question, departure_text


@click.command("offboard")
@click.argument("user", metavar="USER")
@click.option("--yes", is_flag=True, help="Do not ask; for machines.")
@click.option("--dry-run", is_flag=True, help="Show what would be taken, and take nothing.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it is kept in the ledger.")
@accept_option
@ledger_option
@common_options()
def command(
    session: Session,
    *,
    ledger: str,
    user: str,
    yes: bool,
    dry_run: bool,
    reason: str,
    accept: tuple[str, ...],
) -> int:
    """Take everything from USER, a user of the manifest, now and on every target.

    As if the manifest said `state: departed` of USER, and nothing else of it. A target that is down
    stops no other; what could not be done is listed by name. The manifest is not edited: the
    output ends with the line to write. Until it is there, no plan gives anything back.
    """
    session.ledger = ledger
    if not (yes or dry_run) and not session.is_interactive:
        raise UsageError(
            "nobody can be asked here, since stdin is no terminal: give --yes, or --dry-run to "
            "look. Nothing was read or written."
        )
    with _opened(session, user, reason, records=not dry_run) as offboarding:
        departure = offboarding.plan(frozenset(accept))
        if not dry_run:
            if not yes and (departure.taken or not departure.is_departed):
                session.err(departure_text(departure))
                if not session.ask(departure_question(departure)):
                    raise ReconcilerError("the answer was not yes; nothing was taken")
            departure = _taken(offboarding, reason)
        _show(session, departure)
    return departure.exit_code


@contextmanager
def _opened(session: Session, user: str, reason: str, *, records: bool) -> Iterator[Offboarding]:
    """The user's way out, over the session's manifest and targets."""
    from reconciler.cli.progress import Progress

    inputs = inputs_of(session, records=records)
    words = f"offboard {user}" + (f": {reason}" if reason else "")
    who = inputs.origin.holder.partition(" (")[0]  # and not who wrote the last commit
    origin = replace(inputs.origin, kind="offboard", command=words, author=who)
    inputs = replace(inputs, origin=origin)
    with Progress() as progress:
        session.before_output = progress.erase
        with Offboarding(inputs, progress.tell, user) as offboarding:
            collector.resume()
            session.redact = offboarding.redactor()
            yield offboarding


def _taken(offboarding: Offboarding, reason: str) -> Departure:
    from reconciler.cli.interrupts import Interrupts
    from reconciler.engine import Limits

    with Interrupts() as interrupts:
        return offboarding.apply(Limits(stop=interrupts.is_asked), reason)


def _show(session: Session, departure: Departure) -> None:
    if not session.wants_json:
        session.out(departure_text(departure, colour=session.colour))
        return
    from reconciler.render.departure_document import departure_json

    session.document(departure_json(departure, session.redact))
