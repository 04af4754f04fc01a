"""What accounts may do in effect, as the server itself says and as `explain` says.

PUBLIC, ownership and superusers are in no record of a State: what anybody may do is told by a role
that holds nothing, and owners and superusers are left out on both sides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import psycopg

from reconciler.explain import Rights, effective_rights
from reconciler.privilege_words import OPTION, column_name
from reconciler.providers.postgres import PROVIDER
from reconciler.scope import Desired
from reconciler.state import Key, State
from tests.postgres.pair_world import COLUMNS, DATABASE, STRANGER, Thing, things
from tests.postgres.random_pairs import words_of

Connection = psycopg.Connection[tuple[object, ...]]

_ASKED: Final[Mapping[str, str]] = {
    "database": "has_database_privilege",
    "schema": "has_schema_privilege",
    "table": "has_table_privilege",
    "view": "has_table_privilege",
    "sequence": "has_sequence_privilege",
    "function": "has_function_privilege",
    "type": "has_type_privilege",
    "language": "has_language_privilege",
    "foreign data wrapper": "has_foreign_data_wrapper_privilege",
    "foreign server": "has_server_privilege",
    "tablespace": "has_tablespace_privilege",
}
_CATALOGS: Final[Mapping[str, str]] = {
    "database": "regdatabase",
    "schema": "regnamespace",
    "table": "regclass",
    "view": "regclass",
    "sequence": "regclass",
    "function": "regprocedure",
    "type": "regtype",
}
_CLUSTER_WIDE: Final = ("tablespace", "parameter")


class Right(NamedTuple):
    """One privilege on one object, or its grant option; the parts are those of records."""

    server: str
    kind: str
    schema: str
    name: str
    word: str


@dataclass(frozen=True, slots=True)
class ServerView:
    """What the server says: by role, whom it can become, whom it is in, and what it may do."""

    becomes: Mapping[str, frozenset[str]]
    is_in: Mapping[str, frozenset[str]]
    uses: Mapping[str, frozenset[str]]
    rights: Mapping[str, frozenset[Right]]
    superusers: frozenset[str]

    def effective(self, account: str) -> set[Right]:
        """What it may do as itself, or as one of those it can become."""
        return {right for role in self.becomes[account] for right in self.rights[role]}


def prepare(connection: Connection, version: int) -> None:
    """Write down in the database what there is to ask about."""
    connection.execute(
        "CREATE TABLE bench.rights (id serial, server text, kind text, schema text, name text,"
        ' word text, asked text, object oid, "column" text)'
    )
    rows = [row for thing in things(version) for row in _rows(thing, version)]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO bench.rights VALUES (DEFAULT, %s, %s, %s, %s, %s, %s, %s, %s)",
            [(*row[:6], _oid(connection, *row[6]), row[7]) for row in rows],
        )
    connection.execute("ANALYZE bench.rights")


def _rows(thing: Thing, version: int) -> Iterator[tuple[str, ...]]:
    server = "" if thing.kind in _CLUSTER_WIDE else DATABASE
    where = server, thing.kind, thing.schema, thing.name
    for word in words_of(thing.kind, version):
        for mark, more in (("", ""), (OPTION, " WITH GRANT OPTION")):
            yield *where, word + mark, word + more, (thing.kind, thing.reference, thing.name), ""
    if thing.kind in ("table", "view"):
        for column in COLUMNS:
            place = server, "column", thing.schema, column_name(thing.name, column)
            for word in words_of("column", version):
                for mark, more in (("", ""), (OPTION, " WITH GRANT OPTION")):
                    asked = word + mark, word + more
                    yield *place, *asked, (thing.kind, thing.reference, thing.name), column


_BY_NAME: Final = {
    "database": "SELECT oid FROM pg_database WHERE datname = %s",
    "language": "SELECT oid FROM pg_language WHERE lanname = %s",
    "foreign data wrapper": "SELECT oid FROM pg_foreign_data_wrapper WHERE fdwname = %s",
    "foreign server": "SELECT oid FROM pg_foreign_server WHERE srvname = %s",
    "tablespace": "SELECT oid FROM pg_tablespace WHERE spcname = %s",
    "parameter": "SELECT 0",
}


def _oid(connection: Connection, kind: str, reference: str, name: str) -> object:
    if kind in _BY_NAME:
        given = () if kind == "parameter" else (name,)
        row = connection.execute(_BY_NAME[kind].encode(), given or None).fetchone()
    else:
        kind_of_oid = _CATALOGS[kind]
        row = connection.execute(f"SELECT %s::{kind_of_oid}::oid".encode(), (reference,)).fetchone()
    assert row is not None
    return row[0]


def _rights_query(version: int) -> str:
    roles = "(SELECT oid, rolname FROM pg_roles WHERE oid >= 16384 AND NOT rolsuper)"
    parts = [
        f"SELECT roles.rolname, rights.id FROM bench.rights JOIN {roles} AS roles"
        f" ON {function}(roles.oid, object, asked) WHERE kind = '{kind}'"
        for kind, function in _ASKED.items()
    ]
    parts.append(
        f"SELECT roles.rolname, rights.id FROM bench.rights JOIN {roles} AS roles"
        " ON has_column_privilege(roles.oid, object, \"column\", asked) WHERE kind = 'column'"
    )
    if version >= 150000:
        parts.append(
            f"SELECT roles.rolname, rights.id FROM bench.rights JOIN {roles} AS roles"
            " ON has_parameter_privilege(roles.oid, name, asked) WHERE kind = 'parameter'"
        )
    all_rights = " UNION ALL ".join(parts)
    return f"SELECT rolname::text, array_agg(id) FROM ({all_rights}) AS found GROUP BY 1"


def _roles_query(version: int) -> str:
    become = "SET" if version >= 160000 else "MEMBER"
    return (
        "SELECT one.rolname::text, other.rolname::text, one.rolsuper,"
        f" pg_has_role(one.oid, other.oid, '{become}'),"
        " pg_has_role(one.oid, other.oid, 'MEMBER'), pg_has_role(one.oid, other.oid, 'USAGE')"
        " FROM pg_roles AS one, pg_roles AS other"
        " WHERE one.oid >= 16384 AND (other.oid >= 16384 OR other.rolname = 'pg_monitor')"
    )


class Oracle:
    """Asks the server who may do what."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        version = connection.info.server_version
        prepare(connection, version)
        self._rights_query = _rights_query(version).encode()
        self._roles_query = _roles_query(version).encode()
        rows = connection.execute("SELECT id, server, kind, schema, name, word FROM bench.rights")
        self._rights = {row[0]: Right(*map(str, row[1:])) for row in rows}

    def ask(self) -> ServerView:
        """What the server says now, in one round trip."""
        with self._connection.pipeline():
            roles = self._connection.execute(self._roles_query)
            rights = self._connection.execute(self._rights_query)
        pairs = {i: defaultdict[str, set[str]](set) for i in (3, 4, 5)}
        superusers: set[str] = set()
        for row in roles:
            one, other = str(row[0]), str(row[1])
            superusers |= {one} if row[2] else set()
            for column, found in pairs.items():
                if row[column]:
                    found[one].add(other)
        held: defaultdict[str, frozenset[Right]] = defaultdict(frozenset)
        for name, ids in rights:
            assert isinstance(ids, list)
            held[str(name)] = frozenset(self._rights[each] for each in ids)
        becomes, is_in, uses = (
            {k: frozenset(v) for k, v in each.items()} for each in pairs.values()
        )
        return ServerView(becomes, is_in, uses, held, frozenset(superusers))


def assert_agree(desired: Desired, state: State, server: ServerView) -> int:
    """Compare what each account that may sign in may do; how many rights were compared.

    `state` was observed with every role in its scope.
    """
    __tracebackhide__ = True
    public = server.rights[STRANGER]
    accounts = [
        name
        for name in desired.scope.accounts & server.is_in.keys()
        if not server.is_in[name] & server.superusers
        and (state.get(Key("account", (name,))) or {}).get("login")
    ]
    told = effective_rights(desired, state, PROVIDER.capabilities, accounts)
    compared = 0
    for account in sorted(accounts):
        skip = frozenset(_owned(state, server.is_in[account]))
        said = {right for right in server.effective(account) - public if _place(right) not in skip}
        explained = {
            right
            for right in _with_columns(_flat(told[account])) - public
            if _place(right) not in skip
        }
        assert explained == said, (
            f"{account}: only explained {sorted(explained - said)[:5]}, "
            f"only on the server {sorted(said - explained)[:5]}"
        )
        compared += len(said)
    return compared


_Place = tuple[str, str, str, str]


def _place(right: Right) -> _Place:
    return right[:4]


def _owned(state: State, roles: Iterable[str]) -> Iterator[_Place]:
    """What belongs to one of these roles."""
    names = frozenset(roles)
    for key, fields in state.records.items():
        if key.kind == "object":
            for name, owner in fields.items():
                if owner in names:
                    server, kind, schema = key.path
                    yield server, kind, schema, name


def _flat(rights: Rights) -> set[Right]:
    return {
        Right(*place, *pair)
        for place, pairs in rights.items()
        if place[1] in _ASKED or place[1] in ("column", "parameter")
        for pair in pairs
    }


def _with_columns(rights: set[Right]) -> set[Right]:
    """These, and what a right on a whole table means for its columns."""
    on_columns = {
        right._replace(kind="column", name=column_name(right.name, column))
        for right in rights
        if right.kind in ("table", "view")
        and right.word.removesuffix(OPTION) in words_of("column", 0)
        for column in COLUMNS
    }
    return rights | on_columns
