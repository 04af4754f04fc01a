"""The rules about grants that the manifest ought not to make: roles held together, and for ever.

Here belongs what can be said from the grants alone. Who holds what together in effect, after every
step, is `steps`.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.plan import Finding
from reconciler.safety.situation import Situation, finding


def never_together(situation: Situation) -> Iterator[Finding]:
    """People to whom the manifest gives roles that nobody may hold together.

    What this plan would bring about is held back; what it would not is told.
    """
    separations = situation.desired.rules.separations
    if not separations:
        return
    given = {change.key for change in situation.changes if change.action != "delete"}
    for each in separations:
        keys = sorted(given.intersection(each.keys))
        if not each.keys:
            continue  # it comes about on other targets
        which = "this plan" if keys else "nothing in this plan"
        message = (
            f"the manifest gives {each.person} {' and '.join(each.roles)}, which nobody may hold "
            f"together (policies.never_together); {which} brings it about on {situation.target}. "
            "Take one of the grants away, or add an exemption that ends"
        )
        yield finding("never-together", situation.target, message, keys, blocking=bool(keys))


def permanent_risky(situation: Situation) -> Iterator[Finding]:
    """Grants of risky roles without an end: new ones are held back, those that exist are told."""
    permanent = situation.desired.rules.permanent
    if not permanent:
        return
    created = {change.key for change in situation.changes if change.action == "create"}
    for each in permanent:
        keys = sorted(created.intersection(each.keys))
        if not keys and not any(key in situation.observed for key in each.keys):
            continue
        message = (
            f"{each.holder} {'would get' if keys else 'has'} {each.role} on {situation.target} "
            "for ever, and it is a risky role: give the grant an until"
        )
        yield finding("permanent-risky", situation.target, message, keys, blocking=bool(keys))
