"""The simulated FlowAuth's servers and scopes: limits, dates, scope sets, dangerous patches."""

from datetime import UTC, datetime

import pytest

from reconciler.sandbox.flowauth import FlowAuthSimulator
from tests.sandbox.flowauth_client import EXPIRY, FlowAuthBench

TAKEN = {"status": 400, "statusText": "Name already exists"}
DANGEROUS = {"latest_token_expiry": EXPIRY}


def filled(simulator: FlowAuthSimulator) -> FlowAuthSimulator:
    """Two servers with scopes and roles, and two users."""
    store = simulator.store
    store.add_server("one", scopes=["run", "get_result", "admin3:a:a"])
    store.add_server("two", scopes=["run"])
    for name in ("amina", "kofi"):
        store.add_user(name, "x")
    store.add_role("one", "reader", scopes=["run", "admin3:a:a"], users=["kofi", "amina"])
    store.add_role("one", "runner", scopes=["run"], users=["kofi"])
    store.add_role("two", "other", scopes=["run"], users=["amina"])
    return simulator


def test_a_server_is_read_with_six_digits_and_its_time_limits_in_rfc_1123(
    bench: FlowAuthBench,
) -> None:
    admin = bench.admin(bench.start())

    server_id = admin.create_server("s", [], latest_token_expiry="2030-01-01T00:00:00.123Z")
    admin.patch(f"/admin/servers/{server_id}", {**DANGEROUS, "id": server_id})

    assert admin.read("/admin/servers") == [{"id": server_id, "name": "s"}]
    assert admin.read(f"/admin/servers/{server_id}") == {
        "id": server_id,
        "name": "s",
        "longest_token_life_minutes": 60,
        "latest_token_expiry": EXPIRY,
    }
    assert admin.read(f"/admin/servers/{server_id}/time_limits") == {
        "longest_token_life_minutes": 60,
        "latest_token_expiry": "Tue, 01 Jan 2030 00:00:00 GMT",
    }


@pytest.mark.parametrize(
    "date",
    [None, "", "2030-01-01T00:00:00Z", "2030-01-01", "2030-01-01T00:00:00.0+00:00", 5],
)
def test_a_date_in_any_other_form_is_a_500_before_the_name_is_looked_at(
    bench: FlowAuthBench, date: object
) -> None:
    admin = bench.admin(bench.start())
    body = {"latest_token_expiry": date, "longest_token_life_minutes": 1}

    response = admin.post("/admin/servers", body)

    assert response.status_code == 500
    assert "set-cookie" in response.headers


def test_a_fraction_of_one_to_six_digits_is_read_back_with_six(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    server_id = admin.create_server("s", [], latest_token_expiry="2030-01-01T00:00:00.5Z")

    expiry = admin.read(f"/admin/servers/{server_id}")["latest_token_expiry"]
    assert expiry == "2030-01-01T00:00:00.500000Z"


@pytest.mark.parametrize(
    "name, message",
    [
        (None, "Must provide server name"),
        ("", "Must provide server name"),
        ("x" * 121, "Server name must be 120 characters or less."),
        ("one", "Server with this name already exists."),
    ],
)
def test_a_refused_server_name_answers_in_shape_1(
    bench: FlowAuthBench, name: str | None, message: str
) -> None:
    simulator = filled(bench.start())
    body = {"latest_token_expiry": EXPIRY, "longest_token_life_minutes": 1}

    response = bench.admin(simulator).post("/admin/servers", {**body, "name": name})

    assert response.status_code == 400
    assert response.json() == {"code": 400, "message": message, "bad_field": "name"}


@pytest.mark.parametrize(
    "changes, status, sets_cookies",
    [
        ({"longest_token_life_minutes": None}, 500, False),
        ({"roles": []}, 500, True),
        ({"scopes": ["run", "run"]}, 400, True),
        ({"colour": "red"}, 200, True),
    ],
)
def test_a_new_server_takes_unknown_keys_and_refuses_what_its_tables_refuse(
    bench: FlowAuthBench, changes: dict[str, object], status: int, sets_cookies: bool
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    body = {"name": "s", "latest_token_expiry": EXPIRY, "longest_token_life_minutes": 1}

    response = admin.post("/admin/servers", {**body, **changes})

    assert response.status_code == status
    assert ("set-cookie" in response.headers) is sets_cookies
    assert ("s" in simulator.store.snapshot().servers) is (status == 200)
    if status == 400:
        assert response.json() == TAKEN


def test_a_missing_lifetime_is_a_500(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    response = admin.post("/admin/servers", {"name": "s", "latest_token_expiry": EXPIRY})

    assert response.status_code == 500


@pytest.mark.parametrize("backend, status", [("sqlite", 200), ("postgres", 500)])
def test_over_long_names_and_scopes_are_refused_by_postgres_alone(
    bench: FlowAuthBench, backend: str, status: int
) -> None:
    admin = bench.admin(bench.start(backend=backend))
    body = {"latest_token_expiry": EXPIRY, "longest_token_life_minutes": 1}
    fitting = {**body, "name": "x" * 75, "scopes": ["s" * 512]}

    def answer(changes: dict[str, object]) -> int:
        return admin.post("/admin/servers", {**body, **changes}).status_code

    assert answer(fitting) == 200
    assert answer({"name": "y" * 76}) == status
    assert answer({"name": "z", "scopes": ["s" * 513]}) == status


def test_a_scope_set_replaces_the_old_one_and_shrinks_roles_silently(
    bench: FlowAuthBench,
) -> None:
    simulator = filled(bench.start())
    store = simulator.store
    admin = bench.admin(simulator)
    path = f"/admin/servers/{store.server_id('one')}/scopes"
    run_id = store.scope_id("one", "run")

    reply = admin.post(path, {"run": False, "get_available_dates": False})

    assert reply.json() == admin.read(path)
    by_name = {scope["name"]: scope for scope in reply.json()}
    assert sorted(by_name) == ["get_available_dates", "run"]
    assert by_name["run"] == {"id": run_id, "name": "run", "enabled": True}
    assert by_name["get_available_dates"]["enabled"] is True
    assert store.snapshot().roles["one", "reader"].scopes == ("run",)
    assert admin.read(f"/roles/{store.role_id('one', 'reader')}")["scopes"] == [run_id]
    assert store.snapshot().servers["two"].scopes != ()


def test_an_empty_scope_set_deletes_all_and_a_list_is_a_500(bench: FlowAuthBench) -> None:
    simulator = filled(bench.start())
    admin = bench.admin(simulator)
    path = f"/admin/servers/{simulator.store.server_id('one')}/scopes"

    crashed = admin.post(path, ["run"])
    unfinished = admin.patch(path, {"run": True})
    before = simulator.store.snapshot().servers["one"].scopes
    emptied = admin.post(path, {})

    assert (crashed.status_code, unfinished.status_code) == (500, 500)
    assert len(before) == 3
    assert (emptied.status_code, emptied.json()) == (200, [])


def test_patching_a_server_without_its_expiry_is_a_500(bench: FlowAuthBench) -> None:
    simulator = filled(bench.start())
    path = f"/admin/servers/{simulator.store.server_id('one')}"

    assert bench.admin(simulator).patch(path, {"name": "uno"}).status_code == 500
    assert "one" in simulator.store.snapshot().servers


def test_patching_a_server_takes_any_key_and_any_name(bench: FlowAuthBench) -> None:
    simulator = filled(bench.start())
    admin = bench.admin(simulator)
    path = f"/admin/servers/{simulator.store.server_id('one')}"

    nameless = admin.patch(path, {**DANGEROUS, "name": "", "colour": "red"})
    odd_life = admin.patch(path, {**DANGEROUS, "longest_token_life_minutes": "abc"})
    taken = admin.patch(path, {**DANGEROUS, "name": "two"})
    scopes = admin.patch(path, {**DANGEROUS, "scopes": []})

    assert (nameless.status_code, odd_life.status_code) == (200, 200)
    assert (taken.status_code, taken.json()) == (400, TAKEN)
    assert scopes.status_code == 500
    assert simulator.store.snapshot().servers[""].longest_token_life_minutes == "abc"


@pytest.mark.parametrize("life, stored", [(-5, -5), ("90", 90)], ids=["negative", "numeric string"])
def test_patching_a_server_takes_odd_lifetimes(
    bench: FlowAuthBench, life: object, stored: int
) -> None:
    simulator = filled(bench.start(backend="postgres"))
    admin = bench.admin(simulator)
    path = f"/admin/servers/{simulator.store.server_id('one')}"

    admin.patch(path, {**DANGEROUS, "longest_token_life_minutes": life})
    refused = admin.patch(path, {**DANGEROUS, "longest_token_life_minutes": "abc"})

    assert refused.status_code == 500
    assert simulator.store.snapshot().servers["one"].longest_token_life_minutes == stored


def test_an_id_in_a_patch_renumbers_the_server(bench: FlowAuthBench) -> None:
    simulator = filled(bench.start())
    admin = bench.admin(simulator)
    old_id = simulator.store.server_id("one")

    reply = admin.patch(f"/admin/servers/{old_id}", {**DANGEROUS, "id": 77})

    assert reply.json() == {"id": 77}
    assert admin.get(f"/admin/servers/{old_id}").status_code == 404
    assert admin.read("/admin/servers/77")["name"] == "one"
    assert len(admin.read("/admin/servers/77/scopes")) == 3


def test_roles_in_a_patch_delete_what_is_not_listed_and_move_what_is_elsewhere(
    bench: FlowAuthBench,
) -> None:
    simulator = filled(bench.start())
    store = simulator.store
    admin = bench.admin(simulator)
    roles = [store.role_id("one", "reader"), store.role_id("two", "other")]
    old_scope = store.scope_id("two", "run")

    path = f"/admin/servers/{store.server_id('one')}"
    reply = admin.patch(path, {**DANGEROUS, "roles": roles})

    assert reply.status_code == 200
    assert set(store.snapshot().roles) == {("one", "reader"), ("one", "other")}
    moved = admin.read(f"/roles/{roles[1]}")
    assert (moved["server"], moved["scopes"]) == (store.server_id("one"), [old_scope])


def test_lowering_a_server_leaves_its_roles_which_can_then_only_be_renamed(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    server_id = admin.create_server("s", [])
    role = admin.create_role(server_id, "reader")
    path = f"/roles/{role['id']}"

    admin.patch(
        f"/admin/servers/{server_id}",
        {"latest_token_expiry": EXPIRY, "longest_token_life_minutes": 10},
    )
    resent = admin.patch(path, {"longest_token_life_minutes": 60})
    renamed = admin.patch(path, {"name": "renamed"})

    assert resent.status_code == 400
    assert renamed.status_code == 200
    assert simulator.store.snapshot().roles["s", "renamed"].longest_token_life_minutes == 60


def test_deleting_a_server_takes_scopes_and_roles_and_leaves_users(bench: FlowAuthBench) -> None:
    simulator = filled(bench.start())
    admin = bench.admin(simulator)

    reply = admin.delete(f"/admin/servers/{simulator.store.server_id('one')}")

    after = simulator.store.snapshot()
    assert reply.json() == {"poll": "OK"}
    assert set(after.servers) == {"two"}
    assert set(after.roles) == {("two", "other")}
    assert after.users["kofi"].roles == ()
    assert after.users["amina"].roles == (("two", "other"),)


def test_the_roles_of_a_server_name_their_scopes_until_one_expiry_is_null(
    bench: FlowAuthBench,
) -> None:
    simulator = filled(bench.start(era="D"))
    admin = bench.admin(simulator)
    path = f"/admin/servers/{simulator.store.server_id('one')}/roles"

    listed = admin.read(path)
    simulator.store.set_role_limits(
        "one", "runner", latest_token_expiry=None, longest_token_life_minutes=5
    )

    assert sorted(listed[0]["scopes"]) == ["admin3:a:a", "run"]
    assert admin.get(path).status_code == 500
    assert None in [role["latest_token_expiry"] for role in admin.read("/roles/")]


def test_a_null_server_expiry_crashes_the_read_of_that_server(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    server_id = simulator.store.add_server("s", latest_token_expiry=None)
    admin = bench.admin(simulator)

    assert admin.get(f"/admin/servers/{server_id}").status_code == 500
    assert admin.read(f"/admin/servers/{server_id}/time_limits")["latest_token_expiry"] is None


def test_an_edit_by_hand_keeps_the_moment_of_a_date_with_a_zone(bench: FlowAuthBench) -> None:
    simulator = bench.start()

    simulator.store.add_server("s", latest_token_expiry=datetime(2031, 1, 1, tzinfo=UTC))

    stored = simulator.store.snapshot().servers["s"].latest_token_expiry
    assert stored == "2031-01-01T00:00:00.000000Z"


@pytest.mark.parametrize("path", ["", "/time_limits", "/roles", "/scopes"])
def test_an_unknown_server_is_404_on_every_route(bench: FlowAuthBench, path: str) -> None:
    admin = bench.admin(bench.start())

    assert admin.get(f"/admin/servers/999{path}").status_code == 404
