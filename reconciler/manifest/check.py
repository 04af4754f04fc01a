"""The rules between the entries of a manifest: every name leads somewhere, and nothing twice.

Here belongs what needs the whole manifest and no target. Rules within one entry are in the
models, and what a target cannot hold is for its provider.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.manifest.collisions import (
    SourceOf,
    account_collisions,
    role_collisions,
    target_of,
    user_collisions,
)
from reconciler.manifest.cycles import find_cycles
from reconciler.manifest.merge import Path
from reconciler.manifest.models import Manifest
from reconciler.manifest.references import SINGULAR, Suggester, lists, references
from reconciler.source import Problem


def check_manifest(
    manifest: Manifest, names: Mapping[str, Collection[str]], source: SourceOf
) -> tuple[Problem, ...]:
    """Every fault between the entries, in no particular order.

    `names` are the names that each section defines; these may be more than the manifest has, when
    an entry is left out for faults of its own.
    """
    return (
        *_undefined(manifest, names, source),
        *_wrong_owners(manifest, source),
        *_group_cycles(manifest, source),
        *_role_cycles(manifest, source),
        *_foreign_inherits(manifest, source),
        *_repeated_items(manifest, source),
        *_repeated_grants(manifest, source),
        *user_collisions(manifest, source),
        *account_collisions(manifest, source),
        *role_collisions(manifest, source),
    )


def _undefined(
    manifest: Manifest, names: Mapping[str, Collection[str]], source: SourceOf
) -> Iterator[Problem]:
    suggester = Suggester(names)
    for section, name, path in references(manifest, names):
        if name not in names[section]:
            message = f'the {SINGULAR[section]} "{name}" is not defined'
            yield Problem(source(*path), message, suggester.hint(section, name))


def _wrong_owners(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    for name, user in manifest.users.items():
        if user.owner == name:
            message = f'"{name}" is its own owner'
            yield Problem(source("users", name, "owner"), message, "name a person, or leave it out")


def _group_cycles(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    edges = {name: group.groups or () for name, group in manifest.groups.items()}
    return _cycles(edges, ("groups", "groups"), source)


def _role_cycles(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    edges = {name: role.includes for name, role in manifest.roles.items()}
    return _cycles(edges, ("roles", "inherits"), source)


def _cycles(
    edges: Mapping[str, Sequence[str]], keys: tuple[str, str], source: SourceOf
) -> Iterator[Problem]:
    section, key = keys
    for cycle in find_cycles(edges):
        start, following = cycle[0], (*cycle, cycle[0])[1]
        place: Path = (section, start, key, list(edges[start]).index(following))
        way = " -> ".join((*cycle, start))
        yield Problem(source(*place), f"the {section} contain each other: {way}", "break the cycle")


def _foreign_inherits(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    for key, role in manifest.roles.items():
        for index, name in enumerate(role.includes):
            inherited = manifest.roles.get(name)
            if inherited is None:
                continue  # it may exist on the target
            here, there = target_of(role, manifest), target_of(inherited, manifest)
            if here and there and here != there:
                message = f'the role "{name}" is on {there}, and "{key}" on {here}'
                hint = "inherit a role of the same target"
                yield Problem(source("roles", key, "inherits", index), message, hint)


def _repeated_items(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    for path, items in lists(manifest):
        if len(set(items)) == len(items):
            continue
        for index, item in enumerate(items):
            first = items.index(item)
            if first != index:
                message = f'"{item}" stands twice in the list'
                hint = f"the first is at {source(*path, first)}"
                yield Problem(source(*path, index), message, hint)


def _repeated_grants(manifest: Manifest, source: SourceOf) -> Iterator[Problem]:
    first: dict[tuple[object, ...], int] = {}
    for index, grant in enumerate(manifest.grants):
        options = grant.admin, grant.inherit, grant.set
        said = grant.user, grant.group, grant.role, grant.from_, grant.until, options
        number = first.setdefault(said, index)
        if number != index:
            hint = f"the first is at {source('grants', number)}"
            yield Problem(source("grants", index), "the same grant stands twice", hint)
