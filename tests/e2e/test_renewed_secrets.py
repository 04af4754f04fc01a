"""Secrets of options that somebody renews while a run goes on, on systems that sign in or do not.

How it goes for SCIM, file and all, is tests/scim/test_token_renewal.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from reconciler.scope import Scope
from reconciler.secret import Secret
from tests.flowauth.lab import Lab as FlowAuthLab
from tests.flowauth.simulated import OWN_PASSWORD as FLOWAUTH_PASSWORD
from tests.kohakuriver.lab import Lab as RiverLab
from tests.kohakuriver.lab import account
from tests.kohakuriver.simulated import ADMIN_SECRET
from tests.mobiusflow.lab import Lab as MobiusFlowLab
from tests.mobiusflow.simulated import OWN_PASSWORD as MOBIUSFLOW_PASSWORD

OLD = "canary-before-it-was-renewed"


def _renewed(value: str) -> tuple[Secret, Callable[[], int]]:
    """A secret whose source has another value by now, and how often it was asked for it."""
    asked: list[str] = []

    def read() -> str:
        asked.append(value)
        return value

    return Secret(OLD, read), lambda: len(asked)


def test_a_password_that_flowauth_refuses_is_read_again_and_signed_in_with(tmp_path: Path) -> None:
    with closing(FlowAuthLab(tmp_path)) as lab:
        lab.start_filled()
        password, times = _renewed(FLOWAUTH_PASSWORD)

        state = lab.observe(password=password)

        assert {"amina", "kofi"} <= state.names("account")
        assert times() == 1


def test_a_password_that_mobiusflow_refuses_is_read_again_and_signed_in_with(
    tmp_path: Path,
) -> None:
    with closing(MobiusFlowLab(tmp_path)) as lab:
        lab.start()
        password, times = _renewed(MOBIUSFLOW_PASSWORD)

        state = lab.open(password=password).observe(Scope())

        assert {"amina", "kofi"} <= state.names("account")
        assert times() == 1


def test_an_admin_token_that_kohakuriver_refuses_in_the_middle_is_read_again() -> None:
    with closing(RiverLab()) as lab:
        store = lab.start()
        provider = lab.open(admin_token=Secret(ADMIN_SECRET, lambda: "canary-new-admin-secret"))
        provider.observe(Scope())
        store.admin_secret = "canary-new-admin-secret"

        outcomes = list(provider.apply([account("amina")], lab.notes))

        assert [each.status for each in outcomes] == ["done"]
        refused = [each for each in lab.simulator.requests if each.status in (401, 403)]
        assert len(refused) == 1
