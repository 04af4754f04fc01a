"""What stands below the changes of a plan: its findings, and what is left alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.plan import Finding, TargetPlan
from reconciler.render.page import Line
from reconciler.render.phrases import counted_kinds

_SHOWN_HOLDERS: Final = 10
_SHOWN_RIGHTS: Final = 5


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


def missing_lines(findings: Sequence[Finding]) -> Iterator[Line]:
    """What the manifest names and is not there: nobody's drift, and not to be passed over."""
    missing = [each for each in findings if each.rule == "missing-object"]
    for each in missing:
        yield Line(f"Not there, {each.target}: {each.message}", "warning")
    if missing:
        yield Line()


def waiting_lines(findings: Sequence[Finding]) -> Iterator[Line]:
    """Who has to do something first: no drift, and nothing that an apply could do."""
    for each in findings:
        yield Line(f"Waiting, {each.target}: {each.message}")
    if findings:
        yield Line()


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
    yield from unasked_lines(targets, list_all=list_all)
    yield Line()


def unasked_lines(targets: Sequence[TargetPlan], *, list_all: bool) -> Iterator[Line]:
    """Who holds privileges that no line asks for: the first of them, on request all."""
    held = [(target.target, each) for target in targets for each in target.unasked]
    shown = held if list_all else held[:_SHOWN_HOLDERS]
    for target, each in shown:
        rights = each.rights if list_all else each.rights[:_SHOWN_RIGHTS]
        more = len(each.rights) - len(rights)
        further = f"; and {more} more" if more else ""
        yield Line(f"    {target}: {each.name} holds {'; '.join(rights)}{further}", "changed")
    if len(held) > len(shown):
        yield Line(f"    and {len(held) - len(shown)} more hold something", "changed")
