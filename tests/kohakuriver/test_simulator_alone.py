"""What only a simulator can be brought to: locks, clocks, other configurations, restarts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from reconciler.sandbox.http.clock import ManualClock
from reconciler.sandbox.kohakuriver import KohakuRiverSimulator
from tests.kohakuriver.real import Host
from tests.kohakuriver.river import COOKIE, PASSWORD, River
from tests.kohakuriver.simulated import ADMIN_SECRET, start_simulator


@contextmanager
def spoken_to(**settings: Any) -> Iterator[tuple[KohakuRiverSimulator, River]]:
    """A simulator with these settings, and the one who speaks to it."""
    with (
        start_simulator(**settings) as simulator,
        River(Host(simulator.url, ADMIN_SECRET)) as river,
    ):
        yield simulator, river


def _user(simulator: KohakuRiverSimulator) -> dict[str, str]:
    """The headers of the bearer of an administrator's token."""
    row = simulator.store.add_user("amina", "admin")
    return {"Authorization": f"Bearer {simulator.store.add_token(row.id, 't')[1]}"}


def test_without_authentication_everybody_is_an_administrator() -> None:
    with (
        start_simulator(auth_enabled=False, admin_secret="") as simulator,
        River(Host(simulator.url, "")) as river,
    ):
        status = river.ask("GET", "/auth/status", headers={}).json()
        assert status == {"auth_enabled": False, "session_expire_hours": None}
        assert river.ask("GET", "/auth/users", headers={}).status_code == 200
        assert river.ask("POST", "/auth/invitations", {"role": "admin"}, {}).status_code == 200
        for path in ("/auth/me", "/auth/tokens"):
            assert river.ask("GET", path, headers={}).status_code == 503


def test_a_locked_database_turns_bearers_into_nobody_and_writes_into_errors() -> None:
    with spoken_to() as (simulator, river):
        store = simulator.store
        bearer = _user(simulator)
        cookie = {"Cookie": f"{COOKIE}={store.add_session(1).cookie}"}

        store.lock("reader", 7)
        assert river.ask("GET", "/auth/users", headers=bearer).status_code == 401
        store.lock("reader", 7)
        assert river.ask("POST", "/auth/tokens/create", {"name": "t"}, bearer).status_code == 200
        assert store.tables.tokens[2].owner == -1
        store.lock("reader", 7)
        assert river.ask("PATCH", "/auth/users/1", {"role": "user"}).status_code == 500
        store.lock("reader", 7)
        assert river.ask("GET", "/auth/users", headers=cookie).status_code == 200
        store.lock("exclusive", 7)
        assert river.ask("GET", "/auth/users", headers=cookie).status_code == 401
        store.lock("exclusive", 7)
        assert river.ask("GET", "/auth/users").status_code == 200
        store.lock("reader", 3)
        assert river.ask("PATCH", "/auth/users/1", {"role": "user"}).status_code == 200


def test_the_secret_to_register_makes_administrators_without_end() -> None:
    with spoken_to(register_secret="register-me") as (_, river):
        for name in ("amina", "kofi"):
            body = {"username": name, "password": PASSWORD}
            answer = river.ask("POST", "/auth/register?token=register-me", body, {})
            assert answer.json()["user"]["role"] == "admin"


def test_times_are_those_of_the_zone_and_sessions_and_invitations_end() -> None:
    clock = ManualClock(datetime(2026, 2, 10, 12, 0, tzinfo=UTC).timestamp())
    zone = timezone(timedelta(hours=5))
    with spoken_to(clock=clock, zone=zone, session_expire_hours=24) as (_, river):
        _, session = river.joined("amina")
        made = river.invited(expires_hours=1)

        assert made["expires_at"] == "2026-02-10T18:00:00.000000"
        clock.advance(24 * 3600)
        assert river.who(session) == "_anonymous"
        assert not any(row["is_valid"] for row in river.ask("GET", "/auth/invitations").json())


def test_a_restart_keeps_what_is_stored_and_may_bring_another_secret() -> None:
    with spoken_to() as (simulator, river):
        _, session = river.joined("amina")

        simulator.restart(admin_secret="another one")

        assert river.who(session) == "amina"
        assert river.who(river.admin) == "_anonymous"


def test_vps_are_made_only_where_there_is_a_node_and_their_rows_stay() -> None:
    for has_runner, status in ((False, 503), (True, 200)):
        with spoken_to(has_runner=has_runner) as (_, river):
            made = river.ask("POST", "/vps/create", {"name": "gpu", "required_cores": 1})
            assert made.status_code == status
            for row in river.ask("GET", "/vps").json():
                assert river.ask("POST", f"/vps/stop/{row['task_id']}").status_code == 202
                assert river.ask("GET", "/vps/status").json() == []
                assert len(river.ask("GET", "/vps").json()) == 1
