"""What a role that is to be dropped got from others than owners, and what it passed on.

DROP OWNED takes only what owners granted: what a delegate granted stays, and stands against DROP
ROLE. And it takes what the role granted from those who have it of nobody else, who are to keep it.
Here belongs reading that; the statements are `statements.handed_on`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from reconciler.changes import Change
from reconciler.privilege_words import words_in
from reconciler.providers.postgres.connect import Connection
from reconciler.providers.postgres.estates import Connect, Estate, HandedOn
from reconciler.providers.postgres.observe import PARAMETERS_VERSION, catalog_query
from reconciler.state import Fields, Key

_CLUSTER_WIDE: Final = ("tablespace", "parameter")


def read_handed_on(connection: Connection, role: str) -> tuple[HandedOn, ...]:
    """Both, in the database that we are connected to, and of what belongs to the cluster.

    The session's search path must be pg_catalog alone. Raises psycopg.Error.
    """
    names = ["handed_on"]
    if connection.info.server_version >= PARAMETERS_VERSION:
        names.append("handed_on_parameters")
    found = []
    for name in names:
        rows = connection.execute(catalog_query(name), {"role": role}).fetchall()
        for *texts, words, may_enter in rows:
            assert isinstance(words, list)
            kind, schema, thing, grantor, grantee = map(str, texts)
            item = HandedOn(kind, schema, thing, grantor, grantee, tuple(words), bool(may_enter))
            found.append(item)
    return tuple(found)


def with_handed_on(connect: Connect, estate: Estate, changes: Iterable[Change]) -> Estate:
    """The estate with both, for each of its databases that lets us in, as far as these changes,
    which come before, leave it. Raises psycopg.Error.
    """
    after = {each.key: each.after or {} for each in changes}
    shut = {share.database for share in estate.shares if not share.is_open}
    found = {}
    for database in estate.databases:
        if database not in shut:
            with connect(database).transaction() as work:
                work.connection.execute("SET LOCAL search_path TO pg_catalog")
                read = read_handed_on(work.connection, estate.role)
            left = tuple(_left(each, work.connection.info.dbname, after) for each in read)
            found[database] = tuple(each for each in left if each.words)
    return replace(estate, handed_on={name: each for name, each in found.items() if each})


def _left(item: HandedOn, database: str, after: Mapping[Key, Fields]) -> HandedOn:
    """What a grantee is to keep of it after the changes."""
    if item.kind in _CLUSTER_WIDE:
        database = ""
    elif item.kind == "database":
        database = item.name
    place = database, item.kind, item.schema
    if item.grantee:
        fields = after.get(Key("privilege", (item.grantee, *place)))
        words = item.words if fields is None else fields.get(item.name, ())
    else:  # of everybody's objects a change has only those that it is about
        words = after.get(Key("public_privilege", place), {}).get(item.name, item.words)
    kept = words_in(words)
    return item._replace(words=tuple(each for each in item.words if each in kept))
