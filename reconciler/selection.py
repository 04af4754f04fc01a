"""What of the differences of a target the policy lets us change, and in which form.

Here belongs choosing: what is ours to take, what an account that leaves loses, what is left alone
and what the target did by itself. Finding differences is `reconciler.diff`, naming them
`reconciler.differences`; what may be removed by `prune` and the manifest's own names is
`reconciler.removable`; what must not happen is `reconciler.safety`. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from reconciler.changes import Cause, Change
from reconciler.classify import Difference
from reconciler.diff import diff, in_apply_order
from reconciler.differences import (
    DRIFT_CLASSES,
    CauseOf,
    Comparison,
    Piece,
    cause_of,
    differences,
    pieces,
)
from reconciler.holding import members_of, reached
from reconciler.ownerships import set_aside
from reconciler.plan import changed_name
from reconciler.provider import Warned
from reconciler.removable import is_removable
from reconciler.row_rules import named_by_policy, same_tables
from reconciler.scope import Capabilities, Desired, Scope
from reconciler.state import (
    EXACT_KINDS,
    INVITED,
    PRINCIPAL_KINDS,
    SERVER_KINDS,
    Fields,
    Key,
    Node,
    State,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the policy made of the differences of a target.

    `drift` is what the target did by itself, whether or not a change of it is chosen. `obstacles`
    is what the target has to say about some of the changes.
    """

    changes: tuple[Change, ...]
    unmanaged: tuple[Key, ...]
    protected: tuple[Change, ...]
    drift: tuple[Difference, ...] = ()
    obstacles: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of the last apply on a target. `state` is in the target's spelling.

    `cause_of` says why desired differs from it; `ends_sessions` are memberships whose end also ends
    the open sessions of their holders.
    """

    state: State
    cause_of: CauseOf
    ends_sessions: frozenset[Key] = frozenset()


def select(
    desired: Desired,
    observed: State,
    capabilities: Capabilities,
    untouchable: frozenset[str],
    *,
    remembered: Remembered | None = None,
    revokes_first: bool = False,
) -> Selection:
    """The changes that lead from observed to desired, as far as the policy lets them be made.

    `desired.state` is normalised. `untouchable` are names that no plan may touch: the account we
    use, a bootstrap administrator, what another manifest owns. Nothing is deleted where nothing is
    `remembered`.
    """
    work = _Selecting(desired, observed, capabilities, remembered)
    chosen: list[Change] = []
    protected: list[Change] = []
    for change in diff(desired.state, observed):
        permitted = work.permitted(change)
        if permitted is not None:
            is_touched = _touches(permitted, desired.scope, untouchable)
            (protected if is_touched else chosen).append(permitted)
    chosen, owned = set_aside(chosen, desired.scope.is_protected, _without)
    protected += owned
    tied = _tied(chosen, protected, observed)
    protected += [change for change in chosen if change.key in tied]
    chosen = [change for change in chosen if change.key not in tied]
    early = apart_first(desired, observed) if desired.rules.apart else frozenset()
    order = in_apply_order(chosen, capabilities, early, revokes_first=revokes_first)
    return Selection(
        order, tuple(work.unmanaged), tuple(protected), _without_idle_conflicts(work, protected)
    )


class _Selecting:
    """Judges the differences of one target, one record after the other."""

    def __init__(
        self,
        desired: Desired,
        observed: State,
        capabilities: Capabilities,
        remembered: Remembered | None,
    ) -> None:
        self.desired = desired
        self.observed = observed
        self.capabilities = capabilities
        self.remembered = remembered
        self.comparison = Comparison(
            target=desired.target,
            applied=remembered.state if remembered else None,
            is_exclusive=lambda key: is_removable(key, desired.scope, desired.policy),
            provenance=desired.provenance,
            cause_of=remembered.cause_of if remembered else _unknown_cause,
            levels=capabilities.levels,
        )
        self.unmanaged: list[Key] = []
        self.drift: list[Difference] = []
        self._people = _People(observed)
        self._asked_people = _People(desired.state)

    def permitted(self, change: Change) -> Change | None:
        """The change, in the form and as far as the policy wants it; None where the record is left
        alone. Notes what is left alone and what the target did.
        """
        change = self._leaving(change)
        if change.action == "update" and not change.after:  # an account has nothing more to lose
            if not self._has_left(change.key):
                self.unmanaged.append(change.key)
            return None
        if change.before is None and not self._is_ours(change.key):
            return self._created(change)
        is_asked = change.key in self.desired.state or change.action == "delete"
        found = pieces(change, self.observed.get(change.key), self.comparison, is_asked=is_asked)
        if self.is_known and any(piece.class_ in DRIFT_CLASSES for piece in found):
            told = differences(change, found, self.comparison)
            self.drift += (each for each in told if each.class_ in DRIFT_CLASSES)
        kept = [piece for piece in found if not self._is_permitted(change.key, piece)]
        if kept:
            self.unmanaged.append(change.key)
        part = _without(change, {piece.name for piece in kept}) if kept else change
        return None if part is None else self._finished(part, set(found).difference(kept))

    @property
    def is_known(self) -> bool:
        """Whether anything is known of an earlier apply."""
        return self.remembered is not None

    def _is_ours(self, key: Key) -> bool:
        """Whether the last apply left this record, as far as anybody knows."""
        return self.remembered is not None and key in self.remembered.state

    def _created(self, change: Change) -> Change:
        """What nobody made before, with its cause and its lines: most of a first apply, so it is
        not taken apart.
        """
        sources = self.desired.provenance.of(change.key)
        cause = self.comparison.cause_of(change.key)
        return Change("create", change.key, None, change.after, cause, sources)

    def _is_permitted(self, key: Key, piece: Piece) -> bool:
        """Whether the policy lets this piece be written."""
        if piece.is_deletion and self._is_withdrawn(key):
            return True
        if piece.class_ not in ("pending", "drift", "difference", "conflict", "rogue"):
            return False
        if not piece.is_deletion:
            return True
        if not self.is_known or self.desired.policy.prune == "never":
            return False
        return key.kind not in PRINCIPAL_KINDS or key.path[-1] not in self.desired.scope.foreign

    def _is_withdrawn(self, key: Key) -> bool:
        """Whether it is the invitation of somebody who left: it is only seen where the journal has
        that we made it, so it is ours though no apply is remembered.
        """
        is_invited = INVITED in (self.observed.get(key) or {})
        is_leaver = is_invited and key.path[-1] in self.desired.scope.leavers
        return is_leaver and self.desired.policy.prune != "never"

    def _finished(self, change: Change, found: Set[Piece]) -> Change:
        """The change with its cause, the lines that ask for it, and the sessions that it ends."""
        causes = {cause_of(change.key, piece.class_, self.comparison) for piece in found}
        cause = min(causes, key=_CAUSE_ORDER.index)
        sources = self.desired.provenance.of(change.key)
        ended = self._ended_sessions(change) if change.action == "delete" else ()
        is_dropped = change.action == "delete" and change.key.kind in PRINCIPAL_KINDS
        heir = self.desired.policy.heir if is_dropped else ""
        return replace(change, cause=cause, sources=sources, end_sessions=ended, heir=heir)

    def _ended_sessions(self, change: Change) -> tuple[str, ...]:
        """Who loses by it what a grant said ends sessions, and has it in no other way."""
        if self.remembered is None or change.key not in self.remembered.ends_sessions:
            return ()
        given = _given(change.key.path[0], self.remembered.ends_sessions)
        kept = [self._asked_people.accounts_in(each) for each in sorted(given)]
        lost = self._people.accounts_in(change.key.path[-1])
        return tuple(name for name in lost if not all(name in each for each in kept))

    def _leaving(self, change: Change) -> Change:
        """What becomes of an account that no grant asks for any more: instead of being deleted it
        may lose what the target lets it lose. An update without fields: it has lost all that.

        An account is ours where it is remembered; one whose user was disabled is named in the
        manifest, so what it has is taken even then.
        """
        if change.action != "delete" or change.key.kind != "account":
            return change
        if INVITED in (change.before or {}):  # nobody has made it: there is nothing to keep
            return change
        policy, name = self.desired.policy, change.key.path[-1]
        is_to_go = self._is_ours(change.key) or (self.is_known and policy.prune == "all")
        if policy.prune == "never" or name in self.desired.scope.foreign:
            return change
        may_delete = policy.leavers == "delete" or self.capabilities.disabled is None
        if not (is_to_go or name in self.desired.scope.leavers) or (is_to_go and may_delete):
            return change
        return shut_out(change, self.capabilities)

    def _has_left(self, key: Key) -> bool:
        """Whether an account that has nothing to lose is one that left, and so of no interest."""
        is_leaver = key.path[-1] in self.desired.scope.leavers
        return self.capabilities.disabled is not None and (self._is_ours(key) or is_leaver)


def _without_idle_conflicts(
    work: _Selecting, protected: Sequence[Change]
) -> tuple[Difference, ...]:
    """What the target did, less conflicts about what no plan touches: nobody has to decide those.

    An account that was there before the manifest, and that we never touched, is in one for ever.
    """
    idle = {change.key for change in protected}
    return tuple(each for each in work.drift if each.class_ != "conflict" or each.key not in idle)


_CAUSE_ORDER: Final[tuple[Cause, ...]] = ("config", "expiry", "start", "drift", "unknown")
"""The cause of a change that has several."""


def _unknown_cause(key: Key) -> Cause:
    del key  # nothing is remembered, of any
    return "unknown"


def _without(change: Change, names: Set[str]) -> Change | None:
    """The change less these pieces of it; None where nothing is left of it."""
    if change.key.kind not in EXACT_KINDS:
        return None
    before, after = change.before or {}, change.after or {}
    rest = {name: value for name, value in after.items() if name not in names}
    whole = {**rest, **{name: before[name] for name in names if name in before}}
    if whole == before:
        return None
    if not before:
        return Change("create", change.key, None, whole)
    return Change("update" if whole else "delete", change.key, before, whole or None)


def _given(container: str, ends_sessions: Set[Key]) -> frozenset[str]:
    """The roles that being in this role or group gives, of those whose end ends sessions."""
    above = [key.path[0] for key in ends_sessions if key.path[1:] == (container,)]
    found = frozenset(top for each in above for top in _given(each, ends_sessions))
    return found or frozenset({container})


class _People:
    """Who is in what on one side, found out when somebody first asks."""

    def __init__(self, state: State) -> None:
        self._state = state

    @cached_property
    def _members(self) -> dict[Node, list[Node]]:
        return members_of(self._state)

    def accounts_in(self, name: str) -> tuple[str, ...]:
        """The account of this name, or the accounts in the group or role, directly or not."""
        names = (node[0] for node in reached([(name,)], self._members))
        return tuple(sorted(each for each in names if Key("account", (each,)) in self._state))


def apart_first(desired: Desired, observed: State) -> frozenset[Key]:
    """The memberships that are taken before any is given: those in roles that nobody may hold
    together, and in the groups that are in them.
    """
    apart = [path for each in desired.rules.apart for path in each.roles]
    inside = reached(apart, members_of(desired.state, observed))
    keys = (key for state in (desired.state, observed) for key in state.records)
    return frozenset(key for key in keys if key[0] == "membership" and key.path[:-1] in inside)


def _tied(chosen: Sequence[Change], protected: Sequence[Change], observed: State) -> frozenset[Key]:
    """The changes that cannot be made while the protected ones are not.

    They refer to a principal that is not created, or remove one that a protected name holds: a
    target would refuse that, or take the right from the protected name as well.
    """
    if not protected:
        return frozenset()
    missing = {
        change.key.path
        for change in protected
        if change.action == "create" and change.key.kind in PRINCIPAL_KINDS
    }
    removed = {change.key for change in chosen if change.action == "delete"}
    left = (key for key in observed.records if key not in removed and key[0] != "setting")
    ends = {end for key in left for end in _ends(key)}  # settings go with whom they are of
    used = {Key(kind, end) for end in ends for kind in PRINCIPAL_KINDS}
    tied = frozenset(
        change.key
        for change in chosen
        if (change.action != "delete" and missing & _named(change))
        or (change.action == "delete" and change.key in used)
    )
    return tied | same_tables(chosen, tied)


def _named(change: Change) -> frozenset[tuple[str, ...]]:
    """The principals that have to be there for a change to be made."""
    return _ends(change.key) | named_by_policy(change.key, change.after)


def _ends(key: Key) -> frozenset[tuple[str, ...]]:
    """The paths of the principals that a right refers to: role or group and its member, or the
    grantee.
    """
    match key.kind:
        case "membership":
            return frozenset({key.path[:-1], key.path[-1:]})
        case "privilege" | "default_privilege" | "setting":
            return frozenset({key.path[:1]})
    return frozenset()


def lost_by_leavers(capabilities: Capabilities) -> Fields:
    """The fields of an account that has nothing left: signed out, or at the lowest level."""
    if capabilities.disabled is not None:
        return capabilities.disabled
    return {"level": capabilities.levels[0]} if capabilities.levels else {}


def shut_out(change: Change, capabilities: Capabilities) -> Change:
    """What an account loses that stays there, instead of being deleted by this change. An update
    without fields: it has lost all that.
    """
    lost = lost_by_leavers(capabilities)
    before = change.before or {}
    names = sorted(field for field in lost if before.get(field) != lost[field])
    after = {field: lost[field] for field in names}
    kept = {field: before.get(field) for field in names}
    return replace(change, action="update", before=kept, after=after, heir="")


def _touches(change: Change, scope: Scope, untouchable: frozenset[str]) -> bool:
    """Whether the change alters a protected name: the thing itself, or what is held by it.

    What belongs to a server is nobody's, whatever it is called.
    """
    if change.key.kind in SERVER_KINDS:
        return False
    name = changed_name(change.key)
    return name in untouchable or scope.is_protected(name)
