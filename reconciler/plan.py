"""The plan: for every target what will be changed, what is left alone and why, as one value with a
digest.

Here belong choosing among the differences what the policy lets us do, and the plan as data. Finding
differences is `reconciler.diff`; what may not happen is `reconciler.safety`; how it reads is
`reconciler.render`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.diff import diff, in_apply_order
from reconciler.scope import Capabilities, Desired, Policy, Scope
from reconciler.state import PRINCIPAL_KINDS, Fields, Key, State

FORMAT = "reconciler.plan/v1"

AccessVerb = Literal["gains", "loses"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has to say about a plan.

    One that `holds` holds back the changes of its `keys` until somebody accepts its id; a
    `blocking` one does too, and is a failure until then. `rule` names the rule for the docs. The id
    is stable as long as the finding says the same; `accepted_by` says who lifted it.
    """

    id: str
    rule: str
    target: str
    message: str
    keys: tuple[Key, ...] = ()
    blocking: bool = False
    accepted: bool = False
    holds: bool = False
    accepted_by: str = ""

    @property
    def is_holding(self) -> bool:
        """Whether it holds its changes back, since nobody accepted it."""
        return (self.holds or self.blocking) and not self.accepted


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What one account gains or loses in effect, over every way it holds it. Shown in people's
    names.

    `rights` are phrases such as `select on geography.admin3`, sorted; `through` the roles that give
    or gave them.
    """

    account: str
    person: str
    verb: AccessVerb
    rights: tuple[str, ...]
    through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """One target's part of a plan: the changes in apply order, and all that was left alone.

    `new_passwords` are the accounts that get a temporary one. `unmanaged` are records that no line
    of the manifest asks for and the policy leaves untouched. `drift` is what the target changed,
    and `drift_access` what that means: who lacks what, and who should not have what. `applied`
    stands for the applied state that the plan was made with; empty where nothing is known of it.
    """

    target: str
    provider: str
    system: str
    account: str
    changes: tuple[Change, ...] = ()
    unmanaged: tuple[Key, ...] = ()
    access: tuple[AccessChange, ...] = ()
    new_passwords: tuple[str, ...] = ()
    people: Mapping[str, str] | None = None
    drift: tuple[Difference, ...] = ()
    drift_access: tuple[AccessChange, ...] = ()
    applied: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All targets' changes and the findings over them, for one manifest at one instant.

    `at` and `valid_until` are RFC 3339 times in UTC; `valid_until` is the next instant at which a
    grant starts or ends, or empty. `manifest` lists the files as the user named them.
    """

    at: str
    valid_until: str
    manifest: tuple[str, ...]
    manifest_digest: str
    targets: tuple[TargetPlan, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes of all targets, in order of target."""
        return tuple(change for target in self.targets for change in target.changes)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that hold something back and were not accepted."""
        return tuple(each for each in self.findings if each.blocking and not each.accepted)

    def target(self, name: str) -> TargetPlan:
        """The part of this target. KeyError if the plan has none."""
        for each in self.targets:
            if each.target == name:
                return each
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the policy made of the differences of a target."""

    changes: tuple[Change, ...]
    unmanaged: tuple[Key, ...]
    protected: tuple[Change, ...]


def select(
    desired: Desired, observed: State, capabilities: Capabilities, untouchable: frozenset[str]
) -> Selection:
    """The changes that lead from observed to desired, as far as the policy lets them be made.

    `desired.state` is normalised. `untouchable` are names that no plan may touch: the account we
    use, a bootstrap administrator.
    """
    chosen: list[Change] = []
    unmanaged: list[Key] = []
    protected: list[Change] = []
    for change in diff(desired.state, observed):
        permitted = _permitted(change, desired, capabilities)
        if permitted is None:
            unmanaged.append(change.key)
        elif _touches(permitted, desired.scope, untouchable):
            protected.append(permitted)
        else:
            chosen.append(_with_sources(permitted, desired))
    tied = _tied(chosen, protected, observed)
    protected += [change for change in chosen if change.key in tied]
    chosen = [change for change in chosen if change.key not in tied]
    unmanaged = [
        key for key in unmanaged if not _is_already_gone(key, observed, desired, capabilities)
    ]
    return Selection(in_apply_order(chosen, capabilities), tuple(unmanaged), tuple(protected))


def _with_sources(change: Change, desired: Desired) -> Change:
    """The change with the lines that ask for it. Without `replace`, which is slow in thousands."""
    sources = desired.provenance.of(change.key)
    return Change(change.action, change.key, change.before, change.after, change.cause, sources)


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
    ends = {end for key in observed.records if key not in removed for end in _ends(key)}
    used = {Key(kind, end) for end in ends for kind in PRINCIPAL_KINDS}
    return frozenset(
        change.key
        for change in chosen
        if (change.action != "delete" and missing & _ends(change.key))
        or (change.action == "delete" and change.key in used)
    )


def _ends(key: Key) -> frozenset[tuple[str, ...]]:
    """The paths of the principals that a right refers to: role or group and its member, or the
    grantee.
    """
    match key.kind:
        case "membership":
            return frozenset({key.path[:-1], key.path[-1:]})
        case "privilege" | "default_privilege":
            return frozenset({key.path[:1]})
    return frozenset()


def _permitted(change: Change, desired: Desired, capabilities: Capabilities) -> Change | None:
    """The change, in the form the policy wants it, or None where the record is left alone."""
    if change.action != "delete":
        return change
    if change.key.kind != "account":
        return change if is_removable(change.key, desired.scope, desired.policy) else None
    return _leaving(change, desired, capabilities)


def _leaving(change: Change, desired: Desired, capabilities: Capabilities) -> Change | None:
    """What becomes of an account that no grant asks for any more.

    Without a memory of what is ours, an account is deleted only where everything not declared is to
    go. One whose user was disabled loses what the target lets it lose: signing in, or its level.
    """
    policy, name = desired.policy, change.key.path[-1]
    is_leaver = name in desired.scope.leavers
    if policy.prune == "never" or name in desired.scope.foreign:
        return None
    if policy.prune == "owned" and not is_leaver:
        return None
    lost = _lost_by_leavers(capabilities)
    may_delete = policy.leavers == "delete" or capabilities.disabled is None
    if policy.prune == "all" and may_delete:
        return change
    before = change.before or {}
    names = sorted(field for field in lost if before.get(field) != lost[field])
    if not names:
        return None
    after = {field: lost[field] for field in names}
    return Change("update", change.key, {field: before.get(field) for field in names}, after)


def _lost_by_leavers(capabilities: Capabilities) -> Fields:
    """The fields of an account that has nothing left: signed out, or at the lowest level."""
    if capabilities.disabled is not None:
        return capabilities.disabled
    return {"level": capabilities.levels[0]} if capabilities.levels else {}


def _is_already_gone(
    key: Key, observed: State, desired: Desired, capabilities: Capabilities
) -> bool:
    """Whether an account left alone is one that has left: disabled, and of nobody the manifest
    grants anything.
    """
    if key.kind != "account" or capabilities.disabled is None:
        return False
    fields = observed.get(key) or {}
    is_off = all(fields.get(name) == value for name, value in capabilities.disabled.items())
    return is_off and key.path[-1] in desired.scope.leavers


def is_removable(key: Key, scope: Scope, policy: Policy) -> bool:
    """Whether a record that nobody asks for may be removed.

    Rights are removable where the manifest declares the role or group they are held in, or the role
    or group that holds them. Things (roles, groups, servers) only with `prune: all`.
    """
    match policy.prune, key.kind:
        case "never", _:
            return False
        case _, "account" | "group" | "role" if key.path[-1] in scope.foreign:
            return False
        case "all", _:
            return True
        case _, "membership":
            return _is_managed_membership(key.path[:-1], key.path[-1], scope)
        case _, "privilege" | "default_privilege":
            return _is_declared_bundle(key.path[0], scope)
    return False


def _is_managed_membership(container: tuple[str, ...], member: str, scope: Scope) -> bool:
    """Whether the manifest says who is in this, or what this is in; a list left out does not."""
    if len(container) == 1 and container[0] in scope.groups:
        omitted = scope.open_groups if member in scope.groups else scope.open_members
        return container[0] not in omitted
    return container in scope.roles or _is_declared_bundle(member, scope)


def _is_declared_bundle(name: str, scope: Scope) -> bool:
    return (name,) in scope.roles or name in scope.groups


def _touches(change: Change, scope: Scope, untouchable: frozenset[str]) -> bool:
    """Whether the change alters a protected name: the thing itself, or what is held by it."""
    name = changed_name(change.key)
    return name in untouchable or scope.is_protected(name)


def changed_name(key: Key) -> str:
    """The name whose access a change of this record alters: the member, the grantee, or the thing
    itself.
    """
    return key.path[0] if key.kind in ("privilege", "default_privilege") else key.path[-1]


def counts(changes: Iterable[Change]) -> dict[str, int]:
    """How many changes of each action there are; all three actions are present."""
    result = {"create": 0, "update": 0, "delete": 0}
    for change in changes:
        result[change.action] += 1
    return result


def principals(changes: Sequence[Change]) -> frozenset[str]:
    """The names of the principals that the changes create, alter or remove."""
    return frozenset(
        change.key.path[-1] for change in changes if change.key.kind in PRINCIPAL_KINDS
    )
