"""Row-level security in the manifest: its rules, the records it becomes, and what holds it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from reconciler.changes import Change
from reconciler.classify import Direction, direction_of
from reconciler.desired import expand
from reconciler.errors import ManifestError
from reconciler.manifest.load import parse_manifest
from reconciler.plan import Finding
from reconciler.removable import is_removable
from reconciler.safety.release import held_back
from reconciler.scope import Capabilities, Desired, Policy, Scope
from reconciler.state import Fields, Key

AT = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
ABLE = Capabilities(privileges=True, groups=True, inheritance=True, row_security=True)
TABLE = ("flowdb", "analytics", "cells")
POLICY = Key("policy", (*TABLE, "own"))
SWITCH = Key("row_security", TABLE)
BASE = """
version: 1
targets: {store: {provider: some}}
users: {amina: {}, esi: {}, kofi: {accounts: {store: kofi_m}}}
groups: {analysts: {members: [amina]}, empty: {members: []}}
roles: {reader: {server: db, name: r_reader}}
grants: [{group: analysts, role: reader}, {user: kofi, role: reader}]
servers:
  db:
    target: store
    database: flowdb
    row_security:
"""


def _desired(entries: str, able: Capabilities = ABLE) -> Desired:
    lines = "".join(f"      - {line}\n" for line in entries.strip().splitlines())
    loaded = parse_manifest({"access.yaml": BASE + lines})
    return expand(loaded, {"some": able}, AT)["store"]


def _policy(text: str) -> Fields | None:
    entry = f"{{schema: analytics, table: cells, policies: {{own: {text}}}}}"
    return _desired(entry).state.get(POLICY)


def test_what_is_left_out_has_its_default_or_is_not_managed() -> None:
    desired = _desired("{schema: analytics, table: cells}")

    assert desired.state.get(SWITCH) == {"enabled": True}
    assert desired.scope.row_security == {TABLE}
    assert desired.scope.policy_tables == frozenset()


@pytest.mark.parametrize("empty", ["[]", "{}"])
def test_no_policies_are_none_and_not_unmanaged(empty: str) -> None:
    desired = _desired(f"{{schema: analytics, table: cells, forced: false, policies: {empty}}}")

    assert desired.state.get(SWITCH) == {"enabled": True, "forced": False}
    assert desired.scope.policy_tables == {TABLE}
    assert list(desired.state.of_kind("policy")) == []


def test_a_policy_is_for_everybody_and_everything_unless_it_says_otherwise() -> None:
    assert _policy('{using: " a = 1 "}') == {
        "command": "all",
        "permissive": True,
        "roles": ("",),
        "using": "a = 1",
        "check": "",
    }


@pytest.mark.parametrize(
    "to, roles",
    [
        ("[reader]", ("r_reader",)),
        ("[kofi, analysts, flowapi]", ("analysts", "flowapi", "kofi_m")),
        ("[reader, Public]", ("",)),
        ("[reader, esi, empty]", ("r_reader",)),
    ],
)
def test_names_are_those_that_the_target_has(to: str, roles: tuple[str, ...]) -> None:
    policy = _policy(f"{{to: {to}, using: a}}")

    assert policy is not None
    assert policy["roles"] == roles


def test_a_policy_for_nobody_is_none() -> None:
    assert _policy("{to: [esi], using: a}") is None


@pytest.mark.parametrize(
    "text, said",
    [
        ("{}", "says neither using nor check"),
        ("{command: insert, using: a}", "a policy for insert has no using"),
        ("{command: select, using: a, check: a}", "a policy for select has no check"),
        ("{command: delete, check: a}", "a policy for delete has no check"),
        ("{command: truncate, using: a}", "command"),
        ("{to: [], using: a}", "to"),
        ("{to: [reader, reader], using: a}", "stands twice in the list"),
        ('{using: "true) OR (true"}', 'the expression has a ")" too many'),
        ('{using: "true; DROP TABLE x"}', "the expression cannot be read"),
        ("{using: }", "using"),
        ("{using: a, chek: b}", 'unknown key "chek"'),
    ],
)
def test_what_cannot_be_a_policy_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        _policy(text)

    (problem,) = caught.value.problems
    assert said in str(problem)
    assert problem.source is not None
    assert problem.source.path.startswith("servers.db.row_security.0.policies.own")


def test_a_command_may_be_in_capitals() -> None:
    policy = _policy("{command: SELECT, using: a}")

    assert policy is not None
    assert policy["command"] == "select"


def test_one_table_stands_once() -> None:
    with pytest.raises(ManifestError, match=r"analytics\.cells stands twice"):
        _desired("{schema: analytics, table: cells}\n{schema: analytics, table: cells}")


def test_a_target_without_it_refuses_it() -> None:
    with pytest.raises(ManifestError, match="a server has no row security"):
        _desired("{schema: analytics, table: cells}", Capabilities(privileges=True, groups=True))


def test_policies_are_removable_only_where_they_are_managed() -> None:
    scope = Scope(policy_tables=frozenset({TABLE}))

    assert is_removable(POLICY, scope, Policy())
    assert not is_removable(POLICY, scope, Policy(prune="never"))
    assert not is_removable(POLICY, Scope(row_security=frozenset({TABLE})), Policy(prune="all"))
    assert not is_removable(SWITCH, scope, Policy(prune="all"))


STRICT: Fields = {"permissive": False}
GIVING: Fields = {"permissive": True}


@pytest.mark.parametrize(
    "key, sides, whole, way",
    [
        (SWITCH, ({"enabled": True}, {"enabled": False}), {}, "widened"),
        (SWITCH, ({"forced": False}, {"forced": True}), {}, "narrowed"),
        (POLICY, ({}, None), GIVING, "narrowed"),
        (POLICY, ({}, None), STRICT, "widened"),
        (POLICY, (None, {}), GIVING, "widened"),
        (POLICY, (None, {}), STRICT, "narrowed"),
        (POLICY, ({"roles": ("a",)}, {"roles": ("a", "b")}), {}, "mixed"),
    ],
)
def test_directions(
    key: Key, sides: tuple[Fields | None, Fields | None], whole: Fields, way: Direction
) -> None:
    assert direction_of(key, sides, whole) == way


def _held(*keys: Key) -> Finding:
    return Finding("F-1", "some", "store", "for a reason", keys, blocking=True)


def _create(kind: str, path: tuple[str, ...], fields: Mapping[str, object]) -> Change:
    return Change("create", Key(kind, path), None, fields)  # type: ignore[arg-type]  # of a test


def test_row_security_is_not_switched_on_without_a_policy_whose_role_is_not_made() -> None:
    role = _create("role", ("reader",), {"login": False})
    policy = _create("policy", POLICY.path, {"roles": ("reader",)})
    other = _create("policy", ("flowdb", "analytics", "sites", "own"), {"roles": ("",)})
    switch = Change("update", SWITCH, {"enabled": False}, {"enabled": True})

    held = held_back([role, policy, other, switch], [_held(role.key)])

    assert held == (role, policy, switch)


def test_a_role_stays_while_a_policy_that_names_it_is_kept() -> None:
    policy = Change("delete", POLICY, {"roles": ("reader",)}, None)
    role = Change("delete", Key("role", ("reader",)), {"login": False}, None)

    assert held_back([policy, role], [_held(POLICY)]) == (policy, role)
