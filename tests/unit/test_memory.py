"""What the memory provider refuses, and how it spells what it is asked; the rest is conformance."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.changes import Change
from reconciler.errors import CannotHoldError, TargetError, UnexpectedResponseError
from reconciler.providers.memory import PROVIDER
from reconciler.providers.memory.document import Document, parse, render
from reconciler.providers.memory.normalize import normalize
from reconciler.providers.memory.options import MemoryOptions
from reconciler.providers.memory.provider import MemoryProvider
from reconciler.providers.memory.store import FileStore
from reconciler.scope import Desired, Policy, Provenance, Scope
from reconciler.source import Source
from reconciler.state import EMPTY, Fields, Key, State
from tests.conformance.bench import Notes

HEAD = '{"format": "reconciler.memory/v1", '
AMINA = Key("account", ("amina",))
READER = Key("role", ("reader",))
HOLDS = Key("membership", ("reader", "amina"))
TABLES = Key("object", ("db", "table", "geo"))
RIGHT = Key("privilege", ("reader", "db", "table", "geo"))
INVENTORY = State({TABLES: {"cells": "x", "sites": "x"}})


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "not whole JSON"),
        ("{", "not whole JSON"),
        ("[]", 'no "format"'),
        ('{"format": "reconciler.memory/v2", "records": []}', 'no "format"'),
        (HEAD + '"record": []}', 'key "record" is unknown'),
        (HEAD + '"account": ""}', "account is not a name"),
        (HEAD + '"untouchable": "root", "records": []}', "untouchable is not a list of texts"),
        (HEAD + '"records": {}}', "records is not a list"),
        (HEAD + '"records": [{"kind": "role"}]}', "records.0 does not hold"),
        (
            HEAD + '"records": [{"kind": "server", "path": ["a"], "fields": {}}]}',
            "records.0.kind is none of",
        ),
        (
            HEAD + '"records": [{"kind": "role", "path": [], "fields": {}}]}',
            "records.0.path is empty",
        ),
        (
            HEAD + '"records": [{"kind": "role", "path": ["a"], "fields": {"x": 1.5}}]}',
            "records.0.fields.x is neither",
        ),
        (
            HEAD
            + '"records": [{"kind": "role", "path": ["a"], "fields": {}},'
            + ' {"kind": "role", "path": ["a"], "fields": {}}]}',
            "records.1 repeats role a",
        ),
    ],
)
def test_a_file_that_is_not_as_described_is_an_error_that_says_where(text: str, said: str) -> None:
    with pytest.raises(UnexpectedResponseError) as caught:
        parse("store", text)

    assert said in str(caught.value)


def test_a_document_reads_back_as_it_was_written() -> None:
    fields: Fields = {"a": ("x", "y"), "b": True, "c": None, "d": 3, "e": "é"}
    document = Document("me", frozenset({"root", "admin"}), State({READER: {}, AMINA: fields}))

    assert parse("store", render(document)) == document


def test_a_missing_file_is_an_error_that_says_how_to_begin(tmp_path: Path) -> None:
    options = MemoryOptions(state=str(tmp_path / "state.json"))

    with pytest.raises(TargetError, match="for an empty target write") as caught:
        PROVIDER.open("store", options).observe(Scope())

    (tmp_path / "state.json").write_text(str(caught.value).split("write ")[1].split(" into")[0])
    assert PROVIDER.open("store", options).observe(Scope()) == EMPTY


def test_all_and_star_are_spelled_out_for_what_is_there() -> None:
    desired = State({RIGHT: {"*": ("SELECT",), "cells": ("ALL",)}, AMINA: {"level": "user"}})

    spelled = normalize("store", desired, INVENTORY)

    words = ("DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE")
    assert spelled.get(RIGHT) == {"cells": words, "sites": ("SELECT",)}
    assert spelled.get(AMINA) == {"enabled": True, "level": "user"}


def test_star_over_nothing_asks_for_nothing() -> None:
    assert normalize("store", State({RIGHT: {"*": ("SELECT",)}}), EMPTY) == EMPTY


def test_all_that_does_not_fit_is_reported_together() -> None:
    desired = State({RIGHT: {"cell": ("SELECT",), "sites": ("SELECT",)}, AMINA: {}})
    observed = State({**INVENTORY.records, Key("group", ("amina",)): {}})

    with pytest.raises(CannotHoldError) as caught:
        normalize("store", desired, observed)

    assert caught.value.faults == (
        (AMINA, '"amina" cannot be an account: it is a group there'),
        (RIGHT, 'there is no table "cell" in "db" schema "geo"'),
    )


def _check(records: dict[Key, Fields]) -> list[str]:
    provenance = Provenance(
        {key: (("at", str(key)),) for key in records}, lambda _path: Source("access.yaml", 7, 1)
    )
    desired = Desired("store", "memory", State(records), Scope(), Policy(), provenance, {})
    return [str(problem) for problem in PROVIDER.check(desired)]


@pytest.mark.parametrize(
    "fields, fault",
    [
        ({"quota": 0, "comment": ""}, ""),
        ({"quota": -1}, "quota needs a whole number from 0"),
        ({"quota": True}, "quota needs a whole number from 0"),
        ({"comment": 3}, "comment needs a text"),
    ],
)
def test_attributes_are_checked_before_anything_is_read(fields: Fields, fault: str) -> None:
    said = [f"access.yaml:7:1: {fault} (target store)"] if fault else []

    assert _check({AMINA: fields}) == said


def test_one_name_for_two_principals_is_refused() -> None:
    (problem,) = _check({AMINA: {}, Key("role", ("amina",)): {}})

    assert '"amina" would be account and role' in problem


@pytest.mark.parametrize(
    "present, change, said",
    [
        ({READER: {}}, Change("create", HOLDS, None, {}), 'no account, group or role "amina"'),
        ({AMINA: {}}, Change("create", HOLDS, None, {}), 'no account, group or role "reader"'),
        ({}, Change("create", RIGHT, None, {}), 'no account, group or role "reader"'),
        ({}, Change("update", AMINA, {}, {"level": "user"}), "no account amina to update"),
        (
            {READER: {}, AMINA: {}, HOLDS: {}},
            Change("delete", AMINA, {}, None),
            "account amina cannot be removed: membership reader/amina needs it",
        ),
        (
            {READER: {}, RIGHT: {}},
            Change("delete", READER, {}, None),
            "role reader cannot be removed: privilege reader/db/table/geo needs it",
        ),
    ],
)
def test_a_change_that_would_leave_something_dangling_is_refused(
    tmp_path: Path, present: dict[Key, Fields], change: Change, said: str
) -> None:
    path = tmp_path / "state.json"
    path.write_text(render(Document(state=State(present))))
    before = path.read_text()

    (outcome,) = MemoryProvider("store", FileStore("store", str(path))).apply([change], Notes())

    assert outcome.status == "failed"
    assert said in outcome.message
    assert path.read_text() == before


def test_nothing_but_the_state_and_its_lock_is_left_in_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(render(Document()))
    change = Change("create", AMINA, None, {"level": "user"})

    list(MemoryProvider("store", FileStore("store", str(path))).apply([change], Notes()))

    assert sorted(each.name for each in tmp_path.iterdir()) == ["state.json", "state.json.lock"]
