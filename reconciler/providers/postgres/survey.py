"""Surveys a cluster of which no manifest says anything yet: all roles, and what they hold.

Here belongs reading everything, for `import`. What a manifest declares is read by `observe`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import psycopg

from reconciler.provider import Identity
from reconciler.providers.postgres.connect import Connection, read_error
from reconciler.providers.postgres.observe import (
    PARAMETERS_VERSION,
    ClusterRows,
    DatabaseRows,
    Row,
    catalog_query,
    read_database,
    read_rows,
    to_state,
)
from reconciler.providers.postgres.privileges import spelled_out
from reconciler.providers.postgres.services import reserved
from reconciler.scope import Scope
from reconciler.survey import Survey

_KINDS: Final = (
    *("type", "column", "language", "foreign data wrapper", "foreign server"),
    *("large object", "tablespace", "parameter"),
)
"""The kinds of object that `observe` reads only where they are asked for."""

_EVERY_KIND: Final = ("database", "schema", "table", "view", "sequence", "function", *_KINDS)


def take_survey(
    identity: Identity,
    open_database: Callable[[str], Connection],
    databases: Sequence[str],
    timeout_s: int,
) -> Survey:
    """Everything on the cluster, privileges in these databases; without any, in all that take
    connections and are no templates.

    `open_database` gives the connection to a database, for the empty name to that of the dsn.
    Raises TargetError.
    """
    first = open_database("")
    try:
        found = first.execute(catalog_query("connectable")).fetchall()
        names = tuple(sorted({*databases} or {str(row[0]) for row in found}))
        cluster, _ = read_rows(first, "", _KINDS, timeout_s)
        rows, aside = [], list(_aside(first, first.info.server_version))
        for name in names:
            connection = open_database(name)
            rows.append(read_database(connection, name, _KINDS, timeout_s))
            aside += connection.execute(catalog_query("aside_database")).fetchall()
    except psycopg.Error as error:
        raise read_error(identity.system, error) from None
    version = first.info.server_version
    return _survey(identity, version, (cluster, rows), aside)


def _aside(connection: Connection, version: int) -> Iterable[Row]:
    yield from connection.execute(catalog_query("aside_cluster")).fetchall()
    if version >= PARAMETERS_VERSION:
        yield from connection.execute(catalog_query("aside_parameters")).fetchall()


def _survey(
    identity: Identity,
    version: int,
    read: tuple[ClusterRows, Sequence[DatabaseRows]],
    aside: Iterable[Row],
) -> Survey:
    cluster, databases = read
    names = tuple(rows.database for rows in databases)
    return Survey(
        system=f"{identity.system} {identity.version}",
        state=to_state(cluster, databases, _scope(cluster.roles, names)),
        servers=names,
        untouchable=identity.untouchable | {identity.account},
        every_word={kind: frozenset(spelled_out(kind, ("ALL",), version)) for kind in _EVERY_KIND},
        aside=_counted(aside),
    )


def _scope(roles: Iterable[Row], databases: Iterable[str]) -> Scope:
    """A scope in which every role is declared."""
    signs_in = {str(name): bool(login) for name, login, *_ in roles}
    own = {name for name in signs_in if not name.startswith("pg_")} - reserved(signs_in).keys()
    return Scope(
        accounts=frozenset(name for name in own if signs_in[name]),
        roles=frozenset((name,) for name in own if not signs_in[name]),
        servers=frozenset(databases),
    )


def _counted(rows: Iterable[Row]) -> Mapping[str, Mapping[str, int]]:
    result: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for what, whose, number in rows:
        assert isinstance(number, int)
        result[str(what)][str(whose)] += number
    return {what: dict(counts) for what, counts in result.items()}
