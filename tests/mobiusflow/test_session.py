"""Logging in, staying logged in and logging out, in both dialects."""

from __future__ import annotations

import base64
import json
import re

import httpx
import pytest

from reconciler.errors import (
    RefusedError,
    TargetError,
    UnexpectedResponseError,
    UnreachableError,
)
from reconciler.providers.http_connection import HttpConnection
from reconciler.providers.mobiusflow.client import HABITS, Client
from reconciler.providers.mobiusflow.sessions import Session, life_s
from reconciler.sandbox.http.faults import FaultKind
from reconciler.sandbox.mobiusflow import Dialect
from reconciler.scope import Scope
from tests.conformance.bench import small_access
from tests.mobiusflow.lab import EDITOR, VIEWER, Lab, create, statuses, update
from tests.mobiusflow.simulated import OWN, OWN_PASSWORD, WRONG_PASSWORD

BOTH: tuple[Dialect, ...] = ("v1", "v3")


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("strict", [True, False], ids=["refuses", "strips"])
def test_nothing_but_name_and_password_is_sent_to_log_in(
    lab: Lab, dialect: Dialect, strict: bool
) -> None:
    lab.start(dialect, refuses_extra_keys=strict)

    assert len(lab.observe()) == 3
    extra = httpx.post(
        f"{lab.simulator.base}/auth/login",
        json={"username": OWN, "password": OWN_PASSWORD, "more": 1},
    )
    assert extra.status_code == (400 if strict else 200)


@pytest.mark.parametrize("dialect", BOTH)
def test_a_wrong_password_is_refused_and_not_shown(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)

    with pytest.raises(RefusedError) as caught:
        lab.observe(password=WRONG_PASSWORD)

    assert "check the options username and password" in str(caught.value)
    assert WRONG_PASSWORD not in repr(caught.value)


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_base_may_end_in_a_slash_and_lie_below_a_prefix(
    lab: Lab, dialect: Dialect, slash: str
) -> None:
    simulator = lab.start(dialect, prefix="/tenants/a b/engine".replace(" ", "%20"))

    assert len(lab.observe(url=f"{simulator.base}{slash}")) == 3


def test_a_wrong_address_is_no_engine(lab: Lab) -> None:
    simulator = lab.start()

    with pytest.raises(UnexpectedResponseError, match="check the option url"):
        lab.observe(url=f"{simulator.url}/api/v9")


# v1: tokens that say when they end


@pytest.mark.parametrize("life_of_token_s", [600, 3600])
def test_a_token_is_renewed_before_the_end_that_it_tells(lab: Lab, life_of_token_s: int) -> None:
    lab.start(access_life_s=life_of_token_s)
    options = lab.options()
    now = [0.0]
    session = Session(HttpConnection("plant", options, HABITS), options, lambda: now[0])
    first = session.token()

    now[0] = life_of_token_s - 60
    same = session.token()
    now[0] = life_of_token_s - 5
    other = session.token()

    assert same is first
    assert other is not first
    assert (lab.sent("POST", "/auth/login"), lab.sent("POST", "/auth/refresh")) == (1, 1)


def test_a_token_without_an_end_is_used_until_it_is_refused(lab: Lab) -> None:
    lab.start(tells_no_end=True)
    provider = lab.open()

    provider.observe(Scope())
    provider.observe(Scope())

    assert (lab.sent("POST", "/auth/login"), lab.sent("POST", "/auth/refresh")) == (1, 0)


def test_an_expired_token_is_renewed_by_the_other_one_and_nobody_logs_in_again(lab: Lab) -> None:
    lab.start(access_life_s=600)
    provider = lab.open()
    before = provider.observe(Scope())

    lab.clock.advance(601)

    assert provider.observe(Scope()) == before
    assert (lab.sent("POST", "/auth/login"), lab.sent("POST", "/auth/refresh")) == (1, 1)


def test_where_both_tokens_have_expired_somebody_logs_in_again(lab: Lab) -> None:
    lab.start()
    provider = lab.open()
    before = provider.observe(Scope())

    lab.clock.advance(43_201)

    assert provider.observe(Scope()) == before
    assert lab.sent("POST", "/auth/login") == 2


def test_life_is_read_from_a_token_and_nothing_is_guessed() -> None:
    assert life_s(_token({"iat": 100, "exp": 700})) == 600
    assert life_s(_token({"iat": 100})) is None
    assert life_s(_token({"exp": 100})) is None
    assert life_s(_token([1])) is None
    assert life_s("opaque") is None
    assert life_s("a.%%%.c") is None
    assert life_s("a.YWJj.c") is None


def _token(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.x"


# Both: a session that ends by itself


@pytest.mark.parametrize("dialect", BOTH)
def test_a_session_that_dies_in_the_middle_of_an_apply_is_renewed_and_nothing_is_done_twice(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    create_path = "/auth/user" if dialect == "v1" else "/user"
    lab.arm(FaultKind.SESSION_INVALIDATED, "POST", create_path, nth=2)

    outcomes = lab.apply(create("esi"), create("yaw"), create("abena"))

    assert statuses(outcomes) == ["done"] * 3
    names = [row.username for row in simulator.store.rows()]
    assert sorted(names) == ["abena", "amina", "esi", "kofi", OWN, "yaw"]
    assert len(lab.writes) == 4, "one of three was refused, and sent again"


@pytest.mark.parametrize("dialect", BOTH)
def test_parallel_reads_whose_session_died_log_in_once(lab: Lab, dialect: Dialect) -> None:
    simulator = lab.start(dialect)
    for index in range(40):
        simulator.add(f"user-{index}", "some password", "Viewer")
    provider = lab.open()
    provider.observe(Scope())

    simulator.signer.change_key()
    simulator.sessions.drop()
    provider.observe(Scope())

    assert lab.sent("POST", "/auth/login") == 2


@pytest.mark.parametrize("dialect", BOTH)
def test_a_fresh_token_that_is_refused_may_also_mean_that_something_is_not_allowed(
    lab: Lab, dialect: Dialect
) -> None:
    simulator = lab.start(dialect)
    viewer = {"username": "kofi", "password": "password of kofi"}

    with pytest.raises(RefusedError, match="it may also mean: not allowed"):
        lab.observe(**viewer)

    tried = [each for each in simulator.requests if each.method == "GET"]
    assert len({each.path for each in tried}) == 1
    assert len(tried) == 2, "once, and once with a fresh token"
    assert simulator.sessions.logins == simulator.sessions.logouts
    assert simulator.sessions.number == 0


@pytest.mark.parametrize("dialect", BOTH)
def test_rights_that_are_lost_in_the_middle_stop_everything(lab: Lab, dialect: Dialect) -> None:
    lab.start(dialect)
    create_path = "/auth/user" if dialect == "v1" else "/user"
    lab.arm(FaultKind.ADMIN_DEMOTED, "POST", create_path, nth=2)

    outcomes = lab.apply(create("esi"), create("yaw"), create("abena"))

    assert statuses(outcomes) == ["done", "failed", "skipped"]
    assert "not allowed" in outcomes[1].message


def test_settings_that_are_refused_are_a_missing_right(lab: Lab) -> None:
    lab.start(refuses_settings=True)

    with pytest.raises(RefusedError, match="Is this user an administrator"):
        lab.open().identify()


def test_an_engine_whose_users_are_kept_elsewhere_is_left_alone(lab: Lab) -> None:
    lab.start(auth_provider="ldap")

    with pytest.raises(UnexpectedResponseError, match="'ldap', so its users are kept elsewhere"):
        lab.open().identify()


def test_the_version_is_told(lab: Lab) -> None:
    lab.start()

    identity = lab.open().identify()

    assert (identity.system, identity.version, identity.account) == ("MobiusFlow", "1.24.0", OWN)


# v3: sessions are logged out


def test_as_many_sessions_end_as_begin(lab: Lab) -> None:
    simulator = lab.start("v3")

    lab.observe()
    lab.apply(create("esi"), update("kofi", VIEWER, EDITOR))

    assert simulator.sessions.logins == simulator.sessions.logouts == 2
    assert simulator.sessions.number == 0


def test_closing_twice_logs_out_once_and_what_never_logged_in_never_logs_out(lab: Lab) -> None:
    simulator = lab.start("v3")
    idle, busy = lab.open(), lab.open()
    busy.identify()

    for provider in (idle, busy, busy):
        provider.close()

    assert simulator.sessions.logins == simulator.sessions.logouts == 1


@pytest.mark.parametrize(
    "kind", [FaultKind.ERROR_500_BEFORE_EFFECT, FaultKind.HTML_502, FaultKind.HALF_JSON_BODY]
)
def test_after_an_error_the_session_is_logged_out_too(lab: Lab, kind: FaultKind) -> None:
    simulator = lab.start("v3")
    lab.arm(kind, "GET", "/user", count=100)

    with pytest.raises((UnexpectedResponseError, UnreachableError)):
        lab.observe()

    assert simulator.sessions.logins == simulator.sessions.logouts == 1
    assert simulator.sessions.number == 0


def test_a_logout_that_fails_is_of_no_interest(lab: Lab) -> None:
    lab.start("v3")
    lab.arm(FaultKind.CUT_BEFORE_EFFECT, "POST", "/auth/logout")
    provider = lab.open()
    provider.identify()

    provider.close()

    assert lab.sent("POST", "/auth/logout") == 1


def test_a_whole_run_of_the_engine_logs_out(lab: Lab) -> None:
    simulator = lab.start("v3")

    bench = lab.bench()

    bench.converge(small_access(bench.target))

    assert simulator.sessions.logins == simulator.sessions.logouts > 0
    assert simulator.sessions.number == 0


def test_a_token_that_was_logged_out_is_refused(lab: Lab) -> None:
    simulator = lab.start("v3")
    client = Client("plant", lab.options())
    token = client.session.token().secret.reveal()

    client.close()

    answer = httpx.get(f"{simulator.base}/user", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert len(token) == 128


def test_v3_has_no_way_to_renew(lab: Lab) -> None:
    simulator = lab.start("v3")
    provider = lab.open()
    provider.observe(Scope())
    simulator.sessions.drop()

    provider.observe(Scope())

    assert lab.sent("POST", "/auth/refresh") == 0
    assert lab.sent("POST", "/auth/login") == 2


def test_an_inactive_administrator_cannot_log_in(lab: Lab) -> None:
    simulator = lab.start("v3")
    own = simulator.store.named(OWN)
    assert own is not None
    simulator.store.change(own.id, is_active=False)

    with pytest.raises(RefusedError, match="or it is inactive"):
        lab.observe()


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize("kind", [FaultKind.ECHO_400, FaultKind.ECHO_500])
@pytest.mark.parametrize("where", ["/auth/login", "/*user*", "/auth/refresh"])
def test_an_engine_that_repeats_what_it_was_sent_shows_no_secret(
    lab: Lab, dialect: Dialect, kind: FaultKind, where: str
) -> None:
    simulator = lab.start(dialect)
    provider = lab.open()
    if where == "/auth/refresh":
        provider.identify()
        simulator.signer.change_key()
        simulator.sessions.drop()
        lab.arm(kind, "POST", "/auth/login", count=100)
    lab.arm(kind, "*", where, count=100)

    with pytest.raises(TargetError) as caught:
        provider.observe(Scope())
    (outcome,) = lab.apply(create("esi")) if where == "/*user*" else (None,)

    texts = f"{caught.value!r} {outcome}"
    assert OWN_PASSWORD not in texts
    assert "eyJ" not in texts, "that is how a token begins"
    assert re.search("[0-9a-f]{40}", texts) is None
    assert all(each.reveal() not in texts for each in lab.notes.passwords.values())
