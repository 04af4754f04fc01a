"""`import` of a FlowAuth that is in use, after which a plan changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from reconciler.sandbox.flowauth import by_hand
from tests.flowauth.eras import DAILY, fill
from tests.flowauth.lab import Lab
from tests.flowauth.simulated import BOOTSTRAP, OWN, SERVER
from tests.imports import TARGET, assert_nothing_to_do, import_of


def test_an_empty_flowauth_is_imported(lab: Lab, tmp_path: Path) -> None:
    lab.start()

    found = import_of(lab.bench.target)

    assert found.manifest.users == {}
    assert set(found.protected) == {OWN, BOOTSTRAP}
    assert_nothing_to_do(found, tmp_path)


def test_servers_roles_levels_and_who_holds_them_are_imported_dif_01(
    lab: Lab, tmp_path: Path
) -> None:
    store = lab.start_filled().store
    store.add_user("ada", "no password", is_admin=True)
    store.set_user_roles("ada", [(SERVER, "reader"), (SERVER, "writer")])

    found = import_of(lab.bench.target)

    manifest = found.manifest
    assert manifest.servers[SERVER].scopes == ["dates", "get_result", "run"]
    assert manifest.roles["writer"].scopes == ["get_result", "run"]
    assert manifest.roles[f"{TARGET}-admin"].level == "admin"
    assert found.grants == {
        ("ada", f"{TARGET}-admin"),
        ("amina", f"{TARGET}-user"),
        ("kofi", f"{TARGET}-user"),
        ("ada", "reader"),
        ("kofi", "reader"),
        ("ada", "writer"),
    }
    assert_nothing_to_do(found, tmp_path)


def test_what_no_manifest_can_say_is_a_comment_and_stays(lab: Lab, tmp_path: Path) -> None:
    store = lab.start_filled().store
    store.add_server("other", scopes=("run",))
    store.add_role("other", "reader", scopes=("run",), users=("amina", OWN))
    store.add_user("Kofi", "no password")
    store.add_user("blank ", "no password")
    store.add_user("x" * 80, "no password")
    store.set_user_roles(OWN, [(SERVER, "writer")])
    store.add_role(SERVER, f"{TARGET}-user", users=("blank ", "amina"))

    found = import_of(lab.bench.target)

    assert {"amina", "kofi"} == found.manifest.users.keys()
    assert "user Kofi: differs from kofi in nothing but case" in found.comments
    assert "user 'blank ': has a name that a manifest cannot have" in found.comments
    assert "FlowAuth holds 75" in found.comments
    assert 'role reader of store: the role name "reader" is on the servers' in found.comments
    assert f"{OWN} in writer of store" in found.comments
    assert found.manifest.roles[f"{TARGET}-user"].server == SERVER
    assert_nothing_to_do(found, tmp_path)


def test_limits_that_flowauth_would_refuse_are_left_out_and_the_role_is_kept(
    lab: Lab, tmp_path: Path
) -> None:
    store = lab.start_filled().store
    store.set_server_limits(
        SERVER, latest_token_expiry=datetime(2029, 1, 1, tzinfo=UTC), longest_token_life_minutes=30
    )

    found = import_of(lab.bench.target)

    assert found.manifest.roles["reader"].token_life is None
    assert found.manifest.roles["reader"].scopes == ["run"]
    assert "role reader of store: its tokens would expire at" in found.comments
    assert_nothing_to_do(found, tmp_path)


def test_names_that_mean_something_to_yaml_are_imported(lab: Lab, tmp_path: Path) -> None:
    names = ("null", "No", "12", "a: b", "# no", "*", "{a}", 'quo"te', "it's", "日本語", "[x]", "-")
    store = lab.start_filled().store
    for name in names:
        store.add_user(name, "no password")
        store.add_role(SERVER, f"role {name}", users=(name,))

    found = import_of(lab.bench.target)

    assert {*names, "amina", "kofi"} == found.manifest.users.keys()
    assert {(name, f"role {name}") for name in names} <= found.grants
    assert_nothing_to_do(found, tmp_path)


def test_releases_with_api_scopes_are_imported(lab: Lab, tmp_path: Path) -> None:
    store = fill(lab, "B")
    by_hand.give(store, "group2", "second", (f"run&{DAILY}",))
    by_hand.add_group(store, "idle", members=("user0",))
    by_hand.give(store, "user1", "first", (f"run&{DAILY}",))

    found = import_of(lab.bench.target)

    assert {("user0", "group0"), ("user1", "group1"), ("user1", "user1")} <= found.grants
    assert "group2" not in found.manifest.roles
    assert "its group has rights on other servers too" in found.comments
    assert "groups without rights, with who is in them: idle (user0)" in found.comments
    before = by_hand.group_facts(store)
    assert_nothing_to_do(found, tmp_path)
    assert by_hand.group_facts(store) == before


def test_releases_with_api_routes_are_imported(lab: Lab, tmp_path: Path) -> None:
    store = fill(lab, "A")

    found = import_of(lab.bench.target)

    assert found.manifest.servers.keys() == {"first", "second"}
    assert {("user0", "group0"), ("user1", "group1"), ("user2", "group2")} <= found.grants
    before = by_hand.group_facts(store)
    assert_nothing_to_do(found, tmp_path)
    assert by_hand.group_facts(store) == before
