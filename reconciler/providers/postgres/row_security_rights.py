"""What our role may not do with row-level security: the owner's rights, and comparing policies.

Here belongs knowing which right is needed, beside `rights`. Sources: PostgreSQL docs, CREATE
POLICY, ALTER POLICY, DROP POLICY, ALTER TABLE: all of it is the table's owner's; CREATE TABLE: a
temporary one takes TEMPORARY on the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from reconciler.changes import Change
from reconciler.provider import Lack
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.remedies import membership_text, statement_text, text_of
from reconciler.providers.postgres.row_security import Table
from reconciler.providers.postgres.statements import Rendering, render

_KINDS: Final = ("row_security", "policy")
_OWNERS: Final = """
    SELECT rolname::text, rolsuper FROM pg_catalog.pg_roles
     WHERE rolname = ANY (%s) AND NOT pg_catalog.pg_has_role(oid, 'USAGE')
"""
_WITHOUT_TEMPORARY: Final = """
    SELECT datname::text FROM pg_catalog.pg_database
     WHERE datname = ANY (%s) AND NOT pg_catalog.has_database_privilege(oid, 'TEMPORARY')
     ORDER BY 1
"""


def lacking_to_compare(
    connection: Connection, me: str, tables: Collection[Table]
) -> Iterator[Lack]:
    """What is lacking to ask the server how it spells policies. Raises psycopg.Error."""
    databases = sorted({path[0] for path in tables})
    rows = connection.execute(_WITHOUT_TEMPORARY, [databases]).fetchall() if databases else []
    for (name,) in rows:
        what = (
            f"database {name}: policies are compared by means of a temporary table, which needs "
            "TEMPORARY"
        )
        yield Lack(what, statement_text("GRANT TEMPORARY ON DATABASE {} TO {}", str(name), me))


def lacking_for_row_security(
    connection: Connection,
    changes: Sequence[Change],
    owners: Mapping[Table, str],
    rendering: Rendering,
) -> Iterator[Lack]:
    """What is lacking for these changes; `owners` are those of the tables. Raises psycopg.Error."""
    concerned = [(c, owners.get(c.key.path[:3], "")) for c in changes if c.key.kind in _KINDS]
    names = sorted({owner for _, owner in concerned})
    if not names:
        return
    rows = connection.execute(_OWNERS, [names]).fetchall()
    foreign = {str(name): bool(is_superuser) for name, is_superuser in rows}
    for change, owner in concerned:
        if owner in foreign:
            yield _lack(connection, change, owner, rendering, is_superuser=foreign[owner])


def _lack(
    connection: Connection,
    change: Change,
    owner: str,
    rendering: Rendering,
    *,
    is_superuser: bool,
) -> Lack:
    database, schema, table = change.key.path[:3]
    what = f"row security of {schema}.{table} is its owner's to change"
    if is_superuser:
        return Lack(
            f"{what}, and {owner} is a superuser: let a superuser do it",
            text_of(render([change], rendering).statements),
            database,
        )
    text = membership_text(owner, connection.info.user, rendering.version)
    return Lack(f"{what}: that needs membership in {owner}", text)
