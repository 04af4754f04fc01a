"""What stands below the changes of a plan: its findings, and what is left alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.plan import Finding, TargetPlan
from reconciler.render.page import Line
from reconciler.render.phrases import counted_kinds


def finding_lines(findings: Sequence[Finding]) -> Iterator[Line]:
    """What the rules say: first what blocks, then what is held, then the rest."""
    if not findings:
        return
    yield Line("Findings", "heading")
    for each in sorted(findings, key=_urgency):
        yield from finding_line(each)
    yield Line()


def finding_line(finding: Finding) -> Iterator[Line]:
    """What one rule says, and how it is lifted where it holds something back."""
    where = f"{finding.target}: {finding.message}"
    if not finding.is_holding:
        yield Line(f"    {finding.id} {_state(finding)}, {where}")
    elif finding.blocking:
        yield Line(f"!   {finding.id} blocks, {where}", "warning")
        yield Line(f"      lift it with --accept {finding.id}")
    else:
        yield Line(f"=   {finding.id} holds, {where}", "changed")
        yield Line(
            f"      give it back with --accept {finding.id}, or say in the manifest that it ended"
        )


def _urgency(finding: Finding) -> int:
    if not finding.is_holding:
        return 2
    return 0 if finding.blocking else 1


def _state(finding: Finding) -> str:
    if not finding.accepted:
        return "note"
    return f"accepted by {finding.accepted_by}" if finding.accepted_by else "accepted"


def unknown_line(target: TargetPlan) -> Line:
    """Says what it means that nothing is remembered of a target."""
    return Line(
        f"Nothing is known of an earlier apply on {target.target}, so nothing is deleted there, "
        "and nobody can say what is drift.",
        "changed",
    )


def unmanaged_lines(targets: Sequence[TargetPlan], *, list_all: bool) -> Iterator[Line]:
    """How many records of each kind nobody asks for, and on request which."""
    keys = [key for target in targets for key in target.unmanaged]
    if not keys:
        return
    hint = "" if list_all else " (--unmanaged lists them)"
    yield Line(f"Left alone: {counted_kinds(keys)} that no line asks for{hint}", "faint")
    if list_all:
        for target in targets:
            for key in target.unmanaged:
                yield Line(f"    {target.target}: {key}")
    yield Line()
