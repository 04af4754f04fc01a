"""Finds out what would go wrong, target by target, and goes on where one thing is wrong.

Here belongs the order of looking. It only reads. What rights a plan needs, a provider knows.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final

from reconciler.engine.planning import Choice, selection_of
from reconciler.engine.reading import Reading
from reconciler.engine.run import Run
from reconciler.errors import (
    CannotHoldError,
    LedgerError,
    ManifestError,
    TargetError,
    UnreachableError,
)
from reconciler.health import Check, Health, TargetHealth
from reconciler.manifest.models import FileRef
from reconciler.options import resolve_options
from reconciler.provider import Examining, Provider, Rights
from reconciler.selection import Selection
from reconciler.times import time_text

_MOST_SKEW_S: Final = 30
"""Beyond this much the times of grants, and of passwords, mean another moment there."""


Clock = Callable[[], datetime]


def examine(run: Run, ledger: Check, clock: Clock) -> Health:
    """How the manifest's targets are. `ledger` says how the ledger is; `clock` gives our time."""
    manifest = Check("manifest", "ok", "it is valid")
    targets = tuple(_Examination(run, name, clock).result() for name in run.desired)
    files = run.loaded.files
    return Health(time_text(run.inputs.now), files, (manifest, ledger), targets)


class _Examination:
    """One target, looked at as far as it can be."""

    def __init__(self, run: Run, name: str, clock: Clock) -> None:
        self._run = run
        self._name = name
        self._clock = clock
        self._system = ""
        self._account = ""

    def result(self) -> TargetHealth:
        """What was found; looking ends where nothing more can be seen."""
        checks: list[Check] = []
        try:
            checks += self._references()
            checks += self._passwords()
            checks += self._answers()
        except ManifestError as error:
            checks += [Check("options", "fails", str(problem)) for problem in error.problems]
        except CannotHoldError as error:
            checks += [Check("plan", "fails", message) for _, message in error.faults]
        except UnreachableError as error:
            checks.append(Check("connection", "unreachable", error.message))
        except TargetError as error:
            checks.append(Check("read" if self._system else "connection", "fails", error.message))
        except LedgerError as error:
            checks.append(Check("ledger", "fails", str(error)))
        kind = self._run.desired[self._name].provider
        return TargetHealth(self._name, kind, self._system, self._account, tuple(checks))

    def _references(self) -> Iterator[Check]:
        run = self._run
        kind = run.kind_of(self._name)
        resolve_options(run.loaded, self._name, kind, run.inputs.environment)
        yield Check("options", "ok", "every reference leads to a value")
        for option, value in run.loaded.manifest.targets[self._name].options.items():
            if isinstance(value, FileRef) and _is_open_to_all(value.file):
                text = f"the file of the option {option} can be read by everybody on this machine"
                yield Check("options", "note", f"{text}: chmod go= {value.file}")

    def _passwords(self) -> Iterator[Check]:
        """The passwords from outside that are not there, or that others can read."""
        run = self._run
        for account, given in sorted(run.passwords_of(self._name).items()):
            if given.value is None:
                text = f"the password of {account} is left as it is: {given.missing}"
                yield Check("options", "note", text)
            elif given.file and _is_open_to_all(given.file):
                text = f"the file with the password of {account} can be read by everybody here"
                yield Check("options", "note", f"{text}: chmod go= {given.file}")

    def _answers(self) -> Iterator[Check]:
        provider = self._run.open_one(self._name)
        identity = provider.identify()
        self._system = f"{identity.system} {identity.version}".strip()
        self._account = identity.account
        yield Check("connection", "ok", f"{self._system} answers, as {self._account or 'anybody'}")
        yield from self._time(provider)
        shut = False
        if isinstance(provider, Examining):
            lacking = provider.lacking_to_read(self._run.desired[self._name].scope)
            yield from _rights(lacking)
            shut = bool(lacking.lacking)
        if shut:
            yield Check("read", "fails", "not tried, since a right to read is missing")
            return
        reading = self._run.read_one(self._name)
        yield Check("read", "ok", f"{len(reading.observed.records)} records were read")
        yield from (Check("plan", "fails", message) for _, message in reading.absent)
        yield from self._plan(provider, reading)

    def _time(self, provider: Provider) -> Iterator[Check]:
        if not isinstance(provider, Examining):
            yield Check("clock", "note", "not compared: this kind of target is not asked its time")
            return
        before = self._clock()
        there = provider.clock()
        ours = before + (self._clock() - before) / 2
        skew_s = (there - ours).total_seconds()
        if abs(skew_s) <= _MOST_SKEW_S:
            yield Check("clock", "ok", f"its clock differs by less than {_MOST_SKEW_S} s from ours")
            return
        way = "ahead of" if skew_s > 0 else "behind"
        text = f"its clock is {abs(skew_s):.0f} s {way} ours: times are met too early or too late"
        yield Check("clock", "fails", f"{text}; set the clocks of both by NTP")

    def _plan(self, provider: Provider, reading: Reading) -> Iterator[Check]:
        chosen: Selection = selection_of(self._run.target(self._name, reading), Choice())
        number = len(chosen.changes)
        plan = f"a plan of {number} change{'' if number == 1 else 's'}"
        if not isinstance(provider, Examining):
            yield Check("rights", "note", f"not compared with {plan}: nobody knows them here")
            return
        rights = provider.lacking(chosen.changes)
        yield from _rights(rights)
        if not rights.lacking:
            yield Check("rights", "ok", f"no right is missing for {plan}")
        for remark in provider.remarks():
            yield Check("remark", "note", remark)


def _rights(rights: Rights) -> Iterator[Check]:
    for each in rights.lacking:
        yield Check("rights", "fails", each.what, each.statement, each.database)
    for what in rights.unchecked:
        yield Check("rights", "note", f"not compared: {what}")


def _is_open_to_all(path: str) -> bool:
    with suppress(OSError):
        return bool(os.stat(path).st_mode & stat.S_IROTH)
    return False
