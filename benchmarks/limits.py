"""The server's own limits: the fewest statements in one pipeline, and one pipelined read.

Here belong the SQL that writes each catalog row once, its timing, and the check of what a catalog
holds afterwards.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

import psycopg

from benchmarks.floor import EDGES, QUERIES, ROLES
from benchmarks.workload import SCHEMAS, TABLES, Change, Workload

_PRIVILEGES = """
SELECT nspname::text, items.privilege_type, items.grantee::regrole::text
  FROM pg_catalog.pg_namespace, aclexplode(nspacl) AS items
 WHERE nspname LIKE 's__' AND items.grantee::regrole::text LIKE 'grp\\_%'
UNION ALL
SELECT relnamespace::regnamespace::text || '.' || relname,
       items.privilege_type, items.grantee::regrole::text
  FROM pg_catalog.pg_class, aclexplode(relacl) AS items
 WHERE relkind = 'r' AND items.grantee::regrole::text LIKE 'grp\\_%'
"""


class WrongCatalogError(Exception):
    """The catalog does not hold what was to be written, so the time it took means nothing."""


def schema_statements() -> list[str]:
    """The statements that make the schemas and their empty tables."""
    result = []
    for schema in SCHEMAS:
        result.append(f"CREATE SCHEMA {schema}")
        result += [f"CREATE TABLE {schema}.{table} (id int)" for table in TABLES]
    return result


def coalesced_statements(workload: Workload) -> list[str]:
    """The whole workload in the fewest statements: a CREATE ROLE each, and the GRANTs.

    What the same groups hold is granted together: one GRANT a privilege on all schemas or tables
    where all hold the same, and one a privilege and thing where they were drawn.
    """
    users = workload.groups_by_user().items()
    return [
        *(f"CREATE ROLE {group} NOLOGIN" for group in workload.groups),
        *(f"CREATE ROLE {user} LOGIN IN ROLE {', '.join(own)}" for user, own in users),
        *_grants(workload),
    ]


def _grants(workload: Workload) -> Iterator[str]:
    holders: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for thing, privilege, group in workload.privileges():
        holders[thing, privilege].append(group)
    alike: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (thing, privilege), each in holders.items():
        alike[privilege, tuple(each)].append(thing)
    for (privilege, groups), things in alike.items():
        kind = "TABLE" if "." in things[0] else "SCHEMA"
        yield f"GRANT {privilege} ON {kind} {', '.join(things)} TO {', '.join(groups)}"


def change_statements(change: Change) -> list[str]:
    """The change of one percent: a CREATE ROLE, and a GRANT and a REVOKE for each swap."""
    return [
        f"CREATE ROLE {change.new_user} LOGIN IN ROLE {change.after.groups[0]}",
        *(f"GRANT {group} TO {user}" for group, user in change.gained),
        *(f"REVOKE {group} FROM {user}" for group, user in change.lost),
    ]


def write_s(dsn: str, statements: Sequence[str]) -> float:
    """Seconds for the statements in one transaction and one pipeline, without connecting."""
    encoded = [statement.encode() for statement in statements]
    with _connected(dsn) as connection:
        start = time.perf_counter()
        with connection.transaction(), connection.pipeline():
            cursor = connection.cursor()
            for statement in encoded:
                cursor.execute(statement)
        return time.perf_counter() - start


def read_s(dsn: str) -> float:
    """Seconds for the floor's four reads in one pipeline, without connecting."""
    with _connected(dsn) as connection:
        start = time.perf_counter()
        with connection.pipeline():
            cursors = [connection.execute(query.encode()) for query in QUERIES]
            for cursor in cursors:
                cursor.fetchall()
        return time.perf_counter() - start


def settle(dsn: str) -> None:
    """Let the server write what it still has to, so that it falls into nobody's measurement."""
    with _connected(dsn) as connection:
        connection.execute("CHECKPOINT")


def check_catalog(dsn: str, workload: Workload, who: str) -> None:
    """Raise WrongCatalogError unless roles, edges and privileges are just the workload's."""
    with _connected(dsn) as connection:
        roles = {name for _, name in connection.execute(ROLES.encode())} - {"postgres"}
        edges = set(connection.execute(EDGES.encode()))
        privileges = set(connection.execute(_PRIVILEGES.encode()))
    faults = []
    if roles != {*workload.users, *workload.groups}:
        faults.append(f"{len(roles)} roles, not those {workload.role_count}")
    if edges != set(workload.edges):
        faults.append(f"{len(edges)} edges, not those {len(workload.edges)}")
    if privileges != (asked := set(workload.privileges())):
        faults.append(f"{len(privileges)} privileges, not those {len(asked)}")
    if faults:
        raise WrongCatalogError(f"after {who} the catalog has {'; '.join(faults)}")


def _connected(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(dsn, autocommit=True, prepare_threshold=None)
