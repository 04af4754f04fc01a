"""What an apply would send, as a script for psql: by database and transaction, in order.

Here belongs writing down the steps that `apply` takes; the statements are the same ones. Nothing is
written anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

from psycopg import sql

from reconciler.changes import Change, Handed
from reconciler.providers.postgres.apply import transactions
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.drops import (
    clearings,
    read_estate,
    refusal,
    revoked_by,
    shutting_out,
)
from reconciler.providers.postgres.estates import Connect, Estate
from reconciler.providers.postgres.handed_on import with_handed_on
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.printable_sql import printable_sql
from reconciler.providers.postgres.sessions import accounts_of, whose_sessions
from reconciler.providers.postgres.statements import Rendering, Statement, render
from reconciler.providers.postgres.statements.sessions import ending
from reconciler.providers.postgres.statements.statement import quoted
from reconciler.providers.postgres.tally import Tally
from reconciler.providers.postgres.transactions import batches, read_limits, session_settings
from reconciler.secret import Secret

PASSWORD_MARK: Final = "\ue000a verifier\ue000"
EXPIRY_MARK: Final = "\ue000an expiry\ue000"
"""Stand for what is made by an apply; no name of a person's choosing holds these characters."""

_MADE_LATER: Final = "/* made by apply: this cannot be run by hand */"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_]+")

_Batch = tuple[str, Sequence[Statement]]


class _NoJournal:
    """Nothing is written, so nothing is kept of it."""

    def intend(self, changes: Sequence[Change]) -> None:
        """Keep nothing."""

    def is_stopping(self) -> bool:
        """Nobody asks."""
        return False

    def hand_over(
        self, account: str, password: Secret, expires: str, *, what: Handed = "password"
    ) -> None:
        """There are no passwords."""

    def remember(self, account: str, note: str) -> None:
        """Keep nothing."""


@dataclass(frozen=True, slots=True)
class Place:
    """The cluster that a script is for: how it is reached, and the database that its dsn names."""

    options: PostgresOptions
    connect: Connect
    database: str

    @property
    def connection(self) -> Connection:
        """The connection to the database of the dsn."""
        return self.connect("")


def script(changes: Sequence[Change], rendering: Rendering, place: Place) -> Iterator[str]:
    """The lines of the script. `rendering` has the marks for verifiers. Raises psycopg.Error."""
    if changes:
        yield from _Script(changes, rendering, place).lines()


class _Script:
    """One script in the making; it knows in which database it is."""

    def __init__(self, changes: Sequence[Change], rendering: Rendering, place: Place) -> None:
        self._changes = changes
        self._place = place
        self._named = whose_sessions(changes)
        self._stages = render(changes, rendering)
        self._tally = Tally(changes, self._stages.statements, _NoJournal())
        self._database: str | None = None

    def lines(self) -> Iterator[str]:
        """The transactions, then the roles that are dropped, then sessions of what needs no SQL."""
        locks = read_limits(self._place.connection).locks
        planned: list[_Batch] = [
            (database, batch)
            for database, statements in transactions(self._stages)
            for batch in batches(statements, locks)
        ]
        for number, (database, batch) in enumerate(planned, 1):
            yield from self._in(database)
            yield f"-- transaction {number} of {len(planned)}"
            yield from _transaction(batch)
            yield from self._ended_by(batch)
        for statement in self._stages.dropping:
            yield from self._drop(statement)
        unwritten = (each.change for each in self._tally.unwritten())
        yield from self._ending({n for c in unwritten for n in accounts_of(c, self._named)})

    def _ended_by(self, batch: Sequence[Statement]) -> Iterator[str]:
        """The end of the sessions that changes done with this transaction are to end."""
        self._tally.begin(batch)
        done = [each.change for each in self._tally.end(batch, None)]
        yield from self._ending({n for change in done for n in accounts_of(change, self._named)})

    def _ending(self, accounts: Collection[str]) -> Iterator[str]:
        if accounts:
            yield from self._in("")
            yield _text(ending(accounts))

    def _drop(self, statement: Statement) -> Iterator[str]:
        """A role that is dropped: first its sessions where they end, then what it holds."""
        role = statement.keys[0].path[-1]
        yield from self._in("")
        yield f"-- drop {printable_sql(quoted(role).as_string(None))}"
        estate = read_estate(self._place.connect, role)
        if reason := self._refusal(estate, statement.heir):
            yield f"-- apply refuses to drop it: {_comment(' '.join(reason.split()))}"
            return
        if statement.keys[0].kind == "account":
            for query in shutting_out(statement, estate, is_named=role in self._named):
                yield _text(query)
        estate = with_handed_on(self._place.connect, estate, self._changes)
        for database, queries in groupby(clearings(statement, estate), itemgetter(0)):
            yield from self._in(database)
            yield "BEGIN;"
            yield from (_text(query) for _, query in queries)
            yield "COMMIT;"
        yield from self._in("")
        yield from (_text(query) for query in statement.queries)
        yield from self._ended_by([statement])

    def _refusal(self, estate: Estate, heir: str) -> str:
        """Why it would not be dropped after what stands above."""
        return refusal(self._place.connect, estate, heir, revoked_by(self._changes))

    def _in(self, database: str) -> Iterator[str]:
        """The way to a database, and the settings of its session, unless we are there."""
        name = database or self._place.database
        if name == self._database:
            return
        self._database = name
        yield ""
        yield f"-- database {_comment(name)}"
        yield _connecting(name)
        settings = session_settings(self._place.options, self._place.connection)
        for setting, value in settings.items():
            yield _text(sql.SQL("SET {} = {}").format(sql.SQL(setting), sql.Literal(value)))


def _transaction(batch: Sequence[Statement]) -> Iterator[str]:
    yield "BEGIN;"
    for statement in batch:
        yield from (_text(query) for query in statement.queries)
    yield "COMMIT;"


def _text(query: sql.Composable) -> str:
    """The statement, printable, what an apply makes replaced by what is no SQL."""
    text = query.as_string(None)
    for mark in (PASSWORD_MARK, EXPIRY_MARK):
        text = text.replace(f"'{mark}'", _MADE_LATER)
    return f"{printable_sql(text)};"


def _connecting(database: str) -> str:
    r"""The meta-command `\connect` for a database of whatever name.

    Source: PostgreSQL docs, psql: a name that could be a connection string is taken for one.
    """
    if _PLAIN.fullmatch(database):
        return f"\\connect {database}"
    value = database.replace("\\", "\\\\").replace("'", "\\'")
    conninfo = f"dbname='{value}'".replace('"', '""')
    if not conninfo.isprintable():
        return "\\warn this database cannot be named in a script: connect by hand\n\\quit"
    return f'\\connect -reuse-previous=on "{conninfo}"'


def _comment(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
