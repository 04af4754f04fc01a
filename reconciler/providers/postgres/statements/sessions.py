"""The statement that ends the open sessions of accounts. Running it is `sessions` one level up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from psycopg import sql

TIMEOUT_S: Final = 5
"""How long each session is waited for: it ends at once, unless it is stuck in the server."""

_OPEN: Final = """
    FROM pg_catalog.pg_stat_activity AS activity
    JOIN pg_catalog.pg_roles AS roles ON roles.oid = activity.usesysid
   WHERE roles.rolname IN ({})
     AND (activity.backend_type IS NULL OR activity.backend_type IN ('client backend', 'walsender'))
     AND activity.pid <> pg_catalog.pg_backend_pid()
     AND roles.rolname NOT IN (session_user, current_user)
   ORDER BY roles.rolname, activity.pid
"""
"""Sessions in all databases; never one of our own account. The type is NULL for who may not see the
sessions of others (PostgreSQL docs, pg_stat_activity), and a session must not be overlooked then.
"""

_MAY_END: Final = """
    (pg_catalog.current_setting('is_superuser')::bool OR NOT roles.rolsuper)
    AND (pg_catalog.pg_has_role(roles.oid, 'USAGE')
         OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))
"""
"""PostgreSQL docs, "Server Signaling Functions". Asked first: one session that we may not end would
be an error that saves all the others."""

_END: Final = f"""
  SELECT roles.rolname::text, activity.pid, roles.rolsuper, current_user::text,
         CASE WHEN {_MAY_END} THEN pg_catalog.pg_terminate_backend(activity.pid, {{}}) END
  {_OPEN}
"""


def _compact(query: str) -> sql.SQL:
    return sql.SQL(" ".join(query.split()))


def ending(accounts: Iterable[str]) -> sql.Composed:
    """Ends every session of these accounts. A row for each: account, backend, whether it is that of
    a superuser, who we are, and whether it ended: NULL where we may not end it, false also where it
    was gone already.
    """
    return _compact(_END).format(sql.Literal(TIMEOUT_S * 1000), _literals(accounts))


def still_open(accounts: Iterable[str]) -> sql.Composed:
    """The account and backend of every open session of these accounts."""
    query = _compact(f"SELECT roles.rolname::text, activity.pid {_OPEN}")
    return query.format(_literals(accounts))


def _literals(accounts: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Literal(each) for each in sorted(accounts))
