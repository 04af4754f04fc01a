"""The simulated FlowAuth's users: routes, refusals, ids, order and limits of each backend."""

import pytest

from tests.sandbox.flowauth_client import ADMIN, STRONG, FlowAuthBench

TAKEN = {"status": 400, "statusText": "Name already exists"}


def test_a_user_is_written_as_username_and_read_as_name(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)

    user_id = admin.create_user("amina", is_admin=True, require_two_factor=True)

    assert {"id": user_id, "name": "amina"} in admin.read("/admin/users")
    assert admin.read(f"/admin/users/{user_id}") == {
        "id": user_id,
        "name": "amina",
        "is_admin": True,
        "has_two_factor": False,
        "require_two_factor": True,
        "roles": [],
    }
    assert admin.patch(f"/admin/users/{user_id}", {"name": "x"}).json() == {"id": user_id}
    assert admin.read(f"/admin/users/{user_id}")["name"] == "amina"
    assert admin.delete(f"/admin/users/{user_id}").json() == {"poll": "OK"}
    assert admin.get(f"/admin/users/{user_id}").status_code == 404


@pytest.mark.parametrize(
    "body, message, field",
    [
        ({"username": "a"}, "Password must be provided.", "password"),
        ({"username": "a", "password": ""}, "Password must be provided.", "password"),
        (
            {"username": "a", "password": "Tr0ub4dour&3"},
            "Password not complex enough.",
            "password",
        ),
        ({"username": ADMIN, "password": STRONG}, "Username already exists.", "username"),
    ],
)
def test_a_refused_creation_answers_in_shape_1_and_stores_nothing(
    bench: FlowAuthBench, body: dict[str, str], message: str, field: str
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    before = simulator.store.snapshot()

    response = admin.post("/admin/users", body)

    assert response.status_code == 400
    assert response.json() == {"code": 400, "message": message, "bad_field": field}
    assert simulator.store.snapshot() == before


@pytest.mark.parametrize(
    "changes, sets_cookies",
    [
        ({"username": None}, False),
        ({"is_admin": "yes"}, False),
        ({"password": None}, True),
        ({"password": 12345678}, True),
        ({"roles": None}, True),
        ({"surname": "x"}, True),
        ({"password": f"{STRONG} {'x' * 44}"}, True),
    ],
)
def test_bad_input_on_creation_is_a_500_that_stores_nothing(
    bench: FlowAuthBench, changes: dict[str, object], sets_cookies: bool
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    before = simulator.store.snapshot()

    response = admin.post("/admin/users", {"username": "a", "password": STRONG, **changes})

    assert response.status_code == 500
    assert ("set-cookie" in response.headers) is sets_cookies
    assert simulator.store.snapshot() == before


def test_a_missing_user_name_and_an_array_body_are_500(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    replies = [admin.post("/admin/users", {"password": STRONG}), admin.post("/admin/users", [1])]

    assert [reply.status_code for reply in replies] == [500, 500]


def test_a_password_of_72_characters_is_taken_and_one_of_73_is_a_500(
    bench: FlowAuthBench,
) -> None:
    admin = bench.admin(bench.start())
    longest = f"{STRONG} {'q7#' * 20}"[:72]

    def status(username: str, password: str) -> int:
        body = {"username": username, "password": password}
        return admin.post("/admin/users", body).status_code

    assert status("a", longest) == 200
    assert status("b", f"{longest}x") == 500


def test_odd_names_are_taken_as_they_are(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())
    names = ["u1", "U1", " u1", "a/b", "Ámina", ""]

    for name in names:
        admin.create_user(name)

    assert [user["name"] for user in admin.read("/admin/users")] == [ADMIN, *names]


def test_mass_assignment_takes_an_id_and_refuses_a_taken_one(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)

    chosen = admin.create_user("amina", id=40)
    taken = admin.post("/admin/users", {"username": "kofi", "password": STRONG, "id": 40})

    assert chosen == 40
    assert (taken.status_code, taken.json()) == (400, TAKEN)
    assert admin.create_user("kofi") == 41


def test_an_explicit_id_does_not_move_the_sequence_of_postgres(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start(backend="postgres"))
    first = admin.create_user("amina")

    admin.create_user("kofi", id=first + 1)
    collision = admin.post("/admin/users", {"username": "efua", "password": STRONG})

    assert (collision.status_code, collision.json()) == (400, TAKEN)
    assert admin.create_user("efua") == first + 2


def test_null_flags_on_creation_read_back_as_false(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    user_id = admin.create_user("amina", is_admin=None)

    assert admin.read(f"/admin/users/{user_id}")["is_admin"] is False


def test_unknown_role_ids_are_silently_dropped_from_a_user(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    simulator.store.add_server("s")
    role_id = simulator.store.add_role("s", "reader")
    admin = bench.admin(simulator)

    user_id = admin.create_user("amina", roles=[role_id, 999])
    created = admin.read(f"/admin/users/{user_id}")["roles"]
    patched = admin.patch(f"/admin/users/{user_id}", {"roles": [999, str(role_id), "reader"]})

    assert created == [{"id": role_id, "name": "reader"}]
    assert patched.status_code == 200
    assert admin.read(f"/admin/users/{user_id}")["roles"] == created


def test_a_role_name_instead_of_an_id_is_a_500_on_postgres(bench: FlowAuthBench) -> None:
    simulator = bench.start(backend="postgres")
    admin = bench.admin(simulator)
    user_id = admin.create_user("amina")

    response = admin.patch(f"/admin/users/{user_id}", {"roles": ["reader"]})

    assert response.status_code == 500


def test_patching_roles_replaces_them(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    store = simulator.store
    store.add_server("s")
    first, second = store.add_role("s", "one"), store.add_role("s", "two")
    admin = bench.admin(simulator)
    user_id = admin.create_user("amina", roles=[first])

    admin.patch(f"/admin/users/{user_id}", {"roles": [second]})

    assert store.snapshot().users["amina"].roles == (("s", "two"),)


def test_a_refused_patch_stores_none_of_its_changes(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    path = f"/admin/users/{admin.create_user('amina')}"
    before = simulator.store.snapshot()

    short = admin.patch(path, {"username": "", "is_admin": True})
    weak = admin.patch(path, {"username": "kofi", "password": "weak"})
    taken = admin.patch(path, {"username": ADMIN, "is_admin": True})
    crashed = admin.patch(path, {"is_admin": True, "username": None})

    assert short.json()["message"] == "Username too short."
    assert weak.json()["bad_field"] == "password"
    assert (taken.status_code, taken.json()) == (400, TAKEN)
    assert crashed.status_code == 500
    assert simulator.store.snapshot() == before


def test_an_empty_password_in_a_patch_changes_nothing(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    path = f"/admin/users/{admin.create_user('amina')}"

    response = admin.patch(path, {"password": "", "shoe_size": 40})

    assert response.status_code == 200
    assert simulator.store.check_password("amina", STRONG)
    assert simulator.store.snapshot().users["amina"].password_version == 1


def test_the_last_administrator_cannot_be_removed_or_demoted(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    path = f"/admin/users/{simulator.store.user_id(ADMIN)}"

    removed = admin.delete(path)
    demoted = admin.patch(path, {"is_admin": False})

    assert (removed.status_code, removed.json()["message"]) == (
        400,
        "Removing this user would leave no admins.",
    )
    assert demoted.json() == {
        "code": 400,
        "message": "Removing this user's admin rights would leave no admins.",
        "bad_field": "is_admin",
    }
    assert simulator.store.snapshot().users[ADMIN].is_admin


def test_an_administrator_may_demote_itself_when_another_is_left(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    simulator.store.add_user("second", "x", is_admin=True)
    second = bench.signed_in(simulator, "second", "x")

    response = second.patch(
        f"/admin/users/{simulator.store.user_id('second')}", {"is_admin": False}
    )

    assert response.status_code == 200
    assert second.get("/admin/users").status_code == 401


def test_sqlite_reuses_an_id_and_so_revives_the_session_of_a_deleted_user(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    old_id = simulator.store.add_user("old", "x")
    old = bench.signed_in(simulator, "old", "x")
    admin = bench.admin(simulator)

    admin.delete(f"/admin/users/{old_id}")
    gone = old.get("/is_signed_in").status_code
    new_id = admin.create_user("new admin", is_admin=True)

    assert gone == 401
    assert new_id == old_id
    assert old.read("/is_signed_in")["is_admin"] is True
    assert old.get("/admin/users").status_code == 200


def test_postgres_never_reuses_an_id_and_a_failed_insert_burns_one(
    bench: FlowAuthBench,
) -> None:
    admin = bench.admin(bench.start(backend="postgres"))
    first = admin.create_user("amina")

    admin.delete(f"/admin/users/{first}")
    too_long = admin.post("/admin/users", {"username": "x" * 76, "password": STRONG})

    assert too_long.status_code == 500
    assert "set-cookie" not in too_long.headers
    assert admin.create_user("kofi") == first + 2


def test_sqlite_takes_names_of_any_length(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    assert admin.create_user("x" * 300) > 0


@pytest.mark.parametrize(
    "backend, names", [("sqlite", ["b", "a2", "c"]), ("postgres", ["b", "c", "a2"])]
)
def test_lists_are_by_id_on_sqlite_and_with_updated_rows_last_on_postgres(
    bench: FlowAuthBench, backend: str, names: list[str]
) -> None:
    simulator = bench.start(backend=backend)
    admin = bench.admin(simulator)
    for name in ("b", "a", "c"):
        admin.create_user(name)
    path = f"/admin/users/{simulator.store.user_id('a')}"

    admin.patch(path, {"username": "a"})
    untouched = admin.read("/admin/users")
    admin.patch(path, {"username": "a2"})

    assert [user["name"] for user in untouched] == [ADMIN, "b", "a", "c"]
    assert [user["name"] for user in admin.read("/admin/users")] == [ADMIN, *names]


@pytest.mark.parametrize("backend, status", [("sqlite", 404), ("postgres", 500)])
@pytest.mark.parametrize("path", ["/admin/users/x", "/admin/servers/x", "/roles/x"])
def test_an_id_that_is_no_number_is_404_on_sqlite_and_500_on_postgres(
    bench: FlowAuthBench, backend: str, status: int, path: str
) -> None:
    admin = bench.admin(bench.start(backend=backend))

    assert admin.get(path).status_code == status


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/admin/users/", 404),
        ("GET", "/admin/servers/", 404),
        ("GET", "/admin/groups", 404),
        ("GET", "/admin/capabilities", 404),
        ("GET", "/spatial_aggregation", 404),
        ("POST", "/roles/1", 405),
        ("PUT", "/admin/users", 405),
        ("DELETE", "/version", 405),
        ("GET", "/admin/users/999", 404),
        ("DELETE", "/admin/users/999", 404),
        ("GET", "/roles/user/999", 404),
    ],
)
def test_unknown_paths_and_methods_answer_with_pages(
    bench: FlowAuthBench, method: str, path: str, status: int
) -> None:
    admin = bench.admin(bench.start())

    response = admin.write(method, path)

    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert ("allow" in response.headers) is (status == 405)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_roles_without_its_slash_redirects_with_308_to_the_absolute_address(
    bench: FlowAuthBench, method: str
) -> None:
    simulator = bench.start()
    client = bench.anonymous(simulator)

    response = client.http.request(method, "/roles")

    assert response.status_code == 308
    assert response.headers["location"] == f"{simulator.url}/roles/"


@pytest.mark.parametrize("era, version", [("C", "1.34.0"), ("D", "1.35.0")])
def test_the_version_needs_no_login_and_tells_the_era(
    bench: FlowAuthBench, era: str, version: str
) -> None:
    client = bench.anonymous(bench.start(era=era))

    assert client.read("/version") == {"version": version}
    assert client.get("/roles/").status_code == 401
