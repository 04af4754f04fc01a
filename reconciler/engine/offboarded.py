"""What an apply has to know of people who were offboarded, and what it settles.

Here belongs asking the memory. What is held back in a plan is for `reconciler.safety.offboarded`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.changes import Change
from reconciler.plan import Plan
from reconciler.report import Report
from reconciler.safety.offboarded import OFFBOARDED, given_back

if TYPE_CHECKING:
    from reconciler.engine.run import Run


def given_since(run: Run, plan: Plan, work: Mapping[str, Sequence[Change]]) -> Iterator[str]:
    """Why this work is stale: somebody was offboarded after the plan was made, and it would give
    them something.
    """
    for target, changes in work.items():
        if not changes:
            continue
        known = {
            key
            for each in plan.findings
            if (each.rule, each.target, each.accepted) == (OFFBOARDED, target, True)
            for key in each.keys
        }
        marks = run.memories.offboarded(target)
        back = given_back(changes, marks, run.capabilities_of(target))
        for account, keys in sorted(back.items()):
            if not known.issuperset(keys):
                yield f"{target}: {account} was offboarded {marks[account]}"


def decided(run: Run, report: Report) -> dict[str, dict[str, str]]:
    """The offboarded accounts of which somebody has decided by now, by target, each with what: the
    manifest says that they left, or it was accepted to give something back.
    """
    result: dict[str, dict[str, str]] = {}
    for each in report.targets:
        marks = run.memories.offboarded(each.target)
        done = [outcome.change for outcome in each.outcomes if outcome.status == "done"]
        back = given_back(done, marks, run.capabilities_of(each.target)) if marks else {}
        leavers = run.desired[each.target].scope.leavers
        found = {name: "the manifest says so" for name in marks if name in leavers}
        found |= dict.fromkeys(back, "it was accepted to give access back")
        if found:
            result[each.target] = found
    return result
