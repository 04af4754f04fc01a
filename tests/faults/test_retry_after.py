"""How long a rate limit is waited for, whatever `Retry-After` says: nobody really waits here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from reconciler.providers.http_connection import THROTTLED, Habits, HttpConnection
from reconciler.providers.http_options import HttpOptions
from reconciler.sandbox.http.application import Edits, FaultyApplication
from reconciler.sandbox.http.messages import Request, Response, json_reply
from reconciler.sandbox.http.simulator import HttpSimulator
from tests.faults.sweep import without_pauses

MOST_S = {"GET": 10.0, "POST": 60.0}
"""The longest that one wait may be: somebody looks at a plan, while a write is in the middle."""

ALL_S = {"GET": 30.0, "POST": 180.0}
"""The longest that all the waits of one request may be together."""

TRIES = {"GET": 4, "POST": 6}


class Limiting(FaultyApplication):
    """Answers 429 as long as there is a header left to send with it; `None` is sent without."""

    headers: list[str | None]

    def respond(self, request: Request, edits: Edits) -> Response:
        del request, edits
        if not self.headers:
            return json_reply({"well": True})
        said = self.headers.pop(0)
        return Response(429, b"", "text/plain", () if said is None else (("Retry-After", said),))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long there would have been waiting."""
    return without_pauses(monkeypatch)


@pytest.fixture
def limiting() -> Iterator[tuple[Limiting, HttpConnection]]:
    """A service with a limit, and a connection to it."""
    simulator = HttpSimulator()
    application = Limiting(simulator.faults, simulator.stopping.wait)
    simulator.serve(application)
    with simulator:
        options = HttpOptions(url=simulator.url, timeout_s=20)
        connection = HttpConnection("limited", options, Habits("it", throttled=THROTTLED))
        yield application, connection
        connection.close()
    assert simulator.unplanned_errors == ()


def _in(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "said, least, most",
    [
        ("3", 3, 3),
        (" 7 ", 7, 7),
        pytest.param(_in(5000), 60, 60, id="a time to come"),
        ("99999999999", 60, 60),
        ("9" * 400, 60, 60),
        ("0", 0, 1),
        pytest.param(_in(-5000), 0, 1, id="a time that is over"),
        (None, 0, 1),
        ("", 0, 1),
        ("soon", 0, 1),
        ("-5", 0, 1),
        ("1.5", 0, 1),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0, 1),
        ("Fri, 99 Nov 2026 10:00:00 GMT", 0, 1),
    ],
)
def test_a_rate_limit_is_waited_for_and_the_request_sent_again(
    limiting: tuple[Limiting, HttpConnection],
    waits: list[float],
    method: str,
    said: str | None,
    least: float,
    most: float,
) -> None:
    application, connection = limiting
    application.headers = [said]

    response = connection.send(method, "/things")

    assert response.status_code == 200
    (waited,) = waits
    assert min(least, MOST_S[method]) <= waited <= min(most, MOST_S[method])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("said", ["99999999999", "3", None, "soon"])
def test_a_rate_limit_without_an_end_is_told_in_the_end(
    limiting: tuple[Limiting, HttpConnection], waits: list[float], method: str, said: str | None
) -> None:
    application, connection = limiting
    application.headers = [said] * 20

    response = connection.send(method, "/things")

    assert response.status_code == 429
    assert connection.described(response) == "status 429"
    assert sum(waits) <= ALL_S[method]
    assert 20 - len(application.headers) <= TRIES[method]
