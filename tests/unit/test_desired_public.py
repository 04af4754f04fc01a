"""What everybody (PUBLIC) may do, in the manifest: rules as records, and rules that cannot be."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.desired import expand
from reconciler.errors import ManifestError
from reconciler.manifest.load import parse_manifest
from reconciler.scope import Capabilities, Desired, Scope
from reconciler.state import Key, State

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
DATABASES = Capabilities(groups=True, inheritance=True, foreign_roles=True, privileges=True)
BASE = """
version: 1
targets: {store: {provider: some}}
roles: {reader: {server: db, privileges: [{languages: [sql], allow: [usage]}]}}
servers:
  db:
    target: store
    public:
"""


def _desired(*rules: str, capabilities: Capabilities = DATABASES) -> Desired:
    text = BASE + "".join(f"      - {{{rule}}}\n" for rule in rules)
    loaded = parse_manifest({"access.yaml": text})
    return expand(loaded, {"some": capabilities}, NOON)["store"]


def _refused(*rules: str, capabilities: Capabilities = DATABASES) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        _desired(*rules, capabilities=capabilities)
    return [str(problem) for problem in caught.value.problems]


def _public(desired: Desired) -> dict[Key, object]:
    return dict(desired.state.of_kind("public_privilege", "public_default"))


def test_rules_become_records_by_place_and_an_empty_list_is_nothing() -> None:
    desired = _desired(
        "database: db, allow: []",
        "schema: geo, allow: [usage]",
        "schema: geo, tables: [a, b], allow: [select]",
        "schema: geo, tables: [b], allow: [insert]",
        "large_objects: [4711], allow: [select]",
        "parameters: [work_mem], allow: [set]",
    )

    assert _public(desired) == {
        Key("public_privilege", ("db", "database", "")): {"db": ()},
        Key("public_privilege", ("db", "schema", "")): {"geo": ("USAGE",)},
        Key("public_privilege", ("db", "table", "geo")): {
            "a": ("SELECT",),
            "b": ("INSERT", "SELECT"),
        },
        Key("public_privilege", ("db", "large object", "")): {"4711": ("SELECT",)},
        Key("public_privilege", ("", "parameter", "")): {"work_mem": ("SET",)},
    }
    assert desired.scope.public == _public(desired).keys()
    kinds = {"database", "schema", "table", "large object", "parameter", "language"}
    assert desired.scope.object_kinds == kinds


def test_a_rule_without_schema_is_about_future_objects_alone() -> None:
    desired = _desired(
        'functions: "*", allow: [], created_by: [loader]',
        'schemas: "*", allow: [usage], created_by: [loader]',
        'schema: geo, tables: "*", views: "*", allow: [select], created_by: [loader]',
    )

    assert _public(desired) == {
        Key("public_default", ("db", "loader", "function", "")): {"privileges": ()},
        Key("public_default", ("db", "loader", "schema", "")): {"privileges": ("USAGE",)},
        Key("public_default", ("db", "loader", "table", "geo")): {"privileges": ("SELECT",)},
        Key("public_privilege", ("db", "table", "geo")): {"*": ("SELECT",)},
        Key("public_privilege", ("db", "view", "geo")): {"*": ("SELECT",)},
    }


def test_what_was_applied_once_and_no_rule_names_any_more_is_not_observed() -> None:
    applied = State({Key("public_privilege", ("db", "database", "")): {"db": ()}})

    assert Scope().widened(applied, ()).public == frozenset()


@pytest.mark.parametrize(
    "one, other, text",
    [
        ("database: db, allow: []", "database: db, allow: [connect]", '"db"'),
        (
            'types: "*", allow: [usage], created_by: [loader]',
            'types: "*", allow: [], created_by: [loader]',
            "future objects",
        ),
    ],
    ids=["object", "future objects"],
)
def test_one_rule_that_says_nothing_and_another_that_says_something_contradict(
    one: str, other: str, text: str
) -> None:
    (problem,) = _refused(one, other)

    assert f"servers.db.public.1.allow: another rule allows everybody other things with {text}" in (
        problem
    )


NARROWER = {
    "nothing, where execute is built in": ('functions: "*"', "[]", []),
    "nothing, where a global rule gives select": (
        'tables: "*", views: "*"',
        "[insert]",
        ['tables: "*", views: "*", allow: [select], created_by: [loader]'],
    ),
}


@pytest.mark.parametrize("lists, allow, others", NARROWER.values(), ids=NARROWER)
def test_one_schema_cannot_take_back_what_all_schemas_give_trap_4(
    lists: str, allow: str, others: list[str]
) -> None:
    rule = f"schema: geo, {lists}, allow: {allow}, created_by: [loader]"

    (problem,) = _refused(rule, *others)

    assert "servers.db.public.0.schema: everybody has" in problem
    assert "write the rule without schema" in problem


@pytest.mark.parametrize(
    "rules",
    [
        ['schema: geo, functions: "*", allow: [all], created_by: [loader]'],
        ['schema: geo, tables: "*", views: "*", allow: [], created_by: [loader]'],
        [
            'schema: geo, functions: "*", allow: [], created_by: [loader]',
            'functions: "*", allow: [], created_by: [loader]',
        ],
    ],
    ids=["as much", "nothing built in", "taken everywhere"],
)
def test_one_schema_may_say_as_much_as_all_schemas_or_more(rules: list[str]) -> None:
    assert [key for key in _public(_desired(*rules)) if key.kind == "public_default"]


def test_a_rule_about_another_database_is_refused() -> None:
    (problem,) = _refused("database: other, allow: []")

    assert 'servers.db.public.0.database: the server is the database "db", not "other"' in problem


def test_a_target_without_privileges_refuses_the_rules() -> None:
    problems = _refused("database: db, allow: []", capabilities=Capabilities())

    assert any("servers.db.public.0: everybody has no privileges on target" in p for p in problems)


@pytest.mark.parametrize(
    "rule, text",
    [
        ("database: db, allow: [connect], grant_option: true", "cannot be given a grant option"),
        ("database: db", '"allow" is missing'),
        ('schemas: "*", allow: [usage]', "the rule does not say whose"),
        ('tables: "*", allow: [select]', "the rule has tables and no schema"),
        ("large_objects: [x], allow: [select]", "must be a whole number"),
        ("schema: s, large_objects: [1], allow: [select]", "large_objects are in no schema"),
        (
            'tables: "*", views: "*", tablespaces: [a], allow: [create], created_by: [x]',
            "tablespaces belong to the cluster",
        ),
        ("schema: s, allow: [select]", '"select" is not a privilege of a schema'),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_its_place(rule: str, text: str) -> None:
    problems = _refused(rule)

    assert any("servers.db.public.0" in each and text in each for each in problems)


def test_a_role_must_be_allowed_something() -> None:
    text = BASE.replace("allow: [usage]", "allow: []").replace("    public:\n", "")

    with pytest.raises(ManifestError, match=r"roles\.reader\.privileges\.0\.allow"):
        parse_manifest({"access.yaml": text})


def test_a_role_has_privileges_on_large_objects_and_default_privileges_everywhere() -> None:
    rules = (
        '[{large_objects: [7, 9], allow: [all]}, {types: "*", allow: [usage], created_by: [x]},'
        ' {large_objects: "*", allow: [select], created_by: [x]}]'
    )
    text = BASE.replace("[{languages: [sql], allow: [usage]}]", rules).replace("    public:\n", "")
    loaded = parse_manifest({"access.yaml": text})

    state = expand(loaded, {"some": DATABASES}, NOON)["store"].state

    assert dict(state.of_kind("privilege", "default_privilege")) == {
        Key("privilege", ("reader", "db", "large object", "")): {
            "7": ("ALL",),
            "9": ("ALL",),
            "*": ("SELECT",),
        },
        Key("default_privilege", ("reader", "db", "x", "type", "")): {"privileges": ("USAGE",)},
        Key("default_privilege", ("reader", "db", "x", "large object", "")): {
            "privileges": ("SELECT",)
        },
    }
