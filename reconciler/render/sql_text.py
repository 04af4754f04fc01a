"""A plan as SQL for a reviewer: what would run, in order, by target. Pure.

What is not SQL, and what is left out, stands in comments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.plan import Plan, TargetPlan
from reconciler.render.change_lines import target_title
from reconciler.render.page import printable
from reconciler.safety.kept_back import held_keys
from reconciler.wording import counted

Texts = Mapping[str, Sequence[str]]

_HOW = (
    "-- For psql. It stops at the first error, and what was not committed then is undone.",
    "-- `reconciler apply` also takes a lock, reads everything back, and counts a WARNING of GRANT",
    "-- or REVOKE as a failure, since these then did nothing.",
    r"\set ON_ERROR_STOP on",
)


def sql_text(plan: Plan, scripts: Texts, requests: Texts) -> str:
    """The scripts of the targets that have any, and the requests of the others as comments.

    With several scripts each is run only on demand: psql is connected to one of their systems.
    """
    return "".join(f"{line}\n" for line in _lines(plan, scripts, requests))


def _lines(plan: Plan, scripts: Texts, requests: Texts) -> Iterator[str]:
    yield _comment(f"Plan for {', '.join(plan.manifest)}, made {plan.at}")
    written = [each.target for each in plan.targets if scripts.get(each.target)]
    yield from _HOW if written else ()
    for target in plan.targets:
        yield ""
        yield _comment(target_title(target))
        yield from _left_out(plan, target)
        script = scripts.get(target.target, ())
        if script and len(written) > 1:
            yield from _on_demand(script, written.index(target.target) + 1)
        elif script:
            yield from script
        elif requests.get(target.target):
            yield "-- what is sent is no SQL:"
            yield from (
                _comment(f"  {line}")
                for text in requests[target.target]
                for line in text.splitlines()
            )
        else:
            yield "-- nothing to do"


def _on_demand(script: Sequence[str], number: int) -> Iterator[str]:
    variable = f"target_{number}"
    yield f"-- skipped unless psql is connected to this system and called with: -v {variable}=on"
    yield f"\\if :{{?{variable}}}"
    yield from script
    yield "\\endif"


def _left_out(plan: Plan, target: TargetPlan) -> Iterator[str]:
    """What a finding holds back, and which."""
    held = held_keys(plan)[target.target]
    missing = [change for change in target.changes if change.key in held]
    if not missing:
        return
    for finding in plan.findings:
        if finding.is_holding and finding.target == target.target:
            verb = "blocks" if finding.blocking else "holds"
            yield _comment(f"{finding.id} {verb}: {finding.message}")
    yield _comment(f"left out: {counted(len(missing), 'change')}")
    yield from (_comment(f"  {change.action} {change.key}") for change in missing)


def _comment(text: str) -> str:
    return f"-- {printable(text)}"
