"""Takes everything from one user on every target that answers, each target by itself.

Here belongs going on where a target fails: one that is down, locked or refuses stops no other. What
is taken is `reconciler.leaving`; what came of it on one target is `departing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from reconciler.clock import utc_now
from reconciler.departure import Departure, TargetDeparture
from reconciler.engine.departing import (
    Planned,
    applied_departure,
    in_words,
    planned_departure,
    unread,
)
from reconciler.engine.inputs import Inputs, Limits, Progress
from reconciler.engine.planning import Choice
from reconciler.engine.run import Run
from reconciler.errors import LedgerError, ReconcilerError, UsageError
from reconciler.manifest.departing import answered_for, check_user, departed, line_to_change
from reconciler.manifest.load import load_manifest
from reconciler.secret import Redactor
from reconciler.times import time_text

_REVOKES_FIRST: Final = Choice(revokes_first=True)


class Offboarding:
    """One user's way out. Use it as a context manager: leaving closes all connections.

    Making it loads and checks the manifest and raises ManifestError, or UsageError for a user that
    it does not have. It touches no target before `plan`.
    """

    def __init__(self, inputs: Inputs, progress: Progress, user: str) -> None:
        """Load the manifest, and see it as if the user had left."""
        self._inputs = replace(inputs, leaver=user)
        loaded = load_manifest(inputs.files)
        check_user(loaded.manifest, user)
        self._user = user
        self._manifest = loaded.manifest
        self._line = line_to_change(loaded, user)
        self._loaded = departed(loaded, user)
        with Run(self._inputs, progress, self._loaded) as run:
            names = tuple(run.desired)
        self._runs = {name: self._alone(name, progress) for name in names}
        self._planned: dict[str, Planned] = {}
        self._unread: dict[str, TargetDeparture] = {}

    def _alone(self, name: str, progress: Progress) -> Run:
        return Run(replace(self._inputs, targets=(name,)), progress, self._loaded)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ExitStack() as stack:
            for run in self._runs.values():
                stack.enter_context(run)

    def redactor(self) -> Redactor:
        """Hides every secret option of every target whose options can be resolved."""
        return Redactor.joined(run.redactor() for run in self._runs.values())

    @property
    def is_departed(self) -> bool:
        """Whether the manifest says already that the user left."""
        return self._manifest.users[self._user].state != "active"

    # Planning

    def plan(self, accept: frozenset[str]) -> Departure:
        """What would be taken on each target. Targets are read side by side; one that cannot be
        read is part of what comes back. UsageError for an id that no target has.
        """
        with ThreadPoolExecutor(max_workers=max(1, len(self._runs))) as pool:
            waiting = {
                name: pool.submit(run.plan, _REVOKES_FIRST) for name, run in self._runs.items()
            }
        for name, future in waiting.items():
            try:
                self._planned[name] = Planned(
                    self._runs[name], future.result(), self._account(name)
                )
            except LedgerError:
                raise  # without memory nobody would know of it afterwards, on any target
            except ReconcilerError as error:
                self._unread[name] = unread(name, self._account(name), error)
        self._accept(accept)
        return self._departure({n: planned_departure(p) for n, p in self._planned.items()})

    def _account(self, target: str) -> str:
        return self._manifest.users[self._user].account_name(self._user, target)

    def _accept(self, accept: frozenset[str]) -> None:
        known = {each.id for p in self._planned.values() for each in p.plan.findings}
        unknown = sorted(accept - known)
        if unknown and not self._unread:
            hint = f"there are {', '.join(sorted(known))}" if known else "nothing is blocked"
            raise UsageError(f"--accept {unknown[0]}: there is no such finding; {hint}")
        self._planned = {name: each.accepting(accept) for name, each in self._planned.items()}

    # Taking

    def apply(self, limits: Limits, reason: str) -> Departure:
        """Take what was planned, target by target, and note that nobody gives it back by accident.

        The note comes first: also for a target that is down, or on which something fails.
        """
        if not self.is_departed:
            self._note(reason)
        done: dict[str, TargetDeparture] = {}
        for name, planned in self._planned.items():
            try:
                report = planned.run.apply(planned.plan, limits=limits)
            except ReconcilerError as error:
                before = planned_departure(planned)
                done[name] = replace(
                    before, taken=(), failure=in_words(error), code=error.exit_code
                )
            else:
                done[name] = applied_departure(planned, report)
        return replace(self._departure(done), is_dry=False, interrupted=limits.stop())

    def _note(self, reason: str) -> None:
        """Record the accounts in the journal, those that are not noted yet."""
        origin = self._inputs.origin
        if not origin.ledger:
            return
        from reconciler.ledger import open_ledger
        from reconciler.ledger.values import Entry

        who = origin.author
        with open_ledger(origin.ledger, clock=utc_now) as ledger:
            noted = {name: {e.account for e in ledger.offboarded(name)} for name in self._runs}
            ledger.append(
                *(
                    Entry(
                        "offboarded", 0, name, by=who, subject=self._account(name), message=reason
                    )
                    for name in self._runs
                    if self._account(name) not in noted[name]
                )
            )

    # Telling

    def _departure(self, found: Mapping[str, TargetDeparture]) -> Departure:
        user = self._manifest.users[self._user]
        targets = sorted([*found.values(), *self._unread.values()], key=lambda each: each.target)
        return Departure(
            user=self._user,
            person=user.name or self._user,
            at=time_text(self._inputs.now),
            line=self._line.short,
            is_departed=self.is_departed,
            targets=tuple(targets),
            still=tuple(self._answered_for()),
            is_dry=True,
        )

    def _answered_for(self) -> Sequence[str]:
        """The accounts for which the user answers, and that go on working."""
        told = []
        for name in answered_for(self._manifest, self._user):
            user = self._manifest.users[name]
            places = [
                target
                for target, run in self._runs.items()
                if user.account_name(name, target) in run.desired[target].state.names("account")
            ]
            where = f" on {', '.join(places)}" if places else ""
            kind = "service account" if user.kind == "service" else "user"
            told.append(f"{name}: a {kind} that {self._user} answers for{where}")
        return told
