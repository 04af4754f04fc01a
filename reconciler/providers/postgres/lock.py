"""The lock that keeps two applies apart: an advisory one, for a whole session.

Advisory locks are per database, so every apply takes it in the database that its dsn names.
"""

from __future__ import annotations

from typing import Final

from reconciler.errors import LockHeldError
from reconciler.providers.postgres.connect import Connection

LOCK_KEY: Final = 0x7265_636F_6E63_696C
"""The letters "reconcil"."""

_TRIES: Final = 3
"""How often the lock is asked for where whoever held it was gone when we asked who it is."""

_HOLDER: Final = """
    SELECT activity.usename::text, activity.pid, host(activity.client_addr),
           to_char(activity.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
      FROM pg_catalog.pg_locks AS locks
      JOIN pg_catalog.pg_stat_activity AS activity ON activity.pid = locks.pid
      JOIN pg_catalog.pg_database AS databases ON databases.oid = locks.database
     WHERE locks.locktype = 'advisory' AND locks.granted AND locks.objsubid = 1
       AND locks.classid::bigint = %s AND locks.objid::bigint = %s
       AND databases.datname = pg_catalog.current_database()
"""
"""pg_locks: a key of 64 bits has its halves in classid and objid, and objsubid 1."""


def take_lock(connection: Connection, target: str) -> None:
    """Take the lock for this session. Raises LockHeldError saying who holds it since when."""
    holder = ""
    for _ in range(_TRIES):
        query = "SELECT pg_catalog.pg_try_advisory_lock(%s)"
        row = connection.execute(query, [LOCK_KEY]).fetchone()
        if row and row[0]:
            return
        holder = _holder(connection)
        if holder:
            break
    said = holder or "it ended this moment; run again"
    raise LockHeldError(
        f"{target}: another reconciler is applying changes: {said}. Nothing was written here."
    )


def _holder(connection: Connection) -> str:
    """Who holds the lock; empty where nobody does any more."""
    halves = [LOCK_KEY >> 32, LOCK_KEY & 0xFFFF_FFFF]
    row = connection.execute(_HOLDER, halves).fetchone()
    if row is None:
        return ""
    name, pid, address, since = row
    where = f" from {address}" if address else ""
    when = f", connected since {since}" if since else ""  # hidden from roles without pg_monitor
    return f"the lock is held by {name}{where} (backend {pid}){when}"


def release_lock(connection: Connection) -> None:
    """Give up the lock; a session that ends gives it up too."""
    connection.execute("SELECT pg_catalog.pg_advisory_unlock_all()")
