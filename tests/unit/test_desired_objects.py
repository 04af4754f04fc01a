"""Schemas and owners of a server: what the manifest may say of them, and what it asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from reconciler.desired import expand
from reconciler.errors import ManifestError
from reconciler.manifest.load import parse_manifest
from reconciler.scope import Capabilities, Desired
from reconciler.source import Problem
from reconciler.state import Fields, Key

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
ABLE = Capabilities(
    groups=True, inheritance=True, foreign_roles=True, privileges=True, objects=True
)


def _expanded(server: object, capabilities: Capabilities = ABLE, **more: object) -> Desired:
    manifest = {
        "version": 1,
        "targets": {"db": {"provider": "some"}},
        "servers": {"store": {"target": "db", **(server if isinstance(server, dict) else {})}},
        "users": {"amina": {"accounts": {"db": "amina_d"}}},
        "groups": {"staff": {"members": ["amina"]}},
        "roles": {"keeper": {"server": "store", "name": "keeper-db"}},
        **more,
    }
    text = json.dumps(manifest, indent=1)
    return expand(parse_manifest({"access.yaml": text}), {"some": capabilities}, NOON)["db"]


def _refused(server: object, capabilities: Capabilities = ABLE, **more: object) -> list[Problem]:
    with pytest.raises(ManifestError) as caught:
        _expanded(server, capabilities, **more)
    return list(caught.value.problems)


def _owners(desired: Desired, kind: str, schema: str = "s") -> Fields | None:
    return desired.state.get(Key("ownership", ("store", kind, schema)))


def _rule(owner: str = "keeper", **lists: object) -> dict[str, object]:
    return {"owner": owner, "schema": "s", **lists}


@pytest.mark.parametrize(
    "owner, name",
    [
        ("keeper", "keeper-db"),
        ("staff", "staff"),
        ("amina", "amina_d"),
        ("somebody_there", "somebody_there"),
    ],
)
def test_an_owner_is_a_name_of_the_manifest_or_of_the_target(owner: str, name: str) -> None:
    desired = _expanded({"owner": owner, "owners": [_rule(owner, tables=["t"])]})

    assert _owners(desired, "database", "") == {"store": name}
    assert _owners(desired, "table") == {"t": name}


def test_an_owner_that_the_manifest_does_not_declare_is_never_dropped() -> None:
    desired = _expanded({"owner": "somebody_there"})

    assert desired.scope.foreign == {"somebody_there"}


def test_a_rule_is_a_record_for_each_kind() -> None:
    lists = {"tables": "*", "views": ["v"], "sequences": "*", "functions": ["f()"], "types": "*"}

    desired = _expanded({"owners": [_rule(**lists)]})

    kinds = {"table": "*", "view": "v", "sequence": "*", "function": "f()", "type": "*"}
    assert {kind: _owners(desired, kind) for kind in kinds} == {
        kind: {name: "keeper-db"} for kind, name in kinds.items()
    }
    assert desired.scope.object_kinds >= {"type"}
    assert desired.scope.ownerships == {("store", kind, "s") for kind in kinds}


def test_a_schema_has_only_what_is_said_of_it() -> None:
    desired = _expanded({"schemas": {"bare": {}, "told": {"comment": "x", "owner": "keeper"}}})

    assert desired.state.get(Key("schema", ("store", "bare"))) == {}
    assert desired.state.get(Key("schema", ("store", "told"))) == {"comment": "x"}
    assert _owners(desired, "schema", "") == {"told": "keeper-db"}
    assert desired.scope.schemas == {("store", "bare"), ("store", "told")}
    assert desired.scope.schema_comments


def test_without_comments_none_are_to_be_read() -> None:
    assert not _expanded({"schemas": {"bare": {}}}).scope.schema_comments


@pytest.mark.parametrize(
    "first, second",
    [(["t"], ["t"]), ("*", ["t"]), (["t"], "*"), ("*", "*")],
)
def test_two_owners_of_one_object_are_refused_with_both_lines(
    first: object, second: object
) -> None:
    rules = [_rule("keeper", tables=first), _rule("staff", tables=second)]

    (problem,) = _refused({"owners": rules})

    assert problem.source is not None
    assert problem.source.path == "servers.store.owners.1.tables"
    assert 'has two owners, "staff" here and "keeper" at access.yaml:' in problem.message


def test_two_servers_with_one_database_cannot_name_two_owners_for_it() -> None:
    servers = {
        "store": {"target": "db", "owner": "keeper"},
        "again": {"target": "db", "database": "store", "owner": "staff"},
    }

    (problem,) = _refused({}, servers=servers)

    assert 'database "store" has two owners' in problem.message


def test_two_servers_with_one_database_cannot_give_a_schema_two_comments() -> None:
    servers = {
        "store": {"target": "db", "schemas": {"s": {"comment": "one"}}},
        "again": {"target": "db", "database": "store", "schemas": {"s": {"comment": "two"}}},
    }

    (problem,) = _refused({}, servers=servers)

    assert 'schema "s" of "store" has another comment at access.yaml:' in problem.message


def test_the_same_owner_named_twice_is_no_fault() -> None:
    rules = [_rule(tables="*"), _rule(tables=["t"])]

    assert _owners(_expanded({"owners": rules}), "table") == {"*": "keeper-db", "t": "keeper-db"}


@pytest.mark.parametrize(
    "server, word",
    [
        ({"owner": "keeper"}, "owner"),
        ({"schemas": {"s": {}}}, "schemas"),
        ({"owners": [_rule(tables="*")]}, "owners"),
    ],
)
def test_a_target_without_objects_refuses_each_word_with_its_line(
    server: object, word: str
) -> None:
    (problem,) = _refused(server, Capabilities())

    assert problem.source is not None
    assert problem.source.path == f"servers.store.{word}"
    assert problem.message.startswith(f"a server has no {word} on target")


@pytest.mark.parametrize(
    "rule, said",
    [
        (_rule(), "the rule names no objects"),
        (_rule(tables=[]), "must not be empty"),
        (_rule(tables="all"), 'must be "*" for all, or a list of names'),
        (_rule(columns=["c"]), "columns"),
        ({"owner": "keeper", "tables": "*"}, "schema"),
        (_rule(tables=["t", "t"]), "twice"),
    ],
)
def test_a_rule_that_says_nothing_sure_is_a_fault(rule: object, said: str) -> None:
    problems = _refused({"owners": [rule]})

    assert any(said in f"{each.source} {each.message} {each.hint}" for each in problems), problems
