"""The simulator answers as the vendor's description says, seen by raw HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from reconciler.sandbox.mobiusflow import MobiusFlowSimulator
from tests.mobiusflow.lab import Lab
from tests.mobiusflow.simulated import OWN, OWN_PASSWORD, signs_in

PUBLISHED = {200, 400, 401, 404, 500}
"""The statuses of the paths about users; 408 is a fault, and others are a proxy's."""


@contextmanager
def _signed_in(simulator: MobiusFlowSimulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{simulator.base}/") as http:
        answer = http.post("auth/login", json={"username": OWN, "password": OWN_PASSWORD}).json()
        token = answer.get("token") or answer["sessionToken"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


def _id(simulator: MobiusFlowSimulator, name: str) -> str:
    row = simulator.store.named(name)
    assert row is not None
    return row.id


@pytest.mark.parametrize("duplicates, again", [("error", 500), ("success", 200)])
def test_v1_answers_with_published_statuses_alone(lab: Lab, duplicates: str, again: int) -> None:
    simulator = lab.start(duplicates=duplicates)

    with _signed_in(simulator) as http:
        roles = http.get(f"auth/user/roles/{_id(simulator, 'kofi')}").json()
        new = {"username": "esi", "password": "password of esi", "roles": roles}
        short, less = {**new, "password": "seven.7"}, {"read": True}
        answers = [
            http.get("auth/user/nobody"),
            http.get("auth/user/roles/nobody"),
            http.post("auth/user", json=new),
            http.post("auth/user", json=new),
            http.post("auth/user", json={**short, "username": "yaw"}),
            http.post("auth/user", json={**new, "username": "yaw", "roles": less}),
            http.post("auth/user", json={**new, "username": "yaw", "roles": {**roles, "x": True}}),
            http.post("auth/user", json={**new, "username": "yaw", "email": "yaw@example.org"}),
            http.post("auth/user", content=b"{"),
            http.patch(f"auth/user/roles/{_id(simulator, 'esi')}", json={"roles": less}),
            http.post("auth/refresh", json={"refreshToken": "x"}),
            http.delete("auth/user/nobody"),
            http.get("nowhere"),
        ]

    statuses = [each.status_code for each in answers]
    assert statuses == [404, 404, 200, again, 400, 400, 400, 400, 400, 400, 401, 404, 404]
    assert set(statuses) <= PUBLISHED
    errors = [each.json() for each in answers if each.status_code != 200]
    assert all({"statusCode", "error", "message"} <= set(each) for each in errors)


def test_v1_lists_nothing_but_names(lab: Lab) -> None:
    simulator = lab.start()

    with _signed_in(simulator) as http:
        assert http.get("auth/users").json() == [OWN, "amina", "kofi"]
        assert http.get("auth/user/kofi").json() == {"_id": _id(simulator, "kofi")}
        simulator.oddities.bare_ids = True
        assert http.get("auth/user/kofi").json() == _id(simulator, "kofi")


@pytest.mark.parametrize("path", ["auth/users", "auth/user/kofi", "mobius/admin/settings"])
def test_v1_refuses_whoever_is_no_administrator_with_401_and_never_403(lab: Lab, path: str) -> None:
    simulator = lab.start()
    body = {"username": "kofi", "password": "password of kofi"}

    token = httpx.post(f"{simulator.base}/auth/login", json=body).json()["token"]
    answer = httpx.get(f"{simulator.base}/{path}", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401


def test_v1_keeps_the_password_of_whom_every_right_was_taken(lab: Lab) -> None:
    simulator = lab.start()
    simulator.store.change(_id(simulator, "kofi"), roles=frozenset())

    assert signs_in(simulator.base, "kofi", "password of kofi")


@pytest.mark.parametrize("dialect", ["v1", "v3"])
def test_a_password_is_changed_by_id(lab: Lab, dialect: str) -> None:
    simulator = lab.start("v1" if dialect == "v1" else "v3")
    path = "auth/user/password" if dialect == "v1" else "user/password"

    with _signed_in(simulator) as http:
        done = http.patch(f"{path}/{_id(simulator, 'kofi')}", json={"password": "another one"})
        short = http.patch(f"{path}/{_id(simulator, 'kofi')}", json={"password": "seven.7"})

    assert (done.status_code, short.status_code) == (200, 400)
    assert signs_in(simulator.base, "kofi", "another one")
    assert not signs_in(simulator.base, "kofi", "password of kofi")


def test_v3_validates_sessions_until_they_are_logged_out_and_cannot_renew_them(lab: Lab) -> None:
    simulator = lab.start("v3")

    with _signed_in(simulator) as http:
        answers = [
            http.post("auth/validate-session", json={"sessionToken": "x"}),
            http.post("auth/refresh", json={"refreshToken": "x"}),
            http.post("auth/logout"),
            http.post("auth/validate-session", json={"sessionToken": "x"}),
        ]

    assert [each.status_code for each in answers] == [200, 404, 200, 401]
    assert simulator.sessions.logins == simulator.sessions.logouts == 1


@pytest.mark.parametrize("verb", ["delete", "deactivate"])
def test_v3_ends_the_session_of_whoever_takes_his_own_account(lab: Lab, verb: str) -> None:
    simulator = lab.start("v3")
    own = _id(simulator, OWN)

    with _signed_in(simulator) as http:
        if verb == "delete":
            done = http.delete(f"user/{own}")
        else:
            done = http.patch(f"user/active/{own}", json={"isActive": False})
        after = http.get("user")

    assert (done.status_code, after.status_code) == (200, 401)
    assert not signs_in(simulator.base, OWN, OWN_PASSWORD)


def test_v3_creates_users_who_are_active_and_takes_no_address(lab: Lab) -> None:
    simulator = lab.start("v3")
    new = {"username": "esi", "password": "password of esi", "role": "Viewer"}

    with _signed_in(simulator) as http:
        refused = http.post("user", json={**new, "email": "esi@example.org"})
        done = http.post("user", json=new)
        listed = {row["username"]: row for row in http.get("user").json()}

    assert (refused.status_code, done.status_code) == (400, 200)
    assert listed["esi"]["isActive"] is True
    assert listed["esi"]["email"] is None
