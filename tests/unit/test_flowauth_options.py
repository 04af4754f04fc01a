"""The options of a FlowAuth target: addresses that are none, and secrets that stay secret."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.providers.flowauth.options import FlowAuthOptions


def options(url: str, **changes: object) -> FlowAuthOptions:
    return FlowAuthOptions(
        **{"url": url, "username": "reconciler", "password": "canary", **changes}  # type: ignore[arg-type]  # pydantic checks them
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "flowauth.example.org",
        "ftp://flowauth.example.org",
        "http://",
        "http://host:99999",
        "http://host:port",
        "http://[::1",
        "https://user:canary@host",
        "https://host/?token=canary",
        "https://host/#fragment",
    ],
)
def test_what_is_no_plain_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        options(url)

    assert "canary" not in str(caught.value)


def test_an_address_may_end_with_a_slash_and_have_a_path() -> None:
    assert options("https://host:8443/flowauth/").url == "https://host:8443/flowauth"


@pytest.mark.parametrize("timeout_s", [0, 601])
def test_timeouts_out_of_range_are_refused(timeout_s: int) -> None:
    with pytest.raises(ValidationError, match="timeout_s"):
        options("https://host", timeout_s=timeout_s)


def test_the_password_is_not_shown() -> None:
    shown = options("https://host")

    assert "canary" not in f"{shown} {shown!r}"
    assert [each.reveal() for each in shown.secrets()] == ["canary"]
