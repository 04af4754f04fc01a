"""`reconciler apply`: makes the targets as a plan says."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from reconciler.changes import Change
from reconciler.cli.interrupts import Interrupts
from reconciler.cli.options import (
    accept_option,
    common_options,
    ledger_option,
    revoke_first_option,
    rotate_option,
    unmanaged_option,
)
from reconciler.cli.plan_files import check_signature, read_plan
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.engine import Choice, Limits, Run
from reconciler.engine.planning import is_expiry
from reconciler.errors import BlockedError, ReconcilerError, UsageError
from reconciler.plan import Plan
from reconciler.plan_file import plan_digest
from reconciler.render.documents import report_json
from reconciler.render.report_text import report_text
from reconciler.render.text import plan_text, question
from reconciler.report import Report
from reconciler.safety.kept_back import work_of


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the options of one call ask for."""

    yes: bool
    choice: Choice
    credentials_out: str
    unmanaged: bool
    max_failures: int
    deadline_s: float


@click.command("apply")
@click.argument("plan_file", metavar="[FILE]", required=False)
@click.option("--yes", is_flag=True, help="Do not ask; for machines.")
@click.option(
    "--only",
    type=click.Choice(["expiry"]),
    help="Only take away what grants gave whose time has ended; nobody is asked.",
)
@revoke_first_option
@click.option(
    "--max-failures",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Start nothing more on a target once N changes failed there; 0, the default: go on.",
)
@click.option(
    "--deadline",
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="Start nothing more after this time.",
)
@click.option(
    "--credentials-out",
    metavar="FILE",
    default="",
    help="A new file for temporary passwords.",
)
@rotate_option
@accept_option
@unmanaged_option
@ledger_option
@common_options()
def command(
    session: Session,
    *,
    ledger: str,
    plan_file: str | None,
    yes: bool,
    only: str | None,
    revoke_first: bool,
    max_failures: int,
    deadline: int | None,
    credentials_out: str,
    rotate: tuple[str, ...],
    accept: tuple[str, ...],
    unmanaged: bool,
) -> int:
    """Make the targets as the manifest says, and read them again to see that they are.

    With FILE, which `plan -o FILE` saved, exactly that plan is applied, or nothing when it no
    longer fits. Without FILE the plan is made now and shown, and you are asked.
    """
    session.ledger = ledger
    choice = Choice(
        frozenset(accept),
        only_expiry=only == "expiry",
        revokes_first=revoke_first,
        rotate=frozenset(rotate),
    )
    asks = plan_file is None and not yes and not choice.only_expiry
    wishes = _Wishes(
        not asks, choice, credentials_out, unmanaged, max_failures, deadline or float("inf")
    )
    _check_wishes(session, plan_file, wishes)
    saved = read_plan(plan_file) if plan_file is not None else None
    with open_run(session, records=True, in_part=True) as run:
        if plan_file is not None and saved is not None:
            report = _apply_saved(run, saved, plan_file, wishes)
        else:
            report = _plan_and_apply(session, run, wishes)
        _tell(session, report, is_saved=saved is not None)
    return report.exit_code


def _check_wishes(session: Session, plan_file: str | None, wishes: _Wishes) -> None:
    """Raise where options do not go together, or nobody is there to be asked."""
    if wishes.choice.revokes_first and plan_file is not None:
        raise UsageError("the order of a saved plan stands; give --revoke-first to plan")
    if wishes.choice.rotate and (plan_file is not None or wishes.choice.only_expiry):
        raise UsageError(
            "--rotate-password asks for changes that neither a saved plan nor --only expiry has: "
            "give it to plan, or leave the other out. Nothing was read or written."
        )
    if not wishes.yes and not session.is_interactive:
        raise UsageError(
            "nobody can be asked here, since stdin is no terminal: give --yes, or the file of a "
            "plan that somebody has seen (reconciler plan -o FILE). Nothing was read or written."
        )


def _plan_and_apply(session: Session, run: Run, wishes: _Wishes) -> Report:
    plan = run.plan(wishes.choice)
    work = work_of(plan)
    _show(session, plan, wishes)
    if any(work.values()):
        _check_credentials(plan, work, wishes)
        if not wishes.yes and not session.ask(question(work)):
            raise ReconcilerError("the answer was not yes; nothing was applied")
    return _apply(run, plan, wishes, is_saved=False)


def _apply_saved(run: Run, plan: Plan, path: str, wishes: _Wishes) -> Report:
    signing = run.loaded.manifest.policies.plan_signature
    check_signature(path, plan_digest(plan), signing, run.inputs.environment)
    if wishes.choice.only_expiry:
        _refuse_all_but_expiry(run, plan)
    return _apply(run, plan, wishes, is_saved=True)


def _refuse_all_but_expiry(run: Run, plan: Plan) -> None:
    """Raise unless all that the plan does is to take away what has ended."""
    for target in plan.targets:
        for change in target.changes:
            if not is_expiry(change, run.capabilities_of(target.target)):
                raise BlockedError(
                    f"--only expiry: the plan would also {change.action} {change.key} on "
                    f"{target.target}, which no grant's end asks for. Nothing was written"
                )


def _apply(run: Run, plan: Plan, wishes: _Wishes, *, is_saved: bool) -> Report:
    ends = time.monotonic() + wishes.deadline_s
    with Interrupts() as interrupts:
        return run.apply(
            plan,
            accept=wishes.choice.accept,
            credentials_out=wishes.credentials_out,
            is_saved=is_saved,
            limits=Limits(
                wishes.max_failures, interrupts.is_asked, lambda: time.monotonic() >= ends
            ),
        )


def _show(session: Session, plan: Plan, wishes: _Wishes) -> None:
    """Show the plan on stdout; where that is for the document alone, show it to whom is asked."""
    if not session.wants_json:
        text = plan_text(plan, colour=session.colour, list_unmanaged=wishes.unmanaged)
        session.out(text + "\n" if plan.changes else text)
    elif not wishes.yes:
        session.err(plan_text(plan, list_unmanaged=wishes.unmanaged))


def _tell(session: Session, report: Report, *, is_saved: bool) -> None:
    """Say what became of the plan; nothing more where one made just now has nothing to do."""
    if session.wants_json:
        session.document(report_json(report, session.redact))
    elif is_saved or report.plan.changes or report.recovered:
        session.out(report_text(report, colour=session.colour, lists_done=is_saved))


def _check_credentials(plan: Plan, work: Mapping[str, Sequence[Change]], wishes: _Wishes) -> None:
    """Say before asking, not after it, that passwords need a file. The engine checks it again."""
    if wishes.credentials_out:
        return
    for target in plan.targets:
        changed = {each.key.path[-1] for each in work[target.target] if each.key.kind == "account"}
        needed = [name for name in target.new_passwords if name in changed]
        if needed:
            raise UsageError(
                f"{needed[0]} on {target.target} and maybe more accounts get a temporary "
                "password, or an invitation: name a new file to write them to, --credentials-out "
                "FILE. Nothing was written."
            )
