"""One target as a run read it: what is asked, what was applied and what is there.

Here belongs bringing the three sides of a target into one spelling. Comparing them is
`reconciler.selection`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from reconciler.differences import CauseOf
from reconciler.engine.doubts import with_edits
from reconciler.engine.fitting import fitted, without
from reconciler.engine.memory import Memory
from reconciler.engine.surplus import Sides, Surplus, surplus, with_surplus
from reconciler.errors import CannotHoldError, PartlyReadError
from reconciler.passwords import Marks
from reconciler.provider import Identity, Notes, Provider, Sharing, Warned
from reconciler.scope import Desired, Scope
from reconciler.selection import Remembered
from reconciler.state import PRINCIPAL_KINDS, RIGHT_KINDS, Fields, Key, State

Recall = Callable[[Identity], Memory | None]


@dataclass(frozen=True, slots=True)
class Unread:
    """The kinds of record that a target did not let us read, and why.

    `waiting` are the records of these kinds that are asked, or not asked any more.
    """

    kinds: frozenset[str]
    why: str
    waiting: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One target as it was read.

    `desired` is normalised, and its scope has the names of what was applied too; `asked` is desired
    in manifest spelling, `protected` the patterns of the manifest alone; `applied` is normalised,
    and None where nothing is known of an earlier apply. Both have the `surplus`, which is left
    alone. `absent` says of records which of their objects are not there, and so not in `desired`.
    `password_marks` is what is to be remembered of passwords, and `remarks` what there is to
    say of them. `waiting` are memberships of accounts that somebody was invited to make: not in
    `desired` until they are there. `notes` is what the provider wants remembered. `unread` is
    what could not be read, where the rest is to be planned.
    """

    identity: Identity
    desired: Desired
    observed: State
    asked: State
    protected: tuple[str, ...] = ()
    memory: Memory | None = None
    applied: State | None = None
    surplus: Surplus = field(default_factory=dict)
    absent: tuple[tuple[Key, str], ...] = ()
    password_marks: Marks = field(default_factory=dict)
    remarks: tuple[Warned, ...] = ()
    waiting: tuple[Key, ...] = ()
    notes: Notes = field(default_factory=dict)
    unread: Unread | None = None

    @property
    def untouchable(self) -> frozenset[str]:
        """The names that no plan may touch: our own account, and what the provider adds.

        Whoever the manifest declares and makes the owner of a server is the manifest's to manage.
        """
        named = self.identity.server_owners & _named_owners(self.asked)
        return (self.identity.untouchable - named) | {self.identity.account}

    @property
    def dropped_protection(self) -> tuple[str, ...]:
        """The protect patterns that were in force at the last apply and are in no line now."""
        if self.memory is None:
            return ()
        return tuple(sorted({*self.memory.head.protected} - {*self.protected}))

    def remembered(self, cause_of: CauseOf) -> Remembered | None:
        """What is known of the last apply, as choosing the changes needs it."""
        if self.memory is None or self.applied is None:
            return None
        return Remembered(self.applied, cause_of, self.memory.head.ends_sessions)


def _named_owners(asked: State) -> frozenset[str]:
    """The accounts, groups and roles of the manifest that it makes owners of whole servers."""
    owners = {
        str(owner)
        for key, fields in asked.of_kind("ownership")
        if key.path[1] == "database"
        for owner in fields.values()
    }
    return asked.names(*PRINCIPAL_KINDS) & owners if owners else frozenset()


def read_target(
    provider: Provider, desired: Desired, recall: Recall, *, in_part: bool = False
) -> Reading:
    """One target, read whole, or `in_part` as far as it can be; nothing of the rest is in it then.

    Raises TargetError, CannotHoldError for what does not fit there.
    """
    identity = provider.identify()
    memory = recall(identity)
    scope = desired.scope
    if memory is not None:
        names = memory.head.besides if memory.is_as_asked else memory.state
        scope = scope.widened(names, memory.head.protected)
    observed, unread = _observed(provider, scope, in_part=in_part)
    if isinstance(provider, Sharing):
        untouchable = identity.untouchable | provider.foreign_names()
        identity = replace(identity, untouchable=untouchable)
    fit = fitted(provider, desired.state, observed)
    normalized = fit.state
    if memory is not None:
        normalized = with_edits(provider, desired.state, normalized, memory.state)
    applied = None
    if memory is not None and memory.is_as_asked:
        besides = _as_far_as_it_fits(provider, memory.head.besides, observed)
        applied = State({**normalized.records, **besides.records}) if besides else normalized
    elif memory is not None:
        applied = _alongside(provider, memory.state, Spelled(desired.state, normalized), observed)
    more = surplus(Sides(normalized, applied, observed), scope.at_least)
    return Reading(
        identity=identity,
        desired=replace(desired, state=with_surplus(normalized, more), scope=scope),
        observed=observed,
        asked=desired.state,
        memory=memory,
        applied=None if applied is None else with_surplus(applied, more),
        protected=desired.scope.protected,
        surplus=more,
        absent=fit.absent,
        unread=unread,
    )


def _observed(provider: Provider, scope: Scope, *, in_part: bool) -> tuple[State, Unread | None]:
    try:
        return provider.observe(scope), None
    except PartlyReadError as error:
        if not in_part:
            raise
        return error.state, Unread(error.kinds, error.message)


@dataclass(frozen=True, slots=True)
class Spelled:
    """A state in manifest spelling, and the same in the target's."""

    asked: State
    normalized: State


def _alongside(provider: Provider, applied: State, spelled: Spelled, observed: State) -> State:
    """What was applied, in the target's spelling. What is asked in the same words has it already.

    The spelling of a right depends on itself and on what is there. That of things may depend on
    others of them, so those are spelled anew.
    """
    asked = spelled.asked.records
    known = {
        key
        for key, fields in applied.records.items()
        if key[0] in RIGHT_KINDS and asked.get(key) == fields
    }
    rest = {key: fields for key, fields in applied.records.items() if key not in known}
    result = dict(_as_far_as_it_fits(provider, State(rest), observed).records)
    normalized = spelled.normalized.records
    result.update((key, normalized[key]) for key in known if key in normalized)
    return State(result)


def _as_far_as_it_fits(provider: Provider, applied: State, observed: State) -> State:
    """What was applied, in the target's spelling; what does not fit there any more as it was."""
    if not applied.records:
        return applied
    records = dict(applied.records)
    unfit: dict[Key, Fields] = {}
    while True:
        try:
            fitting = provider.normalize(State(dict(records)), observed)
        except CannotHoldError as error:
            rest = without(records, error.absent)
            if rest != records:
                records = rest
                continue
            keys = {key for key, _ in error.faults} & records.keys()
            if not keys:
                return applied
            unfit.update((key, records.pop(key)) for key in keys)
        else:
            return State({**unfit, **fitting.records})
