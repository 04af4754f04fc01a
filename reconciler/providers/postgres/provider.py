"""The open PostgreSQL provider: its connections, and what was read last.

Everything it does is in its sibling modules. Those that a plan without changes does not need are
imported by the methods that do: for SQL, passwords, policies and roles that leave, and to apply, to
examine and to import. That saves 0.03 s of each such plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

import psycopg

from reconciler.changes import Change, Journal, Outcome
from reconciler.clock import utc_now
from reconciler.errors import CannotHoldError, TargetError
from reconciler.passwords import Marks, PasswordMark, Standing
from reconciler.provider import Identity, Rights, Warned
from reconciler.providers.password_accounts import accounts_given, accounts_renewed
from reconciler.providers.postgres.connect import Connection, connect, describe, read_error
from reconciler.providers.postgres.edges import grantors
from reconciler.providers.postgres.grantees import long_lists
from reconciler.providers.postgres.identity import read_identity
from reconciler.providers.postgres.normalize import normalize
from reconciler.providers.postgres.object_details import wanted_object_details
from reconciler.providers.postgres.observe import (
    ClusterRows,
    DatabaseRows,
    read_database,
    read_rows,
    to_state,
)
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.public import wanted_for_public
from reconciler.providers.postgres.role_details import wanted_details
from reconciler.providers.postgres.row_security import RowSecurity, read_row_security
from reconciler.providers.postgres.watch import wanted_at_places
from reconciler.scope import Scope
from reconciler.secret import Redactor, Secret
from reconciler.state import PRINCIPAL_KINDS, Key, State

if TYPE_CHECKING:
    from reconciler.providers.postgres.estates import Estate
    from reconciler.providers.postgres.policy_spelling import PolicySpelling
    from reconciler.providers.postgres.statements import Rendering
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
        self._account = ""
        self._rows: tuple[ClusterRows, Sequence[DatabaseRows]] | None = None
        self._accounts: frozenset[str] = frozenset()
        self._estates: Mapping[str, Estate] = {}
        self._row_security = RowSecurity()
        self._given: Mapping[str, Secret] = {}
        self._reads_passwords = False
        self._marks: dict[str, PasswordMark] = {}

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

    @cached_property
    def _spelling(self) -> PolicySpelling:
        """What is known of the spelling of policies; made for the first that is asked."""
        from reconciler.providers.postgres.policy_spelling import PolicySpelling

        return PolicySpelling(self._connection, self.options.statement_timeout_s)

    @property
    def _has_policies(self) -> bool:
        return "_spelling" in self.__dict__

    # Reading

    def identify(self) -> Identity:
        """PostgreSQL's version, our role, the roles nobody may touch, and the cluster's number."""
        try:
            identity = read_identity(self._connection())
        except psycopg.Error as error:
            raise read_error(self.target, error) from None
        self._account = identity.account
        return identity

    def observe(self, scope: Scope) -> State:
        """Roles and edges of the cluster, and what declared roles hold in declared databases."""
        timeout_s = self.options.statement_timeout_s
        kinds = scope.object_kinds | wanted_details(scope) | wanted_for_public(scope)
        kinds |= wanted_object_details(scope)
        kinds |= wanted_at_places(scope, kinds)
        own = self._database if self._database in scope.servers else ""
        try:
            cluster, first = read_rows(self._connection(), own, kinds, timeout_s)
            present = {str(name) for name, *_ in cluster.databases}
            rows: list[DatabaseRows] = [first] if first else []
            for database in sorted((scope.servers & present) - {self._database}):
                connection = self._connection(database)
                rows.append(read_database(connection, database, kinds, timeout_s))
            if scope.row_security or self._row_security.records:
                self._row_security = read_row_security(self._connection, present, scope, timeout_s)
        except psycopg.Error as error:
            raise read_error(self.target, error) from None
        self._rows, self._accounts = (cluster, rows), scope.accounts
        found = to_state(cluster, rows, scope)
        more = self._row_security.records
        if self._has_policies:
            self._spelling.begin(more)
        return State({**found.records, **more}) if more else found

    def survey(self, servers: Sequence[str]) -> Survey:
        """All roles and edges, and what is held in these databases; without any, in all."""
        from reconciler.providers.postgres.survey import take_survey

        timeout_s = self.options.statement_timeout_s
        return take_survey(self.identify(), self._connection, servers, timeout_s)

    def normalize(self, desired: State, observed: State) -> State:
        """Desired in catalog spelling, for this server's version.

        Where policies are in other words than those there, the server is asked what theirs are.
        """
        spelled = desired
        refused: tuple[tuple[Key, str], ...] = ()
        if any(key[0] == "policy" for key in desired.records):
            try:
                spelled = self._spelling.spelled(desired, observed)
            except psycopg.Error as error:
                raise read_error(self.target, error) from None
            refused = tuple(self._spelling.faults)
        try:
            normalized = normalize(self.target, spelled, observed, self._version)
        except CannotHoldError as error:
            faults = sorted({*refused, *error.faults})
            raise CannotHoldError(self.target, faults, error.absent) from None
        if refused:
            raise CannotHoldError(self.target, sorted(refused))
        return normalized

    def doubts(self) -> Mapping[Key, Mapping[str, str]]:
        """The expressions of policies that nobody can compare with those that are there."""
        return self._spelling.doubts if self._has_policies else {}

    # Changes

    def new_passwords(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The new login accounts that are given none, and those for which somebody asked for one;
        nobody where the option `passwords` is none.
        """
        return accounts_renewed(changes, is_made=self.options.passwords == "temporary")

    def compare_passwords(
        self, given: Mapping[str, Secret], marks: Marks
    ) -> Mapping[str, Standing]:
        """How these passwords stand, from pg_authid, or where that is closed from the marks."""
        from reconciler.providers.postgres.password_reading import compare

        self._given = given
        try:
            found = compare(self._connection(), given, {**marks, **self._marks})
        except psycopg.Error as error:
            raise read_error(self.target, error) from None
        self._reads_passwords = found.is_readable
        self._marks.update(found.marks)
        return found.standings

    def password_marks(self) -> Marks:
        """Of passwords that were set, or found as they are given: their salts, above all."""
        return dict(self._marks)

    def obstacles(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """What roles own that these changes drop, who gets it, and why one would not be dropped."""
        if not any(c.action == "delete" and c.key.kind in PRINCIPAL_KINDS for c in changes):
            self._estates = {}
            return ()
        from reconciler.providers.postgres.leaving import obstacles, read_leaving

        try:
            leaving = read_leaving(self._connection, changes)
            self._estates = leaving.estates if leaving else {}
            return tuple(obstacles(self._connection, leaving)) if leaving else ()
        except psycopg.Error as error:
            raise read_error(self.target, error) from None

    def preview(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """The statements, in order, each password replaced by stars."""
        from reconciler.providers.postgres.apply import sent
        from reconciler.providers.postgres.statements import render

        verifiers = dict.fromkeys(self.new_passwords(changes), _HIDDEN)
        verifiers.update(dict.fromkeys(accounts_given(changes), (_HIDDEN[0], "")))
        stages = render(changes, self._rendering(verifiers))
        queries = sent(stages, changes, self._estates)
        return tuple(query.as_string(None) + ";" for query in queries)

    def script(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """What an apply would do, for psql; what stands for passwords cannot be run."""
        from reconciler.providers.postgres.script import (
            EXPIRY_MARK,
            PASSWORD_MARK,
            Place,
            script,
        )

        verifiers = dict.fromkeys(self.new_passwords(changes), (PASSWORD_MARK, EXPIRY_MARK))
        verifiers.update(dict.fromkeys(accounts_given(changes), (PASSWORD_MARK, "")))
        place = Place(self.options, self._connection, self._database)
        try:
            return tuple(script(changes, self._rendering(verifiers), place))
        except psycopg.Error as error:
            raise read_error(self.target, error) from None

    # Examining

    def clock(self) -> datetime:
        """The server's time."""
        try:
            row = self._connection().execute("SELECT pg_catalog.clock_timestamp()").fetchone()
        except psycopg.Error as error:
            raise read_error(self.target, error) from None
        assert row is not None
        (found,) = row
        assert isinstance(found, datetime)
        return found

    def lacking_to_read(self, scope: Scope) -> Rights:
        """CONNECT, and TEMPORARY to compare policies: the catalogs are open to everybody."""
        from reconciler.providers.postgres.examining import lacking_to_read

        account = self.identify().account
        try:
            return lacking_to_read(self._connection(), account, scope)
        except psycopg.Error as error:
            raise read_error(self.target, error) from None

    def lacking(self, changes: Sequence[Change]) -> Rights:
        """What our role may not do of these changes, and the statements that would let it."""
        from reconciler.providers.postgres.examining import lacking_to_apply

        owners = self._row_security.owners
        try:
            return lacking_to_apply(self._connection, changes, self._rendering({}), owners)
        except psycopg.Error as error:
            raise read_error(self.target, error) from None

    def remarks(self) -> tuple[str, ...]:
        """Who has a password stored as MD5, where we may see that, and whose server it is."""
        from reconciler.providers.postgres.examining import remarks

        try:
            return remarks(self._connection())
        except psycopg.Error as error:
            raise read_error(self.target, error) from None

    def warnings(self, changes: Sequence[Change]) -> tuple[Warned, ...]:
        """Whom the changes shut out, what only a superuser could write, and the objects whose ACL
        is nearly too long.
        """
        if self._rows is None:
            return ()
        of_changes = self._warnings_of_changes(changes, self._rows[0]) if changes else ()
        spelling = self._spelling.warnings() if self._has_policies else ()
        return (*of_changes, *long_lists(*self._rows, changes), *spelling)

    def _warnings_of_changes(
        self, changes: Sequence[Change], cluster: ClusterRows
    ) -> Iterator[Warned]:
        from reconciler.providers.postgres.powers import out_of_reach
        from reconciler.providers.postgres.shut_databases import Callers, shut_out

        callers = Callers(self._connection().info.user, self._accounts)
        yield from out_of_reach(changes, cluster.roles, self._account, self._version)
        yield from shut_out(cluster, changes, callers, self._version)

    def _note_password(self, outcome: Outcome, marks: Marks) -> None:
        """Remember the password that a change set; one that may not have been is not forgotten."""
        key = outcome.change.key
        if (
            key.kind == "account"
            and key.path[-1] in marks
            and outcome.status in ("done", "unknown")
        ):
            self._marks[key.path[-1]] = marks[key.path[-1]]

    def _rendering(self, verifiers: Mapping[str, tuple[str, str]]) -> Rendering:
        from reconciler.providers.postgres.standing_grants import columns_held, delegations
        from reconciler.providers.postgres.statements import Rendering

        if self._rows is None:
            return Rendering(self._version, verifiers=verifiers)
        cluster, databases = self._rows
        return Rendering(
            self._version,
            grantors(cluster.memberships),
            delegations(cluster, databases),
            verifiers,
            columns_held(databases),
            self._row_security.records,
            self._rows,
        )

    def apply(self, changes: Sequence[Change], journal: Journal) -> Iterator[Outcome]:
        """Run the changes under the cluster's lock: whole or not at all in a single database.

        Every connection is open before anything is written.
        """
        from reconciler.providers.postgres.apply import Application, Work
        from reconciler.providers.postgres.lock import release_lock, take_lock
        from reconciler.providers.postgres.password_setting import Passwords

        connection = self._connection()
        known = Passwords(self._given, is_readable=self._reads_passwords)
        work = Work(changes, self.new_passwords(changes), journal, known)
        hide = Redactor.of((*self.options.secrets(), *self._given.values()))
        try:
            take_lock(connection, self.target)
            application = Application(self.options, self._connection, self._rendering({}))
            for outcome in application.outcomes(work, utc_now()):
                if outcome.status == "done" and outcome.change.key.kind == "policy":
                    self._spelling.wrote(outcome.change)
                self._note_password(outcome, application.password_marks)
                # most say nothing, and to make thousands anew takes a tenth of a first apply
                told = outcome.message
                yield replace(outcome, message=hide(told)) if told else outcome
        except psycopg.Error as error:
            raise TargetError(self.target, hide(describe(error))) from None
        finally:
            if not connection.closed:
                with suppress(psycopg.Error):  # then the session ends, and the lock with it
                    release_lock(connection)
