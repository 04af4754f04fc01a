"""A token that somebody renews while a run goes on: read again from its file, once a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import RefusedError
from reconciler.manifest.load import parse_manifest
from reconciler.options import resolve_options
from reconciler.providers.registry import provider_type
from reconciler.sandbox.http.faults import Fault, FaultKind
from reconciler.secret import Redactor, Secret
from reconciler.state import Key
from tests.scim.lab import account, altered, made, member, read, statuses
from tests.scim.service import PREFIX, TOKEN, ScimService

NEW = "canary-renewed-scim-token"


class Renewed:
    """The token of a service as a file holds it that a sidecar renews."""

    def __init__(self, service: ScimService, folder: Path) -> None:
        self.service = service
        self.file = folder / "token"
        self.file.write_text(f"{TOKEN}\n")

    def option(self) -> Secret:
        """The option as a run resolves it."""
        options = f"{{url: {self.service.base}, token: {{file: {self.file}}}}}"
        text = f"version: 1\ntargets:\n  t: {{provider: scim, options: {options}}}\n"
        loaded = parse_manifest({"access.yaml": text})
        (token,) = resolve_options(loaded, "t", provider_type("scim"), {}).secrets()
        return token

    def renew_at(self, method: str, path: str, held: str = f"{NEW}\n") -> None:
        """Just before such a request the service takes another token; the file then holds this."""

        def edit() -> None:
            self.service.oddities.rotated = NEW
            self.file.write_text(held)

        fault = Fault(FaultKind.OUTSIDE_EDIT, method, f"{PREFIX}{path}", edit=edit)
        self.service.faults.arm(fault)


@pytest.fixture
def renewed(readers: ScimService, tmp_path: Path) -> Renewed:
    """A service with the group readers, and the file with its token."""
    return Renewed(readers, tmp_path)


@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_a_token_that_is_renewed_during_a_read_is_read_again(renewed: Renewed, path: str) -> None:
    renewed.renew_at("GET", path)

    state = read(renewed.service, "readers", token=renewed.option())

    assert state.names("account") == {"amina", "kofi"}
    assert Key("membership", ("readers", "amina")) in state


def test_a_write_that_met_the_renewal_is_sent_again_and_done_once(renewed: Renewed) -> None:
    renewed.renew_at("POST", "/Users")

    outcomes = made(
        renewed.service, account("esi"), member("readers", "esi"), token=renewed.option()
    )

    assert statuses(outcomes) == ["done", "done"]
    posts = [each.status for each in renewed.service.requests if each.method == "POST"]
    assert posts == [401, 201]
    assert sum(each.status == 401 for each in renewed.service.requests) == 1


@pytest.mark.parametrize("held", [TOKEN, "", "canary-yet-another-token"])
def test_a_refusal_that_the_file_does_not_cure_stops_the_run_and_loses_nothing(
    renewed: Renewed, held: str
) -> None:
    renewed.renew_at("PATCH", "/Users/*", held)
    changes = (altered("kofi", active=False), altered("amina", active=False))

    outcomes = made(renewed.service, *changes, token=renewed.option())
    renewed.file.write_text(NEW)
    again = made(renewed.service, *changes, token=renewed.option())

    assert statuses(outcomes) == ["failed", "skipped"]
    assert "check the option token" in outcomes[0].message
    assert statuses(again) == ["done", "done"]


def test_a_token_from_the_environment_cannot_be_renewed_and_stops_the_run(
    renewed: Renewed,
) -> None:
    renewed.renew_at("GET", "/Groups")

    with pytest.raises(RefusedError, match="check the option token"):
        read(renewed.service, "readers")


@pytest.mark.parametrize("held", ["canary-r\u00e9newed-token", "canary-one\ncanary-two"])
def test_a_renewed_token_that_no_header_can_hold_stops_the_run_and_is_not_shown(
    renewed: Renewed, held: str
) -> None:
    renewed.renew_at("PATCH", "/Users/*", held)
    changes = (altered("kofi", active=False), altered("amina", active=False))

    outcomes = made(renewed.service, *changes, token=renewed.option())

    assert "done" not in statuses(outcomes)
    assert "canary" not in "".join(each.message for each in outcomes)


def test_no_value_that_the_token_ever_had_is_shown(renewed: Renewed) -> None:
    token = renewed.option()
    hide = Redactor.of([token])  # as the program makes it, before anything is read
    renewed.renew_at("GET", "/Users")
    renewed.service.faults.arm(Fault(FaultKind.ECHO_400, "PATCH", f"{PREFIX}/Users/*"))

    (outcome,) = made(renewed.service, altered("kofi", title=f"{NEW} {TOKEN}"), token=token)

    assert outcome.status == "failed"
    assert "***" in outcome.message
    for value in (TOKEN, NEW):
        assert value in token.all_values()
        assert value not in f"{outcome.message} {token!r} {token} {hide!r}"
        assert hide(f"Authorization: Bearer {value}!") == "Authorization: Bearer ***!"
