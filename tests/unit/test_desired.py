"""What a manifest asks of a target at one instant: who holds what, and what roles give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.desired import expand, next_boundary
from reconciler.manifest.load import LoadedManifest, parse_manifest
from reconciler.removable import is_removable
from reconciler.scope import Capabilities, Desired, Policy, Scope
from reconciler.state import Key, Kind, State

NOON = datetime(2027, 6, 30, 12, 0, tzinfo=UTC)
WITH_GROUPS = Capabilities(
    groups=True, inheritance=True, foreign_roles=True, privileges=True, attributes=("comment",)
)
FLAT = Capabilities(levels=("user", "manager", "admin"))
SCOPED = Capabilities(
    scopes=True, managed_servers=True, roles_in_servers=True, levels=("user", "admin")
)

BASE = """
version: 1
targets: {store: {provider: some}}
servers: {db: {target: store}}
users:
  amina: {name: Amina Diallo}
  kofi: {}
  esi: {}
"""


def _load(text: str, base: str = BASE) -> LoadedManifest:
    return parse_manifest({"access.yaml": base + text})


def _desired(
    text: str, capabilities: Capabilities = WITH_GROUPS, at: datetime = NOON, base: str = BASE
) -> Desired:
    return expand(_load(text, base), {"some": capabilities}, at)["store"]


def _names(desired: Desired, kind: Kind) -> list[str]:
    return ["/".join(key.path) for key, _ in desired.state if key.kind == kind]


# Time


WINDOW = """
roles: {reader: {server: db}}
grants:
  - {user: amina, role: reader, from: 2027-06-30T12:00:00Z, until: 2027-06-30T14:00:00+01:00}
"""


@pytest.mark.parametrize(
    "at, holds",
    [
        (NOON - timedelta(microseconds=1), False),
        (NOON, True),
        (NOON + timedelta(hours=1, microseconds=-1), True),
        (NOON + timedelta(hours=1), False),
    ],
)
def test_a_grant_holds_from_its_start_until_just_before_its_end_tim_01(
    at: datetime, *, holds: bool
) -> None:
    desired = _desired(WINDOW, at=at)

    assert _names(desired, "membership") == (["reader/amina"] if holds else [])
    assert _names(desired, "account") == (["amina"] if holds else [])
    assert desired.scope.leavers == frozenset()


def test_the_next_boundary_is_strictly_after_the_instant_tim_04() -> None:
    manifest = _load(WINDOW).manifest

    assert next_boundary(manifest, NOON - timedelta(days=1)) == NOON
    assert next_boundary(manifest, NOON) == NOON + timedelta(hours=1)
    assert next_boundary(manifest, NOON + timedelta(hours=1)) is None


def test_one_expiry_takes_nothing_that_another_grant_gives_tim_03() -> None:
    text = """
groups: {analysts: {members: [amina]}}
roles: {reader: {server: db}}
grants:
  - {user: amina, role: reader, until: 2027-01-01T00:00:00Z}
  - {user: amina, role: reader, until: 2027-12-31T00:00:00Z}
  - {user: kofi, role: reader, until: 2027-01-01T00:00:00Z}
  - {user: esi, role: reader, until: 2027-01-01T00:00:00Z}
"""
    desired = _desired(text)

    assert _names(desired, "membership") == ["reader/amina"]
    assert _names(desired, "account") == ["amina"]


def test_overlapping_grants_are_one_membership_that_names_both_lines_tim_03() -> None:
    text = """
roles: {reader: {server: db}}
grants:
  - {user: amina, role: reader}
  - {user: amina, role: reader, until: 2027-12-31T00:00:00Z}
"""
    desired = _desired(text)

    key = Key("membership", ("reader", "amina"))
    assert _names(desired, "membership") == ["reader/amina"]
    assert [place.path for place in desired.provenance.of(key)] == ["grants.0", "grants.1"]


def test_when_the_longer_of_two_levels_ends_the_other_stays_tim_03() -> None:
    text = """
roles:
  low: {target: store, level: user}
  high: {target: store, level: admin}
grants:
  - {user: amina, role: low}
  - {user: amina, role: high, until: 2027-06-30T12:00:00Z}
"""
    amina = Key("account", ("amina",))

    before = _desired(text, FLAT, at=NOON - timedelta(seconds=1))
    after = _desired(text, FLAT, at=NOON)

    assert before.state.get(amina) == {"level": "admin"}
    assert after.state.get(amina) == {"level": "user"}


# Groups


NESTED = """
groups:
  analysts: {members: [kofi]}
  everyone: {members: [amina], groups: [analysts]}
roles: {reader: {server: db}}
grants: [{group: everyone, role: reader}]
"""


def test_groups_stay_groups_where_the_target_has_them() -> None:
    desired = _desired(NESTED)

    assert _names(desired, "group") == ["analysts", "everyone"]
    assert _names(desired, "membership") == [
        "analysts/kofi",
        "everyone/amina",
        "everyone/analysts",
        "reader/everyone",
    ]


def test_groups_are_flattened_where_the_target_has_none_and_both_lines_are_known() -> None:
    desired = _desired(NESTED, FLAT)

    assert _names(desired, "group") == []
    assert _names(desired, "membership") == ["reader/amina", "reader/kofi"]
    places = desired.provenance.of(Key("membership", ("reader", "kofi")))
    assert [place.path for place in places] == ["groups.analysts.members.0", "grants.0"]


def test_a_group_that_nobody_grants_anything_is_not_on_the_target() -> None:
    desired = _desired("groups: {analysts: {members: [kofi]}}")

    assert len(desired.state) == 0
    assert desired.scope.leavers == frozenset()


def test_a_group_in_two_groups_is_there_once() -> None:
    text = """
groups:
  core: {members: [amina]}
  left: {groups: [core]}
  right: {groups: [core]}
  all: {groups: [left, right]}
roles: {reader: {server: db}}
grants: [{group: all, role: reader}]
"""
    assert _names(_desired(text), "group") == ["all", "core", "left", "right"]
    assert _names(_desired(text, FLAT), "membership") == ["reader/amina"]


@pytest.mark.parametrize("capabilities, emptied", [(WITH_GROUPS, "analysts"), (FLAT, "reader")])
def test_a_group_without_anybody_is_reported_as_emptied_man_04(
    capabilities: Capabilities, emptied: str
) -> None:
    text = """
groups: {analysts: {members: []}}
roles: {reader: {server: db}}
grants: [{group: analysts, role: reader}]
"""
    desired = _desired(text, capabilities)

    assert desired.scope.emptied == {(emptied,)}


def test_a_list_of_members_that_is_left_out_is_not_managed_man_03() -> None:
    text = """
groups: {open: {groups: []}, closed: {members: []}}
roles: {reader: {server: db}}
grants: [{group: open, role: reader}, {group: closed, role: reader}]
"""
    scope = _desired(text).scope

    assert scope.open_members == {"open"}
    assert scope.open_groups == {"closed"}
    assert not is_removable(Key("membership", ("open", "stranger")), scope, Policy())
    assert is_removable(Key("membership", ("closed", "stranger")), scope, Policy())
    assert is_removable(Key("membership", ("open", "closed")), scope, Policy())
    assert not is_removable(Key("membership", ("closed", "open")), scope, Policy())


# People


@pytest.mark.parametrize("state", ["disabled", "departed"])
@pytest.mark.parametrize("capabilities", [WITH_GROUPS, FLAT])
def test_one_who_is_not_active_loses_everything(state: str, capabilities: Capabilities) -> None:
    base = BASE.replace("kofi: {}", f"kofi: {{state: {state}}}")
    text = NESTED.replace("grants: [", "grants: [{user: kofi, role: reader}, ")

    desired = _desired(text, capabilities, base=base)

    assert not [key for key, _ in desired.state if "kofi" in key.path]
    assert desired.scope.leavers == {"kofi"}


def test_an_account_has_the_name_that_the_user_has_on_the_target() -> None:
    base = BASE.replace("kofi: {}", "kofi: {accounts: {store: kofi_m}}").replace(
        "esi: {}", "esi: {accounts: {store: {name: esi_b, attributes: {comment: hello}}}}"
    )
    text = """
roles: {reader: {server: db}}
grants: [{user: kofi, role: reader}, {user: esi, role: reader}]
"""
    desired = _desired(text, base=base)

    assert _names(desired, "membership") == ["reader/esi_b", "reader/kofi_m"]
    assert desired.state.get(Key("account", ("esi_b",))) == {"comment": "hello"}
    assert desired.people["kofi_m"] == "kofi"
    assert desired.people["amina"] == "Amina Diallo"
    assert desired.scope.accounts == {"kofi_m", "esi_b"}


# Levels, scopes, servers


def test_the_highest_level_of_all_ways_wins_inherited_ones_too() -> None:
    text = """
groups: {leads: {members: [kofi]}}
roles:
  low: {server: db, level: user}
  mid: {server: db, level: manager}
  heir: {server: db, inherits: [mid]}
grants:
  - {user: amina, role: low}
  - {group: leads, role: low}
  - {group: leads, role: mid}
  - {user: esi, role: heir}
"""
    desired = _desired(text, FLAT)

    levels = {key.path[0]: fields["level"] for key, fields in desired.state.of_kind("account")}
    assert levels == {"amina": "user", "kofi": "manager", "esi": "manager"}


def test_roles_of_two_servers_may_share_a_name_where_roles_live_in_servers() -> None:
    base = BASE.replace("{db: {target: store}}", "{a: {target: store}, b: {target: store}}")
    text = """
roles:
  a-reader: {server: a, name: reader, scopes: [run]}
  b-reader: {server: b, name: reader, scopes: [get]}
grants: [{user: amina, role: a-reader}]
"""
    desired = _desired(text, SCOPED, base=base)

    assert desired.state.get(Key("role", ("a", "reader"))) == {"scopes": ("run",)}
    assert desired.state.get(Key("role", ("b", "reader"))) == {"scopes": ("get",)}
    assert _names(desired, "membership") == ["a/reader/amina"]
    assert _names(desired, "server") == ["a", "b"]
    assert desired.scope.roles == {("a", "reader"), ("b", "reader")}


def test_scopes_of_inherited_roles_are_joined_where_the_target_cannot_inherit() -> None:
    text = """
roles:
  base: {server: db, scopes: [run]}
  middle: {server: db, inherits: [base], scopes: [get, run]}
  top: {server: db, inherits: [middle], scopes: [available]}
"""
    desired = _desired(text, SCOPED)

    scopes = {key.path[1]: fields["scopes"] for key, fields in desired.state.of_kind("role")}
    assert scopes == {
        "base": ("run",),
        "middle": ("get", "run"),
        "top": ("available", "get", "run"),
    }


def test_a_key_left_out_is_not_managed_and_an_empty_list_is_man_03() -> None:
    text = "roles: {open: {server: db}, closed: {server: db, scopes: []}}"
    desired = _desired(text, SCOPED)

    assert desired.state.get(Key("role", ("db", "open"))) == {}
    assert desired.state.get(Key("role", ("db", "closed"))) == {"scopes": ()}


def test_what_a_server_says_reaches_the_target_that_manages_servers() -> None:
    times = "token_expires: 2027-12-31T01:00:00+01:00, token_life: 2d"
    entry = f"{{target: store, {times}, scopes: [b, a]}}}}"
    desired = _desired("", SCOPED, base=BASE.replace("{target: store}}", entry))

    assert desired.state.get(Key("server", ("db",))) == {
        "token_expires": "2027-12-31T00:00:00Z",
        "token_life_minutes": 2880,
        "scopes": ("a", "b"),
    }


def test_a_role_that_is_only_a_level_is_not_a_role_of_the_target() -> None:
    text = """
roles: {boss: {target: store, level: admin}}
grants: [{user: amina, role: boss}]
"""
    desired = _desired(text, SCOPED)

    assert _names(desired, "role") == []
    assert _names(desired, "membership") == []
    assert desired.state.get(Key("account", ("amina",))) == {"level": "admin"}


# Roles and privileges


def test_inherited_roles_are_containers_and_those_not_declared_are_foreign() -> None:
    text = "roles: {base: {server: db}, top: {server: db, inherits: [base, flowapi]}}"
    desired = _desired(text)

    assert _names(desired, "membership") == ["base/top", "flowapi/top"]
    assert desired.scope.foreign == {"flowapi"}
    assert _names(desired, "role") == ["base", "top"]


def test_whom_a_line_names_and_nobody_declares_is_foreign_unless_it_is_an_account() -> None:
    rule = "{schema: s, tables: '*', views: '*', allow: [select], created_by: [etl, amina]}"
    desired = _desired(f"roles: {{reader: {{server: db, privileges: [{rule}]}}}}")

    assert desired.scope.foreign == {"etl"}


def test_rules_become_privileges_by_place_and_rules_for_one_place_are_united() -> None:
    text = """
roles:
  reader:
    server: db
    privileges:
      - {database: db, allow: [connect]}
      - {schema: geo, allow: [usage]}
      - {schema: geo, tables: [cells], allow: [select]}
      - {schema: geo, tables: [cells, sites], allow: [insert]}
      - {schema: geo, sequences: "*", allow: [usage], created_by: [loader]}
"""
    desired = _desired(text)

    found = {key.path[1:]: fields for key, fields in desired.state.of_kind("privilege")}
    assert found == {
        ("db", "database", ""): {"db": ("CONNECT",)},
        ("db", "schema", ""): {"geo": ("USAGE",)},
        ("db", "table", "geo"): {"cells": ("INSERT", "SELECT"), "sites": ("INSERT",)},
        ("db", "sequence", "geo"): {"*": ("USAGE",)},
    }
    default = Key("default_privilege", ("reader", "db", "loader", "sequence", "geo"))
    assert desired.state.get(default) == {"privileges": ("USAGE",)}


def test_rules_about_columns_and_about_what_is_in_no_schema_become_privileges() -> None:
    text = """
roles:
  reader:
    server: db
    privileges:
      - {schema: geo, types: "*", allow: [usage], created_by: [loader]}
      - {schema: geo, tables: [cells, a.b], views: [v], columns: [id], allow: [select]}
      - {languages: [sql], allow: [usage]}
      - {foreign_data_wrappers: [w], foreign_servers: [s], allow: [all]}
      - {tablespaces: [fast], allow: [create]}
      - {parameters: [work_mem], allow: [set, alter system]}
"""
    desired = _desired(text)

    found = {key.path[1:]: fields for key, fields in desired.state.of_kind("privilege")}
    selected = dict.fromkeys(["cells.id", "a\\.b.id", "v.id"], ("SELECT",))
    assert found == {
        ("db", "type", "geo"): {"*": ("USAGE",)},
        ("db", "column", "geo"): selected,
        ("db", "language", ""): {"sql": ("USAGE",)},
        ("db", "foreign data wrapper", ""): {"w": ("ALL",)},
        ("db", "foreign server", ""): {"s": ("ALL",)},
        ("", "tablespace", ""): {"fast": ("CREATE",)},
        ("", "parameter", ""): {"work_mem": ("ALTER SYSTEM", "SET")},
    }
    assert _names(desired, "default_privilege") == ["reader/db/loader/type/geo"]
    assert desired.scope.servers == {"db"}
    assert desired.scope.object_kinds == {path[1] for path in found}


def test_a_grant_option_is_a_word_of_its_own_beside_its_privilege() -> None:
    text = """
roles:
  reader:
    server: db
    privileges:
      - {schema: geo, tables: [cells], allow: [select, all], grant_option: true}
      - {schema: geo, tables: [cells], allow: [insert]}
"""
    (record,) = _desired(text).state.of_kind("privilege")

    assert record.fields == {"cells": ("ALL", "ALL*", "INSERT", "SELECT", "SELECT*")}


def test_what_was_applied_once_is_still_read() -> None:
    applied = State({Key("privilege", ("reader", "", "tablespace", "")): {"fast": ("CREATE",)}})

    scope = Scope(servers=frozenset({"db"})).widened(applied, ())

    assert scope.object_kinds == {"tablespace"}
    assert scope.servers == {"db"}  # what the cluster shares is in no database


def test_the_default_privileges_of_tables_and_views_are_one_record() -> None:
    text = """
roles:
  reader:
    server: db
    privileges:
      - {schema: geo, tables: "*", views: "*", allow: [select], created_by: [loader]}
"""
    desired = _desired(text)

    assert _names(desired, "default_privilege") == ["reader/db/loader/table/geo"]


def test_a_database_of_another_name_is_the_one_that_privileges_are_in() -> None:
    base = BASE.replace("{target: store}}", "{target: store, database: flowdb}}")
    text = "roles: {reader: {server: db, privileges: [{schema: geo, allow: [usage]}]}}"

    desired = _desired(text, base=base)

    assert _names(desired, "privilege") == ["reader/flowdb/schema/"]
    assert desired.scope.servers == {"flowdb"}


def test_each_target_gets_its_own_part() -> None:
    base = """
version: 1
targets: {one: {provider: some}, two: {provider: other, policy: {protect: [root, "pg_*"]}}}
servers: {db: {target: one}, api: {target: two}}
users: {amina: {}}
roles: {reader: {server: db}, caller: {server: api, scopes: [run]}}
grants: [{user: amina, role: caller}]
"""
    found = expand(_load("", base), {"some": WITH_GROUPS, "other": SCOPED}, NOON)

    assert sorted(found) == ["one", "two"]
    assert _names(found["one"], "account") == []
    assert _names(found["one"], "role") == ["reader"]
    assert _names(found["two"], "account") == ["amina"]
    assert found["two"].scope.protected == ("pg_*", "root")


def test_a_role_that_every_server_has_is_no_record_and_its_members_are_managed() -> None:
    standing = Capabilities(
        roles=False, standing_roles=True, roles_in_servers=True, levels=("user", "admin")
    )
    text = """
roles: {viewer: {server: db, name: member}, chief: {target: store, level: admin}}
grants: [{user: amina, role: viewer}, {user: kofi, role: chief}]
"""

    desired = _desired(text, standing)

    assert _names(desired, "role") == []
    assert _names(desired, "membership") == ["db/member/amina"]
    assert desired.scope.roles == {("db", "member")}
    stray = Key("membership", ("db", "member", "esi"))
    assert is_removable(stray, desired.scope, Policy())
