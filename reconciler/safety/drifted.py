"""The rules about what a target did by itself, and about what nothing is remembered of.

Here belong narrowed access, conflicts, and rights that nobody can say the origin of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from reconciler.classify import Difference, only_tells
from reconciler.plan import Finding
from reconciler.removable import is_removable
from reconciler.safety.situation import Situation, finding, node_name, people, person
from reconciler.scope import Desired
from reconciler.state import GRANTED_BY, Fields, Key, Value, touched
from reconciler.wording import counted


def held(situation: Situation) -> Iterator[Finding]:
    """Accounts and memberships that somebody cut by hand: maybe in an emergency, so not given back.

    Break-glass accounts have a rule of their own.
    """
    desired = situation.desired
    if desired.policy.narrowed != "hold":
        return
    for each in situation.drift:
        is_cut = each.class_ == "drift" and each.direction != "widened"
        is_cut = is_cut and not only_tells(each.desired)
        is_kept = touched(each.key)[-1] in desired.rules.break_glass
        if is_cut and each.key.kind in ("account", "membership") and not is_kept:
            message = f"{_what_is_cut(each, desired)}: somebody may have cut it in an emergency"
            id = each.id if each.observed is None else _id_with(each, message)
            yield Finding(id, "held", desired.target, message, (each.key,), holds=True)


def _id_with(difference: Difference, message: str) -> str:
    """An id that is another one when other values are told: what was accepted then is not now."""
    digest = hashlib.sha256(f"{difference.id}\n{message}".encode()).hexdigest()
    return f"D-{digest[:8]}"


def _what_is_cut(difference: Difference, desired: Desired) -> str:
    key, target = difference.key, desired.target
    who = person(key.path[-1], desired)
    if key.kind == "membership":
        thing = f"the membership of {who} in {node_name(key.path[:-1])}"
        gone = f"{who} is no longer a member of {node_name(key.path[:-1])} on {target}"
    else:
        thing = f"the account of {who}"
        gone = f"the account of {who} is no longer on {target}"
    if difference.observed is None:
        return f"{gone}, and the manifest says otherwise"
    wanted, there = difference.desired or {}, difference.observed
    told = {**wanted, **there}.keys() - {GRANTED_BY}
    names = sorted(name for name in told if wanted.get(name) != there.get(name))
    values = "; ".join(
        f"{name} is {_text(there.get(name))}, and the manifest says {_text(wanted.get(name))}"
        for name in names
    )
    return f"{thing} on {target} was narrowed: {values}"


def conflict(situation: Situation) -> Iterator[Finding]:
    """What the manifest and the target both changed, each in its own way: nobody can say who is
    right.
    """
    for each in situation.drift:
        if each.class_ == "conflict":
            message = (
                f"{each.key} was changed in the manifest and on {situation.target}: "
                f"{_three_sides(each)}. Accept to write what the manifest says"
            )
            id = _id_with(each, message)
            yield Finding(id, "conflict", situation.target, message, (each.key,), blocking=True)


def _three_sides(difference: Difference) -> str:
    sides = (difference.applied, difference.desired, difference.observed)
    names = sorted({name for side in sides for name in side or {}} - {GRANTED_BY})
    if not names:
        was, asked, there = ("absent" if side is None else "there" for side in sides)
        return f"it was {was}, the manifest wants it {asked}, it is {there}"
    return "; ".join(_three_values(name, sides) for name in names)


def _three_values(name: str, sides: tuple[Fields | None, ...]) -> str:
    was, asked, there = (_text(side.get(name)) if side is not None else "absent" for side in sides)
    return f"{name} was {was}, the manifest wants {asked}, it is {there}"


def _text(value: Value) -> str:
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def left_alone_unknown(situation: Situation) -> Iterator[Finding]:
    """Rights in no line that are left alone only since nothing is known of an earlier apply."""
    if situation.is_applied_known or not situation.unmanaged:
        return
    desired = situation.desired
    removable = [
        key
        for key in situation.unmanaged
        if key.kind in ("membership", "privilege", "default_privilege")
        and is_removable(key, desired.scope, desired.policy)
    ]
    if not removable:
        return
    message = (
        f"what no line gives in declared roles and groups of {desired.target} is left alone this "
        f"time ({counted(len(removable), 'record')}), since nothing is known of an earlier apply; "
        f"from the next apply on it counts as drift{_of_leavers(removable, desired)}"
    )
    yield finding("left-alone-unknown", desired.target, message, (), blocking=False)


def _of_leavers(removable: list[Key], desired: Desired) -> str:
    names = {key.path[-1] for key in removable if key.kind == "membership"} & desired.scope.leavers
    if not names:
        return ""
    return f". {people(names, desired)} left, and will still be in roles or groups until then"
