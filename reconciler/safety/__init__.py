"""The rules that stand between a plan and harm, as findings over it.

Here belongs what must not happen unless somebody accepts it. Rules look at the plan and the states;
they change neither. A finding holds back its own changes and what depends on them, never the rest.
Pure. The parts: `situation` (what is judged), `drifted`, `protection`, `duties`, `removals` and
`steps` (the rules), `judging` (all of them together) and `release` (what they hold back).
"""

from reconciler.safety.judging import judge
from reconciler.safety.release import held_back
from reconciler.safety.removals import check_total
from reconciler.safety.situation import Situation, finding
from reconciler.safety.steps import Violation, walk

__all__ = [
    "Situation",
    "Violation",
    "check_total",
    "finding",
    "held_back",
    "judge",
    "walk",
]
