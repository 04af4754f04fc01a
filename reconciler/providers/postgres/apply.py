"""Carries out changes: under the cluster's lock, in as few transactions as possible.

Here belongs the order of steps. Statements are `statements`, running them is `transactions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.changes import Change, Journal, Outcome
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.drops import Connect, drop_role
from reconciler.providers.postgres.observe import read_grantors
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.passwords import DEFAULT_ITERATIONS, new_passwords
from reconciler.providers.postgres.statements import Rendering, Stages, Statement, render
from reconciler.providers.postgres.tally import Tally
from reconciler.providers.postgres.transactions import batches, prepare, read_limits, run


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done: the changes, those of them that need a password, and whom to tell."""

    changes: Sequence[Change]
    new_passwords: Sequence[str]
    journal: Journal


class Application:
    """One apply on a cluster whose lock we hold. `connect` gives a connection by database."""

    def __init__(self, options: PostgresOptions, connect: Connect, rendering: Rendering) -> None:
        self._options = options
        self._connect = connect
        self._rendering = rendering
        self._prepared: list[Connection] = []

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
        tally = Tally(work.changes, stages.statements, work.journal)
        for database, statements in planned:
            for batch in batches(statements, limits.locks):
                if work.journal.is_stopping():
                    yield from tally.rest("stopped before it was sent")
                    return
                tally.begin(batch)
                failure = run(self._connection(database), batch)
                yield from tally.end(batch, failure)
                if failure:
                    yield from tally.rest("not sent, since an earlier transaction failed")
                    return
        for statement in stages.dropping:
            if work.journal.is_stopping():
                yield from tally.rest("stopped before it was sent")
                return
            tally.begin([statement])
            yield from tally.end([statement], drop_role(self._connection, statement))
        yield from tally.unwritten()

    def _stages(self, work: Work, now: datetime, iterations: int) -> Stages:
        """The statements, with a new password on disk for each account that needs one."""
        rendering = self._rendering
        if any(c.key.kind == "membership" and c.action != "create" for c in work.changes):
            rendering = replace(rendering, grantors=read_grantors(self._connection("")))
        if work.new_passwords:
            made = new_passwords(work.new_passwords, now, self._options.password_days, iterations)
            own = _own_expiries(work.changes)
            for name, each in made.items():
                work.journal.hand_over(name, each.password, own.get(name, each.expires))
            verifiers = {name: (each.verifier, each.expires) for name, each in made.items()}
            rendering = replace(rendering, verifiers=verifiers)
        return render(work.changes, rendering)

    def _connection(self, database: str) -> Connection:
        connection = self._connect(database)
        if not any(connection is each for each in self._prepared):
            prepare(connection, self._options)
            self._prepared.append(connection)
        return connection


def _own_expiries(changes: Sequence[Change]) -> dict[str, str]:
    """Until when the manifest lets accounts sign in; empty for those that it never stops."""
    result: dict[str, str] = {}
    for change in changes:
        if change.key.kind == "account" and "valid_until" in (change.after or {}):
            text = str((change.after or {})["valid_until"])
            result[change.key.path[-1]] = "" if text == "infinity" else text
    return result


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
