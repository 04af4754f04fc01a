"""The simulated FlowAuth's faults, its HTTP edge, and that it stops without leaving traces."""

import json
import ssl
import threading
from contextlib import closing
from dataclasses import asdict
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from reconciler.sandbox.flowauth import (
    Fault,
    FaultKind,
    FiredFault,
    FlowAuthSettings,
    FlowAuthSimulator,
)
from tests.sandbox.flowauth_client import ADMIN, ADMIN_PASSWORD, STRONG, FlowAuthBench

AMINA = {"username": "amina", "password": STRONG}
CREATE = ("POST", "/admin/users")
# Every reply that a test with this waits for takes an hour, so it is the client that gives up.
IMPATIENT = httpx.Timeout(20, read=0.2)


@pytest.mark.parametrize(
    "kind, status, content_type, is_stored",
    [
        (FaultKind.ERROR_500_BEFORE_EFFECT, 500, "text/html", False),
        (FaultKind.ERROR_500_AFTER_EFFECT, 500, "text/html", True),
        (FaultKind.HTML_502, 502, "text/html", False),
        (FaultKind.HTML_503, 503, "text/html", False),
        (FaultKind.HTML_504_AFTER_EFFECT, 504, "text/html", True),
        (FaultKind.RATE_LIMITED_429, 429, "text/html", False),
        (FaultKind.DATABASE_LOCKED, 500, "text/html", False),
        (FaultKind.ECHO_400, 400, "application/json", False),
        (FaultKind.ECHO_500, 500, "text/html", False),
    ],
)
def test_an_error_page_comes_once_without_cookies_before_or_after_the_effect(
    bench: FlowAuthBench, kind: FaultKind, status: int, content_type: str, is_stored: bool
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.faults.arm(Fault(kind, *CREATE, retry_after_s=7))

    response = admin.post("/admin/users", AMINA)

    assert (response.status_code, response.headers["content-type"]) == (status, content_type)
    assert "set-cookie" not in response.headers
    assert response.headers.get("retry-after") == ("7" if status == 429 else None)
    assert ("amina" in simulator.store.snapshot().users) is is_stored
    assert simulator.faults.armed == ()
    assert simulator.faults.fired == (FiredFault(kind, *CREATE),)
    again = admin.post("/admin/users", AMINA)
    assert again.status_code == (400 if is_stored else 200)


@pytest.mark.parametrize(
    "kind, error, is_stored",
    [
        (FaultKind.CUT_BEFORE_EFFECT, httpx.RemoteProtocolError, False),
        (FaultKind.CUT_AFTER_EFFECT, httpx.RemoteProtocolError, True),
        (FaultKind.RESET_BEFORE_EFFECT, httpx.ReadError, False),
        (FaultKind.RESET_AFTER_EFFECT, httpx.ReadError, True),
        (FaultKind.BODY_CUT_SHORT, httpx.RemoteProtocolError, True),
    ],
)
def test_a_broken_connection_comes_before_or_after_the_effect(
    bench: FlowAuthBench, kind: FaultKind, error: type[Exception], is_stored: bool
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.faults.arm(Fault(kind, *CREATE))

    with pytest.raises(error):
        admin.post("/admin/users", AMINA)

    assert ("amina" in simulator.store.snapshot().users) is is_stored
    assert admin.get("/admin/users").status_code == 200


def test_a_cut_request_is_noted_with_status_0(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.faults.arm(Fault(FaultKind.CUT_AFTER_EFFECT, *CREATE))

    with pytest.raises(httpx.RemoteProtocolError):
        admin.post("/admin/users", AMINA)
    admin.get("/nothing?secret=1")

    assert simulator.requests == (
        ("POST", "/signin", 200),
        ("POST", "/admin/users", 0),
        ("GET", "/nothing", 404),
    )


def test_half_a_json_body_arrives_whole_as_http(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.faults.arm(Fault(FaultKind.HALF_JSON_BODY, "GET", "/admin/users"))

    response = admin.get("/admin/users")

    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_a_slow_reply_outlasts_the_client_and_its_effect_stays(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.faults.arm(Fault(FaultKind.SLOW_REPLY, *CREATE, seconds=3600))
    admin.http.timeout = IMPATIENT

    with pytest.raises(httpx.ReadTimeout):
        admin.post("/admin/users", AMINA)
    simulator.stop()  # waits for the request that nobody waits for

    assert "amina" in simulator.store.snapshot().users


def test_an_expired_csrf_token_refuses_one_write_and_the_next_token_works(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.faults.arm(Fault(FaultKind.CSRF_EXPIRED, *CREATE))

    refused = admin.post("/admin/users", AMINA)

    assert (refused.status_code, refused.text) == (401, "CSRF error")
    assert admin.read("/is_signed_in")["is_admin"] is True
    assert admin.post("/admin/users", AMINA).status_code == 200


def test_a_demoted_administrator_stays_signed_in_without_rights(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.faults.arm(Fault(FaultKind.ADMIN_DEMOTED, *CREATE))

    refused = admin.post("/admin/users", AMINA)

    assert refused.status_code == 401
    assert "Permission" in refused.text
    assert admin.read("/is_signed_in")["is_admin"] is False


def test_an_outside_edit_happens_between_a_read_and_the_next_write(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    store = simulator.store
    store.add_user("amina", "x")
    admin = bench.admin(simulator)
    path = f"/admin/users/{store.user_id('amina')}"
    edit = Fault(
        FaultKind.OUTSIDE_EDIT, "PATCH", path, edit=lambda: store.rename_user("amina", "kofi")
    )
    simulator.faults.arm(edit)

    seen = admin.read(path)["name"]
    admin.patch(path, {"require_two_factor": True})

    assert seen == "amina"
    assert store.snapshot().users["kofi"].require_two_factor


def test_a_racing_duplicate_user_surfaces_in_shape_2(bench: FlowAuthBench) -> None:
    simulator = bench.start(backend="postgres")
    store = simulator.store
    admin = bench.admin(simulator)
    edit = Fault(FaultKind.OUTSIDE_EDIT, *CREATE, edit=lambda: store.add_user("amina", "x"))
    simulator.faults.arm(edit)

    response = admin.post("/admin/users", AMINA)

    assert response.status_code == 400
    assert response.json() == {"status": 400, "statusText": "Name already exists"}
    assert store.check_password("amina", "x")


def test_a_restart_mid_run_cuts_the_request_and_resets_the_bootstrap_administrator(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    simulator.store.set_password(ADMIN, "changed by hand")
    simulator.faults.arm(Fault(FaultKind.RESTART, *CREATE))

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        admin.post("/admin/users", AMINA)

    assert simulator.store.check_password(ADMIN, ADMIN_PASSWORD)
    assert "amina" not in simulator.store.snapshot().users
    assert admin.post("/admin/users", AMINA).status_code == 200


def test_a_dropped_keep_alive_ends_the_connection_after_a_whole_reply(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    simulator.faults.arm(Fault(FaultKind.DROP_KEEP_ALIVE, "GET", "/version"))
    address = urlsplit(simulator.url)

    with closing(HTTPConnection(str(address.hostname), address.port, timeout=20)) as connection:
        connection.request("GET", "/version")
        reply = connection.getresponse()
        body = json.loads(reply.read())
        rest = connection.sock.recv(1)

    assert (reply.status, body) == (200, {"version": "1.35.0"})
    assert reply.headers["Connection"] is None
    assert rest == b""


def test_a_fault_waits_for_its_nth_matching_request_and_lasts_for_its_count(
    bench: FlowAuthBench,
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    fault = Fault(FaultKind.HTML_503, "GET", "/admin/users*", nth=2, count=2)
    simulator.faults.arm(fault)
    paths = ["/admin/users", "/version", "/admin/users/1", "/admin/users", "/admin/users"]

    statuses = [admin.get(path).status_code for path in paths]

    assert statuses == [200, 200, 503, 503, 200]
    assert [(hit.method, hit.path) for hit in simulator.faults.fired] == [
        ("GET", "/admin/users/1"),
        ("GET", "/admin/users"),
    ]


def test_a_disarmed_fault_never_fires(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    simulator.faults.arm(Fault(FaultKind.HTML_503))

    simulator.faults.disarm()

    assert bench.anonymous(simulator).get("/version").status_code == 200
    assert simulator.faults.fired == ()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.HTML_503, nth=0),
        Fault(FaultKind.HTML_503, count=0),
        Fault(FaultKind.OUTSIDE_EDIT),
        Fault(FaultKind.HTML_503, edit=lambda: None),
    ],
)
def test_a_fault_that_could_do_nothing_is_refused(bench: FlowAuthBench, fault: Fault) -> None:
    simulator = bench.start()

    with pytest.raises(ValueError, match="fault"):
        simulator.faults.arm(fault)


def test_a_password_write_takes_the_time_that_is_asked_for(bench: FlowAuthBench) -> None:
    simulator = bench.start(password_cost_s=3600)
    admin = bench.admin(simulator)
    admin.http.timeout = IMPATIENT

    with pytest.raises(httpx.ReadTimeout):
        admin.post("/admin/users", AMINA)
    admin.http.timeout = httpx.Timeout(20)

    assert "amina" not in simulator.store.snapshot().users
    assert admin.patch("/admin/users/1", {"require_two_factor": True}).status_code == 200


def test_a_snapshot_and_the_settings_show_no_secret(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    simulator.store.add_user("amina", STRONG)

    shown = repr(simulator.store.snapshot()) + repr(asdict(simulator.store.snapshot()))
    rows = repr(simulator.store.view().users.listed())

    assert STRONG not in shown + rows + repr(simulator.settings)
    assert ADMIN_PASSWORD not in shown + rows + repr(simulator.settings)
    assert "hash" not in shown + rows


def test_every_edit_by_hand_shows_in_the_snapshot(bench: FlowAuthBench) -> None:
    simulator = bench.start()
    store = simulator.store
    edits = [
        lambda: store.add_user("amina", "x"),
        lambda: store.set_password("amina", "y"),
        lambda: store.set_admin("amina", is_admin=True),
        lambda: store.add_server("s"),
        lambda: store.add_scope("s", "run"),
        lambda: store.add_role("s", "reader"),
        lambda: store.set_role_scopes("s", "reader", ["run"]),
        lambda: store.set_user_roles("amina", [("s", "reader")]),
        lambda: store.delete_scope("s", "run"),
        lambda: store.set_server_limits(
            "s", latest_token_expiry=None, longest_token_life_minutes=1
        ),
        lambda: store.delete_role("s", "reader"),
        lambda: store.delete_server("s"),
    ]

    for edit in edits:
        before = store.snapshot()
        assert store.snapshot() == before
        edit()
        assert store.snapshot() != before


def test_an_edit_by_hand_of_what_is_not_there_says_so(bench: FlowAuthBench) -> None:
    simulator = bench.start()

    with pytest.raises(KeyError, match="no user 'amina'"):
        simulator.store.set_user_roles("amina", [])


def test_stopping_in_the_middle_of_replies_leaves_no_thread_and_no_word(
    bench: FlowAuthBench, capfd: pytest.CaptureFixture[str]
) -> None:
    before = set(threading.enumerate())
    simulator = FlowAuthSimulator(FlowAuthSettings(admin_username="a", admin_password="b"))
    simulator.start()
    simulator.faults.arm(Fault(FaultKind.SLOW_REPLY, path="/version", seconds=3600))
    idle, waiting = bench.anonymous(simulator), bench.anonymous(simulator)
    idle.get("/is_signed_in")
    waiting.http.timeout = IMPATIENT
    with pytest.raises(httpx.ReadTimeout):
        waiting.get("/version")

    simulator.stop()
    simulator.stop()

    assert set(threading.enumerate()) <= before
    assert capfd.readouterr() == ("", "")
    with pytest.raises(httpx.TransportError):
        idle.get("/version")


def test_a_simulator_is_started_once_and_has_no_address_before(bench: FlowAuthBench) -> None:
    fresh = FlowAuthSimulator(FlowAuthSettings(admin_username="a", admin_password="b"))
    started = bench.start()

    with pytest.raises(RuntimeError, match="not been started"):
        _ = fresh.url
    with pytest.raises(RuntimeError, match="started before"):
        started.start()


def test_requests_without_sense_are_answered_without_a_word(
    bench: FlowAuthBench, capfd: pytest.CaptureFixture[str]
) -> None:
    simulator = bench.start()
    client = bench.anonymous(simulator)

    head = client.http.head("/version")
    odd = client.http.request("BREW", "/version")
    forged = client.http.get("/is_signed_in", headers={"Cookie": "session=a.b.c; x"})

    assert (head.status_code, head.content, odd.status_code) == (200, b"", 501)
    assert forged.status_code == 401
    assert capfd.readouterr() == ("", "")


def test_with_a_certificate_it_speaks_https_and_checks_the_referer(bench: FlowAuthBench) -> None:
    authority = trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_tls)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    settings = FlowAuthSettings(admin_username=ADMIN, admin_password=ADMIN_PASSWORD)

    with (
        FlowAuthSimulator(settings, tls=server_tls) as simulator,
        httpx.Client(base_url=simulator.url, verify=client_tls, trust_env=False) as http,
    ):
        http.post("/signin", json={"username": ADMIN, "password": ADMIN_PASSWORD})

        def create(**headers: str) -> int:
            token = {"X-CSRF-Token": http.cookies["X-CSRF"]}
            return http.post("/admin/users", json=AMINA, headers={**token, **headers}).status_code

        statuses = [create(), create(Referer=f"{simulator.url}/")]

        assert simulator.url.startswith("https://")
        assert statuses == [401, 200]
        assert simulator.unplanned_errors == ()


@pytest.mark.parametrize("kind", [FaultKind.ECHO_400, FaultKind.ECHO_500])
def test_an_echo_repeats_the_password_and_the_session(
    bench: FlowAuthBench, kind: FaultKind
) -> None:
    simulator = bench.start()
    admin = bench.admin(simulator)
    session = admin.http.cookies["session"]
    simulator.faults.arm(Fault(kind, *CREATE))

    response = admin.post("/admin/users", AMINA)

    assert STRONG in response.text
    assert session in response.text
