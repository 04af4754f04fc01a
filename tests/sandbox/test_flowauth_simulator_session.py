"""The simulated FlowAuth's sessions, CSRF tokens, sign-in answers and second factor."""

import httpx
import pytest

from reconciler.sandbox.flowauth import Fault, FaultKind, FlowAuthSimulator, totp_code
from tests.sandbox.flowauth_client import ADMIN, ADMIN_PASSWORD, STRONG, FlowAuthBench

HTML = "text/html; charset=utf-8"


def set_cookies(response: httpx.Response) -> list[str]:
    return response.headers.get_list("set-cookie")


@pytest.mark.parametrize("path", ["/version", "/is_signed_in", "/nothing", "/roles"])
def test_every_reply_sets_both_cookies_with_their_attributes(
    bench: FlowAuthBench, path: str
) -> None:
    client = bench.anonymous(bench.start())

    session, csrf = set_cookies(client.get(path))

    assert session.startswith("session=")
    assert [part.strip().partition("=")[0] for part in session.split(";")] == [
        "session",
        "Expires",
        "HttpOnly",
        "Path",
    ]
    assert csrf.startswith("X-CSRF=")
    assert csrf.endswith("; Path=/")
    assert "HttpOnly" not in csrf


def test_a_shape_5_reply_sets_no_cookies(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    response = admin.post("/admin/users", {"username": None, "password": STRONG})

    assert response.status_code == 500
    assert response.headers["content-type"] == "text/html"
    assert set_cookies(response) == []


def test_saved_cookies_outlive_sign_out_and_restart(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    copy = bench.copy_of(admin, simulator)

    admin.get("/signout")
    simulator.restart()

    assert admin.get("/is_signed_in").status_code == 401
    assert copy.get("/admin/users").status_code == 200
    assert copy.patch(f"/admin/users/{simulator.store.user_id(ADMIN)}", {}).status_code == 200


def test_a_password_change_ends_no_session(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    body = {"password": ADMIN_PASSWORD, "newPassword": STRONG}

    response = admin.patch("/user/password", body)

    assert (response.status_code, response.json()) == (200, {})
    assert simulator.store.check_password(ADMIN, STRONG)
    assert admin.get("/admin/users").status_code == 200


def test_a_session_ends_after_twenty_idle_minutes(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    bench.clock.advance(1201)

    assert admin.get("/is_signed_in").status_code == 401


def test_every_reply_extends_the_session_even_an_error(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    bench.clock.advance(1199)
    assert admin.get("/nothing").status_code == 404
    bench.clock.advance(1199)

    assert admin.get("/is_signed_in").status_code == 200


def test_a_write_without_a_csrf_token_is_refused_before_the_login_is_checked(
    bench: FlowAuthBench,
) -> None:
    client = bench.anonymous(bench.start())

    response = client.http.post("/admin/users", json={})

    assert (response.status_code, response.text) == (401, "CSRF error")
    assert response.headers["content-type"] == HTML


@pytest.mark.parametrize("header", ["X-CSRF-Token", "X-CSRFToken"])
def test_any_earlier_csrf_token_of_the_session_works_in_either_header(
    bench: FlowAuthBench, header: str
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    path = f"/admin/users/{simulator.store.user_id(ADMIN)}"
    first = admin.http.cookies["X-CSRF"]

    bench.clock.advance(60)
    admin.get("/version")
    response = admin.http.patch(path, json={}, headers={header: first})

    assert admin.http.cookies["X-CSRF"] != first
    assert response.status_code == 200


def test_a_csrf_token_of_another_session_is_refused(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin, other = bench.admin(simulator), bench.admin(simulator)

    foreign = {"X-CSRF-Token": other.http.cookies["X-CSRF"]}
    response = admin.http.post("/admin/users", json={}, headers=foreign)

    assert (response.status_code, response.text) == (401, "CSRF error")


def test_a_csrf_token_expires_after_an_hour_while_the_session_lives_on(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    path = f"/admin/users/{simulator.store.user_id(ADMIN)}"
    old = {"X-CSRF-Token": admin.http.cookies["X-CSRF"]}

    for _ in range(4):
        bench.clock.advance(901)
        assert admin.get("/is_signed_in").status_code == 200
    refused = admin.http.patch(path, json={}, headers=old)

    assert (refused.status_code, refused.text) == (401, "CSRF error")
    assert admin.patch(path, {}).status_code == 200


def test_a_write_of_an_expired_session_says_csrf_error(bench: FlowAuthBench) -> None:
    admin = bench.admin(bench.start())

    bench.clock.advance(1300)

    assert admin.post("/admin/users", {}).text == "CSRF error"


def test_https_demands_a_referer_of_the_same_origin(bench: FlowAuthBench) -> None:
    simulator = bench.start(scheme_seen="https")
    admin = bench.admin(simulator)
    path = f"/admin/users/{simulator.store.user_id(ADMIN)}"
    own = simulator.url.replace("http://", "https://") + "/"

    def status(referer: dict[str, str]) -> tuple[int, str]:
        headers = {"X-CSRF-Token": admin.http.cookies["X-CSRF"], **referer}
        response = admin.http.patch(path, json={}, headers=headers)
        return response.status_code, response.headers["content-type"]

    assert status({}) == (401, HTML)
    assert status({"Referer": "https://elsewhere.example/"}) == (401, HTML)
    assert status({"Referer": own}) == (200, "application/json")


def test_the_three_kinds_of_401_on_an_admin_route_differ_in_their_text(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    simulator.store.add_user("amina", "x")
    amina = bench.signed_in(simulator, "amina", "x")
    anonymous = bench.anonymous(simulator)

    replies = [anonymous.get("/admin/users"), amina.get("/admin/users"), amina.delete("/roles/1")]
    forged = amina.http.delete("/roles/1")

    assert [reply.status_code for reply in replies] == [401, 401, 401]
    assert "<h1>Unauthorized</h1>" in replies[0].text
    assert "Permission" not in replies[0].text
    for reply in replies[1:]:
        assert "&lt;Permission needs={Need(method=&#x27;role&#x27;" in reply.text
    assert (forged.status_code, forged.text) == (401, "CSRF error")


def test_admin_rights_are_read_anew_for_each_request(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    simulator.store.add_user("amina", "x")
    amina = bench.signed_in(simulator, "amina", "x")

    simulator.store.set_admin("amina", is_admin=True)
    promoted = amina.get("/admin/users")
    simulator.store.set_admin("amina", is_admin=False)

    assert promoted.status_code == 200
    assert amina.get("/admin/users").status_code == 401
    assert amina.read("/is_signed_in")["is_admin"] is False


MISSING = {"code": 400, "message": "Must supply username or password."}
WRONG = {"code": 401, "message": "Incorrect username or password."}


@pytest.mark.parametrize(
    "body, status, answer",
    [
        ({"username": ADMIN}, 400, MISSING),
        ({"password": "x"}, 400, MISSING),
        ({"username": ADMIN, "password": "x"}, 401, WRONG),
        ({"username": "nobody", "password": "x"}, 401, WRONG),
    ],
)
def test_a_refused_sign_in_answers_in_shape_1(
    bench: FlowAuthBench, body: dict[str, str], status: int, answer: dict[str, object]
) -> None:
    client = bench.anonymous(bench.start())

    response = client.http.post("/signin", json=body)

    assert (response.status_code, response.json()) == (status, answer)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "content, content_type, status",
    [
        (b"username=x", "application/x-www-form-urlencoded", 415),
        (b'{"username":', "application/json", 400),
        (b"null", "application/json", 500),
        (b'{"username":"bootstrap","password":null}', "application/json", 500),
    ],
)
def test_a_malformed_sign_in_answers_in_shape_3(
    bench: FlowAuthBench, content: bytes, content_type: str, status: int
) -> None:
    client = bench.anonymous(bench.start())

    response = client.http.post("/signin", content=content, headers={"Content-Type": content_type})

    assert response.status_code == status
    assert response.headers["content-type"] == HTML
    assert response.text.startswith("<!doctype html>")


def test_signing_in_and_out_answer_with_the_state(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    simulator.store.add_user("amina", "x", require_two_factor=True)
    client = bench.anonymous(simulator)

    signed_in = client.sign_in("amina", "x")

    assert signed_in.json() == {
        "logged_in": True,
        "is_admin": False,
        "require_two_factor_setup": True,
    }
    assert client.read("/is_signed_in") == signed_in.json()
    assert client.read("/signout") == {"logged_in": False}
    assert client.get("/signout").status_code == 401


def set_up_two_factor(bench: FlowAuthBench, simulator: FlowAuthSimulator) -> tuple[str, list[str]]:
    admin = bench.admin(simulator)
    proposal = admin.post("/user/enable_two_factor", {}).json()
    secret = proposal["secret"].partition(".")[0]
    confirmation = {
        "two_factor_code": totp_code(secret, bench.clock()),
        "secret": proposal["secret"],
        "backup_codes_signature": proposal["backup_codes_signature"],
    }
    confirmed = admin.post("/user/confirm_two_factor", confirmation)
    assert (confirmed.status_code, confirmed.json()) == (200, {"two_factor_enabled": True})
    return secret, proposal["backup_codes"]


def test_a_totp_code_signs_in_once_and_the_code_of_the_set_up_not_at_all(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    client = bench.anonymous(simulator)
    secret, _ = set_up_two_factor(bench, simulator)

    def status() -> int:
        code = totp_code(secret, bench.clock())
        return client.sign_in(ADMIN, ADMIN_PASSWORD, two_factor_code=code).status_code

    at_set_up = status()
    bench.clock.advance(30)
    in_next_step = [status(), status()]
    bench.clock.advance(30)

    assert at_set_up == 401
    assert in_next_step == [200, 401]
    assert status() == 200


@pytest.mark.parametrize("extra", [{}, {"two_factor_code": ""}])
def test_a_missing_code_says_that_one_is_needed(
    bench: FlowAuthBench, extra: dict[str, str]
) -> None:
    simulator = bench.start()
    set_up_two_factor(bench, simulator)

    response = bench.anonymous(simulator).sign_in(ADMIN, ADMIN_PASSWORD, **extra)

    assert response.status_code == 400
    assert response.json() == {
        "code": 400,
        "message": "Must supply a two-factor authentication code.",
        "need_two_factor": True,
    }


def test_a_backup_code_works_once(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    client = bench.anonymous(simulator)
    _, backup_codes = set_up_two_factor(bench, simulator)

    first = client.sign_in(ADMIN, ADMIN_PASSWORD, two_factor_code=backup_codes[3])
    again = client.sign_in(ADMIN, ADMIN_PASSWORD, two_factor_code=backup_codes[3])

    assert len(set(backup_codes)) == 16
    assert first.status_code == 200
    assert (again.status_code, again.json()["message"]) == (401, "Code not valid.")


def test_the_set_up_proposal_expires_after_a_day(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    proposal = admin.post("/user/enable_two_factor", {}).json()
    secret = proposal["secret"].partition(".")[0]

    bench.clock.advance(24 * 3600 + 1)
    admin.sign_in(ADMIN, ADMIN_PASSWORD)
    code = totp_code(secret, bench.clock())
    response = admin.post("/user/confirm_two_factor", {**proposal, "two_factor_code": code})

    assert response.status_code == 401
    assert simulator.store.snapshot().users[ADMIN].has_two_factor is False


def test_an_administrator_can_remove_a_second_factor_but_not_give_one(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    simulator.store.set_require_two_factor(ADMIN, is_required=True)
    set_up_two_factor(bench, simulator)
    simulator.store.add_user("second", "x", is_admin=True)
    second = bench.signed_in(simulator, "second", "x")
    path = f"/admin/users/{simulator.store.user_id(ADMIN)}"

    second.patch(path, {"has_two_factor": False})
    removed = second.read(path)
    second.patch(path, {"has_two_factor": True})

    assert (removed["has_two_factor"], removed["require_two_factor"]) == (False, True)
    assert second.read(path)["has_two_factor"] is False


def test_a_required_second_factor_that_is_not_set_up_keeps_nobody_out(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    simulator.store.add_user("second", "x", is_admin=True, require_two_factor=True)

    second = bench.signed_in(simulator, "second", "x")

    assert second.create_user("amina") > 0


def test_a_restart_restores_the_bootstrap_administrator(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    simulator.store.add_user("second", "x", is_admin=True)
    simulator.store.set_password(ADMIN, "other")
    simulator.store.set_admin(ADMIN, is_admin=False)

    simulator.restart()
    reset = simulator.store.snapshot().users[ADMIN]
    simulator.store.delete_user(ADMIN)
    simulator.restart()

    assert reset.is_admin
    assert simulator.store.snapshot().users[ADMIN].is_admin
    assert simulator.store.check_password(ADMIN, ADMIN_PASSWORD)


def test_a_changed_secret_key_makes_everybody_anonymous(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.faults.arm(Fault(FaultKind.SESSION_INVALIDATED, "GET", "/admin/users"))

    response = admin.get("/admin/users")

    assert response.status_code == 401
    assert admin.get("/is_signed_in").status_code == 401
    assert admin.sign_in(ADMIN, ADMIN_PASSWORD).status_code == 200


@pytest.mark.parametrize(
    "body, message, field",
    [
        ({"newPassword": STRONG}, "Missing old password.", "password"),
        ({"password": ADMIN_PASSWORD}, "Missing new password.", "newPassword"),
        ({"password": "x", "newPassword": STRONG}, "Password incorrect.", "password"),
        (
            {"password": ADMIN_PASSWORD, "newPassword": "Tr0ub4dour&3"},
            "Password not complex enough.",
            "newPassword",
        ),
    ],
)
def test_a_refused_change_of_the_own_password_names_the_field(
    bench: FlowAuthBench, body: dict[str, str], message: str, field: str
) -> None:
    admin = bench.admin(bench.start())

    response = admin.patch("/user/password", body)

    assert response.status_code == 400
    assert response.json() == {"code": 400, "message": message, "bad_field": field}
