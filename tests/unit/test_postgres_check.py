"""What PostgreSQL cannot hold is found before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.providers.postgres.check import check, name_fault, role_name_fault, valid_until
from reconciler.scope import Desired, Policy, Provenance, Scope
from reconciler.source import Source
from reconciler.state import Fields, Key, State


def _desired(records: Mapping[Key, Fields], servers: frozenset[str] = frozenset()) -> Desired:
    paths = {key: ((key.kind, key.path[-1]),) for key in records}
    provenance = Provenance(
        paths, lambda path: Source("access.yaml", 1, 1, ".".join(map(str, path)))
    )
    return Desired(
        "db", "postgres", State(records), Scope(servers=servers), Policy(), provenance, {}
    )


@pytest.mark.parametrize(
    "name", ["a", "x" * 63, "é" * 31, "PG_x", "Public", "a.b", '"', "current_user"]
)
def test_a_name_that_a_server_takes_is_no_fault(name: str) -> None:
    assert role_name_fault(name) is None


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "a\0b", "pg_x", "public", "none"])
def test_a_name_that_a_server_cuts_or_refuses_is_a_fault(name: str) -> None:
    assert role_name_fault(name)


def test_what_is_reserved_for_roles_is_free_for_databases() -> None:
    assert name_fault("public") is None
    assert check(_desired({}, servers=frozenset({"public", "pg_archive"}))) == ()


def test_a_database_with_too_long_a_name_is_told_with_a_line_that_uses_it() -> None:
    name = "d" * 64
    records: dict[Key, Fields] = {
        Key("privilege", ("reader", name, "table", "s")): {"*": ("SELECT",)}
    }

    (problem,) = check(_desired(records, servers=frozenset({name})))

    assert problem.source
    assert "64 bytes" in problem.message


def test_accounts_groups_and_roles_share_one_space_of_names() -> None:
    records: dict[Key, Fields] = {Key("account", ("a",)): {}, Key("group", ("a",)): {}}

    (problem,) = check(_desired(records))

    assert '"a" would be account and group' in problem.message


@pytest.mark.parametrize(
    "fields",
    [
        {"superuser": True},
        {"connection_limit": -1},
        {"connection_limit": 2**31 - 1},
        {"valid_until": "infinity"},
        {"valid_until": "2030-01-01T00:00:00+02:00"},
    ],
)
def test_attributes_that_a_server_takes_are_no_fault(fields: Fields) -> None:
    assert check(_desired({Key("account", ("a",)): fields})) == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"superuser": "yes"},
        {"superuser": 1},
        {"connection_limit": -2},
        {"connection_limit": True},
        {"connection_limit": 2**31},
        {"valid_until": "2030-01-01"},
        {"valid_until": "2030-01-01T00:00:00"},
        {"valid_until": 2030},
    ],
)
def test_attributes_that_a_server_refuses_are_told_with_what_they_need(fields: Fields) -> None:
    (problem,) = check(_desired({Key("account", ("a",)): fields}))

    (name,) = fields
    assert problem.message.startswith(f"{name} needs ")


def test_a_time_without_a_zone_is_no_instant() -> None:
    assert valid_until("2030-01-01T00:00:00Z") is not None
    assert valid_until("2030-01-01T00:00:00") is None


def test_an_heir_with_a_name_that_no_role_can_have_is_told_with_its_line() -> None:
    desired = replace(_desired({}), policy=Policy(heir="pg_heir"))

    (problem,) = check(desired)

    assert str(problem).startswith("access.yaml:1:1: targets.db.policy.heir: ")
    assert "pg_heir" in problem.message


def test_pg_database_owner_takes_no_members() -> None:
    records: dict[Key, Fields] = {
        Key("role", ("reader",)): {},
        Key("membership", ("pg_database_owner", "reader")): {},
    }

    (problem,) = check(_desired(records))

    assert problem.source
    assert "pg_database_owner takes no members" in problem.message


def test_postgresqls_other_roles_can_be_inherited() -> None:
    records: dict[Key, Fields] = {Key("membership", ("pg_monitor", "reader")): {}}

    assert check(_desired(records)) == ()
