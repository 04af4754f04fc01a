"""What stands between us and FlowAuth: proxies, wrong addresses, other servers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from reconciler.errors import (
    IncompleteReadError,
    RefusedError,
    TargetError,
    UnexpectedResponseError,
    UnreachableError,
)
from reconciler.sandbox.flowauth import FaultKind
from tests.conformance.bench import Access
from tests.flowauth.lab import Lab

Reply = tuple[int, Mapping[str, str], bytes]
Serve = Callable[[Callable[[str], Reply]], str]

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts web servers that answer each path with what a function says."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(answer: Callable[[str], Reply]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, body = answer(f"{self.command} {self.path}")
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def silent_url() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def refused(lab: Lab, url: str, **options: Any) -> TargetError:
    """The one error of reading there; its text is one paragraph and names the target."""
    provider = lab.open(url=url, **options)

    def read() -> None:
        provider.identify()
        provider.observe(lab.scope)

    with pytest.raises(TargetError) as caught:
        read()
    assert "\n" not in caught.value.message
    assert str(caught.value).startswith("flowauth: ")
    return caught.value


@pytest.mark.parametrize(
    "reply",
    [
        (200, HTML, b"<html>Welcome to nginx!</html>"),
        (404, HTML, b"<html>Not Found</html>"),
        (200, JSON, b"[]"),
        (200, JSON, b'{"version": 3}'),
        (401, {**HTML, "WWW-Authenticate": "Basic"}, b"<html>Who are you?</html>"),
        (204, {}, b""),
    ],
    ids=["html", "404", "list", "number", "401", "empty"],
)
def test_something_else_than_flowauth_is_told_with_what_to_check(
    lab: Lab, serve: Serve, reply: Reply
) -> None:
    url = serve(lambda _: reply)

    error = refused(lab, url)

    assert type(error) is UnexpectedResponseError
    assert error.message.startswith(f"{url} does not answer as FlowAuth does: ")
    assert error.message.endswith("; check the option url")


def test_a_redirect_is_not_followed_and_told_with_its_goal(lab: Lab, serve: Serve) -> None:
    goal = "https://login.example.org/start"
    url = serve(lambda _: (302, {**HTML, "Location": goal}, b""))

    error = refused(lab, url)

    assert type(error) is UnexpectedResponseError
    assert f"status 302, a redirect to {goal}" in error.message


def test_a_sign_in_page_behind_a_right_version_is_not_taken_for_flowauth(
    lab: Lab, serve: Serve
) -> None:
    def answer(asked: str) -> Reply:
        if asked == "GET /version":
            return 200, JSON, b'{"version": "1.34.0"}'
        return 200, HTML, b"<html>Sign in</html>"

    error = refused(lab, serve(answer))

    assert type(error) is UnexpectedResponseError
    assert "signing in gave status 200" in error.message


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_answers_is_given_up_after_timeout_s(
    lab: Lab, silent_url: str, scheme: str
) -> None:
    error = refused(lab, f"{scheme}://{silent_url}", timeout_s=1)

    assert type(error) is UnreachableError
    assert "timed out" in error.message


def test_tls_to_a_plain_port_and_a_closed_port_are_unreachable(lab: Lab, silent_url: str) -> None:
    plain = lab.start().url.replace("http://", "https://")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        number = closed.getsockname()[1]

    for url in (plain, f"http://127.0.0.1:{number}"):
        error = refused(lab, url)

        assert type(error) is UnreachableError
        assert f"GET /version at {url} got no answer: " in error.message


def test_a_certificate_of_an_unknown_authority_is_unreachable(lab: Lab) -> None:
    lab.start(tls=lab.tls())

    error = refused(lab, lab.simulator.url)

    assert type(error) is UnreachableError
    assert "CERTIFICATE_VERIFY_FAILED" in error.message


@pytest.mark.parametrize("kind", [FaultKind.HTML_502, FaultKind.HTML_503])
def test_a_proxys_error_page_that_goes_away_is_read_through(lab: Lab, kind: FaultKind) -> None:
    lab.start_filled()
    lab.arm(kind, "GET", "/roles/", count=2)

    assert len(lab.observe()) > 0
    assert lab.sent("GET", "/roles/") == 3


@pytest.mark.parametrize("kind", [FaultKind.HTML_502, FaultKind.HTML_503])
def test_a_proxys_error_page_that_stays_is_an_error_with_its_status(
    lab: Lab, kind: FaultKind
) -> None:
    lab.start_filled()
    lab.arm(kind, "GET", "/roles/", count=1000)

    with pytest.raises(UnexpectedResponseError, match=r"GET /roles/ gave status 50\d"):
        lab.observe()


def test_a_read_that_comes_too_often_waits_as_long_as_it_is_told_apl_05(lab: Lab) -> None:
    lab.start_filled()
    lab.arm(FaultKind.RATE_LIMITED_429, "GET", "/admin/users", retry_after_s=1)

    assert len(lab.observe()) > 0
    assert lab.sent("GET", "/admin/users") == 2


def test_a_read_that_comes_too_often_is_tried_again_without_being_told_when_apl_05(
    lab: Lab, serve: Serve
) -> None:
    asked: list[str] = []

    def answer(path: str) -> Reply:
        asked.append(path)
        return (429, HTML, b"") if len(asked) < 3 else (200, JSON, b'{"version": "1.34.0"}')

    assert lab.open(url=serve(answer)).identify().version == "1.34.0"
    assert asked == ["GET /version"] * 3


@pytest.mark.parametrize("path", ["/admin/users", "/admin/users/*", "/admin/servers", "/roles/"])
def test_half_of_the_json_is_an_error_and_never_a_shorter_state_del_05_prv_08(
    lab: Lab, path: str
) -> None:
    lab.start_filled()
    lab.arm(FaultKind.HALF_JSON_BODY, "GET", path)

    with pytest.raises(UnexpectedResponseError, match="the JSON is cut or broken"):
        lab.observe()


@pytest.mark.parametrize(
    "path, changed",
    [
        ("/admin/users", [{"id": 1}]),
        ("/admin/users", {"users": []}),
        ("/admin/users", [{"id": "1", "name": None}]),
        ("/roles/", [{"id": 1, "name": "r", "server": 1}]),
        ("/admin/users/1", {"id": 1, "name": "amina", "is_admin": True}),
        ("/admin/users/1", {"id": 1, "name": "amina", "roles": []}),
        ("/admin/users/1", {"id": 1, "name": "kofi", "is_admin": True, "roles": []}),
        ("/admin/servers/1", {"id": 1, "name": "store", "latest_token_expiry": None}),
    ],
)
def test_an_answer_of_another_shape_is_an_error_that_names_the_route(
    lab: Lab, serve: Serve, path: str, changed: object
) -> None:
    limits = {
        "latest_token_expiry": "2030-01-01T00:00:00.000000Z",
        "longest_token_life_minutes": 60,
    }
    answers: dict[str, object] = {
        "GET /version": {"version": "1.34.0"},
        "POST /signin": {"logged_in": True, "is_admin": True},
        "GET /admin/users": [{"id": 1, "name": "amina"}],
        "GET /admin/users/1": {"id": 1, "name": "amina", "is_admin": True, "roles": []},
        "GET /admin/servers": [{"id": 1, "name": "store"}],
        "GET /admin/servers/1": {"id": 1, "name": "store", **limits},
        "GET /admin/servers/1/scopes": [],
        "GET /roles/": [],
    }
    url = serve(lambda asked: (200, JSON, json.dumps(answers[asked]).encode()))
    assert len(lab.observe(url=url)) == 2
    answers[f"GET {path}"] = changed

    with pytest.raises(UnexpectedResponseError) as caught:
        lab.observe(url=url)

    assert path in caught.value.message or '"amina" was changed' in caught.value.message


def test_a_failing_read_keeps_every_target_from_being_written_del_05(lab: Lab) -> None:
    lab.start()
    bench = lab.bench
    access = Access(users=("amina",), roles={"r": ()}, grants=(("amina", "r"),))
    lab.arm(FaultKind.ERROR_500_BEFORE_EFFECT, "GET", "/admin/servers", count=1000)

    with pytest.raises(IncompleteReadError) as caught:
        bench.apply(access)

    assert caught.value.exit_code == 9
    assert not isinstance(caught.value.failures[0], RefusedError | UnreachableError)
    assert lab.writes == []
