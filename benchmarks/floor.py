"""The least that a Python process can do to find that nothing has changed. Run as a script.

It reads the manifest of a workload with PyYAML's C parser, connects, reads roles, edges and
privileges in one pipeline, and subtracts sets of facts: roles, edges, and pairs of role and object.
It checks nothing, knows no line numbers and makes no plan: the product does all that and is
measured against this. Prints how many facts differ.

Usage: python floor.py MANIFEST, with the connection string in BENCHMARK_DSN.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

if __name__ == "__main__":
    gc.disable()  # without the garbage collector, importing is faster too

import psycopg
import yaml

ROLES = "SELECT oid, rolname::text FROM pg_catalog.pg_roles WHERE rolname NOT LIKE 'pg\\_%'"
EDGES = """
SELECT roles.rolname::text, members.rolname::text
  FROM pg_catalog.pg_auth_members AS edges
  JOIN pg_catalog.pg_roles AS roles ON roles.oid = edges.roleid
  JOIN pg_catalog.pg_roles AS members ON members.oid = edges.member
 WHERE members.rolname NOT LIKE 'pg\\_%'
"""
SCHEMAS = "SELECT nspname::text, nspacl::text FROM pg_catalog.pg_namespace WHERE nspname LIKE 's__'"
RELATIONS = """
SELECT relowner, relacl::text, array_agg(relnamespace::regnamespace::text || '.' || relname)
  FROM pg_catalog.pg_class
 WHERE relkind = 'r' AND relnamespace >= 16384
 GROUP BY relowner, relacl::text
"""
QUERIES = (ROLES, EDGES, SCHEMAS, RELATIONS)
"""The fewest and cheapest questions: equal access control lists of tables come once."""

_Event = Any  # PyYAML's events have no type stubs


def _build(next_event: Callable[[], _Event], event: _Event) -> Any:  # whatever the YAML says
    """Plain data of one node, from the parser's events; every value is text."""
    if event.__class__ is yaml.ScalarEvent:
        return event.value
    if event.__class__ is yaml.MappingStartEvent:
        result = {}
        while (event := next_event()).__class__ is not yaml.MappingEndEvent:
            key = event.value
            event = next_event()
            is_text = event.__class__ is yaml.ScalarEvent
            result[key] = event.value if is_text else _build(next_event, event)
        return result
    items = []
    while (event := next_event()).__class__ is not yaml.SequenceEndEvent:
        items.append(_build(next_event, event))
    return items


def _load(path: str) -> Any:  # whatever the YAML says
    with open(path, "rb") as file:
        next_event = yaml.CSafeLoader(file.read().decode()).get_event
    next_event()  # the start of the stream
    next_event()  # the start of the document
    return _build(next_event, next_event())


def _main() -> None:
    manifest = _load(sys.argv[1])
    with (
        psycopg.connect(os.environ["BENCHMARK_DSN"], autocommit=True) as connection,
        connection.pipeline(),
    ):
        cursors = [connection.execute(query.encode()) for query in QUERIES]
        roles, edges, schemas, relations = [cursor.fetchall() for cursor in cursors]
    desired = {*manifest["users"], *manifest["roles"]}
    desired_edges = {(grant["role"], grant["user"]) for grant in manifest["grants"]}
    observed = {name for _, name in roles if name != "postgres"}
    tables = [name for _, _, names in relations for name in names]
    differing = len(desired ^ observed) + len(desired_edges ^ set(edges))
    differing += len(_asked(manifest["roles"], tables) ^ _granted(schemas, relations))
    print(f"{differing} differ; {len(schemas)} schemas, {len(relations)} kinds of table")


def _asked(roles: Any, tables: list[str]) -> set[tuple[str, str]]:  # roles as the YAML has them
    """Pairs of role and schema or table: what each role holds anything on."""
    by_schema: dict[str, list[str]] = {}
    for table in tables:
        by_schema.setdefault(table.partition(".")[0], []).append(table)
    facts: set[tuple[str, str]] = set()
    for name, role in roles.items():
        for rule in role["privileges"]:
            schema, named = rule["schema"], rule.get("tables")
            if named is None:
                objects = [schema]
            else:
                objects = by_schema[schema] if named == "*" else [f"{schema}.{t}" for t in named]
            facts.update((name, each) for each in objects)
    return facts


def _granted(schemas: Any, relations: Any) -> set[tuple[str, str]]:  # rows of two queries
    """The same pairs as the server has them."""
    facts: set[tuple[str, str]] = set()
    for name, acl in schemas:
        facts.update((holder, name) for holder in _holders(acl))
    for _, acl, names in relations:
        for holder in _holders(acl):
            facts.update((holder, name) for name in names)
    return facts


def _holders(acl: str | None) -> list[str]:
    """Who an access control list names, but for the owner; plain names, without quotes."""
    items = (item.partition("=")[0] for item in (acl or "{}")[1:-1].split(","))
    return [holder for holder in items if holder not in ("", "postgres")]


if __name__ == "__main__":
    _main()
