"""Desired records in the spelling of a server."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.errors import CannotHoldError
from reconciler.providers.postgres.normalize import normalize
from reconciler.providers.postgres.observe import PREDEFINED
from reconciler.state import Fields, Key, State

THERE: Mapping[Key, Fields] = {
    PREDEFINED: {"pg_read_all_data": ""},
    Key("object", ("db", "database", "")): {"db": "owner"},
    Key("object", ("db", "schema", "")): {"s": "owner", "empty": "owner"},
    Key("object", ("db", "table", "s")): {"t": "owner", "mine": "reader"},
    Key("object", ("db", "function", "s")): {"f(integer, text)": "owner", "f()": "o", "g()": "o"},
    Key("role", ("flowapi",)): {"login": True},
}

PARAMETERS = Key("object", ("", "parameter", ""))
WITH_KINDS: Mapping[Key, Fields] = {
    **THERE,
    Key("object", ("db", "column", "s")): {"t.id": "owner", "mine.id": "reader"},
    PARAMETERS: {"work_mem": "postgres"},
}


def _normalized(
    key: Key, fields: Fields, version: int = 180000, there: Mapping[Key, Fields] = THERE
) -> Fields | None:
    return normalize("target", State({key: fields}), State(dict(there)), version).get(key)


def _fault(key: Key, fields: Fields, version: int = 180000) -> str:
    with pytest.raises(CannotHoldError) as caught:
        _normalized(key, fields, version)
    ((found, message),) = caught.value.faults
    assert found == key
    return message


def _on(kind: str, schema: str = "s", grantee: str = "reader", database: str = "db") -> Key:
    return Key("privilege", (grantee, database, kind, schema))


def test_a_star_is_every_object_but_those_of_the_holder() -> None:
    assert _normalized(_on("table"), {"*": ("SELECT",)}) == {"t": ("SELECT",)}
    assert _normalized(_on("table", grantee="other"), {"*": ("SELECT",)}) == {
        "t": ("SELECT",),
        "mine": ("SELECT",),
    }


def test_all_with_a_grant_option_is_all_twice() -> None:
    every = _normalized(_on("column"), {"t.id": ("ALL", "ALL*")}, there=WITH_KINDS)

    words = ("INSERT", "REFERENCES", "SELECT", "UPDATE")
    both = tuple(sorted((*words, *(f"{word}*" for word in words))))
    assert every == {"t.id": both}
    temp = _normalized(_on("database", schema=""), {"db": ("TEMP", "TEMP*")})
    assert temp == {"db": ("TEMPORARY", "TEMPORARY*")}


def test_a_parameter_has_its_name_in_small_letters() -> None:
    key = _on("parameter", schema="", database="")
    fields: Fields = {"Work_Mem": ("SET",), "my.Own": ("SET",)}

    assert _normalized(key, fields, there=WITH_KINDS) == {"work_mem": ("SET",), "my.own": ("SET",)}
    with pytest.raises(CannotHoldError, match="from PostgreSQL 15; this server has 14"):
        _normalized(key, fields, version=140000, there=WITH_KINDS)
    with pytest.raises(CannotHoldError, match='no parameter "wrk_mem"; did you mean "work_mem"'):
        _normalized(key, {"wrk_mem": ("SET",)}, there=WITH_KINDS)


def test_a_parameter_that_we_are_not_shown_may_be_there() -> None:
    key = _on("parameter", schema="", database="")
    there: Mapping[Key, Fields] = {**WITH_KINDS, PARAMETERS: {"work_mem": "", "*": ""}}

    assert _normalized(key, {"hidden": ("SET",)}, there=there) == {"hidden": ("SET",)}


def test_a_star_and_a_name_are_united() -> None:
    fields: Fields = {"*": ("SELECT",), "t": ("INSERT",)}

    assert _normalized(_on("table"), fields) == {"t": ("INSERT", "SELECT")}


def test_a_star_on_nothing_is_no_record() -> None:
    assert _normalized(_on("table", schema="empty"), {"*": ("SELECT",)}) is None


@pytest.mark.parametrize("name", ["f(integer,text)", "f(integer, text)", "f( integer , text )"])
def test_a_signature_is_found_however_it_is_spaced(name: str) -> None:
    assert _normalized(_on("function"), {name: ("EXECUTE",)}) == {"f(integer, text)": ("EXECUTE",)}


def test_a_bare_name_is_the_only_function_of_that_name() -> None:
    assert _normalized(_on("function"), {"g": ("EXECUTE",)}) == {"g()": ("EXECUTE",)}
    assert "2 functions in s; name one: f(), f(integer, text)" in _fault(
        _on("function"), {"f": ("EXECUTE",)}
    )


@pytest.mark.parametrize(
    "key, fields, text",
    [
        (_on("table"), {"tt": ("SELECT",)}, 'there is no table "tt" in db.s; did you mean "t"?'),
        (_on("table", schema="ss"), {"*": ("SELECT",)}, 'no schema "ss" in database "db"; did you'),
        (_on("table", database="dbb"), {"*": ("SELECT",)}, 'no database "dbb"; did you mean "db"?'),
        (_on("schema", schema=""), {"ss": ("USAGE",)}, 'there is no schema "ss" in db; did you'),
        (
            Key("membership", ("flowapy", "reader")),
            {},
            'there is no role "flowapy"; did you mean "flowapi"?',
        ),
        (Key("role", ("flowapi",)), {}, '"flowapi" can sign in there'),
        (
            Key("default_privilege", ("reader", "db", "flowapy", "table", "s")),
            {"privileges": ("SELECT",)},
            'did you mean "flowapi"?',
        ),
    ],
)
def test_what_is_not_there_is_a_fault_that_says_what_is(
    key: Key, fields: Fields, text: str
) -> None:
    assert text in _fault(key, fields)


def test_maintain_is_a_fault_before_version_17() -> None:
    assert "this server has 16" in _fault(_on("table"), {"t": ("MAINTAIN",)}, 160004)
    assert _normalized(_on("table"), {"t": ("MAINTAIN",)}, 170000) == {"t": ("MAINTAIN",)}


def test_power_is_off_unless_the_manifest_gives_it() -> None:
    plain = _normalized(Key("account", ("amina",)), {})
    strong = _normalized(Key("account", ("amina",)), {"superuser": True})

    assert plain
    assert plain["login"] is True
    assert plain["superuser"] is False
    assert strong == {**plain, "superuser": True}


def test_a_time_is_spelled_in_utc() -> None:
    fields = _normalized(Key("account", ("amina",)), {"valid_until": "2030-01-01T01:00:00+02:00"})

    assert fields
    assert fields["valid_until"] == "2029-12-31T23:00:00Z"


def test_edges_have_their_options_from_version_16() -> None:
    key = Key("membership", ("flowapi", "reader"))

    assert _normalized(key, {}, 150000) == {"admin": False}
    assert _normalized(key, {}, 160000) == {"admin": False, "inherit": True, "set": True}


def test_a_creator_needs_no_default_privileges_on_what_it_creates() -> None:
    key = Key("default_privilege", ("reader", "db", "reader", "table", "s"))

    assert _normalized(key, {"privileges": ("SELECT",)}) is None


def test_all_faults_are_told_together_and_once() -> None:
    records: dict[Key, Fields] = {
        _on("table"): {"nope": ("SELECT",)},
        _on("table", grantee="b"): {"nope": ("SELECT",), "never": ("SELECT",)},
    }

    with pytest.raises(CannotHoldError) as caught:
        normalize("target", State(records), State(dict(THERE)), 180000)

    assert len(caught.value.faults) == 3
