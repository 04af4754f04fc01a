"""The plan: for every target what will be changed, what is left alone and why, as one value with a
digest.

Here belongs the plan as data. What of the differences is in it is `reconciler.selection`; what may
not happen is `reconciler.safety`; how it reads is `reconciler.render`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reconciler.changes import Change
from reconciler.classify import Difference
from reconciler.state import PRINCIPAL_KINDS, Key, touched

FORMAT = "reconciler.plan/v1"

AccessVerb = Literal["gains", "loses"]

UNREAD: Final = "unread"
"""The rule of the findings that a part of a target could not be read."""

PENDING_EXTERNAL: Final = "pending-external"
"""The rule of a finding that says who has to do something before all that is asked can be done."""


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
class Unasked:
    """Privileges that no line asks for and that are left alone.

    `name` is the account, group or role that holds them, maybe a stranger to the manifest; `rights`
    are phrases such as `select on 12 tables of analytics in flowdb: calls, cells, ...`.
    """

    name: str
    rights: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """One target's part of a plan: the changes in apply order, and all that was left alone.

    `new_passwords` are the accounts that get a temporary one. `unmanaged` are records that no line
    of the manifest asks for and the policy leaves untouched. `drift` is what the target changed,
    and `drift_access` what that means: who lacks what, and who should not have what. `applied`
    stands for the applied state that the plan was made with; empty where nothing is known of it.
    `unasked` says who holds the privileges that are unmanaged.
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
    unasked: tuple[Unasked, ...] = ()


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

    @property
    def unread(self) -> tuple[Finding, ...]:
        """The findings that a part of a target could not be read, which nobody accepted."""
        return tuple(each for each in self.blocking if each.rule == UNREAD)

    def target(self, name: str) -> TargetPlan:
        """The part of this target. KeyError if the plan has none."""
        for each in self.targets:
            if each.target == name:
                return each
        raise KeyError(name)


def changed_name(key: Key) -> str:
    """The name whose access a change of this record alters: the member, the grantee, or the thing
    itself.
    """
    return touched(key)[-1]


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
