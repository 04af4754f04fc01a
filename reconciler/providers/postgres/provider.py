"""The open PostgreSQL provider: its connections, and what was read last.

Everything it does is in its sibling modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Final, LiteralString

import psycopg

from reconciler.changes import Change, Journal, Outcome
from reconciler.clock import utc_now
from reconciler.errors import TargetError
from reconciler.provider import Identity, Rights, Warned
from reconciler.providers.postgres.apply import Application, Work, sent
from reconciler.providers.postgres.connect import Connection, connect, describe, read_error
from reconciler.providers.postgres.estates import Estate
from reconciler.providers.postgres.footing import read_footing
from reconciler.providers.postgres.grantees import long_lists
from reconciler.providers.postgres.leaving import obstacles, read_leaving
from reconciler.providers.postgres.lock import release_lock, take_lock
from reconciler.providers.postgres.normalize import normalize
from reconciler.providers.postgres.observe import (
    ClusterRows,
    DatabaseRows,
    Row,
    catalog_query,
    columns_held,
    delegations,
    grantors,
    passed_on,
    read_database,
    read_rows,
    to_state,
)
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.rights import lacking, lacking_to_connect, md5_remark
from reconciler.providers.postgres.role_details import wanted_details
from reconciler.providers.postgres.script import EXPIRY_MARK, PASSWORD_MARK, Place, script
from reconciler.providers.postgres.statements import Rendering, render
from reconciler.providers.postgres.survey import take_survey
from reconciler.scope import Scope
from reconciler.secret import Redactor
from reconciler.state import State
from reconciler.survey import Survey

_HIDDEN: Final = ("***", "(in password_days)")


def open_postgres(target: str, options: PostgresOptions) -> PostgresProvider:
    """A provider for the cluster of these options. It connects when it is first asked something."""
    return PostgresProvider(target, options)


class PostgresProvider:
    """One cluster. Connections are opened as they are needed and kept until `close`."""

    def __init__(self, target: str, options: PostgresOptions) -> None:
        self.target = target
        self.options = options
        self._connections: dict[str, Connection] = {}
        self._rows: tuple[ClusterRows, Sequence[DatabaseRows]] | None = None
        self._estates: Mapping[str, Estate] = {}

    def __repr__(self) -> str:
        return f"PostgresProvider({self.target!r})"

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    # Connections

    @cached_property
    def _database(self) -> str:
        """The database the dsn leads to."""
        return self._connection().info.dbname

    @cached_property
    def _version(self) -> int:
        return self._connection().info.server_version

    def _connection(self, database: str = "") -> Connection:
        """The open connection to a database; the dsn's own for its name and for the empty one."""
        name = "" if database and database == self._database else database
        known = self._connections.get(name)
        if known is None or known.closed:
            known = self._connections[name] = connect(self.target, self.options, name)
        return known

    # Reading

    def identify(self) -> Identity:
        """PostgreSQL's version, our role, the roles nobody may touch, and the cluster's number."""
        connection = self._connection()
        try:
            row = connection.execute(catalog_query("identity")).fetchone()
            assert row is not None
            account, untouchable, tells_place = row
            place = connection.execute(catalog_query("place")).fetchone() if tells_place else None
        except psycopg.Error as error:
            raise read_error(self.target, error) from None
        assert isinstance(untouchable, list)
        version = f"{self._version // 10000}.{self._version % 10000}"
        names = frozenset(untouchable)
        return Identity("PostgreSQL", version, str(account), names, str(place[0]) if place else "")

    def observe(self, scope: Scope) -> State:
        """Roles and edges of the cluster, and what declared roles hold in declared databases."""
        timeout_s = self.options.statement_timeout_s
        kinds = scope.object_kinds | wanted_details(scope)
        own = self._database if self._database in scope.servers else ""
        try:
            cluster, first = read_rows(self._connection(), own, kinds, timeout_s)
            present = {str(name) for name, *_ in cluster.databases}
            rows: list[DatabaseRows] = [first] if first else []
            for database in sorted((scope.servers & present) - {self._database}):
                connection = self._connection(database)
                rows.append(read_database(connection, database, kinds, timeout_s))
        except psycopg.Error as error:
            raise read_error(self.target, error) from None
        self._rows = cluster, rows
        return to_state(cluster, rows, scope)

    def survey(self, servers: Sequence[str]) -> Survey:
        """All roles and edges, and what is held in these databases; without any, in all."""
        timeout_s = self.options.statement_timeout_s
        return take_survey(self.identify(), self._connection, servers, timeout_s)

    def normalize(self, desired: State, observed: State) -> State:
        """Desired in catalog spelling, for this server's version."""
        return normalize(self.target, desired, observed, self._version)

    # Changes

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The new login accounts, unless the option `passwords` is none."""
        if self.options.passwords == "none":
            return ()
        return tuple(
            change.key.path[-1]
            for change in changes
            if change.key.kind == "account" and change.action == "create"
        )

    def obstacles(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """What roles own that these changes drop, who gets it, and why one would not be dropped."""
        try:
            leaving = read_leaving(self._connection, changes)
            self._estates = leaving.estates if leaving else {}
            return tuple(obstacles(self._connection, leaving)) if leaving else ()
        except psycopg.Error as error:
            raise read_error(self.target, error) from None

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The statements, in order, each password replaced by stars."""
        verifiers = dict.fromkeys(self.new_passwords(changes), _HIDDEN)
        stages = render(changes, self._rendering(verifiers))
        queries = sent(stages, changes, self._estates)
        return tuple(query.as_string(None) + ";" for query in queries)

    def script(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """What an apply would do, for psql; what stands for passwords cannot be run."""
        verifiers = dict.fromkeys(self.new_passwords(changes), (PASSWORD_MARK, EXPIRY_MARK))
        place = Place(self.options, self._connection, self._database)
        try:
            return tuple(script(changes, self._rendering(verifiers), place))
        except psycopg.Error as error:
            raise read_error(self.target, error) from None

    # Examining

    def clock(self) -> datetime:
        """The server's time."""
        ((found,),) = self._asked("SELECT pg_catalog.clock_timestamp()")
        assert isinstance(found, datetime)
        return found

    def lacking_to_read(self, scope: Scope) -> Rights:
        """CONNECT, where our role has it not: the catalogs themselves are open to everybody."""
        names = {"names": sorted(scope.servers)}
        shut = [str(name) for (name,) in self._asked(catalog_query("rights_databases"), names)]
        return lacking_to_connect(self.identify().account, shut)

    def lacking(self, changes: Sequence[Change]) -> Rights:
        """What our role may not do of these changes, and the statements that would let it."""
        rendering = self._rendering({})
        try:
            found = read_footing(changes, rendering.grantors or {}, self._connection)
        except psycopg.Error as error:
            raise read_error(self.target, error) from None
        return lacking(changes, found, rendering)

    def remarks(self) -> tuple[str, ...]:
        """Who has a password stored as MD5, where we may see that."""
        ((may_see,),) = self._asked(
            "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')"
        )
        rows = self._asked(catalog_query("rights_md5")) if may_see else []
        return md5_remark([str(name) for (name,) in rows])

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """The objects whose ACL comes near to what PostgreSQL can hold."""
        return () if self._rows is None else long_lists(*self._rows, changes)

    def _asked(
        self, query: LiteralString | bytes, given: Mapping[str, object] | None = None
    ) -> list[Row]:
        """The rows of a query that only reads. Raises TargetError."""
        try:
            return self._connection().execute(query, given).fetchall()
        except psycopg.Error as error:
            raise read_error(self.target, error) from None

    def _rendering(self, verifiers: Mapping[str, tuple[str, str]]) -> Rendering:
        if self._rows is None:
            return Rendering(self._version, verifiers=verifiers)
        cluster, databases = self._rows
        return Rendering(
            self._version,
            grantors(cluster.memberships),
            delegations(cluster, databases),
            verifiers,
            passed_on(cluster, databases),
            columns_held(databases),
        )

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Run the changes under the cluster's lock: whole or not at all in a single database.

        Every connection is open before anything is written.
        """
        connection = self._connection()
        work = Work(changes, self.new_passwords(changes), journal)
        hide = Redactor.of(self.options.secrets())
        try:
            take_lock(connection, self.target)
            application = Application(self.options, self._connection, self._rendering({}))
            for outcome in application.outcomes(work, utc_now()):
                yield replace(outcome, message=hide(outcome.message))
        except psycopg.Error as error:
            raise TargetError(self.target, hide(describe(error))) from None
        finally:
            if not connection.closed:
                with suppress(psycopg.Error):  # then the session ends, and the lock with it
                    release_lock(connection)
