"""Desired records as FlowAuth will give them back, and times as it spells them."""

from __future__ import annotations

import pytest

from reconciler.errors import UnexpectedResponseError
from reconciler.providers.flowauth.normalize import normalize
from reconciler.providers.flowauth.times import from_flowauth, is_later, to_flowauth
from reconciler.state import EMPTY, Fields, Key, State

SERVER = Key("server", ("store",))
ROLE = Key("role", ("store", "reader"))
LIMITS: Fields = {"token_expires": "2030-01-01T00:00:00Z", "token_life_minutes": 60}


def test_a_new_role_takes_what_it_does_not_say_from_its_new_server() -> None:
    desired = State({SERVER: {**LIMITS, "scopes": ("run",)}, ROLE: {"token_life_minutes": 30}})

    found = normalize("flowauth", desired, EMPTY)

    assert found.get(ROLE) == {
        "scopes": (),
        "token_expires": "2030-01-01T00:00:00Z",
        "token_life_minutes": 30,
    }
    assert normalize("flowauth", found, EMPTY) == found


def test_a_role_that_is_there_keeps_what_the_manifest_does_not_say() -> None:
    observed = State({SERVER: {**LIMITS, "scopes": ("run",)}, ROLE: {**LIMITS, "scopes": ("run",)}})
    desired = State({SERVER: {}, ROLE: {}})

    assert normalize("flowauth", desired, observed) == desired


def test_a_limit_with_a_fraction_is_compared_as_a_time() -> None:
    server: Fields = {**LIMITS, "token_expires": "2030-01-01T00:00:00.500000Z", "scopes": ()}
    desired = State({SERVER: {}, ROLE: {"token_expires": "2030-01-01T00:00:00Z"}})

    found = normalize("flowauth", desired, State({SERVER: server, ROLE: LIMITS}))

    assert found == desired
    assert is_later("2030-01-01T00:00:01Z", "2030-01-01T00:00:00.500000Z")


@pytest.mark.parametrize(
    "ours, theirs",
    [
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000000Z"),
        ("2030-12-31T23:59:59.123000Z", "2030-12-31T23:59:59.123000Z"),
    ],
)
def test_times_go_to_flowauth_and_come_back(ours: str, theirs: str) -> None:
    assert to_flowauth(ours) == theirs
    assert from_flowauth("flowauth", theirs) == ours


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2030-01-01",
        "2030-01-01T00:00:00Z",
        "2030-01-01T00:00:00.000000+00:00",
        "2030-13-01T00:00:00.000000Z",
        "Tue, 01 Jan 2030 00:00:00 GMT",
        "2030-1-1T0:0:0.0Z",
    ],
)
def test_a_time_that_flowauth_does_not_write_is_an_error_and_not_a_guess(text: str) -> None:
    with pytest.raises(UnexpectedResponseError, match="is not a time as FlowAuth writes it"):
        from_flowauth("flowauth", text)
