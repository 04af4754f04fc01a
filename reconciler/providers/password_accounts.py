"""The accounts whose passwords a plan sets: those that get a temporary one, and a given one.

Here belongs telling them from their changes. It stands apart from what makes passwords and hashes:
each plan asks who, and few set any.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.changes import Change
from reconciler.passwords import AS_GIVEN, asked_password, is_renewal


def accounts_renewed(changes: Sequence[Change], *, is_made: bool) -> tuple[str, ...]:
    """The accounts that get a temporary password, in order: new ones that are given none, unless
    the target makes none, and those for which somebody asked for one.
    """
    return tuple(
        change.key.path[-1]
        for change in changes
        if change.key.kind == "account"
        and is_made
        and (is_renewal(change) or (change.action == "create" and not asked_password(change)))
    )


def accounts_given(changes: Sequence[Change]) -> tuple[str, ...]:
    """The accounts whose password comes from outside and is sent, in order."""
    return tuple(each.key.path[-1] for each in changes if asked_password(each) == AS_GIVEN)
