"""What to write into a manifest so that it asks for what somebody added on a target by hand.

Here belong suggestions for memberships, where the manifest has a word for both ends. Nothing is
suggested for anything else: other rights are better understood before they are kept. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from reconciler.classify import Difference
from reconciler.manifest.models import Manifest
from reconciler.plan import Plan

_PLAIN: Final = re.compile(r"[A-Za-z_][\w.@-]*", re.ASCII)
_WORDS: Final = frozenset({"true", "false", "null"})


def keeping(plan: Plan, manifest: Manifest) -> dict[str, str]:
    """By id of difference, what to add to the manifest to keep it, where that can be said."""
    result = {}
    for target in plan.targets:
        for each in target.drift if target.applied else ():
            found = list(_suggestions(each, target.target, manifest))
            if len(found) == 1:
                result[each.id] = f"add: {found[0]}"
    return result


def _suggestions(difference: Difference, target: str, manifest: Manifest) -> Iterator[str]:
    """Every way to ask for a membership that no line asks for; more than one is ambiguous."""
    key = difference.key
    is_added = difference.desired is None and difference.observed is not None
    if key.kind != "membership" or not is_added:
        return
    *container, member = key.path
    users = list(_users(member, target, manifest))
    for role in _roles(tuple(container), target, manifest):
        for user in users:
            yield f"grants: - {{user: {_yaml(user)}, role: {_yaml(role)}}}"
        if member in manifest.groups:
            yield f"grants: - {{group: {_yaml(member)}, role: {_yaml(role)}}}"
    group = manifest.groups.get(container[0]) if len(container) == 1 else None
    if group is not None and group.members is not None:
        yield from (f"groups.{_yaml(container[0])}.members: {_yaml(user)}" for user in users)
    if group is not None and group.groups is not None and member in manifest.groups:
        yield f"groups.{_yaml(container[0])}.groups: {_yaml(member)}"


def _users(account: str, target: str, manifest: Manifest) -> Iterator[str]:
    """The users who may hold something and whose account on the target has this name."""
    for name, user in manifest.users.items():
        if user.state == "active" and user.account_name(name, target) == account:
            yield name


def _roles(path: tuple[str, ...], target: str, manifest: Manifest) -> Iterator[str]:
    """The roles of the target whose records have this path: name, or server and name."""
    for name, role in manifest.roles.items():
        server = manifest.servers.get(role.server or "")
        place = server.target if server else role.target
        names: set[tuple[str, ...]] = {(role.name or name,)}
        if server:
            names.add((server.database or role.server or "", role.name or name))
        if place == target and path in names:
            yield name


def _yaml(name: str) -> str:
    """The name as YAML reads it back: in quotes where it needs them."""
    is_plain = _PLAIN.fullmatch(name) and name.lower() not in _WORDS
    return name if is_plain else json.dumps(name)
