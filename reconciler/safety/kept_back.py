"""What of a plan its findings keep back, by target, and what is left to do.

Here belongs asking `release` for a whole plan. Counting it is `reconciler.status`.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.changes import Change
from reconciler.plan import Finding, Plan, TargetPlan
from reconciler.safety.release import held_back
from reconciler.state import Key


def held_keys(plan: Plan) -> dict[str, frozenset[Key]]:
    """By target, the records whose changes any finding holds back; all targets are present."""
    return {target.target: _kept_back(target, plan.findings) for target in plan.targets}


def work_of(plan: Plan) -> dict[str, tuple[Change, ...]]:
    """By target, the changes that no finding holds back; all targets are present."""
    held = held_keys(plan)
    return {
        target.target: tuple(each for each in target.changes if each.key not in held[target.target])
        for target in plan.targets
    }


def blocked_keys(plan: Plan) -> dict[str, frozenset[Key]]:
    """By target, those of the held back records that a blocking finding holds back."""
    return {target.target: _kept_back(target, plan.blocking) for target in plan.targets}


def unplaced(plan: Plan) -> tuple[Finding, ...]:
    """The findings that block nothing in particular: somebody has to decide all the same."""
    placed = {(target.target, each.key) for target in plan.targets for each in target.changes}
    return tuple(
        each for each in plan.blocking if not any((each.target, key) in placed for key in each.keys)
    )


def _kept_back(target: TargetPlan, findings: Iterable[Finding]) -> frozenset[Key]:
    own = [each for each in findings if each.target == target.target]
    return frozenset(change.key for change in held_back(target.changes, own))
