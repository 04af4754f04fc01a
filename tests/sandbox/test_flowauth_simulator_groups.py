"""The simulated FlowAuth up to 1.17: groups, users' own groups, API routes, API scopes, limits."""

from __future__ import annotations

import pytest

from tests.sandbox.flowauth_client import EXPIRY, Client, FlowAuthBench

OLDER = pytest.mark.parametrize("era", ["A", "B"])
SERVER = {"name": "s", "latest_token_expiry": EXPIRY, "longest_token_life": 60}


def create(admin: Client, path: str, **body: object) -> int:
    response = admin.post(path, body)
    assert response.status_code == 200, response.text
    return int(response.json()["id"])


def entry(server: int, rights: object, **changes: object) -> dict[str, object]:
    return {"id": server, "latest_expiry": EXPIRY, "max_life": 60, "rights": rights, **changes}


@OLDER
def test_there_are_groups_and_no_roles(bench: FlowAuthBench, era: str) -> None:
    admin = bench.admin(bench.start(era=era))

    assert admin.get("/roles/").status_code == 404
    assert admin.get("/admin/groups").status_code == 200
    assert admin.get("/admin/capabilities").status_code == (200 if era == "A" else 404)
    assert admin.get("/spatial_aggregation").status_code == (200 if era == "A" else 404)


@OLDER
def test_a_user_has_a_group_of_the_same_name_that_no_list_shows_and_that_goes_with_the_user(
    bench: FlowAuthBench, era: str
) -> None:
    admin = bench.admin(bench.start(era=era))

    user = admin.create_user("amina")
    own = admin.read(f"/admin/users/{user}/user_group")

    assert own["name"] == "amina"
    assert admin.read("/admin/groups") == []
    assert admin.read(f"/admin/users/{user}/groups") == []
    assert admin.post("/admin/groups", {"name": "amina"}).json()["statusText"]
    assert admin.delete(f"/admin/users/{user}").status_code == 200
    assert admin.get(f"/admin/groups/{own['id']}").status_code == 404


@OLDER
def test_a_users_list_of_groups_is_replaced_and_the_own_group_stays(
    bench: FlowAuthBench, era: str
) -> None:
    admin = bench.admin(bench.start(era=era))
    user = admin.create_user("amina")
    first, second = (create(admin, "/admin/groups", name=name) for name in ("first", "second"))

    for group in (first, second):
        admin.patch(f"/admin/users/{user}/groups", {"groups": [{"id": group}]})
    lost = admin.patch(f"/admin/users/{user}/groups", {"groups": [{"id": 99}]})

    assert lost.status_code == 404
    assert admin.read(f"/admin/users/{user}/groups") == [{"id": second, "name": "second"}]
    assert admin.read(f"/admin/groups/{first}/members") == []
    assert admin.read(f"/admin/users/{user}/user_group")["name"] == "amina"


def test_a_group_can_do_what_its_server_allows_and_others_are_ignored(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start(era="A"))
    server = create(admin, "/admin/servers", **SERVER)
    route = create(admin, "/admin/capabilities", name="flows")
    create(admin, "/spatial_aggregation", name="admin3")
    group = create(admin, "/admin/groups", name="g")
    use = {"permissions": {"run": True}, "spatial_aggregation": ["admin3"]}
    admin.patch(f"/admin/servers/{server}/capabilities", {"flows": {"id": route, **use}})

    wide = {"permissions": {"run": True, "poll": True}, "spatial_aggregation": ["admin3", "x"]}
    rights = {"flows": wide, "unknown": wide}
    answer = admin.patch(f"/admin/groups/{group}/servers", {"servers": [entry(server, rights)]})

    assert answer.status_code == 200
    assert admin.read(f"/admin/groups/{group}/servers/{server}/capabilities") == {
        "flows": {
            "id": route,
            "permissions": {"get_result": False, "poll": False, "run": True},
            "spatial_aggregation": ["admin3"],
        }
    }


def test_a_text_that_is_not_switched_on_is_refused(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start(era="B"))
    server = create(admin, "/admin/servers", **SERVER)
    group = create(admin, "/admin/groups", name="g")
    admin.patch(f"/admin/servers/{server}/capabilities", {"run&a": True, "run&b": False})

    for rights, status in ((["run&a"], 200), (["run&a", "run&b"], 400), (["run&c"], 400)):
        servers = {"servers": [entry(server, rights)]}
        assert admin.patch(f"/admin/groups/{group}/servers", servers).status_code == status
    held = admin.read(f"/admin/groups/{group}/servers/{server}/capabilities")
    admin.patch(f"/admin/servers/{server}/capabilities", {})

    assert held == ["run&a"]
    assert admin.read(f"/admin/groups/{group}/servers/{server}/capabilities") == []


@OLDER
@pytest.mark.parametrize(
    "change, said",
    [
        ({"max_life": 61}, ("Lifetime too long", "max_life")),
        ({"latest_expiry": "2031-01-01T00:00:00.0Z"}, ("End date too late", "latest_expiry")),
    ],
)
def test_a_groups_limits_are_within_its_servers(
    bench: FlowAuthBench, era: str, change: dict[str, object], said: tuple[str, str]
) -> None:
    admin = bench.admin(bench.start(era=era))
    server = create(admin, "/admin/servers", **SERVER)
    group = create(admin, "/admin/groups", name="g")

    rights: object = {} if era == "A" else []
    servers = {"servers": [entry(server, rights, **change)]}
    answer = admin.patch(f"/admin/groups/{group}/servers", servers)

    assert (answer.json()["message"], answer.json()["bad_field"]) == said
    assert admin.read(f"/admin/groups/{group}/servers") == []
    assert admin.read(f"/admin/servers/{server}/time_limits") == {
        "latest_token_expiry": "Tue, 01 Jan 2030 00:00:00 GMT",
        "longest_token_life": 60,
    }


def test_a_server_with_a_secret_key_shows_it_and_needs_it(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start(era="A", has_secret_keys=True))

    refused = admin.post("/admin/servers", SERVER)
    server = create(admin, "/admin/servers", **SERVER, secret_key="key")

    assert refused.status_code == 500
    assert admin.read(f"/admin/servers/{server}")["secret_key"] == "key"


@OLDER
def test_the_first_releases_do_not_tell_their_version(bench: FlowAuthBench, era: str) -> None:
    admin = bench.admin(bench.start(era=era, has_version=False))

    assert admin.get("/version").status_code == 404
    assert admin.get("/is_signed_in").status_code == 200
