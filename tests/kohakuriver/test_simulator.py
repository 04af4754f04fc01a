"""The simulator behaves as the product was seen to. With a real host in the environment, the same
requests are sent to it too: it is the judge.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.kohakuriver.river import COOKIE, PASSWORD, River
from tests.kohakuriver.simulated import WRONG_SECRET

# Who is calling


def test_credentials_are_tried_in_order_and_nobody_is_no_error(river: River) -> None:
    _, amina = river.joined("amina")
    _, kofi = river.joined("kofi")
    bearer = river.token(kofi)

    assert river.who({**river.admin, **amina}) == "_system"
    assert river.who({"X-Admin-Token": WRONG_SECRET, **amina}) == "amina"
    assert river.who({**amina, **bearer}) == "amina"
    assert river.who({"Cookie": f"{COOKIE}={'0' * 64}", **bearer}) == "kofi"
    assert river.who({"Authorization": bearer["Authorization"].replace("B", "b", 1)}) == (
        "_anonymous"
    )
    assert river.who({"X-Admin-Secret": river.host.admin_token}) == "_anonymous"
    nobody = river.ask("GET", "/auth/me", headers={}).json()
    assert (nobody["id"], nobody["role"]) == (-1, "anony")


def test_guards_tell_nobody_from_somebody_too_low(river: River) -> None:
    _, anony = river.joined("lowest", "anony")
    _, viewer = river.joined("viewer", "viewer")

    for headers in ({}, anony):
        answer = river.ask("GET", "/auth/users", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"detail": "Not authenticated"})
        assert answer.headers["www-authenticate"] == "Bearer"
    answer = river.ask("GET", "/auth/users", headers=viewer)
    assert answer.status_code == 403
    assert answer.json()["detail"] == "Insufficient permissions. Required role: operator"
    answer = river.ask("GET", "/auth/invitations", headers={})
    assert (answer.status_code, answer.json()["detail"]) == (403, "Admin access required")


def test_operators_invite_viewers_and_nobody_else(river: River) -> None:
    _, operator = river.joined("oper", "operator")

    viewer = river.ask("POST", "/auth/invitations", {"role": "viewer"}, operator)
    user = river.ask("POST", "/auth/invitations", {"role": "user"}, operator)

    assert viewer.status_code == 200
    assert (user.status_code, user.json()["detail"]) == (
        403,
        "Operators can only create viewer invitations",
    )


def test_login_says_as_little_as_it_can(river: River) -> None:
    number, _ = river.joined("amina")
    body = {"username": "amina", "password": PASSWORD}

    for wrong in ({**body, "password": "wrong"}, {**body, "username": "nobody"}):
        answer = river.ask("POST", "/auth/login", wrong, {})
        assert answer.status_code == 401
        assert "www-authenticate" not in answer.headers
    assert river.ask("POST", "/auth/login", body, {}).status_code == 200
    river.ask("PATCH", f"/auth/users/{number}", {"is_active": False})
    assert river.ask("POST", "/auth/login", body, {}).json()["detail"] == "Account is disabled"


# Registering


def test_registering_checks_the_invitation_before_the_name_and_counts_what_worked(
    river: River,
) -> None:
    river.joined("amina")
    invitation = river.invited()
    path = f"/auth/register?token={invitation['token']}"
    body = {"username": "amina", "password": PASSWORD, "role": "admin"}

    taken = river.ask("POST", path, body, {})
    long = river.ask("POST", path, {**body, "username": "kofi", "password": "x" * 73}, {})
    good = river.ask("POST", path, {**body, "username": "kofi"}, {})
    used = river.ask("POST", path, body, {})
    unknown = river.ask("POST", "/auth/register?token=nothing", body, {})

    assert (taken.status_code, taken.json()["detail"]) == (409, "Username already taken")
    assert (long.status_code, long.text) == (500, "Internal Server Error")
    assert good.json()["user"]["role"] == "user"
    assert good.json()["user"]["display_name"] == "kofi"
    assert used.json()["detail"] == "Invitation has expired or reached usage limit"
    assert unknown.json()["detail"] == "Invalid invitation token"
    assert river.ask("POST", "/auth/register", body, {}).status_code == 422


def test_a_body_that_does_not_fit_is_repeated_password_and_all(river: River) -> None:
    invitation = river.invited()

    short = {"username": "amina", "password": "short"}
    answer = river.ask("POST", f"/auth/register?token={invitation['token']}", short, {})

    (detail,) = answer.json()["detail"]
    assert answer.status_code == 422
    assert (detail["type"], detail["loc"]) == ("string_too_short", ["body", "password"])
    assert detail["input"] == "short"


def test_names_are_exact_and_may_be_nearly_anything(river: River) -> None:
    for name in ("admin", "Admin", " a\t\n", "_system", "a/b"):
        assert river.register(name).json()["user"]["username"] == name

    assert river.register("ab").status_code == 422
    assert river.register("x" * 51).status_code == 422
    assert river.register("amina", display_name="x" * 101).status_code == 422


def test_an_invitation_keeps_its_role_and_its_life(river: River) -> None:
    first, session = river.joined("first", "admin")
    made = river.ask("POST", "/auth/invitations", {"role": "admin"}, session).json()
    river.ask("PATCH", f"/auth/users/{first}", {"role": "viewer", "is_active": False})
    body = {"username": "second", "password": PASSWORD}

    answer = river.ask("POST", f"/auth/register?token={made['token']}", body, {})

    assert answer.json()["user"]["role"] == "admin"
    assert made["created_by_id"] == first
    times = [datetime.fromisoformat(made[name]) for name in ("expires_at", "created_at")]
    assert abs(times[0] - times[1] - timedelta(hours=72)) < timedelta(seconds=1)
    shown = river.ask("GET", "/auth/invitations").json()
    assert [row["is_valid"] for row in shown] == [False, False, False][: len(shown)]


def test_a_group_can_be_asked_for_and_never_is_one(river: River) -> None:
    answer = river.ask("POST", "/auth/invitations", {"group_id": 1})

    assert (answer.status_code, answer.json()["detail"]) == (400, "Group not found")
    assert river.invited(group_id=0)["group_id"] is None


# Changing


def test_a_change_is_whole_lax_and_leaves_alone_what_is_null(river: River) -> None:
    number, _ = river.joined("amina")
    path = f"/auth/users/{number}"

    bad = river.ask("PATCH", path, {"display_name": "x", "role": "boss"})
    lax = river.ask("PATCH", path, {"is_active": "no", "role": None, "username": "other"})
    long = river.ask("PATCH", path, {"display_name": "y" * 5000})

    assert bad.status_code == 400
    assert bad.json()["detail"].startswith("Invalid role. Must be one of: ['anony', 'viewer'")
    assert lax.json()["display_name"] == "amina"
    assert (lax.json()["is_active"], lax.json()["role"]) == (False, "user")
    assert lax.json()["username"] == "amina"
    assert len(long.json()["display_name"]) == 5000
    assert river.ask("PATCH", path, {"is_active": "maybe"}).status_code == 422
    assert river.ask("PATCH", path).status_code == 422
    assert river.ask("PATCH", "/auth/users/999", {"role": "user"}).status_code == 404


def test_only_oneself_is_protected_and_the_bearer_of_the_secret_may_do_it_to_the_last(
    river: River,
) -> None:
    number, session = river.joined("amina", "admin")
    path = f"/auth/users/{number}"

    same = river.ask("PATCH", path, {"role": "admin"}, session)
    texts = [
        river.ask("PATCH", path, {"role": "user"}, session).json()["detail"],
        river.ask("PATCH", path, {"is_active": False}, session).json()["detail"],
        river.ask("DELETE", path, headers=session).json()["detail"],
    ]

    assert same.status_code == 200
    assert texts == [
        "Cannot demote yourself",
        "Cannot disable yourself",
        "Cannot delete yourself",
    ]
    assert river.ask("PATCH", path, {"role": "user"}).status_code == 200


def test_tokens_and_sessions_sleep_and_wake_with_their_account(river: River) -> None:
    number, session = river.joined("amina")
    bearer = river.token(session)
    path = f"/auth/users/{number}"

    river.ask("PATCH", path, {"is_active": False})
    asleep = [river.who(session), river.who(bearer)]
    river.ask("PATCH", path, {"is_active": True, "role": "operator"})

    assert asleep == ["_anonymous", "_anonymous"]
    assert [river.who(session), river.who(bearer)] == ["amina", "amina"]
    assert river.ask("GET", "/auth/users", headers=bearer).status_code == 200


def test_nobody_makes_tokens_of_nobodys(river: River) -> None:
    made = river.ask("POST", "/auth/tokens/create", {"name": "t"}, {})

    bearer = {"Authorization": f"Bearer {made.json()['token']}"}
    assert made.status_code == 200
    assert river.who(bearer) == "_anonymous"
    number = made.json()["id"]
    assert number in [row["id"] for row in river.ask("GET", "/auth/tokens", headers={}).json()]
    assert river.ask("DELETE", f"/auth/tokens/{number}").status_code == 404
    assert river.ask("DELETE", f"/auth/tokens/{number}", headers={}).status_code == 200


# Deleting: nothing that refers to a row goes with it


def test_the_next_account_gets_the_id_of_the_highest_and_all_that_was_left(river: River) -> None:
    river.joined("first")
    number, session = river.joined("amina", "operator")
    bearer = river.token(session)
    task = river.task()
    river.ask("POST", f"/vps/{task}/assign", [number])

    gone = river.ask("DELETE", f"/auth/users/{number}")
    between = [river.who(session), river.who(bearer)]
    again, _ = river.joined("kofi")

    assert gone.json() == {"message": "User 'amina' deleted"}
    assert between == ["_anonymous", "_anonymous"]
    assert again == number
    assert [river.who(session), river.who(bearer)] == ["kofi", "kofi"]
    rows = river.ask("GET", f"/vps/{task}/assignments").json()["assignments"]
    assert [row["username"] for row in rows] == ["kofi"]


def test_no_list_of_invitations_after_the_maker_of_one_is_gone(river: River) -> None:
    number, session = river.joined("amina", "operator")
    made = river.ask("POST", "/auth/invitations", {"role": "viewer"}, session).json()
    river.joined("last")
    river.ask("DELETE", f"/auth/users/{number}")

    broken = river.ask("GET", "/auth/invitations")
    revoked = river.ask("DELETE", f"/auth/invitations/{made['id']}")

    assert (broken.status_code, broken.text) == (500, "Internal Server Error")
    assert broken.headers["content-type"] == "text/plain; charset=utf-8"
    assert revoked.json() == {"message": f"Invitation {made['id']} revoked"}
    assert river.ask("GET", "/auth/invitations").status_code == 200


# VPS


def test_assigning_adds_checks_all_first_and_repeats_what_was_sent(river: River) -> None:
    amina, _ = river.joined("amina")
    kofi, _ = river.joined("kofi")
    task = river.task()
    path = f"/vps/{task}/assign"

    bad = river.ask("POST", path, [amina, 9999])
    first = river.ask("POST", path, [amina]).json()
    second = river.ask("POST", path, [str(amina), kofi, kofi]).json()

    assert (bad.status_code, bad.json()["detail"]) == (404, "User 9999 not found.")
    assert first["message"] == f"VPS {task} assigned to 1 user(s)."
    assert second["message"] == f"VPS {task} assigned to 1 user(s)."
    assert second["task_id"] == int(task) > 2**53
    assert second["assigned_users"] == [amina, kofi, kofi]
    assert river.ask("POST", path, []).status_code == 200
    assert river.ask("POST", path, {"user_ids": [amina]}).status_code == 422
    assert river.ask("POST", "/vps/1/assign", [amina]).json()["detail"] == "VPS not found."


def test_a_list_of_vps_says_nobody_when_one_is_gone_and_the_orphan_can_be_removed(
    river: River,
) -> None:
    amina, _ = river.joined("amina")
    river.joined("between")
    kofi, _ = river.joined("kofi")
    task = river.task()
    river.ask("POST", f"/vps/{task}/assign", [amina, kofi])

    def listed() -> list[str]:
        rows = river.ask("GET", "/vps").json()
        return [a["username"] for v in rows if v["task_id"] == task for a in v["assignees"]]

    before = sorted(listed())
    river.ask("DELETE", f"/auth/users/{amina}")
    after = listed()
    rows = river.ask("GET", f"/vps/{task}/assignments").json()["assignments"]
    removed = river.ask("DELETE", f"/vps/{task}/assign/{amina}")
    again = river.ask("DELETE", f"/vps/{task}/assign/{amina}")

    assert (before, after) == (["amina", "kofi"], [])
    assert [row["username"] for row in rows] == ["kofi"]
    assert removed.json() == {"message": f"User {amina} unassigned from VPS {task}."}
    assert again.json() == {"detail": f"User {amina} is not assigned to VPS {task}."}
    assert listed() == ["kofi"]


# Shapes


def test_lists_are_newest_first_whatever_the_query_and_times_are_local(river: River) -> None:
    for name in ("first", "second", "third"):
        river.joined(name)

    rows = river.ask("GET", "/auth/users?limit=1&role=admin").json()

    assert [row["username"] for row in rows] == ["third", "second", "first"]
    assert all(len(row["created_at"]) == len("2026-02-10T12:00:00.000000") for row in rows)


def test_routes_that_are_not_there(river: River) -> None:
    assert river.ask("GET", "/nothing").json() == {"detail": "Not Found"}
    assert river.ask("POST", "/auth/users", {}).status_code == 405
    head = river.ask("HEAD", "/auth/users")
    assert (head.status_code, head.content) == (405, b"")
    slash = river.ask("GET", "/auth/users/")
    assert (slash.status_code, slash.content) == (307, b"")
    assert river.ask("DELETE", "/auth/users/abc").status_code == 422
    assert river.ask("DELETE", f"/auth/users/{2**63}").status_code == 500


def test_a_body_without_its_content_type_or_none_at_all(river: River) -> None:
    typed = {**river.admin, "Content-Type": "text/plain"}
    number, _ = river.joined("amina")

    text = river.ask("PATCH", f"/auth/users/{number}", headers=typed, content=b'{"role":"user"}')
    empty = river.ask("PATCH", f"/auth/users/{number}")

    assert text.json()["detail"][0]["type"] == "model_attributes_type"
    assert empty.json()["detail"][0] == {
        "type": "missing",
        "loc": ["body"],
        "msg": "Field required",
        "input": None,
    }


def test_half_a_character_in_a_name_is_a_server_error(river: River) -> None:
    token = river.invited()["token"]
    body = b'{"username": "ami\\ud800na", "password": "correct horse"}'
    headers = {"Content-Type": "application/json"}

    answer = river.ask("POST", f"/auth/register?token={token}", headers=headers, content=body)

    assert answer.status_code == 500
