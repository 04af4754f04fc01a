"""Names of the manifest that would be one and the same thing on a target.

Here belong the names of users, accounts and roles. Whether a group and a user may share a name
differs from system to system, and is for the providers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from reconciler.manifest.models import Manifest, Role
from reconciler.source import Problem, Source

SourceOf = Callable[..., Source]
"""Gives the place of a value by its path, as `Merged.source` does."""


def user_collisions(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    """Users whose names differ in nothing but case."""
    first: dict[str, str] = {}
    for user in manifest.users:
        other = first.setdefault(user.casefold(), user)
        if other != user:
            message = f'the users "{other}" and "{user}" differ in nothing but case'
            hint = f"rename one; the other is at {source('users', other)}"
            yield Problem(source("users", user), message, hint)


def account_collisions(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    """Users who would have one account on a target, or accounts that differ in nothing but case.

    Of users who have their own names everywhere, `user_collisions` speaks.
    """
    renamed: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for user, entry in manifest.users.items():
        for target in entry.accounts:
            if entry.account_name(user, target) != user:
                renamed[target][user] = entry.account_name(user, target)
    by_name = {user.casefold(): user for user in reversed(manifest.users)}
    for target, names in renamed.items():
        holders: dict[str, tuple[str, str]] = {}
        for user, name in names.items():
            usual = by_name.get(name.casefold(), user)
            unless_renamed = (usual, usual) if usual != user and usual not in names else None
            other = unless_renamed or holders.setdefault(name.casefold(), (user, name))
            if other != (user, name):
                yield _account_problem((target, user, name), other, source)


def _account_problem(
    here: tuple[str, str, str], other: tuple[str, str], source: SourceOf
) -> Problem:
    target, user, name = here
    one = f'one account "{name}"'
    same = one if other[1] == name else f'accounts "{other[1]}" and "{name}" that differ in case'
    message = f'the users "{other[0]}" and "{user}" would have {same} on {target}'
    hint = f"give one of them another name; the other is at {source('users', other[0])}"
    return Problem(source("users", user, "accounts", target), message, hint)


def role_collisions(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    """Roles with one name in one place: on one server, or on a target and on a server of it.

    Two servers of a target may have roles of one name where roles live in servers; providers of
    systems where they do not refuse it.
    """
    holders: defaultdict[tuple[str, str], list[tuple[str, str | None]]] = defaultdict(list)
    for key, role in manifest.roles.items():
        name, target = role.name or key, target_of(role, manifest)
        if target is None:
            continue
        for other, server in holders[target, name]:
            if server == role.server or server is None or role.server is None:
                message = f'the roles "{other}" and "{key}" have one name on {target}: "{name}"'
                hint = f"give one of them another name; the other is at {source('roles', other)}"
                yield Problem(source("roles", key, "name"), message, hint)
                break
        holders[target, name].append((key, role.server))


def target_of(role: Role, manifest: Manifest) -> str | None:
    """The target that a role is on, or None if its server is not defined."""
    if role.server is None:
        return role.target
    server = manifest.servers.get(role.server)
    return server.target if server else None
