"""Tries a manifest on what is there: loaded, checked, fitted and compared, as a plan does it.

Here belongs finding what is wrong. What becomes of it is for `access`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from reconciler.changes import Cause, Change
from reconciler.desired import expand
from reconciler.errors import CannotHoldError, ManifestError
from reconciler.importing.beside import ALONE, NEW, Beside
from reconciler.manifest.load import parse_manifest
from reconciler.provider import ProviderType
from reconciler.scope import Desired
from reconciler.selection import Remembered, select
from reconciler.source import Problem
from reconciler.state import Key, State
from reconciler.survey import Survey

_ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No grant of an imported manifest begins or ends."""

Normalize = Callable[[State, State], State]


@dataclass(frozen=True, slots=True)
class System:
    """What is known of the system that a manifest is for: its kind, how it spells, and the files
    that are used together with the new one.
    """

    kind: ProviderType
    normalize: Normalize
    beside: Beside = ALONE


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, in words, and where: a line of the text, or 0; a record, or None."""

    message: str
    line: int = 0
    key: Key | None = None


def faults_of(text: str, target: str, survey: Survey, system: System) -> list[Fault]:
    """Why a plan with this manifest would fail or change something; nothing where it would not.

    Neither at first nor when the manifest has been applied.
    """
    kind, beside = system.kind, system.beside
    capabilities = {**beside.capabilities, kind.name: kind.capabilities}
    try:
        loaded = parse_manifest({**beside.texts, NEW: text})
        desired = expand(loaded, capabilities, _ANY_TIME)[target]
    except ManifestError as error:
        return _of_lines(error.problems)
    if problems := kind.check(desired):
        return _of_lines(problems, f" (target {desired.target})")
    try:
        state = system.normalize(desired.state, survey.state)
    except CannotHoldError as error:
        return [Fault(message, key=key) for key, message in error.faults]
    return _of_changes(replace(desired, state=state), survey, system)


def _of_lines(problems: Sequence[Problem], end: str = "") -> list[Fault]:
    return [Fault(each.message.removesuffix(end), _line(each)) for each in problems]


def _line(problem: Problem) -> int:
    """The line in the new file."""
    is_new = problem.source is not None and problem.source.file == NEW
    return problem.source.line if problem.source is not None and is_new else 0


def _of_changes(desired: Desired, survey: Survey, system: System) -> list[Fault]:
    """What a first plan would change, or one after the manifest was applied."""
    for remembered in (None, Remembered(desired.state, _edited)):
        chosen = select(
            desired,
            survey.state,
            system.kind.capabilities,
            survey.untouchable,
            remembered=remembered,
        )
        if chosen.changes:
            return [
                Fault(f"a plan would {each.action} the {each.key}{_how(each)}", key=each.key)
                for each in chosen.changes
            ]
    return []


def _how(change: Change) -> str:
    """What an update changes."""
    if change.action != "update":
        return ""
    before, after = change.before or {}, change.after or {}
    return ": " + ", ".join(f"{n} {before.get(n)!r} -> {value!r}" for n, value in after.items())


def _edited(key: Key) -> Cause:
    del key  # there is no other cause where no time has come
    return "config"
