"""The conformance suite on KohakuRiver: simulated, and a real host where there is one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.suite import ProviderConformance
from tests.kohakuriver.real import NOT_ASKED_FOR, RealTarget, emptied, is_asked_for, real_host
from tests.kohakuriver.simulated import SimulatedTarget, start_simulator


class TestKohakuRiver(ProviderConformance):
    """A host with a VPS and nobody."""

    @pytest.fixture
    def target(self) -> Iterator[SimulatedTarget]:
        with start_simulator() as simulator:
            target = SimulatedTarget(simulator)
            target.crash_points = (0, 3)
            yield target
        assert simulator.unplanned_errors == ()


if is_asked_for():

    class TestRealKohakuRiver(ProviderConformance):
        """The product itself; it is the simulator's judge too."""

        @pytest.fixture
        def target(self) -> Iterator[RealTarget]:
            with emptied(real_host()) as target:
                target.crash_points = (1, 7)
                yield target

else:

    @pytest.mark.skip(reason=NOT_ASKED_FOR)
    def test_a_real_kohakuriver_goes_through_the_suite() -> None:
        """Stands for the whole suite, so that a run without one says so once."""
