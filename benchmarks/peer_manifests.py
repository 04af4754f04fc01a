"""The workload of equal rights, as other programs want it written.

Here belong their spellings, learned from their documentation: pgbedrock 0.4 ("Spec Overview"),
ldap2pg 5.9 ("Managing roles", "Managing privileges"), pgsesame 0.4 (its README).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.manifests import DATABASE
from benchmarks.workload import SCHEMAS, Workload


def pgbedrock_spec(workload: Workload, present: str) -> str:
    """A spec of the workload behind what `pgbedrock generate` said of the empty server: it wants to
    know of every role, schema and table that is there.
    """
    schemas, tables = list(SCHEMAS), [f'"{schema}.*"' for schema in SCHEMAS]
    rights = (
        f"    privileges:\n        schemas: {{read: {_flow(schemas)}}}\n"
        f"        tables: {{read: {_flow(tables)}}}\n"
    )
    lines = [f"{group}:\n{rights}" for group in workload.groups]
    for user, groups in workload.groups_by_user().items():
        lines.append(f"{user}:\n    can_login: yes\n    member_of: {_flow(groups)}\n")
    return f"{present}\n{''.join(lines)}"


def ldap2pg_config(workload: Workload, present: str) -> str:
    """A configuration without any directory; only the roles of the workload are managed."""
    del present  # it looks for itself
    return "".join(_ldap2pg_lines(workload))


def _ldap2pg_lines(workload: Workload) -> Iterator[str]:
    groups = _flow(workload.groups)
    yield (
        "version: 5\n"
        "postgres:\n"
        f"  databases_query: [{DATABASE}]\n"
        f"  schemas_query: {_flow(SCHEMAS)}\n"
        "  managed_roles_query: |\n"
        "    SELECT rolname FROM pg_catalog.pg_roles WHERE rolname ~ '^(grp|usr)_'\n"
        "  owners_query: [postgres]\n"
        "privileges:\n"
        "  reading: [__usage_on_schemas__, __select_on_tables__]\n"
        "sync_map:\n"
        f"- roles:\n  - names: {groups}\n    options: NOLOGIN\n"
    )
    yield "- roles:\n"
    for user, own in workload.groups_by_user().items():
        yield f"  - {{names: [{user}], options: LOGIN, parents: {_flow(own)}}}\n"
    yield f"- grant: {{privilege: reading, database: {DATABASE}, roles: {groups}}}\n"


def pgsesame_spec(workload: Workload, present: str) -> str:
    """A spec of the principals of the workload; it manages what it names."""
    del present  # it leaves alone what it is not told of
    schemas, tables = list(SCHEMAS), [f'"{schema}.*"' for schema in SCHEMAS]
    rights = (
        f"    privileges:\n      schemas: {{usage: {_flow(schemas)}}}\n"
        f"      tables: {{select: {_flow(tables)}}}\n"
    )
    lines = ["version: 1\nengine: postgres\nprincipals:\n"]
    lines += (f"  {group}:\n    type: role\n{rights}" for group in workload.groups)
    for user, groups in workload.groups_by_user().items():
        lines.append(f"  {user}: {{type: user, member_of: {_flow(groups)}}}\n")
    return "".join(lines)


def _flow(items: Sequence[str]) -> str:
    return f"[{', '.join(items)}]"
