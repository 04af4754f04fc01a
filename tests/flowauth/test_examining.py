"""What `doctor` asks of FlowAuth: its time, and whether our account is an administrator."""

from __future__ import annotations

import pytest

from reconciler.errors import RefusedError
from reconciler.provider import Examining, Rights
from reconciler.scope import Scope
from tests.flowauth.lab import Lab, create
from tests.flowauth.simulated import WRONG_PASSWORD


def test_its_time_is_asked_without_signing_in(lab: Lab) -> None:
    lab.start()
    provider = lab.open()

    assert isinstance(provider, Examining)
    assert provider.clock().tzinfo is not None
    assert lab.sent("POST", "/signin") == 0


def test_an_administrator_lacks_nothing_and_writes_nothing(lab: Lab) -> None:
    lab.start()
    provider = lab.open()

    assert provider.lacking_to_read(Scope()) == Rights()
    assert provider.lacking((create("account", "amina"),)) == Rights()
    assert provider.remarks() == ()
    assert lab.writes == []


def test_whoever_cannot_sign_in_is_refused(lab: Lab) -> None:
    lab.start()
    provider = lab.open(password=WRONG_PASSWORD)

    with pytest.raises(RefusedError):
        provider.lacking_to_read(Scope())
