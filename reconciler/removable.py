"""What the policy lets be removed, of the records that no line of the manifest asks for.

Here belongs going by the kind of a record and by the names that the manifest declares. What the
last apply left, and whether anything is known of it, is for `reconciler.selection`. Pure.
"""

from __future__ import annotations

from reconciler.scope import Policy, Scope
from reconciler.state import Key


def is_removable(key: Key, scope: Scope, policy: Policy) -> bool:
    """Whether a record that nobody asks for may be removed.

    Rights are removable where the manifest declares the role or group they are held in, or the role
    or group that holds them. Things (roles, groups, servers) only with `prune: all`. A setting that
    no line ever named gives nobody anything, and is left alone; so are the owners, what everybody
    may do where no line says anything of it, and what roles hold that the manifest only mentions.
    """
    match policy.prune, key.kind:
        case "never", _:
            return False
        case _, "account" | "group" | "role" if key.path[-1] in scope.foreign:
            return False
        case "all", "privilege" | "default_privilege" if key.path[0] in scope.foreign:
            return False
        case _, "setting" | "schema" | "ownership" | "row_security":
            return False
        case _, "public_privilege" | "public_default":
            return False
        case _, "policy":
            return key.path[:-1] in scope.policy_tables
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
