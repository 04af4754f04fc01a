"""Random catalogs: roles, who is in what by whom, what is granted on objects, owners, defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

from tests.postgres.pair_world import COLUMNS, KEEPER, SCHEMAS, Thing, quoted
from tests.postgres.random_pairs import PREDEFINED, Cast, Dice, words_of

_SWITCHES: Final = ("CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS", "NOINHERIT", "SUPERUSER")
_LIMITS: Final = ("CONNECTION LIMIT 2", "VALID UNTIL '2031-01-01'", "")
_FUTURE: Final[Mapping[str, str]] = {
    "table": "TABLES",
    "sequence": "SEQUENCES",
    "function": "ROUTINES",
    "type": "TYPES",
}
_CAN_CHANGE_OWNER: Final = (
    *("table", "view", "sequence", "function", "type", "schema", "database", "foreign server"),
)


def catalog(dice: Dice, cast: Cast) -> tuple[str, ...]:
    """Statements that fill the world of a pair; each may be refused."""
    if not cast.present:
        return ()
    roles = [_role(dice, cast, name) for name in cast.present]
    edges = [_edge(dice, cast) for _ in range(dice.count(6))]
    others = [dice.pick(_CATALOG)(dice, cast) for _ in range(dice.count(12))]
    return (*roles, *edges, *others)


def _role(dice: Dice, cast: Cast, name: str) -> str:
    can_login = name in cast.users or (name in cast.others and dice.seldom())
    words = ["LOGIN" if can_login and dice.often() else "NOLOGIN"]
    words += [dice.pick(_SWITCHES)] if dice.seldom() else []
    return f"CREATE ROLE {quoted(name)} {' '.join([*words, dice.pick(_LIMITS)])}"


def _edge(dice: Dice, cast: Cast) -> str:
    """Who is in what: with options, and from PostgreSQL 16 in somebody's name."""
    member = dice.pick(cast.present)
    containers = [each for each in cast.before(member) if each in cast.present]
    grant = f"GRANT {quoted(dice.pick((*containers, *containers, PREDEFINED)))} TO {quoted(member)}"
    if cast.version < 160000:
        return grant + (" WITH ADMIN OPTION" if dice.seldom() else "")
    inherit, set_ = ("TRUE" if dice.often() else "FALSE" for _ in range(2))
    options = f"ADMIN {dice.pick(('TRUE', 'FALSE'))}, INHERIT {inherit}, SET {set_}"
    grantor = dice.pick(("", "", *cast.present))
    return f"{grant} WITH {options}" + (f" GRANTED BY {quoted(grantor)}" if grantor else "")


def _words(dice: Dice, kind: str, version: int) -> str:
    return "ALL" if dice.seldom() else ", ".join(dice.some(words_of(kind, version)))


def _grantee(dice: Dice, cast: Cast) -> str:
    return dice.pick((*map(quoted, cast.present * 2), "PUBLIC"))


def _with_option(dice: Dice, grantee: str) -> str:
    return " WITH GRANT OPTION" if grantee != "PUBLIC" and dice.seldom() else ""


def _on(thing: Thing) -> str:
    return f"{'TYPE' if thing.noun == 'DOMAIN' else thing.noun} {thing.reference}"


def _grant(dice: Dice, cast: Cast) -> str:
    thing, grantee = dice.pick(cast.things), _grantee(dice, cast)
    words = _words(dice, thing.kind, cast.version)
    return f"GRANT {words} ON {_on(thing)} TO {grantee}{_with_option(dice, grantee)}"


def _delegated(dice: Dice, cast: Cast) -> str:
    """Somebody passes on what they were given to pass on; and maybe those do, too."""
    thing = dice.pick(cast.things)
    words = f"{_words(dice, thing.kind, cast.version)} ON {_on(thing)}"
    chain = dice.some(cast.present)
    option = " WITH GRANT OPTION"
    statements = [f"GRANT {words} TO {quoted(chain[0])}{option}"]
    for who, whom in pairwise(chain):
        may_too = option if whom != chain[-1] or dice.seldom() else ""
        statements.append(_as(who, f"GRANT {words} TO {quoted(whom)}{may_too}"))
    if dice.seldom():
        statements.append(_as(chain[0], f"GRANT {words} TO PUBLIC"))
    if dice.seldom():  # the last has some of it from the owner too
        more = _words(dice, thing.kind, cast.version)
        statements.append(f"GRANT {more} ON {_on(thing)} TO {quoted(chain[-1])}")
    return "; ".join(statements)


def _by_a_holder(dice: Dice, cast: Cast) -> str:
    """Somebody passes on what they hold, if they may."""
    thing = dice.pick(cast.things)
    words = _words(dice, thing.kind, cast.version)
    grant = f"GRANT {words} ON {_on(thing)} TO {_grantee(dice, cast)}"
    return _as(dice.pick(cast.present), grant)


def _as(who: str, statement: str) -> str:
    return f"SET LOCAL ROLE {quoted(who)}; {statement}; RESET ROLE"


def _columns(dice: Dice, cast: Cast) -> str:
    thing = dice.pick([each for each in cast.things if each.kind in ("table", "view")])
    columns = ", ".join(map(quoted, dice.some(COLUMNS, 2)))
    words = dice.some(words_of("column", cast.version), 2)
    what = ", ".join(f"{word} ({columns})" for word in words)
    grantee = _grantee(dice, cast)
    return f"GRANT {what} ON {thing.reference} TO {grantee}{_with_option(dice, grantee)}"


def _without_public(dice: Dice, cast: Cast) -> str:
    return f"REVOKE ALL ON {_on(dice.pick(cast.things))} FROM PUBLIC"


def _empty(dice: Dice, cast: Cast) -> str:
    """An ACL with nothing in it, which is not a missing one."""
    return f"REVOKE ALL ON {_on(dice.pick(cast.things))} FROM PUBLIC, {quoted(KEEPER)}"


def _owner(dice: Dice, cast: Cast) -> str:
    thing = dice.pick([each for each in cast.things if each.kind in _CAN_CHANGE_OWNER])
    return (
        f"ALTER {thing.noun_of_alter} {thing.reference} OWNER TO {quoted(dice.pick(cast.present))}"
    )


def _default(dice: Dice, cast: Cast) -> str:
    creator, kind = dice.pick((*cast.present, KEEPER)), dice.pick(tuple(_FUTURE))
    where = dice.pick(("", *(f"IN SCHEMA {quoted(each)} " for each in SCHEMAS)))
    verb, to = dice.pick((("GRANT", "TO"), ("GRANT", "TO"), ("REVOKE", "FROM")))
    who = _grantee(dice, cast)
    words = _words(dice, kind, cast.version)
    option = _with_option(dice, who) if verb == "GRANT" else ""
    return (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {quoted(creator)} {where}"
        f"{verb} {words} ON {_FUTURE[kind]} {to} {who}{option}"
    )


_CATALOG: Final[tuple[Callable[[Dice, Cast], str], ...]] = (
    *(_grant, _grant, _grant, _delegated, _delegated, _by_a_holder, _columns, _default, _default),
    *(_without_public, _empty, _owner),
)
