"""What everybody (PUBLIC) may do, as records: of the objects and defaults that the manifest names.

An ACL that is missing is given by the catalog queries as what it stands for. Here belongs turning
ACLs into records, and these records into what is said of roles; nothing is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from reconciler.changes import Change
from reconciler.privilege_words import BUILT_IN, everybodys_right
from reconciler.providers.postgres.acl import parse_item, texts
from reconciler.scope import Scope
from reconciler.state import Fields, Key, Value

PUBLIC: Final = ""
"""The grantee of ACL items that are everybody's."""

AccessLists = Iterable[tuple[tuple[str, str, str], object, object, object]]
"""Database, kind and schema of objects, then their owner, their ACL, and their names."""


def wanted_for_public(scope: Scope) -> frozenset[str]:
    """The kinds of object that have to be read for this scope though no rule names them.

    Taking something on a table from everybody takes it on the columns too (PostgreSQL docs,
    REVOKE), and is made good only where that was read.
    """
    kinds = {key.path[1] for key in scope.public if key.kind == "public_privilege"}
    return frozenset({"column"} if kinds & {"table", "view"} else ())


def as_right(change: Change) -> Change:
    """A change of what everybody may do as one of the rights of PUBLIC; any other as it is."""
    right = everybodys_right(change.key)
    return change if right is None else replace(change, key=right)


def public_privileges(lists: AccessLists, asked: Collection[Key]) -> Mapping[Key, Fields]:
    """A record for each database, kind and schema that is asked for and has objects.

    It has every object there, also one on which everybody may do nothing.
    """
    found: defaultdict[Key, dict[str, Value]] = defaultdict(dict)
    places = {key.path for key in asked if key.kind == "public_privilege"}
    for place, _, acl, names in lists if places else ():
        if place in places:
            assert isinstance(names, list)
            key = Key("public_privilege", place)
            found[key].update(dict.fromkeys(names, _of_everybody(acl)))
    return dict(found)


def public_defaults(
    database: str, rows: Iterable[Sequence[object]], asked: Collection[Key]
) -> Iterator[tuple[Key, Fields]]:
    """A record for each default of this database that is asked for.

    A global default (without schema) that is not kept is the built-in one; one of a schema adds to
    the global one, so that it is nothing where none is kept.
    """
    keys = [key for key in asked if key.kind == "public_default" and key.path[0] == database]
    kept = {
        (str(creator), str(kind), str(schema)): _of_everybody(acl)
        for creator, schema, kind, acl in (rows if keys else ())
    }
    for key in sorted(keys):
        _, creator, kind, schema = key.path
        otherwise = () if schema else BUILT_IN.get(kind, ())
        yield key, {"privileges": kept.get((creator, kind, schema), otherwise)}


def _of_everybody(acl: object) -> tuple[str, ...]:
    """What an ACL gives to PUBLIC, by whichever grantors."""
    items = map(parse_item, texts(acl))
    return tuple(sorted({w for each in items if each.grantee == PUBLIC for w in each.privileges}))
