"""The workload, and a large list of people, as manifests.

Here belongs writing them. They are plain text, without YAML's anchors: a parser gets every rule of
every role to read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks.workload import SCHEMAS, TABLES, Rights, Workload

DSN_VARIABLE: Final = "BENCHMARK_DSN"
DATABASE: Final = "bench"

_MEMBERS = 100
"""Users in a group of the list of people."""

_HEAD: Final = f"""\
version: 1
targets:
  cluster:
    provider: postgres
    options: {{dsn: {{env: {DSN_VARIABLE}}}, passwords: none}}
servers:
  bench: {{target: cluster, database: {DATABASE}}}
"""


def workload_manifest(workload: Workload) -> str:
    """The workload as a manifest: its groups are roles, and each edge is a grant.

    A group of the manifest holds no privileges of its own; a role does, so this gives exactly the
    workload's roles and edges and none beside.
    """
    return "".join([_HEAD, *_users(workload), *_roles(workload), *_grants(workload)])


def _users(workload: Workload) -> Iterator[str]:
    yield "users:\n"
    yield from (f"  {user}: {{}}\n" for user in workload.users)


def _roles(workload: Workload) -> Iterator[str]:
    yield "roles:\n"
    for group in workload.groups:
        rules = "".join(_rules(workload.rights[group]))
        yield f"  {group}:\n    server: bench\n    privileges:\n{rules}"


def _rules(rights: Rights) -> Iterator[str]:
    """A rule for each schema, and one for each set of privileges on tables of it."""
    for schema, tables in rights.items():
        yield f"      - {{schema: {schema}, allow: [usage]}}\n"
        alike: dict[tuple[str, ...], list[str]] = {}
        for table, privileges in tables.items():
            alike.setdefault(privileges, []).append(table)
        for privileges, names in alike.items():
            listed = '"*"' if len(names) == len(TABLES) else f"[{', '.join(names)}]"
            allowed = ", ".join(privileges).lower()
            yield f"      - {{schema: {schema}, tables: {listed}, allow: [{allowed}]}}\n"


def _grants(workload: Workload) -> Iterator[str]:
    yield "grants:\n"
    yield from (f"  - {{user: {user}, role: {group}}}\n" for group, user in workload.edges)


def people_manifest(count: int) -> str:
    """A manifest of so many people in groups, each with a grant: ten lines a person."""
    return "".join([_HEAD, *_people(count), *_groups(count), *_people_grants(count)])


def _people(count: int) -> Iterator[str]:
    yield "users:\n"
    for number in range(count):
        yield (
            f"  person{number:05}:\n"
            f"    name: Person Number {number:05}\n"
            f"    email: person{number:05}@example.org\n"
            f"    state: active\n"
            f"    description: Works in team {number // _MEMBERS}\n"
        )


def _groups(count: int) -> Iterator[str]:
    yield "groups:\n"
    for first in range(0, count, _MEMBERS):
        yield f"  team{first // _MEMBERS:04}:\n    members:\n"
        last = min(first + _MEMBERS, count)
        yield from (f"      - person{number:05}\n" for number in range(first, last))


def _people_grants(count: int) -> Iterator[str]:
    yield "roles:\n  reader:\n    server: bench\n    privileges:\n"
    yield f"      - {{schema: {SCHEMAS[0]}, allow: [usage]}}\n"
    yield "grants:\n"
    for number in range(count):
        yield (
            f"  - user: person{number:05}\n"
            f"    role: reader\n"
            f"    reason: TICKET-{number}\n"
            f"    until: 2035-12-31T00:00:00Z\n"
        )
