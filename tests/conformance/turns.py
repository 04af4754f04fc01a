"""Two manifests: to come from one to the other takes every kind of change that a target knows."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.changes import Action
from reconciler.scope import Capabilities
from reconciler.state import Kind
from tests.conformance.bench import Access
from tests.conformance.target import ConformanceTarget, Entry, Scalar

_POLICY = {"prune": "all", "leavers": "delete"}


def before_and_after(
    target: ConformanceTarget, capabilities: Capabilities
) -> tuple[Access, Access]:
    """The two manifests."""
    first, second, third = (target.rights[index : index + 1] for index in range(3))
    servers = target.servers_in_turn()
    top = capabilities.levels[-1:]
    standing = {} if target.standing_role is None else {"seat": target.standing_role}
    rights = (
        {"reader": first + third, "writer": first + second, "old": third, "chief": ()},
        {"reader": first + second, "writer": first, "auditor": second, "chief": ()},
    )
    before = Access(
        users=("amina", "kofi", "yaw", "abena"),
        groups={"analysts": ("kofi",), "guests": ("amina",)},
        roles=rights[0],
        role_entries=_entries(target, capabilities, rights[0], 0),
        grants=(
            *(("amina", "writer"), ("analysts", "reader"), ("guests", "old"), ("yaw", "reader")),
            ("abena", "chief"),
            *((each, name) for name in standing for each in ("amina", "yaw")),
        ),
        standing=standing,
        levels=dict.fromkeys(["chief"], *top) if top else {},
        attributes={"amina": _attribute(target, 0)},
        policy=_POLICY,
        servers=servers[0],
    )
    after = Access(
        users=("amina", "kofi", "esi", "abena"),
        groups={"analysts": ("kofi", "esi"), "staff": ("amina",)},
        roles=rights[1],
        role_entries=_entries(target, capabilities, rights[1], 1),
        grants=(
            *(("staff", "auditor"), ("analysts", "reader"), ("esi", "writer")),
            ("abena", "chief"),
            *((each, name) for name in standing for each in ("amina", "esi", "abena")),
        ),
        standing=standing,
        levels=dict.fromkeys(["chief", "auditor"], *top) if top else {},
        attributes={"amina": _attribute(target, 1)},
        policy=_POLICY,
        servers=servers[1],
    )
    return before, after


def _attribute(target: ConformanceTarget, turn: int) -> Mapping[str, Scalar]:
    """One attribute that gives no power, where there is one."""
    harmless = {k: v for k, v in sorted(target.attributes.items()) if not isinstance(v[0], bool)}
    return {name: pair[turn] for name, pair in [*harmless.items()][:1]}


def _entries(
    target: ConformanceTarget,
    capabilities: Capabilities,
    roles: Mapping[str, tuple[str, ...]],
    turn: int,
) -> Mapping[str, Entry]:
    """An attribute of writer, and what the other roles may do with objects of the future."""
    entries: dict[str, Entry] = {}
    if (attribute := _attribute(target, turn)) and target.has_role_attributes:
        entries["writer"] = {"attributes": attribute}
    if capabilities.privileges:
        for name in roles.keys() - {"writer", "chief"}:
            rules = target.role(roles[name])["privileges"]
            assert isinstance(rules, list)
            own = [target.own_account]
            entries[name] = {
                "privileges": [{**rule, "views": "*", "created_by": own} for rule in rules]
            }
    return entries


def kinds_of_change(
    target: ConformanceTarget, capabilities: Capabilities
) -> set[tuple[Kind, Action]]:
    """Every kind of change that a target with these capabilities must be able to make."""
    every: tuple[Action, ...] = ("create", "update", "delete")
    ends: tuple[Action, ...] = ("create", "delete")
    changing = bool(capabilities.levels or target.attributes)
    found: dict[Kind, tuple[Action, ...]] = {"account": every if changing else ends}
    if capabilities.roles and target.has_own_roles:
        is_more = target.rights or (target.attributes and target.has_role_attributes)
        found["role"] = every if is_more else ends
        found["membership"] = ends
    if target.standing_role is not None:
        found["membership"] = ends
    if capabilities.managed_servers:
        found["server"] = every
    if capabilities.privileges:
        found |= {"privilege": every, "default_privilege": every}
    if capabilities.groups:
        found["group"] = ends
    return {(kind, action) for kind, actions in found.items() for action in actions}
