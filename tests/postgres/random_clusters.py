"""Random clusters as SQL: roles, who is in what, objects with owners, and what is granted on them.

Here belong the strategies. They make what PostgreSQL takes, also what no manifest can say.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

_NAMES = ("amina", "Kofi", "null", "12", 'quo"te', "a.b", "*", "é", "blank ", "yes", "team", "x-y")
_ATTRIBUTES = (*("",) * 12, "CREATEDB", "NOINHERIT", "CONNECTION LIMIT 2", "SUPERUSER")
_FROM_16 = (
    "WITH INHERIT FALSE",
    "WITH SET FALSE",
    "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
    "WITH ADMIN FALSE, INHERIT FALSE, SET FALSE",
)
_EDGES = (*("",) * 15, "WITH ADMIN OPTION", *_FROM_16)
_OPTIONS = (*("",) * 9, " WITH GRANT OPTION")
_SCHEMAS = ("public", "s")
_OBJECTS = (
    "TABLE {}.t0",
    "TABLE {}.t1",
    "TABLE {}.v0",
    "SEQUENCE {}.q0",
    "FUNCTION {}.f0(int)",
    "TYPE {}.e0",
)
_WORDS = {
    "TABLE": ("SELECT", "INSERT", "UPDATE", "ALL"),
    "SEQUENCE": ("USAGE", "SELECT", "ALL"),
    "FUNCTION": ("EXECUTE",),
    "TYPE": ("USAGE",),
    "LANGUAGE": ("USAGE",),
    "SCHEMA": ("USAGE", "CREATE"),
    "DATABASE": ("CONNECT", "TEMPORARY"),
}
_EVERY = ("TABLES", "SEQUENCES", "FUNCTIONS")
_EVERY_NEW = (*_EVERY, "TYPES")
_MADE = (
    "CREATE SCHEMA s;"
    + "".join(
        f"CREATE TABLE {each}.t0 (id int); CREATE TABLE {each}.t1 (id int);"
        f"CREATE VIEW {each}.v0 AS SELECT 1 AS id; CREATE SEQUENCE {each}.q0;"
        f"CREATE TYPE {each}.e0 AS ENUM ();"
        f"CREATE FUNCTION {each}.f0(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
        for each in _SCHEMAS
    )
    + "CREATE TABLE s.t2 (id int);"
)


def before_16(statement: str) -> str:
    """The statement as PostgreSQL 14 and 15 take it, where an edge has no option but ADMIN."""
    for words in _FROM_16:
        statement = statement.replace(words, "")
    return statement


def quoted(name: str) -> str:
    """The name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


@st.composite
def clusters(draw: st.DrawFn) -> tuple[str, ...]:
    """Statements that fill an empty cluster: bundles of rights, teams in them, people in both."""
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=4, max_size=9, unique=True))
    roles = [quoted(name) for name in names]
    first, second = sorted(draw(st.lists(st.integers(1, len(roles) - 1), min_size=2, max_size=2)))
    bundles, teams, people = roles[:first], roles[first:second], roles[second:]
    statements = [_MADE]
    statements += [draw(_role(role, "NOLOGIN")) for role in (*bundles, *teams)]
    statements += [draw(_role(role, "LOGIN")) for role in people]
    statements += draw(_edges(roles))
    holders = [*bundles, *bundles, *bundles, people[0]]
    for makes in (_owner, _on_one, _on_every, _on_place, _future, _default, _column):
        most = 1 if makes in (_default, _owner) else 3
        statements += draw(st.lists(makes(holders), max_size=most))
    return tuple(statements)


@st.composite
def _role(draw: st.DrawFn, role: str, login: str) -> str:
    return f"CREATE ROLE {role} {login} {draw(st.sampled_from(_ATTRIBUTES))}"


@st.composite
def _edges(draw: st.DrawFn, roles: Sequence[str]) -> list[str]:
    """Each is in some that come before it, so that nothing contains itself."""
    statements = []
    for index, member in enumerate(roles[1:], start=1):
        found = draw(st.lists(st.sampled_from(roles[:index]), min_size=1, max_size=3, unique=True))
        for container in found:
            statements.append(f"GRANT {container} TO {member} {draw(st.sampled_from(_EDGES))}")
    return statements


@st.composite
def _words(draw: st.DrawFn, kind: str) -> str:
    words = draw(st.lists(st.sampled_from(_WORDS[kind]), min_size=1, max_size=2, unique=True))
    return "ALL" if "ALL" in words else ", ".join(words)


@st.composite
def _object(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(_OBJECTS)).format(draw(st.sampled_from(_SCHEMAS)))


@st.composite
def _owner(draw: st.DrawFn, roles: Sequence[str]) -> str:
    return f"ALTER {draw(_object())} OWNER TO {draw(st.sampled_from(roles))}"


@st.composite
def _on_one(draw: st.DrawFn, roles: Sequence[str]) -> str:
    which = draw(_object())
    words = draw(_words(which.split()[0]))
    option = draw(st.sampled_from(_OPTIONS))
    return f"GRANT {words} ON {which} TO {draw(st.sampled_from(roles))}{option}"


@st.composite
def _on_every(draw: st.DrawFn, roles: Sequence[str]) -> str:
    every = draw(st.sampled_from(_EVERY))
    words = draw(_words(every.removesuffix("S")))
    schema = draw(st.sampled_from(_SCHEMAS))
    role = draw(st.sampled_from([*roles, "PUBLIC"]))
    return f"GRANT {words} ON ALL {every} IN SCHEMA {schema} TO {role}"


@st.composite
def _on_place(draw: st.DrawFn, roles: Sequence[str]) -> str:
    place = draw(
        st.sampled_from(("SCHEMA public", "SCHEMA s", "DATABASE postgres", "LANGUAGE sql"))
    )
    words = draw(_words(place.split()[0]))
    return f"GRANT {words} ON {place} TO {draw(st.sampled_from(roles))}"


@st.composite
def _future(draw: st.DrawFn, roles: Sequence[str]) -> str:
    """What somebody has on all objects, and will have on those to come."""
    every = draw(st.sampled_from(_EVERY))
    words = draw(_words(every.removesuffix("S")))
    schema = draw(st.sampled_from(_SCHEMAS))
    role = draw(st.sampled_from(roles))
    return (
        f"GRANT {words} ON ALL {every} IN SCHEMA {schema} TO {role};"
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {words} ON {every} TO {role}"
    )


@st.composite
def _default(draw: st.DrawFn, roles: Sequence[str]) -> str:
    creator = draw(st.sampled_from([*roles, "postgres"]))
    every = draw(st.sampled_from(_EVERY_NEW))
    words = draw(_words(every.removesuffix("S")))
    schema = draw(st.sampled_from(("IN SCHEMA s", "IN SCHEMA public", "IN SCHEMA s", "")))
    role = draw(st.sampled_from(roles))
    return (
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {creator} {schema} GRANT {words} ON {every} TO {role}"
    )


@st.composite
def _column(draw: st.DrawFn, roles: Sequence[str]) -> str:
    schema, role = draw(st.sampled_from(_SCHEMAS)), draw(st.sampled_from(roles))
    return f"GRANT UPDATE (id) ON {schema}.t0 TO {role}"
