"""Ends the open sessions of accounts that lost a right, and says what became of them.

Here belongs running it; the statement is `statements.sessions`. A session keeps what it may do by
attributes such as LOGIN, and what it holds in memory, until it ends. It is ended after the commit:
before, its owner could connect again with the old right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from reconciler.changes import Change, Outcome
from reconciler.providers.postgres.connect import Connection, describe, is_lost
from reconciler.providers.postgres.statements.sessions import TIMEOUT_S, ending, still_open


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of an account's sessions: how many ended, and why others did not, if so."""

    ended: int = 0
    failure: str = ""


Endings = Mapping[str, Ending]
"""What became of sessions, by account."""


@dataclass(frozen=True, slots=True)
class _Session:
    """An open session, and whether we could end it: None where we may not."""

    account: str
    pid: int
    is_superusers: bool
    we: str
    has_ended: bool | None


# Whose sessions


def whose_sessions(changes: Iterable[Change]) -> frozenset[str]:
    """The accounts that any of these changes names."""
    return frozenset(account for change in changes for account in change.end_sessions)


def accounts_of(change: Change, named: Collection[str]) -> tuple[str, ...]:
    """Whose sessions are ended once this change is made: whom it names, and its own account, where
    any change of the apply names that.
    """
    if change.action == "create" and not change.end_sessions:
        return ()  # by far the most, in a first apply
    name = change.key.path[-1]
    is_own = change.key.kind == "account" and change.action != "create" and name in named
    return tuple(sorted({*change.end_sessions, *((name,) if is_own else ())}))


# Ending them


def end_sessions(connection: Connection, accounts: Collection[str]) -> Endings:
    """End every session of these accounts, in all databases: one round trip if all goes well."""
    if not accounts:
        return {}
    try:
        sessions = _end(connection, accounts)
    except psycopg.Error as error:
        return {each: Ending(failure=_not_known(each, error)) for each in accounts}
    by_account: dict[str, list[_Session]] = {account: [] for account in accounts}
    for session in sessions:
        by_account[session.account].append(session)
    return {account: _ending(account, own) for account, own in by_account.items()}


def _end(connection: Connection, accounts: Collection[str]) -> list[_Session]:
    """The sessions there were. Raises psycopg.Error where nobody knows what became of them."""
    try:
        rows = connection.execute(ending(accounts)).fetchall()
    except psycopg.Error as error:
        if is_lost(connection, error):
            raise
        left = connection.execute(still_open(accounts)).fetchall()
        return [_Session(str(who), int(str(pid)), False, "", False) for who, pid in left]
    sessions = [
        _Session(str(who), int(str(pid)), bool(power), str(we), None if end is None else bool(end))
        for who, pid, power, we, end in rows
    ]
    if all(each.has_ended is not False for each in sessions):
        return sessions
    left = connection.execute(still_open(accounts)).fetchall()
    return [_looked_after(each, left) for each in sessions]


def _looked_after(session: _Session, left: Sequence[tuple[object, ...]]) -> _Session:
    """The session, ended also if it went while we waited or before we came to it."""
    is_open = (session.account, session.pid) in left
    return (
        replace(session, has_ended=True) if session.has_ended is False and not is_open else session
    )


# Saying so


def _not_known(account: str, error: psycopg.Error) -> str:
    return (
        f"nobody knows whether sessions of {account} are still open: {describe(error)}; look in "
        "pg_stat_activity, and end them with pg_terminate_backend"
    )


def _ending(account: str, sessions: Sequence[_Session]) -> Ending:
    ended = sum(each.has_ended is True for each in sessions)
    return Ending(ended, "; ".join(_failures(account, sessions)))


def _failures(account: str, sessions: Sequence[_Session]) -> Iterator[str]:
    stuck = [each for each in sessions if each.has_ended is False]
    barred = [each for each in sessions if each.has_ended is None and not each.is_superusers]
    superior = [each for each in sessions if each.has_ended is None and each.is_superusers]
    if stuck:
        yield f"{_stay(account, stuck)}: told to end, not gone after {TIMEOUT_S} s"
    if barred:
        grant = sql.SQL("GRANT pg_signal_backend TO {}").format(sql.Identifier(barred[0].we))
        yield (
            f"{_stay(account, barred)}: {barred[0].we} may not end them. Needed for the next time: "
            f"{grant.as_string(None)}. Now end them by hand, with pg_terminate_backend"
        )
    if superior:
        yield (
            f"{_stay(account, superior)}: only a superuser may end those of a superuser. End them "
            "by hand, with pg_terminate_backend"
        )


def _stay(account: str, sessions: Sequence[_Session]) -> str:
    pids = ", ".join(str(each.pid) for each in sessions)
    verb = "stays" if len(sessions) == 1 else "stay"
    return f"{_count(len(sessions), account)} {verb} open (process {pids})"


def _count(number: int, account: str) -> str:
    return f"{number} session{'' if number == 1 else 's'} of {account}"


def with_sessions(outcome: Outcome, accounts: Iterable[str], endings: Endings) -> Outcome:
    """The outcome of a change, with what became of the sessions that it was to end.

    Only a change that is done ends sessions; of one whose outcome is unknown it is told that it did
    not.
    """
    names = list(accounts)
    if not names or outcome.status not in ("done", "unknown"):
        return outcome
    if outcome.status == "unknown":
        text = f"{outcome.message}; no session of {', '.join(names)} was ended"
        return replace(outcome, message=text)
    told = {name: endings[name] for name in names}
    if failures := [each.failure for each in told.values() if each.failure]:
        text = f"the right is taken, but {'; '.join(failures)}"
        return replace(outcome, status="failed", message=text)
    return replace(outcome, message=ended_text(told))


def ended_text(endings: Endings) -> str:
    """How many sessions were ended, for people: `ended 2 sessions of kofi`."""
    counts = [_count(each.ended, name) for name, each in endings.items() if each.ended]
    if counts:
        return f"ended {', '.join(counts)}"
    return f"no session of {', '.join(endings)} was open"
