"""The simulated FlowAuth's roles and tokens: shapes, limits, lost updates, minting by name."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reconciler.sandbox.flowauth import Fault, FaultKind, FlowAuthSimulator
from tests.sandbox.flowauth_client import ADMIN, EXPIRY, Client, FlowAuthBench, role_body

TAKEN = {"status": 400, "statusText": "Name already exists"}
LATER = "2030-01-01T00:00:00.000001Z"


def test_a_role_is_created_with_server_id_and_read_with_server(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())
    server_id = admin.create_server("s", ["run", "get_result"])
    scopes = [scope["id"] for scope in admin.read(f"/admin/servers/{server_id}/scopes")]
    users = [admin.create_user("a"), admin.create_user("b")]

    role = admin.create_role(
        server_id, "reader", scopes=scopes[::-1], users=users[::-1], id=9, colour="red"
    )

    assert role == {
        "id": 1,
        "name": "reader",
        "server": server_id,
        "scopes": scopes,
        "users": users,
        "latest_token_expiry": EXPIRY,
        "longest_token_life_minutes": 60,
    }
    assert admin.read("/roles/1") == role
    assert admin.read(f"/roles/user/{users[0]}") == [role]
    assert admin.read("/roles/1/members") == [
        {"name": "a", "id": users[0]},
        {"name": "b", "id": users[1]},
    ]
    assert [scope["name"] for scope in admin.read("/roles/1/scopes")] == ["run", "get_result"]
    assert admin.get(f"/roles/server/{server_id}/user/{users[0]}").status_code == 500


def test_patching_a_role_answers_with_all_roles_and_deleting_with_done(
    bench: FlowAuthBench,
) -> None:
    admin = bench.admin(bench.start())
    server_id = admin.create_server("s", [])
    for name in ("one", "two"):
        admin.create_role(server_id, name)

    patched = admin.patch("/roles/1", {"name": "uno", "id": 9})

    assert [(role["id"], role["name"]) for role in patched.json()] == [(1, "uno"), (2, "two")]
    assert admin.delete("/roles/2").json() == {"state": "done"}
    assert admin.delete("/roles/2").status_code == 404
    assert [role["name"] for role in admin.read("/roles/")] == ["uno"]


def test_an_updated_role_is_last_on_postgres(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start(backend="postgres"))
    server_id = admin.create_server("s", [])
    for name in ("one", "two"):
        admin.create_role(server_id, name)

    admin.patch("/roles/1", {"longest_token_life_minutes": 5})

    assert [role["name"] for role in admin.read("/roles/")] == ["two", "one"]


@pytest.mark.parametrize(
    "body, message",
    [
        ({"server": 1}, "Invalid key server in PATCH request."),
        ({"name": "new", "server_id": 1}, "Invalid key server_id in PATCH request."),
        ({"name": "new", "latest_token_expiry": LATER}, "Role cannot exist past latest token"),
        ({"longest_token_life_minutes": 61}, "Role cannot have a maximum lifetime greater"),
        ({"name": "new", "scopes": [2]}, "Scope server must match role server"),
    ],
)
def test_a_refused_patch_stores_nothing(
    bench: FlowAuthBench, body: dict[str, object], message: str
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    server_id = admin.create_server("s", ["run"])
    admin.create_server("t", ["run"])
    admin.create_role(server_id, "reader")
    before = simulator.store.snapshot()

    response = admin.patch("/roles/1", body)

    assert response.status_code == 400
    assert response.json()["message"].startswith(message)
    assert simulator.store.snapshot() == before


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"latest_token_expiry": LATER}, 400),
        ({"longest_token_life_minutes": 61}, 400),
        ({"scopes": [2]}, 400),
        ({"server_id": 99}, 404),
        ({"latest_token_expiry": "2030-01-01"}, 500),
        ({"scopes": None}, 500),
    ],
)
def test_a_refused_creation_stores_nothing(
    bench: FlowAuthBench, changes: dict[str, object], status: int
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    server_id = admin.create_server("s", ["run"])
    admin.create_server("t", ["run"])

    response = admin.post("/roles/", role_body(server_id, "reader", **changes))

    assert response.status_code == status
    assert simulator.store.snapshot().roles == {}


@pytest.mark.parametrize("key", ["name", "server_id", "scopes", "longest_token_life_minutes"])
def test_a_missing_key_of_a_new_role_is_a_500(bench: FlowAuthBench, key: str) -> None:
    admin = bench.admin(bench.start())
    body = role_body(admin.create_server("s", []), "reader")
    del body[key]

    assert admin.post("/roles/", body).status_code == 500


def test_role_names_are_unique_on_their_server_only(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())
    one, two = admin.create_server("one", []), admin.create_server("two", [])
    admin.create_role(one, "same")
    admin.create_role(two, "same")

    again = admin.post("/roles/", role_body(one, "same"))

    assert (again.status_code, again.json()) == (400, TAKEN)


def test_unknown_ids_are_dropped_from_a_new_role_and_are_a_500_in_a_patch(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    server_id = admin.create_server("s", [])

    role = admin.create_role(server_id, "reader", scopes=[99, "run"], users=[99])
    before = simulator.store.snapshot()
    user = admin.patch("/roles/1", {"users": [99]})
    scope = admin.patch("/roles/1", {"name": "x", "scopes": [99]})

    assert (role["scopes"], role["users"]) == ([], [])
    assert (user.status_code, scope.status_code) == (500, 500)
    assert "set-cookie" not in user.headers
    assert simulator.store.snapshot() == before


def test_duplicate_user_ids_in_a_patch_say_that_a_name_exists(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())
    admin.create_role(admin.create_server("s", []), "reader")

    response = admin.patch("/roles/1", {"users": [1, 1]})

    assert (response.status_code, response.json()) == (400, TAKEN)


@pytest.mark.parametrize("value", [None, ""])
def test_era_d_stores_a_missing_role_expiry_as_null(
    bench: FlowAuthBench, value: str | None
) -> None:
    admin = bench.admin(bench.start(era="D"))
    server_id = admin.create_server("s", [])

    role = admin.create_role(server_id, "reader", latest_token_expiry=value)

    assert role["latest_token_expiry"] is None
    assert admin.patch("/roles/1", {"latest_token_expiry": EXPIRY}).status_code == 200
    assert admin.patch("/roles/1", {"latest_token_expiry": value}).status_code == 200


def test_era_c_demands_a_role_expiry(bench: FlowAuthBench) -> None:
    simulator = bench.start(era="C")
    admin = bench.admin(simulator)
    server_id = admin.create_server("s", [])
    without = role_body(server_id, "reader")
    del without["latest_token_expiry"]

    missing = admin.post("/roles/", without)
    null = admin.post("/roles/", role_body(server_id, "reader", latest_token_expiry=None))
    admin.create_role(server_id, "reader")
    patched = admin.patch("/roles/1", {"latest_token_expiry": None})

    assert [reply.status_code for reply in (missing, null, patched)] == [500, 500, 500]


def test_a_stale_members_list_silently_takes_away_what_another_added(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    admin, other = bench.admin(simulator), bench.admin(simulator)
    admin.create_role(admin.create_server("s", []), "reader")
    first, second = admin.create_user("first"), admin.create_user("second")
    stale = admin.read("/roles/1")["users"]

    other.patch("/roles/1", {"users": [*stale, first]})
    response = admin.patch("/roles/1", {"users": [*stale, second]})

    assert response.status_code == 200
    assert admin.read("/roles/1")["users"] == [second]


def test_a_link_that_vanished_before_the_commit_is_a_500_that_stores_nothing(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    store = simulator.store
    admin = bench.admin(simulator)
    store.add_user("amina", "x")
    store.add_server("s")
    store.add_role("s", "reader", users=["amina"])

    def take_away() -> None:
        store.set_user_roles("amina", [])

    simulator.faults.arm(Fault(FaultKind.OUTSIDE_EDIT, "PATCH", "/roles/*", edit=take_away))
    response = admin.patch("/roles/1", {"users": [], "name": "renamed"})

    assert response.status_code == 500
    assert "set-cookie" not in response.headers
    assert set(store.snapshot().roles) == {("s", "reader")}


def members(simulator: FlowAuthSimulator) -> int:
    return sum(user.roles != () for user in simulator.store.snapshot().users.values())


def forty_users(bench: FlowAuthBench) -> tuple[FlowAuthSimulator, list[int], list[Client]]:
    simulator = bench.start()
    simulator.store.add_server("s")
    simulator.store.add_role("s", "reader")
    users = [simulator.store.add_user(f"u{number}", "x") for number in range(40)]
    return simulator, users, [bench.admin(simulator) for _ in range(8)]


def test_forty_concurrent_read_modify_writes_of_one_role_lose_members(
    bench: FlowAuthBench,
) -> None:
    simulator, users, clients = forty_users(bench)

    def add(client: Client, own: list[int]) -> list[int]:
        statuses = []
        for user_id in own:
            seen = client.read("/roles/1")["users"]
            reply = client.patch("/roles/1", {"users": [*seen, user_id]})
            statuses.append(reply.status_code)
        return statuses

    with ThreadPoolExecutor(8) as pool:
        shares = [users[number::8] for number in range(8)]
        statuses = [s for each in pool.map(add, clients, shares) for s in each]

    assert len(statuses) == 40
    assert set(statuses) <= {200, 400, 500}
    assert 0 < members(simulator) < 40


def test_forty_concurrent_writes_from_the_user_side_keep_all_members(
    bench: FlowAuthBench,
) -> None:
    simulator, users, clients = forty_users(bench)

    def add(client: Client, own: list[int]) -> list[int]:
        return [
            client.patch(f"/admin/users/{user_id}", {"roles": [1]}).status_code for user_id in own
        ]

    with ThreadPoolExecutor(8) as pool:
        shares = [users[number::8] for number in range(8)]
        statuses = [s for each in pool.map(add, clients, shares) for s in each]

    assert statuses == [200] * 40
    assert members(simulator) == 40


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return decoded


def minting(simulator: FlowAuthSimulator) -> None:
    """Role "same" on both servers; the administrator holds it on the second alone."""
    store = simulator.store
    store.add_server("one", scopes=["run"])
    store.add_server("two", scopes=["get_result"])
    store.add_role("one", "same", scopes=["run"])
    store.add_role("two", "same", scopes=["get_result"], users=[ADMIN])


def test_minting_looks_a_role_up_by_its_name_alone(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    minting(simulator)
    admin = bench.admin(simulator)

    body = {"name": "t", "roles": [{"name": "same"}]}
    reply = admin.post(f"/tokens/tokens/{simulator.store.server_id('two')}", body)

    assert claims(reply.json()["token"])["aud"] == "two"
    assert claims(reply.json()["token"])["roles"] == {"same": ["run"]}


def test_a_role_that_is_not_held_on_the_server_mints_nothing(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    minting(simulator)
    admin = bench.admin(simulator)

    body = {"name": "t", "roles": [{"name": "same"}]}
    reply = admin.post(f"/tokens/tokens/{simulator.store.server_id('one')}", body)

    assert (reply.status_code, reply.json()["code"]) == (401, 401)
    assert simulator.store.snapshot().tokens == ()


@pytest.mark.parametrize(
    "era, backend, status",
    [("D", "postgres", 500), ("D", "sqlite", 200), ("C", "postgres", 200)],
)
def test_a_role_that_minted_a_token_cannot_be_deleted_in_era_d_on_postgres(
    bench: FlowAuthBench, era: str, backend: str, status: int
) -> None:
    simulator = bench.start(era=era, backend=backend)
    store = simulator.store
    store.add_server("s", scopes=["run"])
    role_id = store.add_role("s", "reader", scopes=["run"], users=[ADMIN])
    admin = bench.admin(simulator)
    body = {"name": "t", "roles": [{"name": "reader"}]}
    assert admin.post(f"/tokens/tokens/{store.server_id('s')}", body).status_code == 200

    replies = [admin.delete(f"/roles/{role_id}") for _ in range(2)]

    assert replies[0].status_code == status
    assert ("set-cookie" in replies[0].headers) is (status == 200)
    if status == 500:
        assert replies[1].status_code == 500
        assert store.snapshot().users[ADMIN].roles == (("s", "reader"),)


def test_a_minted_token_expires_at_the_earliest_limit(bench: FlowAuthBench) -> None:
    simulator = bench.start(era="D")
    store = simulator.store
    store.add_server("s", longest_token_life_minutes=90)
    store.add_role("s", "a", users=[ADMIN], latest_token_expiry=None)
    store.add_role("s", "b", users=[ADMIN], longest_token_life_minutes=60)
    admin = bench.admin(simulator)
    path = f"/tokens/tokens/{store.server_id('s')}"
    now = int(bench.clock())

    def life(roles: list[str], **extra: int) -> int:
        body = {"name": "t", "roles": [{"name": name} for name in roles], **extra}
        token: str = admin.post(path, body).json()["token"]
        return int(claims(token)["exp"]) - now

    assert life(["a"]) == 90 * 60
    assert life(["a", "b"]) == 60 * 60
    assert life(["a", "b"], lifetime_minutes=5) == 5 * 60


@pytest.mark.parametrize("era, status", [("C", 404), ("D", 200)])
def test_tokens_are_listed_and_renewed_in_era_d_only(
    bench: FlowAuthBench, era: str, status: int
) -> None:
    simulator = bench.start(era=era)
    store = simulator.store
    server_id = store.add_server("s")
    store.add_role("s", "reader", users=[ADMIN])
    admin = bench.admin(simulator)
    body = {"name": "t", "roles": [{"name": "reader"}]}
    minted = admin.post(f"/tokens/tokens/{server_id}", body).json()["token"]

    renewed = admin.post("/tokens/tokens/1/renew", {})

    assert renewed.status_code == status
    first = admin.read(f"/tokens/tokens/{server_id}")[0]
    assert (first["token"], first["server_name"], first["username"]) == (minted, "s", ADMIN)
    assert first["expires"].endswith(" GMT")
    assert len(admin.read("/admin/tokens")) == (2 if status == 200 else 1)
    assert admin.read("/tokens/servers") == [{"id": server_id, "server_name": "s"}]
    assert admin.get(f"/tokens/servers/{server_id}").status_code == 500
    assert admin.read("/admin/public_key")["public_key"].startswith("-----BEGIN PUBLIC KEY-----")


def test_deleting_a_user_removes_its_tokens(bench: FlowAuthBench) -> None:
    simulator = bench.start(backend="postgres")
    store = simulator.store
    server_id = store.add_server("s")
    amina = store.add_user("amina", "x")
    role_id = store.add_role("s", "reader", users=["amina"])
    body = {"name": "t", "roles": [{"name": "reader"}]}
    bench.signed_in(simulator, "amina", "x").post(f"/tokens/tokens/{server_id}", body)
    admin = bench.admin(simulator)
    minted = store.snapshot().tokens

    admin.delete(f"/admin/users/{amina}")

    assert minted == (("amina", "s", "t"),)
    assert store.snapshot().tokens == ()
    assert admin.delete(f"/roles/{role_id}").status_code == 200
