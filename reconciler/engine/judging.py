"""Everything that there is to say about a plan in the making, over all its targets.

Here belongs asking the rules, the targets and the memory for their findings. What the rules are is
`reconciler.safety`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler import safety
from reconciler.engine.fitting import missing_findings
from reconciler.engine.obstructing import limit_findings, obstacle_findings
from reconciler.engine.planning import (
    Choice,
    Target,
    about,
    other_manifests,
    other_systems,
    situation_of,
)
from reconciler.engine.unread import uncounted_findings, unread_findings
from reconciler.plan import Finding
from reconciler.scope import Removals
from reconciler.selection import Selection

if TYPE_CHECKING:
    from reconciler.engine.run import Run


def findings_of(
    run: Run, chosen: Mapping[str, tuple[Target, Selection]], choice: Choice
) -> list[Finding]:
    """The findings over these targets, none of them lifted yet."""
    readings = {name: target.reading for name, (target, _) in chosen.items()}
    situations = [situation_of(*each) for each in chosen.values()]
    findings = [*other_systems(readings, run.memories.head)]
    findings += other_manifests(chosen.values(), run.loaded.files)
    findings += [found for each in situations for found in safety.judge(each)]
    for reading in readings.values():
        findings += missing_findings(reading.desired, reading.absent)
    if not run.inputs.leaver:  # whoever names one person means all that this one holds
        findings += safety.check_total(situations, _removals(run))
    findings += [
        safety.finding(each.rule, name, each.message, each.keys, blocking=each.blocking)
        for name, reading in readings.items()
        for each in reading.remarks
    ]
    if choice.only_expiry:
        findings = about(findings, situations)
    findings += [found for reading in readings.values() for found in unread_findings(reading)]
    for name, (target, chosen_here) in chosen.items():
        changes, able = chosen_here.changes, target.capabilities
        findings += uncounted_findings(target.reading, changes, able)
        findings += obstacle_findings(name, chosen_here)
        findings += limit_findings(name, run.providers[name], changes)
    return _of_leavers(findings, chosen) if run.inputs.leaver else findings


def _removals(run: Run) -> Removals:
    removals = run.loaded.manifest.policies.removals
    return Removals(removals.percent, removals.at_most, removals.floor)


def _of_leavers(
    findings: list[Finding], chosen: Mapping[str, tuple[Target, Selection]]
) -> list[Finding]:
    """The findings that have to do with whoever leaves."""
    from reconciler.leaving import concerning

    found: list[Finding] = []
    for name, (target, _) in chosen.items():
        found += concerning((each for each in findings if each.target == name), target.leaver)
    return found
