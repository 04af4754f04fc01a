"""How the targets stand, on one screen. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.changes import Cause
from reconciler.render.page import Line, page
from reconciler.render.phrases import to_the_second
from reconciler.status import DIRECTIONS, PENDING_CAUSES, Status, Tally, TargetStatus

_CAUSES: Final[Mapping[Cause, str]] = {
    "config": "by the manifest",
    "start": "by a start",
    "expiry": "by an end",
    "unknown": "without a cause",
}
_SHOWN_COMMIT: Final = 12


def status_text(status: Status, *, colour: bool = False) -> str:
    """One line that says it all, then each target, then where the memory is."""
    return page(_lines(status), colour=colour)


def status_summary(status: Status) -> str:
    """What is pending, what the targets did, and what ends soon, in one line."""
    numbers = [each.tally for each in status.targets]
    parts = [f"pending {sum(_pending(each) for each in numbers)}", f"drift {_drift(numbers)}"]
    for name, number in (
        ("held", sum(each.held for each in numbers)),
        ("blocked", sum(each.blocked for each in numbers)),
        ("waiting", sum(len(each.waiting) for each in numbers)),
    ):
        parts += [f"{name} {number}"] if number else []
    return " · ".join([*parts, f"expiring {status.expiring}"])


def _pending(tally: Tally) -> int:
    return sum(tally.pending.values())


def _drift(numbers: Sequence[Tally]) -> str:
    words = [
        f"{number} {way}"
        for way in DIRECTIONS
        if (number := sum(each.drift[way] for each in numbers))
    ]
    unknown = [each.target for each in numbers if not each.is_known]
    if not unknown:
        return ", ".join(words) or "0"
    if len(unknown) == len(numbers):
        return "not known"
    return f"{', '.join(words) or '0'} (not known on {', '.join(unknown)})"


def _lines(status: Status) -> Iterator[Line]:
    yield Line(status_summary(status), "heading")
    yield Line()
    for target in status.targets:
        yield from _target_lines(target)
        yield Line()
    yield Line(
        f"Seen {status.at} for {', '.join(status.manifest)}; expiring: within {status.within}"
    )
    yield Line(f"Ledger: {status.ledger}")


def _target_lines(status: TargetStatus) -> Iterator[Line]:
    account = f", as {status.account}" if status.account else ""
    yield Line(f"{status.target} ({status.provider}): {status.system}{account}", "heading")
    tally = status.tally
    causes = [f"{tally.pending[c]} {_CAUSES[c]}" for c in PENDING_CAUSES if tally.pending[c]]
    why = f" ({', '.join(causes)})" if causes else ""
    yield Line(f"    pending    {_pending(tally)}{why}")
    yield Line(f"    drift      {_drift([tally])}")
    yield Line(f"    held       {tally.held}, blocked {tally.blocked}, unmanaged {tally.unmanaged}")
    yield from (Line(f"    waiting    {each}") for each in tally.waiting)
    yield Line(f"    applied    {_success(status)}")
    yield Line(f"    lock       {_lock(status)}", "warning" if status.lock else "plain")


def _success(status: TargetStatus) -> str:
    success = status.last_success
    if success is None:
        return "no apply that ended well is known"
    commit = f", commit {success.commit[:_SHOWN_COMMIT]}" if success.commit else ""
    dirty = " and uncommitted changes" if success.commit.endswith("+uncommitted") else ""
    author = f", {success.author}" if success.author else ""
    return f"{to_the_second(success.at)}{commit}{dirty}{author} (run {success.run_id})"


def _lock(status: TargetStatus) -> str:
    if status.lock is None:
        return "free"
    expired = ", who does not renew it" if status.lock.is_expired else ""
    return f"held by {status.lock.holder} since {to_the_second(status.lock.since)}{expired}"
