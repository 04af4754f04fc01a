"""The conformance suite on a Django project that stands in for Graphistry, behind its real shell.

The product itself goes through it where GRAPHISTRY_COMMAND is the argv of its `manage.py shell`, as
a JSON list, and GRAPHISTRY_SERVICE_ACCOUNT a superuser of it. Everybody else there is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.suite import ProviderConformance
from tests.graphistry.installation import new_installation
from tests.graphistry.real import NOT_ASKED_FOR, RealTarget, is_asked_for
from tests.graphistry.target import GraphistryTarget


class TestGraphistry(ProviderConformance):
    """Levels; organisations have tests of their own."""

    @pytest.fixture
    def target(self) -> Iterator[GraphistryTarget]:
        with new_installation() as installation:
            target = GraphistryTarget(installation)
            target.crash_points = (1, 6)  # each takes some ten starts of Django
            yield target


if is_asked_for():

    class TestRealGraphistry(ProviderConformance):
        """The product itself; it is the stand-in's judge too."""

        @pytest.fixture
        def target(self) -> Iterator[RealTarget]:
            target = RealTarget()
            target.empty()
            yield target
            target.empty()

else:

    @pytest.mark.skip(reason=NOT_ASKED_FOR)
    def test_a_real_graphistry_goes_through_the_suite() -> None:
        """Stands for the whole suite, so that a run without one says so once."""
