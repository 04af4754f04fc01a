"""Whether a plan still fits what is there.

Here belongs comparing what a plan expects of the things it touches with what was read just now.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.changes import Change
from reconciler.classify import restricted
from reconciler.state import Fields, State

_SHOWN_FIELDS: Final = 3


def stale_reasons(changes: Sequence[Change], observed: State) -> Iterator[str]:
    """One sentence for each touched record that is no longer as the plan has it.

    It names what of the record differs, with both values. What the plan does not touch may have
    changed.
    """
    for change in changes:
        then = change.before
        now = restricted(observed.get(change.key), then, change.key)
        if then != now:
            then, now = _where_they_differ(then, now)
            yield f"{change.key} was {_shown(then)} and is {_shown(now)}"


def _where_they_differ(
    then: Fields | None, now: Fields | None
) -> tuple[Fields | None, Fields | None]:
    """Both sides, less what is the same on them: a table that changed, of hundreds that did not."""
    if then is None or now is None:
        return then, now
    from deepdiff import DeepDiff  # slow to import, and needed only when something is wrong

    names = sorted(DeepDiff(dict(then), dict(now)).affected_root_keys)
    return {name: then.get(name) for name in names}, {name: now.get(name) for name in names}


def _shown(fields: Fields | None) -> str:
    if fields is None:
        return "absent"
    if not fields:
        return "present"
    said = [f"{name}={_value(fields[name])}" for name in sorted(fields)]
    rest = len(said) - _SHOWN_FIELDS
    return ", ".join(said) if rest <= 1 else f"{', '.join(said[:_SHOWN_FIELDS])} and {rest} more"


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "+".join(value) if isinstance(value, tuple) else str(value)
