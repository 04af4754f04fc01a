"""Whether a plan could be read and applied: what was looked at, and what came of it. Pure.

Here belongs the result of an examination as data. Looking is `reconciler.engine.examining`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "note", "fails", "unreachable"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. A `note` fails nothing; what `fails` would fail a command.

    `statement` sets it right, run by an administrator in `database` (empty: in any); it is empty
    where no statement would.
    """

    subject: str
    verdict: Verdict
    text: str
    statement: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """All that was looked at for one target, in order. `system` is empty where nobody answered."""

    target: str
    provider: str
    system: str
    account: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """What was looked at, at one time: what all targets share, and each of them."""

    at: str
    manifest: tuple[str, ...]
    checks: tuple[Check, ...]
    targets: tuple[TargetHealth, ...]

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """Every check, in order."""
        return (*self.checks, *(each for target in self.targets for each in target.checks))

    def count(self, verdict: Verdict) -> int:
        """How many checks came out so."""
        return sum(1 for each in self.all_checks if each.verdict == verdict)
