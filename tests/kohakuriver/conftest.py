"""A host for one test, and the provider on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kohakuriver.lab import Lab
from tests.kohakuriver.real import Host, emptied, is_asked_for, real_host
from tests.kohakuriver.river import River
from tests.kohakuriver.simulated import ADMIN_SECRET, VPS, start_simulator

KINDS = ["simulated", "real"] if is_asked_for() else ["simulated"]


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A simulator of one test and providers on it; its end proves that it had no bug."""
    lab = Lab()
    try:
        yield lab
    finally:
        lab.close()


@pytest.fixture(params=KINDS)
def river(request: pytest.FixtureRequest) -> Iterator[River]:
    """An empty host with a VPS."""
    if request.param == "real":
        host = real_host()
        with emptied(host), River(host) as found:
            yield found
        return
    with start_simulator() as simulator:
        simulator.store.add_vps(VPS)
        with River(Host(simulator.url, ADMIN_SECRET, VPS)) as found:
            yield found
    assert simulator.unplanned_errors == ()
