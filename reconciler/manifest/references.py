"""The names that a manifest refers to, and what to suggest for one that it does not define.

Here belongs where names stand in the manifest. Which of them are wrong is
`reconciler.manifest.check`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

from reconciler.manifest.merge import Path
from reconciler.manifest.models import Manifest, NeverTogether, Policies, PrivilegeRule
from reconciler.source import suggest

_FEW: Final = 500
"""So many names are compared with an undefined one; of more, those that begin or end alike."""

_MOST_SUGGESTED: Final = 200
"""So many undefined names get a suggestion: to compare each with each would take minutes."""

SINGULAR: Final[Mapping[str, str]] = {
    "targets": "target",
    "servers": "server",
    "users": "user",
    "groups": "group",
    "roles": "role",
}


_UNKNOWN: Final[Mapping[str, Collection[str]]] = {}


class Reference(NamedTuple):
    """A name at a place where one of a section is needed."""

    section: str
    name: str
    path: Path


def references(
    manifest: Manifest, known: Mapping[str, Collection[str]] = _UNKNOWN
) -> Iterator[Reference]:
    """All names that must be defined in the manifest. What roles inherit may exist elsewhere.

    Grants whose names are `known`, by section, may be left out: there are tens of thousands.
    """
    for key, server in manifest.servers.items():
        yield Reference("targets", server.target, ("servers", key, "target"))
    yield from _of_users(manifest)
    yield from _of_groups(manifest)
    for key, role in manifest.roles.items():
        if role.server is not None:
            yield Reference("servers", role.server, ("roles", key, "server"))
        if role.target is not None:
            yield Reference("targets", role.target, ("roles", key, "target"))
    yield from _of_grants(manifest, known)
    yield from _of_policies(manifest.policies)


def _of_users(manifest: Manifest) -> Iterator[Reference]:
    for key, user in manifest.users.items():
        if user.owner is not None:
            yield Reference("users", user.owner, ("users", key, "owner"))
        for target in user.accounts:
            yield Reference("targets", target, ("users", key, "accounts", target))


def _of_groups(manifest: Manifest) -> Iterator[Reference]:
    for key, group in manifest.groups.items():
        for index, name in enumerate(group.members or ()):
            yield Reference("users", name, ("groups", key, "members", index))
        for index, name in enumerate(group.groups or ()):
            yield Reference("groups", name, ("groups", key, "groups", index))


def _of_grants(manifest: Manifest, known: Mapping[str, Collection[str]]) -> Iterator[Reference]:
    users, roles = known.get("users", ()), known.get("roles", ())
    for index, grant in enumerate(manifest.grants):
        if grant.user in users and grant.role in roles and grant.group is None:
            continue
        if grant.user is not None:
            yield Reference("users", grant.user, ("grants", index, "user"))
        if grant.group is not None:
            yield Reference("groups", grant.group, ("grants", index, "group"))
        yield Reference("roles", grant.role, ("grants", index, "role"))


def _of_policies(policies: Policies) -> Iterator[Reference]:
    for index, name in enumerate(policies.break_glass):
        yield Reference("users", name, ("policies", "break_glass", index))
    for path, roles in _sets_apart(policies):
        for index, name in enumerate(roles):
            yield Reference("roles", name, (*path, index))
    for number, entry in enumerate(policies.never_together):
        if isinstance(entry, NeverTogether):
            for index, exemption in enumerate(entry.except_):
                path = ("policies", "never_together", number, "except", index, "user")
                yield Reference("users", exemption.user, path)


def _sets_apart(policies: Policies) -> Iterator[tuple[Path, Sequence[str]]]:
    """The sets of roles that nobody may hold together, each with the place of its list."""
    path: Path = ("policies", "never_together")
    is_one = any(isinstance(entry, str) for entry in policies.never_together)
    for number, entry in enumerate(policies.separations):
        yield (path if is_one else (*path, number, "roles")), entry.roles


def lists(manifest: Manifest) -> Iterator[tuple[Path, Sequence[str]]]:
    """All lists in which a name or word has no reason to stand twice."""
    for key, target in manifest.targets.items():
        yield ("targets", key, "policy", "protect"), target.policy.protect
    for key, server in manifest.servers.items():
        yield ("servers", key, "scopes"), server.scopes or ()
        for index, entry in enumerate(server.row_security):
            for name, policy in (entry.policies or {}).items():
                path: Path = ("servers", key, "row_security", index, "policies", name, "to")
                yield path, policy.to
        for index, public in enumerate(server.public):
            yield from _lists_of_rule(("servers", key, "public", index), public)
        for number, owned in enumerate(server.owners):
            for word in owned.kinds:
                names = getattr(owned, word)
                if isinstance(names, list):
                    yield ("servers", key, "owners", number, word), names
    for key, group in manifest.groups.items():
        yield ("groups", key, "members"), group.members or ()
        yield ("groups", key, "groups"), group.groups or ()
    yield from _lists_of_roles(manifest)
    yield ("policies", "break_glass"), manifest.policies.break_glass
    yield from _sets_apart(manifest.policies)


def _lists_of_roles(manifest: Manifest) -> Iterator[tuple[Path, Sequence[str]]]:
    faultless: set[int] = set()  # equal rules are one object: looked at once, unless one is to name
    for key, role in manifest.roles.items():
        yield ("roles", key, "inherits"), role.includes
        yield ("roles", key, "scopes"), role.scopes or ()
        rules_at = role.rules_at
        for index, rule in enumerate(role.rules):
            if id(rule) not in faultless:
                found = list(_lists_of_rule(("roles", key, *rules_at, index), rule))
                yield from found
                if all(len(set(items)) == len(items) for _, items in found):
                    faultless.add(id(rule))


def _lists_of_rule(path: Path, rule: PrivilegeRule) -> Iterator[tuple[Path, Sequence[str]]]:
    for name in ("tables", "views", "sequences", "functions", "allow", "created_by"):
        found = getattr(rule, name)
        if isinstance(found, list):
            yield (*path, name), found


class Suggester:
    """Gives hints for undefined names: what they are instead, or the name that was meant."""

    def __init__(self, names: Mapping[str, Collection[str]]) -> None:
        self._names = names
        self._hints: dict[tuple[str, str], str] = {}

    def hint(self, section: str, name: str) -> str:
        """What to do about a name that this section does not have; may be empty."""
        key = (section, name)
        if key not in self._hints and len(self._hints) < _MOST_SUGGESTED:
            self._hints[key] = self._find(section, name)
        return self._hints.get(key, "")

    def _find(self, section: str, name: str) -> str:
        for other, names in self._names.items():
            if name in names and other in SINGULAR:
                return f'"{name}" is a {SINGULAR[other]}, not a {SINGULAR[section]}'
        known = self._names[section]
        if len(known) > _FEW:
            known = list(islice((word for word in known if _is_near(word, name)), _FEW))
        return suggest(name, known)


def _is_near(word: str, name: str) -> bool:
    return abs(len(word) - len(name)) <= 2 and (word[:2] == name[:2] or word[-2:] == name[-2:])
