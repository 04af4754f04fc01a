"""What became of changes that an earlier run sent before it died: the target itself is asked.

Pure: the target was read already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.changes import Change
from reconciler.classify import restricted
from reconciler.passwords import is_renewal
from reconciler.state import Fields, State

if TYPE_CHECKING:
    from reconciler.ledger.values import Entry, OpenIntent, Result, ResultStatus


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found out: entries for the journal, a sentence for people, and the changes that were
    done while nobody knows whether the sessions were ended that were to end with them.
    """

    entries: tuple[Entry, ...]
    told: str
    unended: tuple[Change, ...]


def recovered(
    target: str, run_id: int, intents: Sequence[OpenIntent], observed: State | None
) -> Recovered:
    """What became of the changes of these intents; `observed` is None where nobody can say."""
    from reconciler.ledger.values import Entry  # only an apply needs the ledger

    entries: list[Entry] = []
    unended: list[Change] = []
    for intent in intents:
        results = found_results(intent.changes, observed)
        entries.append(Entry("found", run_id, target, intent=intent.number, results=results))
        done = {each.index for each in results if each.status == "done"}
        unended += (each for i, each in intent.changes if i in done and each.end_sessions)
    changes = [change for intent in intents for _, change in intent.changes]
    statuses = [each.status for entry in entries for each in entry.results]
    return Recovered(tuple(entries), _told(target, statuses, changes), tuple(unended))


def _told(target: str, statuses: Sequence[str], changes: Sequence[Change]) -> str:
    done, changed = statuses.count("done"), statuses.count("changed")
    rest = len(statuses) - done - changed
    ends = ((done, "done"), (rest, "not done"), (changed, "something else now"))
    said = [f"{number} {'is' if number == 1 else 'are'} {end}" for number, end in ends if number]
    made = any(each.action == "create" and each.key.kind == "account" for each in changes)
    passwords = ". New accounts have their passwords in the file it was given" if made else ""
    return (
        f"{target}: an earlier run ended in the middle. Of what it was sending, {', '.join(said)}"
        f"{passwords}"
    )


def found_results(
    changes: Sequence[tuple[int, Change]], observed: State | None
) -> tuple[Result, ...]:
    """For each change, with its index in the intent: done, not done, or something else is there.

    None for `observed`: another system is there, so nobody can look.
    """
    return tuple(_found(changes, observed))


def _found(changes: Sequence[tuple[int, Change]], observed: State | None) -> Iterator[Result]:
    from reconciler.ledger.values import Result  # only an apply needs the ledger

    for index, change in changes:
        if observed is None:
            yield Result(index, "changed", "another system has the target's name now")
        elif is_renewal(change):
            yield Result(index, "changed", "nobody can see which of its passwords an account has")
        else:
            yield Result(index, _status(change, observed.get(change.key)))


def _status(change: Change, there: Fields | None) -> ResultStatus:
    if restricted(there, change.after, change.key) == change.after:
        return "done"
    is_as_before = restricted(there, change.before, change.key) == change.before
    return "not_done" if is_as_before else "changed"
