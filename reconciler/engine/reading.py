"""One target as a run read it: what is asked, what was applied and what is there.

Here belongs bringing the three sides of a target into one spelling. Comparing them is
`reconciler.selection`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.differences import CauseOf
from reconciler.engine.memory import Memory
from reconciler.errors import CannotHoldError
from reconciler.provider import Identity, Provider, Sharing
from reconciler.scope import Desired
from reconciler.selection import Remembered
from reconciler.state import RIGHT_KINDS, Fields, Key, State

Recall = Callable[[Identity], Memory | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """One target as it was read.

    `desired` is normalised, and its scope has the names of what was applied too; `asked` is desired
    in manifest spelling, `protected` the patterns of the manifest alone; `applied` is normalised,
    and None where nothing is known of an earlier apply.
    """

    identity: Identity
    desired: Desired
    observed: State
    asked: State
    protected: tuple[str, ...] = ()
    memory: Memory | None = None
    applied: State | None = None

    @property
    def untouchable(self) -> frozenset[str]:
        """The names that no plan may touch: our own account, and what the provider adds."""
        return self.identity.untouchable | {self.identity.account}

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


def read_target(provider: Provider, desired: Desired, recall: Recall) -> Reading:
    """One target, read whole. Raises TargetError, CannotHoldError for what does not fit there."""
    identity = provider.identify()
    memory = recall(identity)
    scope = desired.scope
    if memory is not None:
        names = memory.head.besides if memory.is_as_asked else memory.state
        scope = scope.widened(names, memory.head.protected)
    observed = provider.observe(scope)
    if isinstance(provider, Sharing):
        untouchable = identity.untouchable | provider.foreign_names()
        identity = replace(identity, untouchable=untouchable)
    normalized = provider.normalize(desired.state, observed)
    applied = None
    if memory is not None and memory.is_as_asked:
        besides = _as_far_as_it_fits(provider, memory.head.besides, observed)
        applied = State({**normalized.records, **besides.records}) if besides else normalized
    elif memory is not None:
        applied = _alongside(provider, memory.state, Spelled(desired.state, normalized), observed)
    return Reading(
        identity=identity,
        desired=replace(desired, state=normalized, scope=scope),
        observed=observed,
        asked=desired.state,
        memory=memory,
        applied=applied,
        protected=desired.scope.protected,
    )


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
            keys = {key for key, _ in error.faults} & records.keys()
            if not keys:
                return applied
            unfit.update((key, records.pop(key)) for key in keys)
        else:
            return State({**unfit, **fitting.records})
