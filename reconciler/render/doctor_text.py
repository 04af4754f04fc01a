"""What `doctor` found, as text and as a JSON document. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.health import Check, Health, TargetHealth, Verdict
from reconciler.json_text import Json, json_text
from reconciler.render.page import Line, Tone, page
from reconciler.secret import Redactor
from reconciler.wording import counted

_WORDS: Final[Mapping[Verdict, tuple[str, Tone]]] = {
    "ok": ("ok", "plain"),
    "note": ("note", "changed"),
    "fails": ("FAILS", "warning"),
    "unreachable": ("NO ANSWER", "warning"),
}


def doctor_text(health: Health, *, colour: bool = False) -> str:
    """What all targets share, each target, the statements to run, and a line that sums up."""
    return page(_lines(health), colour=colour)


def doctor_json(health: Health, redact: Redactor) -> str:
    """The document `reconciler.doctor/v1`. What targets said passes through `redact`."""
    return json_text(
        {
            "format": "reconciler.doctor/v1",
            "at": health.at,
            "manifest": {"files": list(health.manifest)},
            "checks": [_check(each, redact) for each in health.checks],
            "targets": [
                {
                    "target": each.target,
                    "provider": each.provider,
                    "system": each.system,
                    "account": each.account,
                    "checks": [_check(check, redact) for check in each.checks],
                }
                for each in health.targets
            ],
            "counts": {verdict: health.count(verdict) for verdict in _WORDS},
        }
    )


def doctor_summary(health: Health) -> str:
    """The one line that sums up."""
    failing, silent = health.count("fails"), health.count("unreachable")
    if not failing and not silent:
        return "All is well."
    parts = [f"{counted(failing, 'thing')} would fail"] if failing else []
    parts += [f"{counted(silent, 'target')} cannot be reached"] if silent else []
    return f"{'; '.join(parts)}."


def _check(check: Check, redact: Redactor) -> Json:
    return {
        "subject": check.subject,
        "verdict": check.verdict,
        "text": redact(check.text),
        "statement": check.statement,
        "database": check.database,
    }


def _lines(health: Health) -> Iterator[Line]:
    yield Line(f"Examined {', '.join(health.manifest)} at {health.at}", "heading")
    yield from map(_line, health.checks)
    yield Line()
    for target in health.targets:
        yield Line(_title(target), "heading")
        yield from map(_line, target.checks)
        yield from _remedies(target.checks)
        yield Line()
    yield Line(doctor_summary(health), "heading")


def _title(target: TargetHealth) -> str:
    return f"{target.target} ({target.provider})"


def _line(check: Check) -> Line:
    word, tone = _WORDS[check.verdict]
    return Line(f"    {check.subject:<11}{word}: {check.text}", tone)


def _remedies(checks: Sequence[Check]) -> Iterator[Line]:
    """The statements, to be copied, by the database in which they have to be run."""
    wanted = [each for each in checks if each.statement]
    if not wanted:
        return
    yield Line("    An administrator can set this right with:")
    place = ""
    for each in sorted(wanted, key=lambda each: each.database):
        if each.database != place:
            place = each.database
            yield Line(f"      -- in database {place}")
        yield Line(f"      {each.statement};")
