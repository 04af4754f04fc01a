"""Carries out changes: under the cluster's lock, in as few transactions as possible.

Here belongs the order of steps. Statements are `statements`, running them is `transactions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import psycopg
from psycopg import sql

from reconciler.changes import Change, Journal, Outcome
from reconciler.passwords import Marks
from reconciler.providers.password_accounts import accounts_given
from reconciler.providers.postgres.connect import Connection, describe
from reconciler.providers.postgres.drops import (
    clearings,
    disable_role,
    drop_role,
    read_estate,
    shutting_out,
)
from reconciler.providers.postgres.estates import Connect, Estate
from reconciler.providers.postgres.observe import read_grantors
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.password_setting import Passwords, set_passwords
from reconciler.providers.postgres.passwords import DEFAULT_ITERATIONS
from reconciler.providers.postgres.sessions import (
    accounts_of,
    end_sessions,
    ended_text,
    whose_sessions,
    with_sessions,
)
from reconciler.providers.postgres.statements import Rendering, Stages, Statement, render
from reconciler.providers.postgres.statements.sessions import ending
from reconciler.providers.postgres.tally import Tally
from reconciler.providers.postgres.transactions import (
    FailedStatement,
    batches,
    prepare,
    read_limits,
    run,
)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done: the changes, the accounts that get a temporary password, what is known
    to set passwords, and whom to tell.
    """

    changes: Sequence[Change]
    new_passwords: Sequence[str]
    journal: Journal
    passwords: Passwords = field(default_factory=Passwords)


class Application:
    """One apply on a cluster whose lock we hold. `connect` gives a connection by database."""

    def __init__(self, options: PostgresOptions, connect: Connect, rendering: Rendering) -> None:
        self._options = options
        self._connect = connect
        self._rendering = rendering
        self._prepared: list[Connection] = []
        self._named: frozenset[str] = frozenset()
        self._locked = connect("")
        self.password_marks: Marks = {}

    def outcomes(self, work: Work, now: datetime) -> Iterator[Outcome]:
        """Do the work. Raises psycopg.Error or TargetError, but only before anything was written.

        A transaction that failed was rolled back, and ends the work.
        """
        limits = read_limits(self._connection(""))
        iterations = int(limits.scram_iterations or DEFAULT_ITERATIONS)
        stages = self._stages(work, now, iterations)
        planned = list(transactions(stages))
        for database, _ in planned:
            self._connection(database)
        self._named = whose_sessions(work.changes)
        tally = Tally(work.changes, stages.statements, work.journal)
        for database, statements in planned:
            for batch in batches(statements, limits.locks):
                if obstacle := self._obstacle(work.journal):
                    yield from tally.rest(obstacle)
                    return
                tally.begin(batch)
                failure = run(self._connection(database), batch)
                yield from self._with_sessions(tally.end(batch, failure))
                if failure:
                    yield from tally.rest("not sent, since an earlier transaction failed")
                    return
        for statement in stages.dropping:
            if obstacle := self._obstacle(work.journal):
                yield from tally.rest(obstacle)
                return
            tally.begin([statement])
            failure, told = self._drop(statement)
            for outcome in tally.end([statement], failure):
                yield replace(outcome, message="; ".join(filter(None, (outcome.message, told))))
        yield from self._with_sessions(tally.unwritten())

    def _obstacle(self, journal: Journal) -> str:
        """Why nothing more may be written, or empty."""
        if journal.is_stopping():
            return "stopped before it was sent"
        if self._locked.closed:
            return "not sent, since the connection was lost, and the lock with it"
        return ""

    def _with_sessions(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes, after the sessions that the changes done were to end have been ended."""
        told = [(each, accounts_of(each.change, self._named)) for each in outcomes]
        done = {name for each, names in told if each.status == "done" for name in names}
        endings = end_sessions(self._locked, done)
        for outcome, names in told:
            yield with_sessions(outcome, names, endings)

    def _drop(self, statement: Statement) -> tuple[FailedStatement | None, str]:
        """Drop a role; what stood against it, and what is to be told of its sessions.

        Where that takes several steps, first of all nobody can sign in any more: whatever happens
        then. A dropped role's sessions go on, and nobody can tell whose they were. So where they
        are to be ended, or could make more of what an heir is given, that comes next. A role whose
        sessions did not end stays, for the next run.
        """
        account = statement.keys[0].path[-1]
        if statement.keys[0].kind != "account":
            return drop_role(self._connection, statement), ""
        try:
            estate = read_estate(self._connection, account)
        except psycopg.Error as error:
            return FailedStatement(statement.keys, describe(error)), ""
        first = list(shutting_out(statement, estate, is_named=account in self._named))
        if first and (failure := disable_role(self._connection, statement)):
            return failure, ""
        if len(first) < 2:
            return drop_role(self._connection, statement), ""
        endings = end_sessions(self._locked, (account,))
        if reason := endings[account].failure:
            text = f"it may not sign in any more, but is not dropped: {reason}"
            return FailedStatement(statement.keys, text), ""
        return drop_role(self._connection, statement), ended_text(endings)

    def _stages(self, work: Work, now: datetime, iterations: int) -> Stages:
        """The statements, with a new password on disk for each account that needs one."""
        rendering = self._rendering
        if any(c.key.kind == "membership" and c.action != "create" for c in work.changes):
            rendering = replace(rendering, grantors=read_grantors(self._connection("")))
        if work.new_passwords or accounts_given(work.changes):
            known = replace(work.passwords, days=self._options.password_days, iterations=iterations)
            made = set_passwords(work.changes, work.new_passwords, known, now, work.journal)
            self.password_marks = made.marks
            rendering = replace(rendering, verifiers=made.verifiers)
        return render(work.changes, rendering)

    def _connection(self, database: str) -> Connection:
        connection = self._connect(database)
        if not any(connection is each for each in self._prepared):
            prepare(connection, self._options)
            self._prepared.append(connection)
        return connection


def transactions(stages: Stages) -> Iterator[tuple[str, Sequence[Statement]]]:
    """The statements by database, in order: all in one transaction where one database is concerned.

    Where there are several, each gives before any takes: those who move from one to another are
    never without both. Roles and memberships can be written in any database; empty means the dsn's.
    """
    everything = (*stages.giving, *stages.taking)
    databases = sorted({each.database for each in everything} - {""})
    if len(databases) <= 1:
        if everything:
            yield (databases or [""])[0], everything
        return
    for database in ("", *databases):
        if giving := [each for each in stages.giving if each.database == database]:
            yield database, giving
    for database in (*databases, ""):
        if taking := [each for each in stages.taking if each.database == database]:
            yield database, taking


def sent(
    stages: Stages, changes: Sequence[Change], estates: Mapping[str, Estate]
) -> Iterator[sql.Composed]:
    """All that an apply of these changes sends, in order, but for where its transactions end.

    `estates` is what is known of what roles own that are dropped, by role.
    """
    named = whose_sessions(changes)
    dropped = {each.keys[0] for each in stages.dropping}
    others = [each for each in changes if each.key not in dropped]
    for statement in (*stages.giving, *stages.taking):
        yield from statement.queries
    if accounts := {name for change in others for name in accounts_of(change, named)}:
        yield ending(accounts)
    for statement in stages.dropping:
        role = statement.keys[0].path[-1]
        estate = estates.get(role, Estate(role))
        if statement.keys[0].kind == "account":
            yield from shutting_out(statement, estate, is_named=role in named)
        yield from (query for _, query in clearings(statement, estate))
        yield from statement.queries
