"""The session with FlowAuth: one sign-in, CSRF and Referer, and what a 401 means."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest

from reconciler.changes import Change
from reconciler.errors import (
    IncompleteReadError,
    RefusedError,
    UnexpectedResponseError,
    UnreachableError,
)
from reconciler.sandbox.flowauth import FaultKind, totp_code
from tests.conformance.bench import Access, Notes
from tests.conformance.checks import whole_text
from tests.flowauth.lab import LIMITS, READER, WRITER, Lab, create, delete, statuses
from tests.flowauth.simulated import OWN, OWN_PASSWORD, WRONG_PASSWORD

SIGN_IN = ("POST", "/signin")
GRANTS = (create("membership", *READER, "amina"), create("membership", *WRITER, "amina"))


class Interfering(Notes):
    """A journal that does something before the second change is sent."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act

    def intend(self, changes: Sequence[Change]) -> None:
        super().intend(changes)
        if len(self.intended) == 2:
            self._act()


def enable_two_factor(lab: Lab, username: str, password: str) -> None:
    with httpx.Client(base_url=lab.simulator.url) as http:
        http.post("/signin", json={"username": username, "password": password})

        def post(path: str, body: object) -> httpx.Response:
            headers = {"X-CSRF-Token": http.cookies["X-CSRF"]}
            return http.post(path, json=body, headers=headers)

        offer = post("/user/enable_two_factor", {}).json()
        secret = offer["secret"]
        body = {
            "two_factor_code": totp_code(secret.partition(".")[0], lab.clock()),
            "secret": secret,
            "backup_codes_signature": offer["backup_codes_signature"],
        }
        assert post("/user/confirm_two_factor", body).json() == {"two_factor_enabled": True}


def test_a_run_signs_in_once_from_reading_to_reading_again(lab: Lab) -> None:
    lab.start()
    bench = lab.bench
    first = bench.target.rights[:1]
    report = bench.apply(Access(users=("amina",), roles={"r": first}, grants=(("amina", "r"),)))

    assert report.targets[0].is_converged
    assert lab.sent(*SIGN_IN) == 1


def test_nothing_is_sent_before_something_is_asked(lab: Lab) -> None:
    lab.start()

    provider = lab.open()
    provider.preview(GRANTS)
    provider.new_passwords(GRANTS)
    provider.close()

    assert lab.simulator.requests == ()


def test_over_https_with_a_ca_file_writes_have_csrf_token_and_referer(lab: Lab) -> None:
    lab.start_filled(tls=lab.tls())

    provider = lab.open(ca_file=str(lab.ca_file))
    outcomes = list(provider.apply(GRANTS, lab.notes))

    assert statuses(outcomes) == ["done", "done"]
    assert not [each for each in lab.simulator.requests if each.status == 401]


def test_a_session_that_ended_while_nothing_happened_is_opened_again(lab: Lab) -> None:
    lab.start_filled()
    provider = lab.open()
    provider.observe(lab.scope)

    outcomes = list(provider.apply(GRANTS, Interfering(lambda: lab.clock.advance(21 * 60))))

    assert statuses(outcomes) == ["done", "done"]
    assert lab.sent(*SIGN_IN) == 2


def test_a_session_in_use_outlives_its_twenty_minutes_without_a_second_sign_in(lab: Lab) -> None:
    lab.start_filled()
    provider = lab.open()

    for _ in range(8):
        provider.observe(lab.scope)
        lab.clock.advance(15 * 60)

    assert lab.sent(*SIGN_IN) == 1


@pytest.mark.parametrize("fault, sign_ins", [("SESSION_INVALIDATED", 2), ("CSRF_EXPIRED", 1)])
def test_a_write_refused_by_session_or_csrf_is_sent_again_and_done_once(
    lab: Lab, fault: str, sign_ins: int
) -> None:
    lab.start_filled()
    lab.arm(FaultKind[fault], "POST", "/admin/users")

    outcomes = lab.apply(create("account", "esi", level="user"))

    assert statuses(outcomes) == ["done"]
    assert lab.sent(*SIGN_IN) == sign_ins
    posts = [r.status for r in lab.simulator.requests if r[:2] == ("POST", "/admin/users")]
    assert posts == [401, 200]
    assert len(lab.notes.passwords) == 1


def test_parallel_reads_that_lose_their_session_sign_in_once_more(lab: Lab) -> None:
    lab.start_filled()
    for index in range(20):
        lab.simulator.store.add_user(f"user{index}", "no password")
    lab.arm(FaultKind.SESSION_INVALIDATED, "GET", "/admin/users/*", nth=5)

    observed = lab.observe()

    assert len(observed.names("account")) == 24
    # a third time where an answer that was under way brought the old session's cookie back
    assert lab.sent(*SIGN_IN) in (2, 3)


def test_an_administrator_demoted_in_the_middle_stops_and_says_so(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.ADMIN_DEMOTED, "PATCH", "/admin/users/*", nth=2)
    changes = (*GRANTS, delete("membership", *READER, "kofi"))

    outcomes = lab.apply(*changes)

    assert statuses(outcomes) == ["done", "failed", "skipped"]
    assert outcomes[1].message == f'"{OWN}" is no longer an administrator of FlowAuth'
    assert outcomes[2].message == f"not tried: {outcomes[1].message}"
    assert lab.simulator.store.snapshot().users["amina"].roles == (READER,)
    assert lab.simulator.store.snapshot().users["kofi"].roles == (READER,)


def test_an_administrator_deleted_in_the_middle_stops_and_says_so(lab: Lab) -> None:
    lab.start_filled(backend="postgres")
    provider = lab.open()
    notes = Interfering(lambda: lab.simulator.store.delete_user(OWN))

    outcomes = list(provider.apply((*GRANTS, delete("account", "kofi")), notes))

    assert statuses(outcomes) == ["done", "failed", "skipped"]
    assert "refused the user name or password" in outcomes[1].message


def test_a_wrong_password_is_refused_with_exit_code_9_and_not_shown(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    lab.start()
    bench = lab.bench
    with (
        bench.target.fault("wrong_credentials"),
        bench.run(Access()) as run,
        pytest.raises(IncompleteReadError) as caught,
    ):
        run.plan()

    assert caught.value.exit_code == 9
    (failure,) = caught.value.failures
    assert isinstance(failure, RefusedError)
    assert "user name or password" in failure.message
    assert WRONG_PASSWORD not in whole_text(caught.value) + caplog.text


def test_a_user_who_is_no_administrator_is_refused(lab: Lab) -> None:
    lab.start().store.add_user("yaw", "yaw's password")

    with pytest.raises(RefusedError, match='"yaw" is not an administrator'):
        lab.observe(username="yaw", password="yaw's password")


def test_an_account_with_two_factors_is_refused_with_what_to_do(lab: Lab) -> None:
    lab.start()
    enable_two_factor(lab, OWN, OWN_PASSWORD)

    with pytest.raises(RefusedError, match=r"two-factor.*use an administrator without it"):
        lab.observe()


def test_a_demanded_second_factor_that_was_never_set_up_is_no_obstacle(lab: Lab) -> None:
    lab.start().store.set_require_two_factor(OWN, is_required=True)

    assert OWN in lab.observe().names("account")


@pytest.mark.parametrize("version", ["1.17.0", "1.9.4", "0.4"])
def test_releases_without_roles_and_without_groups_are_refused_before_signing_in(
    lab: Lab, version: str
) -> None:
    lab.start(version=version)

    with pytest.raises(UnexpectedResponseError, match=rf"FlowAuth {version} has no roles.*1\.18"):
        lab.open().identify()

    assert lab.sent(*SIGN_IN) == 0


@pytest.mark.parametrize("version", ["1.18.0", "1.34.0", "2.0.0", "0+unknown"])
def test_releases_with_roles_are_read(lab: Lab, version: str) -> None:
    lab.start(version=version)

    identity = lab.open().identify()

    assert (identity.system, identity.version) == ("FlowAuth", version)
    assert identity.account == OWN


def test_a_dropped_keep_alive_connection_is_survived_by_reads_and_writes(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.DROP_KEEP_ALIVE, "*", "*", count=1000)

    lab.observe()
    outcomes = lab.apply(create("server", "second", **LIMITS), *GRANTS, delete("account", "kofi"))

    assert statuses(outcomes) == ["done"] * 4


def test_no_password_and_no_session_cookie_is_in_any_log_at_debug(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    lab.start_filled()
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "POST", "/admin/users", nth=2)
    provider = lab.open()

    changes = [create("account", name, level="user") for name in ("esi", "yaw")]
    outcomes = list(provider.apply(changes, lab.notes))

    assert statuses(outcomes) == ["done", "failed"]
    shown = f"{outcomes!r} {provider!r} {provider.preview(changes)} {caplog.text}"
    assert "POST" in caplog.text
    assert sorted(lab.notes.passwords) == ["esi", "yaw"]
    for password in lab.notes.passwords.values():
        assert password.reveal() not in shown
    assert OWN_PASSWORD not in shown
    assert "session=" not in shown


def test_half_a_character_in_the_password_is_refused_without_showing_it(lab: Lab) -> None:
    lab.start()
    password = "canary\udcff"

    with pytest.raises(RefusedError, match="not valid text") as caught:
        lab.observe(password=password)

    assert "canary" not in whole_text(caught.value)


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_an_unusable_ca_file_is_named(lab: Lab, tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "ca.pem"
    if content is not None:
        ca_file.write_text(content)
    provider = lab.open(url="https://127.0.0.1:1", ca_file=str(ca_file))

    with pytest.raises(UnreachableError, match="the option ca_file") as caught:
        provider.identify()

    assert str(ca_file) in caught.value.message
