"""The conformance suite on FlowAuth: simulated in each kind, and a real one where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.suite import ProviderConformance
from tests.flowauth.legacy_target import LegacyTarget
from tests.flowauth.real import (
    NOT_ASKED_FOR,
    Instance,
    RealTarget,
    emptied,
    is_asked_for,
    real_instance,
)
from tests.flowauth.simulated import SimulatedTarget, start_simulator


class TestFlowAuth(ProviderConformance):
    """The first releases (era A), up to 1.17 (B), up to 1.34 (C) and after (D)."""

    @pytest.fixture(params=["D-sqlite", "D-postgres", "C-sqlite", "B-postgres", "A-sqlite"])
    def target(self, request: pytest.FixtureRequest) -> Iterator[SimulatedTarget]:
        era, backend = str(request.param).split("-")
        kind = LegacyTarget if era in "AB" else SimulatedTarget
        with start_simulator(era=era, backend=backend) as simulator:
            target = kind(simulator)
            step = 13 if kind is LegacyTarget else 5
            target.crash_points = (request.param_index, step)  # on the five together most points
            yield target
        assert simulator.unplanned_errors == ()


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """The real FlowAuth of this run."""
    with real_instance() as found:
        yield found


if is_asked_for():

    class TestRealFlowAuth(ProviderConformance):
        """The product itself; it is the simulator's judge too."""

        @pytest.fixture
        def target(self, instance: Instance) -> Iterator[RealTarget]:
            with emptied(instance) as target:
                yield target

else:

    @pytest.mark.skip(reason=NOT_ASKED_FOR)
    def test_a_real_flowauth_goes_through_the_suite() -> None:
        """Stands for the whole suite, so that a run without one says so once."""
