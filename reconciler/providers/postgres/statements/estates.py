"""REASSIGN OWNED and DROP OWNED: what a role owns goes to its heir, what it holds is taken.

Both act on the database in which they run, and on what belongs to the cluster (PostgreSQL docs,
"REASSIGN OWNED" and "DROP OWNED"). DROP OWNED drops what is still owned, so it never runs alone
where there is an heir.
"""

from __future__ import annotations

from psycopg import sql

from reconciler.providers.postgres.statements.statement import quoted


def reassigning(role: str, heir: str) -> sql.Composed:
    """Gives all that the role owns to its heir."""
    return sql.SQL("REASSIGN OWNED BY {} TO {}").format(quoted(role), quoted(heir))


def clearing(role: str) -> sql.Composed:
    """Takes what the role holds, and its default privileges and user mappings."""
    return sql.SQL("DROP OWNED BY {}").format(quoted(role))
