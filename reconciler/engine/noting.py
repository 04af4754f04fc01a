"""Noting in the ledger which drift was seen, so that a later run can say since when.

The targets are only read for it. A ledger that cannot be written is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.clock import utc_now
from reconciler.engine.planning import since
from reconciler.engine.run import Run
from reconciler.errors import LedgerError
from reconciler.plan import Plan, TargetPlan
from reconciler.plan_file import difference_document

News = Literal["new", "still", "worse"]


@dataclass(frozen=True, slots=True)
class Noted:
    """A plan whose drift has the times it was first seen, and what is new of it, by id.

    `resolved` counts what was seen before and is gone; `problems` says why nothing could be noted.
    """

    plan: Plan
    news: Mapping[str, News]
    resolved: int = 0
    problems: tuple[str, ...] = ()


def note_drift(run: Run, plan: Plan) -> Noted:
    """Note the drift of each target of which an earlier apply is known."""
    if not run.inputs.origin.ledger or not any(each.applied for each in plan.targets):
        return Noted(plan, {})
    from reconciler.ledger import open_ledger  # only what is remembered needs it

    news: dict[str, News] = {}
    targets: list[TargetPlan] = []
    resolved = 0
    try:
        with open_ledger(run.inputs.origin.ledger, clock=utc_now) as ledger:
            for target in plan.targets:
                if not target.applied:
                    targets.append(target)
                    continue
                found = ledger.note_drift(
                    target.target, {each.id: difference_document(each) for each in target.drift}
                )
                news.update(dict.fromkeys(found.new, "new"))
                news.update(dict.fromkeys(found.still, "still"))
                news.update(dict.fromkeys(found.worse, "worse"))
                resolved += len(found.resolved)
                targets.append(replace(target, drift=since(target.drift, found.first_seen)))
    except LedgerError as error:
        return Noted(plan, {}, problems=(f"the drift could not be noted: {error}",))
    return Noted(replace(plan, targets=tuple(targets)), news, resolved)
