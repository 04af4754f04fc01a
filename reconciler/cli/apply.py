"""`reconciler apply`: makes the targets as a plan says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import click

from reconciler.changes import Change
from reconciler.cli.interrupts import Interrupts
from reconciler.cli.options import accept_option, common_options, ledger_option, unmanaged_option
from reconciler.cli.plan_files import read_plan
from reconciler.cli.running import open_run
from reconciler.cli.session import Session
from reconciler.engine import Run
from reconciler.errors import ReconcilerError, UsageError
from reconciler.plan import Plan
from reconciler.render.documents import report_json
from reconciler.render.report_text import report_text
from reconciler.render.text import held_keys, plan_text, question
from reconciler.report import Report, TargetReport


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the options of one call ask for."""

    yes: bool
    accept: frozenset[str]
    credentials_out: str
    unmanaged: bool


@click.command("apply")
@click.argument("plan_file", metavar="[FILE]", required=False)
@click.option("--yes", is_flag=True, help="Do not ask; for machines.")
@click.option(
    "--credentials-out",
    metavar="FILE",
    default="",
    help="A new file for the temporary passwords of new accounts.",
)
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
    credentials_out: str,
    accept: tuple[str, ...],
    unmanaged: bool,
) -> int:
    """Make the targets as the manifest says, and read them again to see that they are.

    With FILE, which `plan -o FILE` saved, exactly that plan is applied, or nothing when it no
    longer fits. Without FILE the plan is made now and shown, and you are asked.
    """
    session.ledger = ledger
    wishes = _Wishes(yes, frozenset(accept), credentials_out, unmanaged)
    if plan_file is None and not yes and not session.is_interactive:
        raise UsageError(
            "nobody can be asked here, since stdin is no terminal: give --yes, or the file of a "
            "plan that somebody has seen (reconciler plan -o FILE). Nothing was read or written."
        )
    saved = read_plan(plan_file) if plan_file is not None else None
    with open_run(session, records=True) as run:
        report = (
            _apply(run, saved, wishes, is_saved=True)
            if saved
            else _plan_and_apply(session, run, wishes)
        )
        if session.wants_json:
            session.document(report_json(report, session.redact))
        elif saved or report.plan.changes:
            session.out(report_text(report, colour=session.colour, lists_done=saved is not None))
    return report.exit_code


def _plan_and_apply(session: Session, run: Run, wishes: _Wishes) -> Report:
    plan = run.plan(wishes.accept)
    work = _released(plan)
    _show(session, plan, wishes)
    if not any(work.values()):
        return Report(plan, tuple(TargetReport(each.target) for each in plan.targets))
    _check_credentials(plan, work, wishes)
    if not wishes.yes and not session.ask(question(work)):
        raise ReconcilerError("the answer was not yes; nothing was applied")
    return _apply(run, plan, wishes, is_saved=False)


def _apply(run: Run, plan: Plan, wishes: _Wishes, *, is_saved: bool) -> Report:
    with Interrupts() as interrupts:
        return run.apply(
            plan,
            accept=wishes.accept,
            credentials_out=wishes.credentials_out,
            is_saved=is_saved,
            stop=interrupts.is_asked,
        )


def _show(session: Session, plan: Plan, wishes: _Wishes) -> None:
    """Show the plan on stdout; where that is for the document alone, show it to whom is asked."""
    if not session.wants_json:
        text = plan_text(plan, colour=session.colour, list_unmanaged=wishes.unmanaged)
        session.out(text + "\n" if plan.changes else text)
    elif not wishes.yes:
        session.err(plan_text(plan, list_unmanaged=wishes.unmanaged))


def _released(plan: Plan) -> dict[str, Sequence[Change]]:
    """By target, the changes that no finding holds back."""
    held = held_keys(plan)
    return {
        target.target: [each for each in target.changes if each.key not in held[target.target]]
        for target in plan.targets
    }


def _check_credentials(plan: Plan, work: Mapping[str, Sequence[Change]], wishes: _Wishes) -> None:
    """Say before asking, not after it, that passwords need a file. The engine checks it again."""
    if wishes.credentials_out:
        return
    for target in plan.targets:
        changed = {each.key.path[-1] for each in work[target.target] if each.key.kind == "account"}
        needed = [name for name in target.new_passwords if name in changed]
        if needed:
            raise UsageError(
                f"{needed[0]} on {target.target} and maybe more new accounts get a temporary "
                "password: name a new file to write them to, --credentials-out FILE. Nothing was "
                "written."
            )
