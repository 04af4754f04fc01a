"""One statement, what rendering has to know beside the changes, and quoted names.

Here belongs what the siblings share. No connection, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from psycopg import sql

from reconciler.providers.postgres.edges import Grantors
from reconciler.providers.postgres.entering import Catalogs
from reconciler.providers.postgres.standing_grants import ColumnsHeld, Delegations
from reconciler.state import Fields, Key

COMMA: Final = sql.SQL(", ")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, the records it writes, and the database it must run in (empty: any of them).

    `as_role` is whom it must be run as, or empty; `heir`, where it drops a role, who gets what that
    owns. `locks` is how many entries of the server's lock table it may take until the transaction
    ends. `then` is sent with it, in the same transaction: what it would undo and nobody asked for.
    `lent` are schemas that `as_role` may not enter: it gets USAGE on them for this statement alone.
    """

    query: sql.Composed = field(repr=False)
    keys: tuple[Key, ...]
    database: str = ""
    as_role: str = ""
    then: tuple[sql.Composed, ...] = field(default=(), repr=False, kw_only=True)
    heir: str = ""
    locks: int = 1
    lent: tuple[str, ...] = ()

    @property
    def queries(self) -> tuple[sql.Composed, ...]:
        """What is sent, in order: the statement, with the change of role around it."""
        if not self.as_role:
            return (self.query, *self.then)
        role = quoted(self.as_role)
        start = sql.SQL("SET LOCAL ROLE {}").format(role)
        own = (start, self.query, sql.SQL("RESET ROLE").format())
        if not self.lent:
            return (*own, *self.then)
        schemas = quoted_list(self.lent)
        lending = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schemas, role)
        ending = sql.SQL("REVOKE USAGE ON SCHEMA {} FROM {}").format(schemas, role)
        return (lending, *own, ending, *self.then)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What rendering needs to know beside the changes.

    `grantors` are those of every edge that is there, each with what its edge gives, or None where
    nobody has read them.
    `policies` has those of tables that are there. `delegations` says who granted what else than in
    the owner's name, `columns` what is held on columns, `catalogs` has the rows that all this was
    read from. `verifiers` holds for accounts that get a password its verifier, and the expiry that
    comes with it or an empty text.
    """

    version: int
    grantors: Grantors | None = None
    delegations: Delegations = field(default_factory=Delegations)
    verifiers: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    columns: ColumnsHeld = field(default_factory=dict)
    policies: Mapping[Key, Fields] = field(default_factory=dict)
    catalogs: Catalogs | None = field(default=None, repr=False)


@lru_cache(maxsize=200_000)
def quoted(name: str) -> sql.SQL:
    """A quoted identifier, rendered once: thousands of statements name the same roles."""
    return sql.SQL(sql.Identifier(name).as_string(None))


def quoted_list(names: Iterable[str]) -> sql.Composed:
    """Quoted identifiers with commas between them."""
    return COMMA.join(quoted(name) for name in names)
