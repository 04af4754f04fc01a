"""Targets of which some kinds of record could not be read: the rest is planned, those are left.

Here belongs keeping what is unknown out of every comparison, and telling it. Nothing of these kinds
is planned, found to be drift, or remembered otherwise than before. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace

from reconciler import safety
from reconciler.changes import Change
from reconciler.engine.reading import Reading
from reconciler.plan import UNREAD, Finding
from reconciler.provider import Warned
from reconciler.safety.taking import taking
from reconciler.scope import Capabilities
from reconciler.state import EMPTY, PRINCIPAL_KINDS, Fields, Key, State
from reconciler.wording import counted


def as_applied(reading: Reading) -> Reading:
    """The reading with what could not be read as if all of it were as it was applied last.

    So it differs in nothing, and the rules count with what is known best. Where nothing is known of
    an earlier apply, there is none of it on any side.
    """
    if reading.unread is None:
        return reading
    kinds, desired = reading.unread.kinds, reading.desired
    asked, known = _of(desired.state, kinds), _of(reading.applied or EMPTY, kinds)
    either = sorted(asked.keys() | known.keys())
    waiting = tuple(key for key in either if asked.get(key) != known.get(key))

    def with_known(state: State) -> State:
        others = {key: each for key, each in state.records.items() if key.kind not in kinds}
        return State({**others, **known})

    return replace(
        reading,
        desired=replace(desired, state=with_known(desired.state)),
        observed=with_known(reading.observed),
        unread=replace(reading.unread, waiting=waiting),
    )


def _of(state: State, kinds: Set[str]) -> dict[Key, Fields]:
    return {key: fields for key, fields in state.records.items() if key.kind in kinds}


def unread_findings(reading: Reading) -> Iterator[Finding]:
    """That a part of the target is unknown: nothing else of the plan is held back for it."""
    unread = reading.unread
    if unread is not None:
        what = " and ".join(f"{kind}s" for kind in sorted(unread.kinds))
        number = counted(len(unread.waiting), "change")
        message = (
            f"{unread.why}. Its {what} are unknown, so they are left as they are, "
            f"{number} of the manifest among them. The rest goes on; "
            "mend it there, or accept to go on without"
        )
        yield safety.finding(UNREAD, reading.desired.target, message, unread.waiting, blocking=True)


def uncounted_findings(
    reading: Reading, changes: Sequence[Change], capabilities: Capabilities
) -> Iterator[Finding]:
    """What would be taken though no rule can count with what it is part of: nothing of the unread
    kinds is remembered either.
    """
    if reading.unread is None or reading.applied is not None:
        return
    keys = [change.key for change in taking(changes, capabilities)]
    if keys:
        names = ", ".join(sorted({key.path[-1] for key in keys}))
        text = (
            "nothing is known of an earlier apply, so nobody can count who is left; until "
            f"somebody accepts, nothing is taken from {names}"
        )
        yield safety.finding(UNREAD, reading.desired.target, text, keys, blocking=True)


def withheld(reading: Reading, changes: Sequence[Change]) -> tuple[Warned, ...]:
    """Whoever would be deleted while nobody knows what they hold: they are shut out instead."""
    if reading.unread is None:
        return ()
    keys = tuple(
        change.key
        for change in changes
        if change.action == "delete" and change.key.kind in PRINCIPAL_KINDS
    )
    if not keys:
        return ()
    names = ", ".join(key.path[-1] for key in keys)
    text = f"nobody is deleted while it is unknown what they hold: {names}"
    return (Warned(UNREAD, text, keys, blocking=True),)


def unknown_now(reading: Reading, changes: Sequence[Change]) -> Iterator[str]:
    """The changes of a plan that cannot be made now, since what they are about cannot be read."""
    unread = reading.unread
    for change in changes if unread is not None else ():
        if unread is not None and change.key.kind in unread.kinds:
            yield f"{change.key} cannot be read now: {unread.why}"
