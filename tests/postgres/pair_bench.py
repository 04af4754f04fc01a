"""One server on which pair after pair is made, applied, read again, and put back.

Here belong the steps and what both oracles have to say: a model that interprets the changes, and
the server. The pairs are `random_pairs`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psycopg
from psycopg.conninfo import make_conninfo

from reconciler.changes import Change, Outcome
from reconciler.desired import expand
from reconciler.diff import diff
from reconciler.engine.obstructing import obstacles_of, obstructed
from reconciler.explain import applied_to
from reconciler.manifest.load import parse_manifest
from reconciler.privilege_words import column_name
from reconciler.provider import Provider
from reconciler.providers.postgres import PROVIDER
from reconciler.providers.postgres.options import PostgresOptions
from reconciler.providers.postgres.provider import open_postgres
from reconciler.scope import Desired, Scope
from reconciler.secret import Secret
from reconciler.selection import Remembered, Selection, select
from reconciler.state import (
    EMPTY,
    GRANTED_BY,
    INVENTORY_KINDS,
    PRINCIPAL_KINDS,
    Fields,
    Key,
    State,
    touched,
)
from tests.fix_postgres import PostgresServer
from tests.postgres.effective_access import Connection, Oracle, assert_agree
from tests.postgres.pair_world import (
    ATTEMPT,
    COLUMNS,
    CREATE_DATABASE,
    DATABASE,
    DEPLOYER,
    PASSWORD,
    RESET,
    RESET_PARAMETERS,
    creation,
)
from tests.postgres.random_pairs import Memory, Pair

_NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


class _Journal:
    """Keeps nothing: no pair survives its own end."""

    def intend(self, changes: Sequence[Change]) -> None:
        del changes

    def is_stopping(self) -> bool:
        return False

    def hand_over(self, account: str, password: Secret, expires: str) -> None:
        raise AssertionError("the manifests of pairs ask for no passwords")


@dataclass(frozen=True, slots=True)
class Planned:
    """What was read, what is asked (in the words of the manifest, and of the server), and the
    changes from one to the other.
    """

    asked: State
    desired: Desired
    observed: State
    remembered: Remembered | None
    selection: Selection

    @property
    def watched(self) -> Set[str]:
        """The roles whose rights were read."""
        scope = self.desired.scope
        bundles = {path[-1] for path in scope.roles}
        return scope.accounts | scope.leavers | scope.groups | bundles

    def may_come_later(self, change: Change) -> bool:
        """Whether a change can be due only after the first ones: somebody may be dropped now who
        could not, or is known as an account only since it was shut out.
        """
        obstacles = {key for each in self.selection.obstacles for key in each.keys}
        is_new = change.action == "delete" and touched(change.key)[0] not in self.watched
        return is_new or change.key in obstacles


class PairBench:
    """The server, ready for the next pair; `seen` counts what the pairs so far were made of."""

    def __init__(self, connection: Connection, provider: Provider) -> None:
        self.version = connection.info.server_version
        self.seen: Counter[str] = Counter()
        self._connection = connection
        self._provider = provider
        self._untouchable = provider.identify()
        self._oracle = Oracle(connection)

    def failure(self, pair: Pair) -> Exception | None:
        """What went wrong with this pair, or None."""
        try:
            self.check(pair)
        except Exception as error:  # whatever goes wrong is looked for
            return error
        return None

    def check(self, pair: Pair) -> None:
        """Make the catalog, apply the manifest, and ask both oracles."""
        __tracebackhide__ = True
        self._reset()
        self._make(pair)
        planned = self._planned(pair)
        changes = planned.selection.changes
        predicted = applied_to(planned.observed, changes)
        _assert_asked(planned, predicted)

        outcomes = list(self._provider.apply(changes, _Journal()))

        _assert_done(outcomes, changes)
        desired = _with_accounts(planned.desired, changes)
        observed = self._provider.observe(desired.scope)
        _assert_same(planned, predicted, observed)
        desired = replace(desired, state=self._provider.normalize(planned.asked, observed))
        again = self._selection(desired, observed, planned.remembered)
        left = [each for each in again.changes if not planned.may_come_later(each)]
        assert not left, f"not converged: {_listed(left)}"
        self._assert_access(desired)
        self.seen.update(f"{each.action} {each.key.kind}" for each in changes)
        self.seen["pairs"] += 1

    def _reset(self) -> None:
        if self.version >= 150000:
            self._connection.execute(RESET_PARAMETERS)
        self._connection.execute(RESET.encode())

    def _make(self, pair: Pair) -> None:
        if pair.catalog:
            row = self._connection.execute(ATTEMPT, [list(pair.catalog)]).fetchone()
            assert row is not None
            done = row[0]
            assert isinstance(done, list)
            self.seen["statements"] += len(done)
            self.seen["statements done"] += done.count(True)

    def _planned(self, pair: Pair) -> Planned:
        loaded = parse_manifest({"access.yaml": pair.text})
        desired = expand(loaded, {"postgres": PROVIDER.capabilities}, _NOW)["db"]
        assert PROVIDER.check(desired) == ()
        scope = desired.scope
        if pair.memory in ("observed", "both"):
            everything = self._provider.observe(scope)
            scope = scope.widened(everything.without(*INVENTORY_KINDS, "server"), ())
            scope = replace(scope, servers=desired.scope.servers)
        observed = self._provider.observe(scope)
        normalized = self._provider.normalize(desired.state, observed)
        asked, desired = desired.state, replace(desired, state=normalized, scope=scope)
        remembered = _remembered(pair.memory, normalized, observed)
        selection = self._selection(desired, observed, remembered)
        return Planned(asked, desired, observed, remembered, selection)

    def _selection(
        self, desired: Desired, observed: State, remembered: Remembered | None
    ) -> Selection:
        identity = self._untouchable
        untouchable = identity.untouchable | {identity.account}
        chosen = select(
            desired, observed, PROVIDER.capabilities, untouchable, remembered=remembered
        )
        obstacles = obstacles_of(self._provider, chosen.changes)
        chosen = obstructed(chosen, obstacles, PROVIDER.capabilities)
        blocked = {key for each in obstacles if each.blocking for key in each.keys}
        held = tuple(
            each for each in chosen.changes if each.action == "delete" and each.key in blocked
        )
        left = tuple(each for each in chosen.changes if each not in held)
        return replace(chosen, changes=left, protected=(*chosen.protected, *held))

    def _assert_access(self, desired: Desired) -> None:
        __tracebackhide__ = True
        server = self._oracle.ask()
        scope = Scope(
            accounts=desired.scope.accounts,
            roles=frozenset((name,) for name in server.is_in.keys() - desired.scope.accounts),
            servers=desired.scope.servers,
            object_kinds=_KINDS,
        )
        state = self._provider.observe(scope)
        self.seen["rights compared"] += assert_agree(replace(desired, scope=scope), state, server)


_HELD = ("privilege", "default_privilege", "setting")
_KINDS = frozenset(
    {"type", "column", "language", "foreign data wrapper", "foreign server", "tablespace"}
    | {"parameter"}
)


def _with_accounts(desired: Desired, changes: Sequence[Change]) -> Desired:
    """With the accounts that were shut out in its scope: the ledger remembers them as accounts."""
    names = {each.key.path[-1] for each in changes if each.key.kind == "account"}
    return replace(desired, scope=replace(desired.scope, accounts=desired.scope.accounts | names))


def _remembered(memory: Memory, desired: State, observed: State) -> Remembered | None:
    was = observed.without(*INVENTORY_KINDS)
    match memory:
        case "none":
            return None
        case "nothing":
            state = EMPTY
        case "observed":
            state = was
        case "desired":
            state = desired
        case _:
            state = State({**was.records, **desired.records})
    return Remembered(state, lambda key: "config")  # noqa: ARG005  # what it is for does not matter


def _assert_asked(planned: Planned, predicted: State) -> None:
    """The model: nothing is left but what the policy leaves."""
    __tracebackhide__ = True
    left_alone = {*planned.selection.unmanaged}
    left_alone |= {each.key for each in planned.selection.protected}
    wrong = [
        each
        for each in diff(planned.desired.state, predicted)
        if each.key not in left_alone and not _is_shut_out(planned, each)
    ]
    assert not wrong, f"the changes do not lead to desired: {_listed(wrong)}"


def _is_shut_out(planned: Planned, change: Change) -> bool:
    """Whether it is an account that leaves by being disabled."""
    return change.action == "delete" and change.key.kind == "account"


def _assert_done(outcomes: Sequence[Outcome], changes: Sequence[Change]) -> None:
    __tracebackhide__ = True
    failed = [f"{each.change.key}: {each.status} {each.message}" for each in outcomes
              if each.status != "done"]  # fmt: skip
    assert not failed, f"not done: {failed}"
    assert {each.change.key for each in outcomes} == {each.key for each in changes}


def _assert_same(planned: Planned, predicted: State, observed: State) -> None:
    """The server did what the model said, and nothing else."""
    __tracebackhide__ = True
    predicted = _with_what_follows(predicted, planned.selection.changes)
    wrong = diff(_facts(predicted, planned.watched), _facts(observed, planned.watched))
    assert not wrong, f"the server did something else: {_listed(wrong)}"


def _with_what_follows(predicted: State, changes: Sequence[Change]) -> State:
    """What the server does by itself: what a new owner held before becomes part of what owners
    may, and default privileges go with their creator.
    """
    dropped = {c.key.path[-1] for c in changes if c.key.kind in PRINCIPAL_KINDS and not c.after}
    records = dict(predicted.records)
    for key in predicted.records:
        if key.kind == "default_privilege" and key.path[2] in dropped:
            del records[key]
    for change in changes:
        if change.key.kind == "ownership":
            for name, owner in (change.after or {}).items():
                _merge(records, change.key.path, name, str(owner))
    return State(records)


def _merge(records: dict[Key, Fields], place: tuple[str, ...], name: str, owner: str) -> None:
    """Take what the owner of a thing was granted on it, and on its columns."""
    server, kind, schema = place
    for each in (kind, "column"):
        key = Key("privilege", (owner, server, each, schema))
        held = records.get(key, {})
        columns = {column_name(name, column) for column in COLUMNS}
        gone = {name} if each == kind else columns if kind in ("table", "view") else set()
        if left := {thing: words for thing, words in held.items() if thing not in gone}:
            records[key] = left
        else:
            records.pop(key, None)


def _facts(state: State, watched: Set[str]) -> State:
    """Less what is told of a state and never compared: what there is, by whom edges are, and what
    those hold who were not asked about.
    """
    return State(
        {
            key: {name: value for name, value in fields.items() if name != GRANTED_BY}
            for key, fields in state.without(*INVENTORY_KINDS).records.items()
            if key.kind not in _HELD or key.path[0] in watched
        }
    )


def _listed(changes: Sequence[Change]) -> str:
    return "; ".join(f"{c.action} {c.key} {c.before} -> {c.after}" for c in changes[:5])


@contextmanager
def pair_bench(server: PostgresServer) -> Iterator[PairBench]:
    """The bench on a server of its own."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        for statement in CREATE_DATABASE:
            connection.execute(statement.encode())
    dsn = make_conninfo(server.dsn(database=DATABASE), user=DEPLOYER, password=PASSWORD)
    options = PostgresOptions.model_validate({"dsn": dsn, "passwords": "none"})
    provider = open_postgres("db", options)
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(creation().encode())
            yield PairBench(connection, provider)
    finally:
        provider.close()
