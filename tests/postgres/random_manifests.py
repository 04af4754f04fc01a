"""Random manifests for the world of a pair: users, groups, roles with rules, grants, PUBLIC,
owners.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

from tests.postgres.pair_world import COLUMNS, DATABASE, KEEPER, SCHEMAS, STRANGER, things
from tests.postgres.random_catalogs import catalog
from tests.postgres.random_pairs import (
    MEMORIES,
    PREDEFINED,
    Cast,
    Dice,
    Pair,
    cast_of,
    words_of,
)

Entry = dict[str, object]

_LISTS: Final[Mapping[str, str]] = {
    "table": "tables",
    "view": "views",
    "sequence": "sequences",
    "function": "functions",
    "type": "types",
    "language": "languages",
    "foreign data wrapper": "foreign_data_wrappers",
    "foreign server": "foreign_servers",
    "tablespace": "tablespaces",
    "parameter": "parameters",
}
_IN_SCHEMAS: Final = ("table", "view", "sequence", "function", "type")
_KINDS_WITH_FUTURE: Final = (("table", "view"), ("sequence",), ("function",), ("type",))
_ATTRIBUTES: Final[tuple[Entry, ...]] = (
    *({},) * 6,
    {"createdb": True},
    {"createrole": True, "superuser": False},
    {"connection_limit": 5},
    {"valid_until": "2031-05-01T02:00:00+02:00"},
    {"comment": "it's a \\ comment"},
)


def random_pair(seed: str, version: int) -> Pair:
    """The pair of this seed, for a server of this version."""
    dice = Dice(Random(seed))
    cast = cast_of(dice, version)
    return Pair(catalog(dice, cast), manifest(dice, cast), dice.pick(MEMORIES))


def manifest(dice: Dice, cast: Cast) -> Entry:
    """A manifest for one target with one server."""
    policy: Entry = {
        "prune": dice.pick(("owned", "all", "never")),
        "leavers": dice.pick(("disable", "delete")),
        "protect": [STRANGER],  # the keeper owns too much to be dropped
    }
    if dice.often():
        policy["heir"] = KEEPER
    options = {"dsn": {"env": "DSN"}, "passwords": "none"}
    return {
        "version": 1,
        "targets": {"db": {"provider": "postgres", "options": options, "policy": policy}},
        "servers": {"store": _server(dice, cast)},
        "users": {name: _user(dice) for name in cast.users},
        "groups": {name: _group(dice, cast, name) for name in cast.groups},
        "roles": {name: _role(dice, cast, name) for name in cast.roles},
        "grants": _grants(dice, cast),
    }


def _server(dice: Dice, cast: Cast) -> Entry:
    found: Entry = {"target": "db", "database": DATABASE}
    if dice.seldom():
        found["public"] = [_public_rule(dice, cast)]
    if dice.seldom():
        found["owners"] = [_owner_rule(dice, cast)]
    return found


def _user(dice: Dice) -> Entry:
    found: Entry = {}
    if attributes := dice.pick(_ATTRIBUTES):
        found["accounts"] = {"db": {"attributes": attributes}}
    if dice.seldom():
        found["state"] = dice.pick(("disabled", "departed"))
    return found


def _group(dice: Dice, cast: Cast, name: str) -> Entry:
    found: Entry = {}
    if cast.users and dice.often():
        found["members"] = dice.some(cast.users)
    inner = cast.groups[cast.groups.index(name) + 1 :]
    if inner and dice.seldom():
        found["groups"] = dice.some(inner)
    return found


def _role(dice: Dice, cast: Cast, name: str) -> Entry:
    above = [each for each in cast.before(name) if each in cast.roles or each in cast.bundles]
    inherits = dice.some((*above, PREDEFINED), 2) if above or dice.seldom() else []
    found: Entry = {
        "server": "store",
        "inherits": [_inherited(dice, cast, each) for each in inherits],
        "privileges": [dice.pick(_RULES)(dice, cast) for _ in range(dice.count(4))],
    }
    if attributes := dice.pick(_ATTRIBUTES):
        found["attributes"] = attributes
    return found


def _inherited(dice: Dice, cast: Cast, name: str) -> str | Entry:
    return name if dice.often() else {"role": name, **_edge_options(dice, cast)}


def _edge_options(dice: Dice, cast: Cast) -> Entry:
    names = ("admin", "inherit", "set") if cast.version >= 160000 else ("admin",)
    found: Entry = {name: name == "admin" for name in dice.some(names, 2)}
    if found.get("inherit", True) or found.get("set", True) or found.get("admin"):
        return found
    return {"inherit": False}  # nothing at all would be no membership


def _grants(dice: Dice, cast: Cast) -> list[Entry]:
    holders = [("user", each) for each in cast.users] + [("group", each) for each in cast.groups]
    if not holders or not cast.roles:
        return []
    found = {(dice.pick(holders), dice.pick(cast.roles)) for _ in range(dice.count(5))}
    return [
        {kind: name, "role": role, **({} if dice.often() else _edge_options(dice, cast))}
        for (kind, name), role in sorted(found)
    ]


# Rules


def _allow(dice: Dice, kinds: Sequence[str], version: int) -> Entry:
    every = [words_of(kind, version) for kind in kinds]
    shared = [word.lower() for word in every[0] if all(word in words for words in every)]
    rule: Entry = {"allow": ["all"] if dice.seldom() else dice.some(shared)}
    if dice.seldom():
        rule["grant_option"] = True
    return rule


def _names(cast: Cast, kind: str, schema: str) -> list[str]:
    every = [t for t in things(cast.version) if t.kind == kind and t.schema == schema]
    return [t.name for t in every if t in cast.things] or [t.name for t in every]


def _on_objects(dice: Dice, cast: Cast) -> Entry:
    kind, schema = dice.pick(_IN_SCHEMAS), dice.pick(SCHEMAS)
    given = "*" if dice.seldom() else dice.some(_names(cast, kind, schema))
    return {"schema": schema, _LISTS[kind]: given, **_allow(dice, (kind,), cast.version)}


def _with_future(dice: Dice, cast: Cast) -> Entry:
    kinds = dice.pick(_KINDS_WITH_FUTURE)
    every = {_LISTS[kind]: "*" for kind in kinds}
    creators = dice.some((*cast.bundles, KEEPER), 2)
    rule = {"schema": dice.pick(SCHEMAS), **every, "created_by": creators}
    return {**rule, **_allow(dice, kinds, cast.version)}


def _on_columns(dice: Dice, cast: Cast) -> Entry:
    schema, kind = dice.pick(SCHEMAS), dice.pick(("table", "view"))
    names = dice.some(_names(cast, kind, schema))
    rule: Entry = {"schema": schema, _LISTS[kind]: names, "columns": dice.some(COLUMNS, 2)}
    return {**rule, **_allow(dice, ("column",), cast.version)}


def _on_place(dice: Dice, cast: Cast) -> Entry:
    kind = dice.pick(("schema", "database"))
    place = {"schema": dice.pick(SCHEMAS)} if kind == "schema" else {}
    return {"database": DATABASE, **place, **_allow(dice, (kind,), cast.version)}


def _elsewhere(dice: Dice, cast: Cast) -> Entry:
    """On what is in no schema."""
    every = [t for t in things(cast.version) if t.kind in _LISTS and t.kind not in _IN_SCHEMAS]
    thing = dice.pick([t for t in every if t in cast.things] or every)
    return {_LISTS[thing.kind]: [thing.name], **_allow(dice, (thing.kind,), cast.version)}


_RULES: Final[tuple[Callable[[Dice, Cast], Entry], ...]] = (
    *(_on_objects, _on_objects, _with_future, _on_columns, _on_place, _elsewhere),
)


def _public_rule(dice: Dice, cast: Cast) -> Entry:
    """What everybody may do, also nothing."""
    rule = dice.pick(_RULES)(dice, cast)
    rule.pop("grant_option", None)
    is_of_new_ones = "created_by" in rule  # there a schema cannot take away what everybody has
    return {**rule, "allow": []} if dice.seldom() and not is_of_new_ones else rule


def _owner_rule(dice: Dice, cast: Cast) -> Entry:
    kind, schema = dice.pick(_IN_SCHEMAS), dice.pick(SCHEMAS)
    given = "*" if dice.seldom() else dice.some(_names(cast, kind, schema))
    owner = dice.pick((*cast.bundles, KEEPER))
    return {"owner": owner, "schema": schema, _LISTS[kind]: given}
