"""The conformance suite on MobiusFlow: simulated in both dialects, and a real one where there is
one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.sandbox.mobiusflow import Oddities
from tests.conformance.suite import ProviderConformance
from tests.mobiusflow.real import NOT_ASKED_FOR, RealTarget, emptied, is_asked_for
from tests.mobiusflow.simulated import SimulatedTarget, start_simulator

V1_ODD = Oddities(bare_ids=True, five_switches=True, duplicates="success", terse_errors=True)
V3_ODD = Oddities(id_key="id", wrapped=True, roles_as="list", hides_email=True)


class TestMobiusFlow(ProviderConformance):
    """Both generations of the Engine API, each in two ways in which engines may differ."""

    @pytest.fixture(params=["v1", "v1-odd", "v3", "v3-odd"])
    def target(self, request: pytest.FixtureRequest) -> Iterator[SimulatedTarget]:
        name = str(request.param)
        oddities = {"v1-odd": V1_ODD, "v3-odd": V3_ODD}.get(name, Oddities())
        with start_simulator("v1" if name.startswith("v1") else "v3", oddities) as simulator:
            target = SimulatedTarget(simulator)
            target.crash_points = (request.param_index, 5)
            yield target
        assert simulator.unplanned_errors == ()


if is_asked_for():

    class TestRealMobiusFlow(ProviderConformance):
        """The product itself; it is the simulator's judge too."""

        @pytest.fixture
        def target(self) -> Iterator[RealTarget]:
            with emptied() as target:
                yield target

else:

    @pytest.mark.skip(reason=NOT_ASKED_FOR)
    def test_a_real_mobiusflow_goes_through_the_suite() -> None:
        """Stands for the whole suite, so that a run without one says so once."""
