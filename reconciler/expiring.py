"""Which grants end or start soon, whom that concerns, and who keeps the role all the same.

Here belongs reading the times of a manifest, and of what people lifted for a time. It knows no
target and no ledger: what became due and was not applied yet is in a plan. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, Literal

from reconciler.acknowledgements import Acknowledgements
from reconciler.desired.reach import Reach
from reconciler.manifest.load import LoadedManifest
from reconciler.manifest.models import Grant, Manifest
from reconciler.source import Source
from reconciler.times import time_text

Verb = Literal["ended", "ends", "starts"]
LapseKind = Literal["exemption", "acceptance", "silence"]


@dataclass(frozen=True, slots=True)
class Person:
    """One whom a grant concerns, and the lines of other grants that give the role at that time."""

    user: str
    name: str
    kept_by: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Boundary:
    """A grant that starts or ends at an instant. `group` is empty for a grant to one user.

    `people` are those who are active and reached by the grant, in order of name; nobody where they
    are all disabled or departed.
    """

    at: str
    verb: Verb
    role: str
    target: str
    group: str
    people: tuple[Person, ...]
    source: Source
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Lapse:
    """The end of something that was lifted for a time: from then on a rule holds again.

    An `exemption` is of a user from roles that nobody may hold together, an `acceptance` of a
    finding, a `silence` of drift. `subject` says of what, and `by` who lifted it, where that is
    known.
    """

    at: str
    verb: Verb
    kind: LapseKind
    subject: str
    by: str
    reason: str
    source: Source


@dataclass(frozen=True, slots=True)
class Expiring:
    """What starts and ends after the instant `at` and up to `until`, in order of time.

    `within` is the time between the two as somebody wrote it, such as `14d`.
    """

    at: str
    until: str
    within: str
    manifest: tuple[str, ...]
    boundaries: tuple[Boundary, ...]
    lapses: tuple[Lapse, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """How far to look ahead from which instant; `words` is the length as somebody wrote it.

    With `ended`, what ended before is listed too. `targets` limits it to these; empty means all.
    """

    at: datetime
    length: timedelta
    words: str
    targets: tuple[str, ...] = ()
    ended: bool = False

    def end_in(self, until: datetime | None) -> Verb | None:
        """Whether an end is before the window and asked for, in it, or neither."""
        if until is None or until > self.at + self.length:
            return None
        if until > self.at:
            return "ends"
        return "ended" if self.ended else None

    def has_start(self, start: datetime | None) -> bool:
        """Whether a start is in the window."""
        return start is not None and self.at < start <= self.at + self.length

    def has_target(self, target: str) -> bool:
        """Whether a target is asked for."""
        return not self.targets or target in self.targets


_NOTHING: Final = Acknowledgements()


def expiring(
    loaded: LoadedManifest, window: Window, lifted: Acknowledgements = _NOTHING
) -> Expiring:
    """The grants of a manifest, and what people lifted, that start or end within the window."""
    grants = _Grants(loaded, window)
    boundaries = sorted(grants.boundaries(), key=lambda each: (each.at, each.verb, each.source))
    lapses = [*_exemptions(loaded, window), *_acknowledged(lifted, window)]
    return Expiring(
        at=time_text(window.at),
        until=time_text(window.at + window.length),
        within=window.words,
        manifest=loaded.files,
        boundaries=tuple(boundaries),
        lapses=tuple(sorted(lapses, key=lambda each: (each.at, each.source))),
    )


def _target_of(role: str, manifest: Manifest) -> str:
    """The target that a role gives access to."""
    found = manifest.roles[role]
    return found.target or manifest.servers[found.server or ""].target


def _is_active(grant: Grant, instant: datetime) -> bool:
    """Whether a grant gives its role at an instant; it does at its start, and not at its end."""
    has_begun = grant.from_ is None or grant.from_ <= instant
    return has_begun and (grant.until is None or instant < grant.until)


class _Grants:
    """Knows whom each grant of a manifest reaches, and which grants give a role."""

    def __init__(self, loaded: LoadedManifest, window: Window) -> None:
        self._loaded = loaded
        self._manifest = loaded.manifest
        self._window = window
        self._reach = Reach(loaded.manifest)

    def boundaries(self) -> Iterator[Boundary]:
        """Every start and end of a grant in the window, in no particular order."""
        for index, grant in enumerate(self._manifest.grants):
            if self._window.has_target(_target_of(grant.role, self._manifest)):
                verb = self._window.end_in(grant.until)
                if verb is not None and grant.until is not None:
                    yield self._boundary(index, grant.until, verb)
                if grant.from_ is not None and self._window.has_start(grant.from_):
                    yield self._boundary(index, grant.from_, "starts")

    def _boundary(self, index: int, time: datetime, verb: Verb) -> Boundary:
        grant, users = self._manifest.grants[index], self._manifest.users
        others = self._others(grant, index, time, verb)
        people = [
            Person(user, users[user].name or user, self._kept_by(user, others))
            for user in self._reached(index)
        ]
        return Boundary(
            at=time_text(time),
            verb=verb,
            role=grant.role,
            target=_target_of(grant.role, self._manifest),
            group=grant.group or "",
            people=tuple(sorted(people, key=lambda each: (each.name, each.user))),
            source=self._loaded.source("grants", index),
            reason=grant.reason or "",
        )

    def _others(self, grant: Grant, index: int, time: datetime, verb: Verb) -> tuple[int, ...]:
        """The other grants that give the same role: at that instant, now where the grant has ended,
        and before it where the grant starts.
        """
        instant = self._window.at if verb == "ended" else time
        grants = self._manifest.grants
        return tuple(
            other
            for other in self._giving[grant.role]
            if other != index
            and _gives_as_much(grants[other], grant)
            and _is_active(grants[other], instant)
            and not (verb == "starts" and grants[other].from_ == time)
        )

    def _kept_by(self, user: str, grants: Collection[int]) -> tuple[Source, ...]:
        """The lines of those grants that reach the user."""
        reaching = (index for index in grants if user in self._reached(index))
        return tuple(self._loaded.source("grants", index) for index in reaching)

    def _reached(self, index: int) -> frozenset[str]:
        """The active users whom a grant reaches, directly or through groups."""
        users = self._manifest.users
        return frozenset(u for u in self._reach.holders(index) if users[u].state == "active")

    @cached_property
    def _giving(self) -> dict[str, list[int]]:
        """By role, the grants of it and of the roles that include it, in order."""
        grants: defaultdict[str, list[int]] = defaultdict(list)
        for index, grant in enumerate(self._manifest.grants):
            for role in self._reach.roles(grant.role):
                grants[role].append(index)
        return grants


def _gives_as_much(other: Grant, grant: Grant) -> bool:
    """Whether another grant has every option that this one has."""
    pairs = (other.admin, grant.admin), (other.inherit, grant.inherit), (other.set, grant.set)
    return all(has or not is_asked for has, is_asked in pairs)


def _exemptions(loaded: LoadedManifest, window: Window) -> Iterator[Lapse]:
    """The ends of exemptions from roles that nobody may hold together."""
    manifest = loaded.manifest
    for number, apart in enumerate(manifest.policies.separations):
        targets = {_target_of(role, manifest) for role in apart.roles}
        for index, each in enumerate(apart.except_):
            verb = window.end_in(each.until)
            if verb is not None and any(window.has_target(target) for target in targets):
                path = ("policies", "never_together", number, "except", index)
                yield Lapse(
                    at=time_text(each.until),
                    verb=verb,
                    kind="exemption",
                    subject=f"{manifest.users[each.user].name or each.user} from never_together "
                    + ", ".join(apart.roles),
                    by="",
                    reason=each.reason or "",
                    source=loaded.source(*path),
                )


def _acknowledged(lifted: Acknowledgements, window: Window) -> Iterator[Lapse]:
    """The ends of accepted findings and of silenced drift."""
    for accepted in lifted.accepted:
        verb = window.end_in(accepted.until)
        if verb is not None:
            time, by, reason = time_text(accepted.until), accepted.by, accepted.reason
            yield Lapse(time, verb, "acceptance", accepted.finding, by, reason, accepted.source)
    for silent in lifted.baselines:
        verb = window.end_in(silent.until)
        if verb is not None and window.has_target(silent.target):
            subject = f"{silent.direction or 'all'} drift of {silent.key} on {silent.target}"
            time, by, reason = time_text(silent.until), silent.by, silent.reason
            yield Lapse(time, verb, "silence", subject, by, reason, silent.source)
