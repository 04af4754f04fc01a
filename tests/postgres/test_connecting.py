"""Connecting: each way in which it can fail has its class, a sentence, and no secret in it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.errors import (
    RefusedError,
    TargetError,
    UnexpectedResponseError,
    UnreachableError,
)
from tests.conformance.checks import whole_text
from tests.postgres.desk import Desk

SECRET = "a-canary-in-the-dsn"


@contextmanager
def _server_that_says(answer: bytes) -> Iterator[int]:
    """A server on loopback that answers whatever it is told first with these bytes, then waits."""
    listener = socket.create_server(("127.0.0.1", 0))
    links: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            links.append(link)
            link.recv(1024)
            link.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in (listener, *links):
            each.close()


def _failure(desk: Desk, dsn: str, **options: object) -> TargetError:
    with desk.provider(dsn, **options) as provider, pytest.raises(TargetError) as caught:
        provider.identify()
    text = str(caught.value)
    assert text.startswith("db: ")
    assert "\n" not in text
    assert SECRET not in whole_text(caught.value)
    return caught.value


def _refused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def test_a_wrong_password_is_refused(desk: Desk) -> None:
    desk.sql("CREATE ROLE onlooker LOGIN PASSWORD 'another'")

    error = _failure(desk, desk.login("onlooker", SECRET))

    assert isinstance(error, RefusedError)
    assert 'password authentication failed for user "onlooker"' in str(error)


def test_a_missing_password_is_refused(desk: Desk) -> None:
    desk.sql("CREATE ROLE onlooker LOGIN PASSWORD 'another'")

    error = _failure(desk, desk.login("onlooker", ""))

    assert isinstance(error, RefusedError)
    assert "no password supplied" in str(error)


def test_a_role_that_cannot_sign_in_is_refused(desk: Desk) -> None:
    desk.sql("CREATE ROLE onlooker PASSWORD 'a-password-for-tests'")

    error = _failure(desk, desk.login("onlooker"))

    assert isinstance(error, RefusedError)
    assert "is not permitted to log in" in str(error)


def test_a_database_that_is_not_there_is_refused(desk: Desk) -> None:
    error = _failure(desk, desk.server.dsn(database="flowbd"))

    assert isinstance(error, RefusedError)
    assert 'database "flowbd" does not exist' in str(error)


def test_a_server_without_a_free_place_is_unreachable_for_now(desk: Desk) -> None:
    desk.sql("CREATE ROLE onlooker LOGIN PASSWORD 'a-password-for-tests' CONNECTION LIMIT 0")
    desk.sql("ALTER DATABASE postgres CONNECTION LIMIT 0")

    refused = _failure(desk, desk.login("onlooker"))

    assert isinstance(refused, RefusedError)
    assert "too many connections" in str(refused)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "127.0.0.1"])
def test_a_host_or_port_without_a_server_is_unreachable(desk: Desk, host: str) -> None:
    error = _failure(desk, f"postgresql://amina:{SECRET}@{host}:{_refused_port()}/flowdb")

    assert isinstance(error, UnreachableError)
    assert "cannot be reached" in str(error)


def test_a_server_that_never_answers_is_unreachable_in_time(desk: Desk) -> None:
    with _server_that_says(b"") as port:
        dsn = f"postgresql://amina:{SECRET}@127.0.0.1:{port}/flowdb"
        error = _failure(desk, dsn, connect_timeout_s=1)

    assert isinstance(error, UnreachableError)
    assert "timeout" in str(error)


def test_a_web_server_is_told_from_postgresql(desk: Desk) -> None:
    with _server_that_says(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = _failure(desk, f"postgresql://amina:{SECRET}@127.0.0.1:{port}/flowdb")

    assert isinstance(error, UnexpectedResponseError)
    assert "is not PostgreSQL" in str(error)


@pytest.mark.parametrize(
    "dsn",
    [
        f"hsot=localhost password={SECRET}",
        f"password='{SECRET}",
        SECRET,
        f"postgresql://amina:{SECRET}@[::1/flowdb",
    ],
)
def test_a_dsn_that_is_none_is_refused_and_never_repeated(desk: Desk, dsn: str) -> None:
    error = _failure(desk, dsn)

    assert isinstance(error, RefusedError)
    assert "postgresql://USER:PASSWORD@HOST:PORT/DATABASE" in str(error)
