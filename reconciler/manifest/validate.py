"""From merged documents to a manifest: the models first, then the rules between entries.

Here belongs that order, and that an entry with a fault of its own does not hide the faults of
others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from reconciler.manifest.check import check_manifest
from reconciler.manifest.faults import Shapes, problems_of
from reconciler.manifest.merge import SECTIONS, VERSION, Merged, Path
from reconciler.manifest.models import (
    Account,
    Drift,
    Exemption,
    Grant,
    Group,
    HeldPrivileges,
    Manifest,
    NeverTogether,
    PlanSignature,
    Policies,
    Policy,
    PrivilegeRule,
    PublicRule,
    Removals,
    Role,
    RowPolicy,
    RowSecurity,
    Server,
    Target,
    User,
)
from reconciler.source import Problem, Source

_SHAPES: Final[Shapes] = {
    ("targets", "*"): Target,
    ("targets", "*", "policy"): Policy,
    ("targets", "*", "policy", "drift"): Drift,
    ("targets", "*", "policy", "removals"): Removals,
    ("servers", "*"): Server,
    ("servers", "*", "row_security", "*"): RowSecurity,
    ("servers", "*", "row_security", "*", "policies", "*"): RowPolicy,
    ("servers", "*", "public", "*"): PublicRule,
    ("users", "*"): User,
    ("users", "*", "accounts", "*"): Account,
    ("groups", "*"): Group,
    ("roles", "*"): Role,
    ("roles", "*", "privileges"): HeldPrivileges,
    ("roles", "*", "privileges", "*"): PrivilegeRule,
    ("roles", "*", "privileges", "rules", "*"): PrivilegeRule,
    ("grants", "*"): Grant,
    ("policies",): Policies,
    ("policies", "removals"): Removals,
    ("policies", "never_together", "*"): NeverTogether,
    ("policies", "never_together", "*", "except", "*"): Exemption,
    ("policies", "plan_signature"): PlanSignature,
}


@dataclass(frozen=True, slots=True)
class Validated:
    """The manifest, which lacks the entries that have faults of their own, and every fault."""

    manifest: Manifest
    problems: tuple[Problem, ...]


def validate(merged: Merged, *, is_complete: bool) -> Validated:
    """Validate, and check if it is complete: else a name that is missing may only be unread."""
    try:
        return _checked(merged, frozenset(), is_complete=is_complete)
    except ValidationError as error:
        problems = tuple(problems_of(error, _SHAPES, merged.follow))
        faulty = frozenset(detail["loc"][:2] for detail in error.errors(include_input=False))
    rest = _checked(merged, faulty, is_complete=is_complete)
    return Validated(rest.manifest, (*problems, *rest.problems))


def _checked(merged: Merged, faulty: frozenset[Path], *, is_complete: bool) -> Validated:
    """The manifest of all entries but the faulty ones, and the faults between them."""
    kept = [number for number in range(len(merged.grants)) if ("grants", number) not in faulty]
    data = _data_without(merged, faulty, kept)
    manifest = Manifest.model_validate(data, context={})  # what equal rules are kept in
    if not is_complete:
        return Validated(manifest, ())

    def source(*path: str | int) -> Source:
        match path:
            case ("grants", int(number), *rest):
                return merged.source("grants", kept[number], *rest)
        return merged.source(*path)

    return Validated(manifest, check_manifest(manifest, merged.entries, source))


def _data_without(
    merged: Merged, faulty: frozenset[Path], kept: Sequence[int]
) -> dict[str, object]:
    data: dict[str, object] = {"version": VERSION, "grants": [merged.grants[n] for n in kept]}
    for section in SECTIONS:
        entries = merged.entries[section]
        without = {name: value for name, value in entries.items() if (section, name) not in faulty}
        data[section] = without if faulty else entries
    return data
