"""`reconciler log`: what was applied, when, by whom, and whether the record is whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final, assert_never

import click

from reconciler.cli.options import common_options, ledger_option
from reconciler.cli.origin import ledger_to_read
from reconciler.cli.session import Session
from reconciler.errors import ReconcilerError
from reconciler.json_text import Json
from reconciler.ledger import Ledger
from reconciler.ledger.documents import entry_document
from reconciler.ledger.values import Entry, JournalEntry, Result, ResultStatus, Run
from reconciler.render.page import printable

_MOST: Final = 1_000_000
_ORDER: Final[tuple[ResultStatus, ...]] = (
    "done",
    "failed",
    "skipped",
    "unknown",
    "not_done",
    "changed",
)


@click.command("log")
@click.option("--verify", is_flag=True, help="Only check that nobody changed the record.")
@click.option("--journal", is_flag=True, help="Show the journal's last entries, oldest first.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(1, _MOST),
    default=20,
    show_default=True,
    help="How many runs, or entries of the journal, to show.",
)
@ledger_option
@common_options()
def command(session: Session, *, verify: bool, journal: bool, limit: int, ledger: str) -> int:
    """Show the last runs that the ledger knows of, newest first. Touches no target.

    With --journal, what was intended and what became of it, what was accepted, and locks.
    """
    session.ledger = ledger
    with ledger_to_read(session) as opened:
        if verify:
            _verify(session, opened)
        runs = _runs(session, opened, limit)
        entries = _entries(session, opened, limit) if journal else ()
    if session.wants_json:
        session.document(_document(runs, entries if journal else None))
    elif journal:
        session.out("".join(map(_entry_line, entries)) or "The journal has no entries.\n")
    elif not verify:
        session.out("".join(map(_line, runs)) or "The ledger knows of no run.\n")
    return 0


def _verify(session: Session, ledger: Ledger) -> None:
    problems = ledger.verify()
    if problems:
        raise ReconcilerError("the ledger was changed:\n" + "\n".join(problems))
    head = ledger.head()
    if not session.wants_json:
        session.out(f"The record is whole: {head.count} entries, the last one {head.hash[:16]}.\n")


def _runs(session: Session, ledger: Ledger, limit: int) -> Sequence[Run]:
    """The last runs of the targets that were asked for; one whose targets nobody kept may be one
    of theirs.
    """
    if not session.targets:
        return ledger.runs(limit)
    wanted = set(session.targets)
    runs = ledger.runs(_MOST)
    return [run for run in runs if not run.targets or wanted & set(run.targets)][:limit]


def _entries(session: Session, ledger: Ledger, limit: int) -> Sequence[JournalEntry]:
    """The last entries about the targets that were asked for, oldest first."""
    if not session.targets:
        return ledger.entries(limit=limit)
    targets = dict.fromkeys(session.targets)
    found = [entry for target in targets for entry in ledger.entries(target, limit=limit)]
    return sorted(found, key=lambda entry: entry.number)[-limit:]


def _document(runs: Sequence[Run], entries: Sequence[JournalEntry] | None) -> str:
    document: dict[str, object] = {
        "format": "reconciler.log/v1",
        "runs": [asdict(run) for run in runs],
    }
    if entries is not None:
        document["entries"] = [_entry_document(entry) for entry in entries]
    return json.dumps(document, ensure_ascii=True, indent=1, sort_keys=True) + "\n"


def _entry_document(entry: JournalEntry) -> dict[str, Json]:
    own: dict[str, Json] = {"number": entry.number, "at": entry.at, "hash": entry.hash}
    return {**entry_document(entry.entry), **own}


# Lines


def _line(run: Run) -> str:
    ended = "did not end" if run.exit_code is None else f"exit {run.exit_code}"
    commit = run.commit[:12] + ("+" if run.commit.endswith("+uncommitted") else "")
    targets = ", ".join(run.targets)
    parts = [run.started, run.kind, targets, ended, commit, run.author, run.summary]
    return "  ".join(printable(part) for part in (f"{run.run_id:>4}", *parts) if part) + "\n"


def _entry_line(entry: JournalEntry) -> str:
    return printable(f"{entry.number:>5}  {entry.at}  {_words(entry.entry)}") + "\n"


def _words(entry: Entry) -> str:
    """What the entry says, in one line."""
    match entry.kind:
        case "intent":
            return f"intent: {_changes_words(entry)} on {entry.target}"
        case "result":
            return f"result of {entry.intent or entry.target}: {_results_words(entry.results)}"
        case "found":
            return f"found, of {entry.intent}: {_results_words(entry.results)}"
        case "accepted":
            where = f" on {entry.target}" if entry.target else ""
            return f"{entry.finding}{where} accepted by {entry.by}: {entry.message}"
        case "offboarded":
            why = f": {entry.message}" if entry.message else ""
            return f"{entry.subject} offboarded on {entry.target} by {entry.by}{why}"
        case "offboarding_over":
            return f"offboarding of {entry.subject} on {entry.target} is over: {entry.message}"
        case "noted":
            return f"noted of {entry.subject} on {entry.target}, to know an invitation again"
        case "run_started":
            by = f" by {entry.by}" if entry.by else ""
            return f"run {entry.run_id} started: {entry.message}{by}"
        case "run_ended":
            return f"run {entry.run_id} ended: {entry.message}"
        case "lock_taken" | "lock_taken_over" | "lock_broken":
            why = f": {entry.message}" if entry.message else ""
            what = entry.kind.removeprefix("lock_").replace("_", " ")
            return f"lock of {entry.target} {what} by {entry.by}{why}"
    assert_never(entry.kind)


def _changes_words(entry: Entry) -> str:
    if not entry.changes:
        return "no change"
    first, more = entry.changes[0], len(entry.changes) - 1
    return f"{first.action} {first.key}" + (f" (and {more} more)" if more else "")


def _results_words(results: Sequence[Result]) -> str:
    """How many changes had which end, and what was said of them first."""
    numbers = Counter(each.status for each in results)
    told = [f"{numbers[each]} {each.replace('_', ' ')}" for each in _ORDER if numbers[each]]
    said = list(dict.fromkeys(each.message for each in results if each.message))
    more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
    return (", ".join(told) or "nothing") + (f"; {said[0]}{more}" if said else "")
