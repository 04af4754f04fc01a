"""The conformance suite on FlowAuth: simulated in each kind, and a real one where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.suite import ProviderConformance
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
    """Releases up to 1.34 (era C) and after (era D), on both databases."""

    @pytest.fixture(params=["D-sqlite", "D-postgres", "C-sqlite"])
    def target(self, request: pytest.FixtureRequest) -> Iterator[SimulatedTarget]:
        era, backend = str(request.param).split("-")
        with start_simulator(era=era, backend=backend) as simulator:
            target = SimulatedTarget(simulator)
            target.crash_points = (request.param_index, 5)  # on the three together most points
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
